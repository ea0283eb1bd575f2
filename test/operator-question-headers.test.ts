// One more question of whoever runs WebSockets, which no column of a log can answer: which header of the handshake differed? The traces do, with one command on their files.
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { requestTrace } from '@fastify-arr/request-trace'
import { upstreamProxy } from '@fastify-arr/upstream-proxy'
import { urlRewrite } from '@fastify-arr/url-rewrite'
import Fastify from 'fastify'
import t from 'tap'
import { WebSocket, WebSocketServer } from 'ws'

const CLI = fileURLToPath(new URL('../plugins/request-trace/src/command/cli.ts', import.meta.url))

t.test('of a handshake that works and one that is refused, the files say which header differed, and that a rule did it', async t => {
  const directory = t.testdir()
  const server = createServer()
  const sockets = new WebSocketServer({ server, verifyClient: ({ origin }, done) => { done(origin === 'https://chat.example', 403) } })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    for (const client of sockets.clients) client.terminate()
    server.close()
  })
  const upstream = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(requestTrace, { directory, formats: [], rules: [{ path: '*' }] })
  await app.register(urlRewrite, {
    rules: [
      { name: 'old', stopProcessing: true, match: { url: '^old/(.*)' }, serverVariables: [{ name: 'HTTP_ORIGIN', value: 'https://intranet.example' }], action: { type: 'Rewrite', url: `${upstream}/{R:1}` } },
      { name: 'all', match: { url: '(.*)' }, action: { type: 'Rewrite', url: `${upstream}/{R:1}` } }
    ]
  })
  await app.register(upstreamProxy, {})
  await app.listen({ port: 0, host: '127.0.0.1' })
  const ask = (path: string) => new WebSocket(`ws://127.0.0.1:${(app.server.address() as AddressInfo).port}${path}`, { origin: 'https://chat.example' })

  const works = ask('/chat')
  await once(works, 'open')
  works.close(1000)
  await once(works, 'close')
  while (app.traces.written < 1) await new Promise(resolve => setTimeout(resolve, 5))
  const fails = ask('/old/chat')
  const [, response] = await once(fails.on('error', () => {}), 'unexpected-response')
  t.equal(response.statusCode, 403)
  response.resume()
  await once(response, 'end')
  while (app.traces.written < 2) await new Promise(resolve => setTimeout(resolve, 5))
  await app.close()

  const { stdout, status, stderr } = spawnSync(process.execPath, ['--import=tsx', '--conditions=@fastify-arr/source', CLI, 'compare', 'fr000001', 'fr000002', '--folder', directory, '--json'], { encoding: 'utf8' })
  t.equal(stderr, '')
  t.equal(status, 1, 'they differ')
  const differences = JSON.parse(stdout) as Array<{ part: string, name: string, one: string | null, other: string | null }>
  t.same(differences.filter(({ part }) => part === 'request'), [], 'the client has sent the same')
  t.same(differences.filter(({ part, name }) => part === 'sent' && name !== 'headers'), [{ part: 'sent', name: 'Origin', one: 'https://chat.example', other: 'https://intranet.example' }], 'the upstream got another Origin')
  t.match(differences.find(({ part, name }) => part === 'rules' && name === 'applied'), { one: 'all', other: 'old' })
  t.match(differences.find(({ part, name }) => part === 'exchange' && name === 'status'), { one: '101', other: '403' })
  t.match(differences.find(({ part }) => part === 'findings'), { other: /ORIGIN_REFUSED/ })

  const shown = spawnSync(process.execPath, ['--import=tsx', '--conditions=@fastify-arr/source', CLI, 'compare', 'fr000001', 'fr000002', '--folder', directory, '--no-color'], { encoding: 'utf8' })
  t.match(shown.stdout, /^sent\n {2}Origin\n {4}- https:\/\/chat\.example\n {4}\+ https:\/\/intranet\.example$/m)
})
