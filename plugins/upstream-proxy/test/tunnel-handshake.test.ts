// A WebSocket's handshake through the proxy, against real upstreams.
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import t, { type Test } from 'tap'
import WebSocket, { WebSocketServer } from 'ws'
import upstreamProxy, { type UpstreamProxyOptions } from '../src/index.ts'

/** A proxy on port 0, which remembers its upgrades. */
async function proxy (t: Test, options: UpstreamProxyOptions): Promise<{ app: FastifyInstance, port: number, requests: FastifyRequest[] }> {
  const app = Fastify({ forceCloseConnections: true })
  const requests: FastifyRequest[] = []
  app.addHook('onRequest', async request => { requests.push(request) })
  await app.register(upstreamProxy, options)
  await app.listen({ port: 0, host: '127.0.0.1' })
  t.teardown(() => app.close())
  return { app, port: (app.server.address() as AddressInfo).port, requests }
}

async function echo (t: Test): Promise<{ url: string, wss: WebSocketServer, seen: IncomingMessage[] }> {
  const wss = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: true })
  const seen: IncomingMessage[] = []
  wss.on('connection', (socket, request) => {
    seen.push(request)
    socket.on('error', () => {})
    socket.on('message', (message, binary) => socket.send(message, { binary }))
  })
  await once(wss, 'listening')
  t.teardown(() => { for (const client of wss.clients) client.terminate(); wss.close() })
  return { url: `http://127.0.0.1:${(wss.address() as AddressInfo).port}`, wss, seen }
}

t.test('a message goes to the upstream and back, and the facts tell of it', async t => {
  const upstream = await echo(t)
  const { port, requests, app } = await proxy(t, { upstream: upstream.url })
  const ws = new WebSocket(`ws://127.0.0.1:${port}/chat?room=1`, ['chat', 'other'])
  await once(ws, 'open')
  t.equal(ws.protocol, 'chat')
  t.match(ws.extensions, 'permessage-deflate')
  t.equal(app.tunnels.size, 1)
  ws.send('hello')
  const [message] = await once(ws, 'message')
  t.equal(String(message), 'hello')
  const closed = once(requests[0]!.raw.socket, 'close')
  ws.close(4001, 'enough')
  const [code] = await once(ws, 'close')
  t.equal(code, 4001)
  await closed
  const fact = requests[0]!.upstream!
  t.match(fact, {
    status: 101,
    error: null,
    tunnel: { subprotocol: 'chat', received: { messages: 1, text: 1 }, sent: { messages: 1, text: 1 }, observed: true, closedBy: 'client', closeCode: 4001, closeReason: 'enough', ending: 'end' }
  })
  t.equal(upstream.seen[0]!.url, '/chat?room=1')
  t.equal(upstream.seen[0]!.headers['x-arr-log-id'], fact.logId)
  t.equal(app.tunnels.size, 0)
})

t.test('an upstream that declines is heard with status, headers and body', async t => {
  const server = createServer()
  server.on('upgrade', (_request: IncomingMessage, socket: Duplex) => {
    socket.end('HTTP/1.1 401 Who Are You\r\nWWW-Authenticate: Basic\r\nConnection: close\r\nContent-Length: 4\r\n\r\nnope')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const { port, requests } = await proxy(t, { upstream: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
  const answer = await raw(port, handshake('/'))
  t.match(answer, /^HTTP\/1\.1 401 Who Are You\r\n/)
  t.match(answer, /WWW-Authenticate: Basic\r\n/)
  t.match(answer, /\r\n\r\nnope$/)
  t.match(requests[0]!.upstream, { status: 401, error: null, tunnel: null })
})

t.test('an upstream that refuses connections is a 502 that says nothing internal', async t => {
  const { port, requests } = await proxy(t, { upstream: 'http://127.0.0.1:1' })
  const answer = await raw(port, handshake('/'))
  t.match(answer, /^HTTP\/1\.1 502 Bad Gateway\r\n/)
  t.notMatch(answer, /127\.0\.0\.1|ECONN/)
  t.match(requests[0]!.upstream!.error, { code: 'FST_ARR_UPSTREAM_REFUSED', side: 'upstream', statusCode: 502, systemCode: 'ECONNREFUSED' })
})

t.test('an upstream that stays silent is a 504', async t => {
  const server = createServer().listen(0, '127.0.0.1')
  server.on('upgrade', () => {})
  await once(server, 'listening')
  t.teardown(() => { server.closeAllConnections(); server.close() })
  const sockets: Duplex[] = []
  server.on('connection', socket => sockets.push(socket))
  t.teardown(() => { for (const socket of sockets) socket.destroy() })
  const { port, requests } = await proxy(t, { upstream: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, timeouts: { handshake: 50 } })
  t.match(await raw(port, handshake('/')), /^HTTP\/1\.1 504 /)
  t.match(requests[0]!.upstream!.error, { code: 'FST_ARR_UPSTREAM_TIMEOUT', moment: 'headers', statusCode: 504 })
})

export function handshake (path: string, extra = ''): string {
  return `GET ${path} HTTP/1.1\r\nHost: example.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
    `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n${extra}\r\n`
}

/** Sends text and reads until the server ends the connection. */
async function raw (port: number, text: string): Promise<string> {
  const socket: Socket = connect(port, '127.0.0.1')
  socket.write(text)
  let answer = ''
  for await (const chunk of socket) answer += String(chunk)
  return answer
}
