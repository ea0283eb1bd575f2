// The packages one by one, in an existing server with routes and a WebSocket of its own.
import websocket from '@fastify/websocket'
import { arrLog } from '@fastify-arr/arr-log'
import { startBackend } from '@fastify-arr/backend'
import { hostRouting } from '@fastify-arr/host-routing'
import { listeners } from '@fastify-arr/listeners'
import { upstreamProxy } from '@fastify-arr/upstream-proxy'
import { urlRewrite } from '@fastify-arr/url-rewrite'
import { once } from 'node:events'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import Fastify from 'fastify'
import t from 'tap'
import { WebSocketServer } from 'ws'
import { converse } from './conversation.ts'

t.test('an existing server takes the packages one by one, and keeps its own routes', async t => {
  const backend = await startBackend({ port: 0 })
  t.teardown(() => backend.close())
  const upstream = `http://localhost:${(backend.server.address() as { port: number }).port}`
  const directory = t.testdir()

  const fastify = Fastify()
  t.teardown(() => fastify.close())
  await fastify.register(arrLog, { directory })
  await fastify.register(listeners, {
    listeners: [{ port: 0, host: '127.0.0.1', https: true }],
    certificate: 'development',
    development: { folder: join(directory, 'certificates') }
  })
  await fastify.register(hostRouting, {
    sites: [{ name: 'Mine', hosts: ['mine.example', '*.mine.example'] }, { name: 'Rest', hosts: ['*'] }]
  })
  await fastify.register(urlRewrite, {
    rules: [{ name: 'legacy', match: { url: '^old/(.*)' }, action: { type: 'Redirect', url: '/app/{R:1}', redirectType: 302 } }]
  })
  await fastify.register(upstreamProxy, { prefix: '/app', rewritePrefix: '/', upstream })
  await fastify.register(websocket)

  fastify.get('/health', async () => ({ ok: true }))
  fastify.get('/whose', { constraints: { site: 'Mine' } }, async request => request.site?.name)
  await fastify.register(async own => {
    own.get('/mine', { websocket: true }, socket => { socket.on('message', () => socket.send('my own')) })
  })
  await fastify.listen({ port: 0, host: '127.0.0.1' })
  const { port } = fastify.server.address() as { port: number }
  const origin = `http://127.0.0.1:${port}`

  t.same(await (await fetch(`${origin}/health`)).json(), { ok: true }, 'its own route')
  const page = await fetch(`${origin}/old/index.html?from=bookmark`)
  t.ok(page.redirected)
  t.equal(page.url, `${origin}/app/index.html?from=bookmark`, 'the rule')
  t.match(await page.text(), '<!doctype html>', 'the proxy')

  const { body } = await fastify.inject({ url: '/whose', headers: { host: 'shop.mine.example' } })
  t.equal(body, 'Mine', 'the site')
  t.equal((await fastify.inject({ url: '/whose', headers: { host: 'other.example' } })).statusCode, 404)

  const proxied = await converse(`ws://127.0.0.1:${port}/app/`, {}, async ({ next }) => {
    t.equal(await next(), 'text:ping 1', 'the tunnel')
  })
  t.equal(proxied.code, 1000)
  await converse(`ws://127.0.0.1:${port}/mine`, {}, async ({ socket, next }) => {
    socket.send('whose?')
    t.equal(await next(), 'text:my own', 'its own WebSocket')
  })
  const [secure] = fastify.listeners.addresses
  t.equal((await converse(`wss://127.0.0.1:${secure?.port}/app/`, {}, async ({ next }) => { await next() })).status, 101, 'the https listener')

  await fastify.close()
  const folder = join(directory, 'W3SVC2')
  const lines = readdirSync(folder).flatMap(file => readFileSync(join(folder, file), 'utf8').split('\r\n'))
    .filter(line => line !== '' && !line.startsWith('#'))
  t.same(lines.map(line => line.split(' ').at(-4)).sort(), ['101', '101', '101', '200', '200', '302', '404'], 'the log knows them all')
})

