// The questions of whoever runs WebSockets, each answered by one command on the log's files alone: the situations are made for real.
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { arrLog } from '@fastify-arr/arr-log'
import { upstreamProxy } from '@fastify-arr/upstream-proxy'
import { urlRewrite } from '@fastify-arr/url-rewrite'
import Fastify, { LogController } from 'fastify'
import t from 'tap'
import { WebSocket, WebSocketServer } from 'ws'

const CLI = fileURLToPath(new URL('../plugins/arr-log/src/reader/cli.ts', import.meta.url))

type Rows = Array<Record<string, any>>

t.test('forty exchanges, and what the files say of them', async t => {
  const directory = t.testdir()
  const portOf = (server: Server) => (server.address() as AddressInfo).port
  // `resets`: it cuts each WebSocket at its first message.
  const backend = async (resets: boolean) => {
    const server = createServer((_request, response) => { response.end('page') })
    const sockets = new WebSocketServer({ server, verifyClient: ({ req }, done) => { done(req.url !== '/forbidden', 403) } })
    sockets.on('connection', socket => {
      socket.on('error', () => {})
      socket.on('message', message => {
        if (resets) (socket as unknown as { _socket: { resetAndDestroy (): void } })._socket.resetAndDestroy()
        else socket.send(message)
      })
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.teardown(() => {
      for (const client of sockets.clients) client.terminate()
      server.close()
      server.closeAllConnections()
    })
    return `http://127.0.0.1:${portOf(server)}`
  }
  const [good, bad] = [await backend(false), await backend(true)]

  // One process after the other on the same folder: the second one drains.
  const start = async () => {
    const app = Fastify({ logController: new LogController({ disableRequestLogging: true }) })
    t.teardown(() => app.close())
    await app.register(arrLog, { directory, fields: 'all', logOpening: true, customFields: [{ logFieldName: 'Tenant', sourceType: 'RequestHeader', sourceName: 'X-Tenant' }] })
    await app.register(urlRewrite, {
      rules: [
        { name: 'to the bad one', stopProcessing: true, match: { url: '^bad(.*)' }, action: { type: 'Rewrite', url: `${bad}/{R:1}` } },
        { name: 'to the good one', match: { url: '(.*)' }, action: { type: 'Rewrite', url: `${good}/{R:1}` } }
      ]
    })
    await app.register(upstreamProxy, { upstream: good, timeouts: { connect: 2000 } })
    await app.listen({ port: 0, host: '127.0.0.1' })
    return { app, port: portOf(app.server) }
  }
  const open = async (port: number, path: string, tenant: string): Promise<WebSocket> => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { headers: { 'X-Tenant': tenant } })
    socket.on('error', () => {})
    await once(socket, 'open')
    return socket
  }

  const { app, port } = await start()
  for (let i = 0; i < 10; i++) await (await fetch(`http://127.0.0.1:${port}/page`)).text()
  for (let i = 0; i < 8; i++) {
    const socket = await open(port, '/chat', i < 6 ? 'acme' : 'beta')
    socket.send('x'.repeat(i < 6 ? 1000 : 10))
    await once(socket, 'message')
    socket.close(1000)
    await once(socket, 'close')
  }
  for (let i = 0; i < 5; i++) {
    const socket = await open(port, '/bad', 'acme')
    socket.send('hello')
    await once(socket, 'close')
  }
  for (let i = 0; i < 4; i++) {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/forbidden`)
    const [, response] = await once(socket, 'unexpected-response')
    response.resume()
    await once(response, 'end')
  }
  // Clients that disappear, as behind something that cuts silent connections.
  for (let i = 0; i < 3; i++) {
    const socket = await open(port, '/silent', 'beta')
    socket.terminate()
    await once(socket, 'close')
  }
  // The proxy learns of the last one a moment later.
  while (app.tunnels.size > 0) await new Promise(resolve => setTimeout(resolve, 5))
  await app.close()
  const second = await start()
  const told = await Promise.all(Array.from({ length: 6 }, async () => await open(second.port, '/chat', 'acme')))
  const ends = told.map(async socket => await once(socket, 'close'))
  await second.app.close()
  await Promise.all(ends)
  // The third process is still running.
  const third = await start()
  const still = await Promise.all([1, 2, 3].map(async () => await open(third.port, '/now', 'acme')))
  await third.app.arrLog.flush()

  const ask = (...args: string[]): Rows => execFileSync(process.execPath, ['--import=tsx', '--conditions=@fastify-arr/source', CLI, '--json', ...args, directory], { encoding: 'utf8' })
    .trim().split('\n').filter(line => line !== '').map(line => JSON.parse(line))

  t.match(ask('-w', '--ending', 'reset,end', '--side', 'client', '--close', 'none,-', '--by', 'client,path'), [{ by: { client: '127.0.0.1', path: '/silent' }, count: 3 }], 'which clients lose their sockets')
  t.strictSame(ask('--open').map(({ path }) => path), ['/now', '/now', '/now'], 'how many are open now')
  t.match(ask('-w', '--by', 'status'), [{ by: { status: '101' }, count: 22, share: 22 / 26 }, { by: { status: '403' }, count: 4 }], 'what share never gets its 101')
  const lives = ask('-w', '--by', 'path')
  t.strictSame(Object.fromEntries(lives.map(({ by, count }) => [by.path, count])), { '/chat': 14, '/bad': 5, '/forbidden': 4, '/silent': 3 })
  for (const { by, p95 } of lives) t.ok(Number.isInteger(p95), `p95 of the life per path: ${by.path}`)
  t.match(ask('-w', '--ending', 'reset', '--side', 'upstream', '--by', 'upstream'), [{ by: { upstream: bad }, count: 5 }], 'which upstream resets')
  t.match(ask('-w', '--by', 'rule'), [{ by: { rule: 'to+the+good+one' }, count: 21 }, { by: { rule: 'to+the+bad+one' }, count: 5 }], 'which rule routed it')
  const silences = ask('-w', '--path', '/silent', '--by', 'idle')
  t.equal(silences.reduce((sum, { count }) => sum + count, 0), 3, 'how long they were silent')
  const [acme, beta] = ['acme', 'beta'].map(tenant => ask('--by', 'Tenant').find(({ by }) => by.Tenant === tenant))
  t.ok(acme!.bytes > beta!.bytes + 12_000, `bytes per tenant: ${acme!.bytes}, ${beta!.bytes}`)
  const drops = ask('--ending', 'drain', '--per', '1h')
  t.equal(drops.reduce((sum, { count }) => sum + count, 0), 6, 'when did the deploy drop them')

  for (const socket of still) socket.terminate()
})