t.test('a request that a rule routes again, or answers, has one line', async t => {
  const directory = t.testdir()
  const fastify = Fastify()
  t.teardown(() => fastify.close())
  await fastify.register(arrLog, { directory })
  await fastify.register(urlRewrite, {
    rules: [
      { name: 'again', match: { url: '^article/(\\d+)$' }, action: { type: 'Rewrite', url: '/api/{R:1}' } },
      { name: 'gone', match: { url: '^gone$' }, action: { type: 'CustomResponse', statusCode: 410, subStatusCode: 7, statusReason: 'Gone for good' } }
    ]
  })
  fastify.get('/api/:id', async request => request.params)
  await fastify.listen({ port: 0, host: '127.0.0.1' })
  t.same(await (await fetch(`${fastify.listeningOrigin}/article/7?x=1`)).json(), { id: '7' })
  t.equal((await fetch(`${fastify.listeningOrigin}/gone`)).status, 410)
  await fastify.close()

  const folder = join(directory, 'W3SVC1')
  const lines = readdirSync(folder).flatMap(file => readFileSync(join(folder, file), 'utf8').split('\r\n'))
    .filter(line => line !== '' && !line.startsWith('#')).map(line => line.split(' '))
  t.same(lines.map(line => [line[4], line[5], line.at(-4), line.at(-3)]), [['/article/7', 'x=1', '200', '0'], ['/gone', '-', '410', '7']])
})

t.test('a proxied WebSocket\'s line has its close code and reason, who closed it, and what passed', async t => {
  const wss = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  t.teardown(() => wss.close())
  wss.on('connection', (socket, request) => {
    socket.on('message', (message, binary) => {
      socket.send(message, { binary })
      if (request.url === '/upstream') socket.close(4002, 'enough')
    })
  })
  await once(wss, 'listening')
  const directory = t.testdir()
  const fastify = Fastify()
  t.teardown(() => fastify.close())
  await fastify.register(arrLog, {
    directory,
    fields: ['cs-uri-stem', 'sc-status', 'x-ws-messages-received', 'x-ws-messages-sent', 'x-ws-bytes-received', 'x-ws-bytes-sent', 'x-ws-close-code', 'x-ws-close-reason', 'x-ws-closed-by', 'x-ws-ending']
  })
  await fastify.register(upstreamProxy, { upstream: `http://127.0.0.1:${(wss.address() as { port: number }).port}` })
  await fastify.listen({ port: 0, host: '127.0.0.1' })
  const { port } = fastify.server.address() as { port: number }
  for (const by of ['client', 'upstream', 'proxy']) {
    await converse(`ws://127.0.0.1:${port}/${by}`, { perMessageDeflate: false }, async ({ socket, next, closed }) => {
      for (const text of by === 'client' ? ['one', 'two'] : ['one']) {
        socket.send(text)
        t.equal(await next(), `text:${text}`)
      }
      if (by === 'client') socket.close(4001, 'all said')
      // All that are open: the previous one may not have closed on both sides yet.
      if (by === 'proxy') for (const tunnel of fastify.tunnels) tunnel.close(4003, 'time to go')
      await closed
    })
  }
  await fastify.close()

  const folder = join(directory, 'W3SVC1')
  const text = readdirSync(folder).map(file => readFileSync(join(folder, file), 'utf8')).join('')
  const columns = /^#Fields: (.*)\r$/m.exec(text)?.[1]?.split(' ') ?? []
  const lines = text.split('\r\n').filter(line => line !== '' && !line.startsWith('#'))
    .map(line => Object.fromEntries(line.split(' ').map((value, at) => [columns[at], value])))
  // A client's frames are four bytes longer, because they are masked; the counts include a Close frame each way.
  t.match(lines, [
    { 'cs-uri-stem': '/client', 'sc-status': '101', 'x-ws-messages-received': '2', 'x-ws-messages-sent': '2', 'x-ws-bytes-received': '34', 'x-ws-bytes-sent': '22', 'x-ws-close-code': '4001', 'x-ws-close-reason': 'all+said', 'x-ws-closed-by': 'client', 'x-ws-ending': 'end' },
    { 'cs-uri-stem': '/upstream', 'sc-status': '101', 'x-ws-messages-received': '1', 'x-ws-messages-sent': '1', 'x-ws-bytes-received': '23', 'x-ws-bytes-sent': '15', 'x-ws-close-code': '4002', 'x-ws-close-reason': 'enough', 'x-ws-closed-by': 'upstream', 'x-ws-ending': 'end' },
    { 'cs-uri-stem': '/proxy', 'sc-status': '101', 'x-ws-messages-received': '1', 'x-ws-messages-sent': '1', 'x-ws-close-code': '4003', 'x-ws-close-reason': 'time+to+go', 'x-ws-closed-by': 'proxy' }
  ])
  t.equal(lines.length, 3)
})
