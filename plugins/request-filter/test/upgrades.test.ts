// An upgrade is a request until its 101: it is asked as any other, and its refusal is an answer.
import { once } from 'node:events'
import { connect as connectHttp2, type Http2Server } from 'node:http2'
import type { AddressInfo } from 'node:net'
import upstreamProxy from '@fastify-arr/upstream-proxy'
import websocket from '@fastify/websocket'
import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import requestFilter from '../src/index.ts'
import { bytes, HANDSHAKE, wire } from './serving.ts'

const OPTIONS = { requestFiltering: { hiddenSegments: ['bin'], verbs: { allowUnlisted: false, verbs: { GET: true } } } }
const handshake = (target: string): string => `GET ${target} HTTP/1.1\r\nHost: localhost\r\n${HANDSHAKE}\r\n`

async function listening (t: Test, fastify: FastifyInstance): Promise<number> {
  t.teardown(() => fastify.close())
  await fastify.listen({ port: 0, host: '127.0.0.1' })
  return (fastify.server.address() as AddressInfo).port
}

async function echo (t: Test): Promise<string> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  t.teardown(() => { for (const client of server.clients) client.terminate(); server.close() })
  server.on('connection', socket => socket.on('message', message => socket.send(`echo ${String(message)}`)))
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function conversation (url: string): Promise<string> {
  const socket = new WebSocket(url)
  await once(socket, 'open')
  socket.send('hello')
  const [message] = await once(socket, 'message')
  socket.close()
  await once(socket, 'close')
  return String(message)
}

t.test('through upstream-proxy: a refused handshake is answered, and its connection ends', async t => {
  const fastify = Fastify({ forceCloseConnections: true })
  await fastify.register(requestFilter, OPTIONS)
  await fastify.register(upstreamProxy, { upstream: await echo(t), maxBodySize: request => fastify.requestFilter.maxBodySize(request) })
  const port = await listening(t, fastify)
  t.match(await wire(port, handshake('/bin/x'), false), /^HTTP\/1\.1 404 Not Found\r\n[^]*FST_ARR_FILTER_REFUSED/)
  t.match(await wire(port, handshake('/%62in'), false), /^HTTP\/1\.1 404 /)
  t.equal(await conversation(`ws://127.0.0.1:${port}/x`), 'echo hello')
})

for (const first of ['@fastify/websocket', 'request-filter']) {
  t.test(`with @fastify/websocket alone, ${first} registered first: the same`, async t => {
    const fastify = Fastify({ forceCloseConnections: true })
    if (first === 'request-filter') await fastify.register(requestFilter, OPTIONS)
    await fastify.register(websocket)
    if (first !== 'request-filter') await fastify.register(requestFilter, OPTIONS)
    fastify.get('/*', { websocket: true }, socket => { socket.on('message', (message: Buffer) => socket.send(`echo ${String(message)}`)) })
    const port = await listening(t, fastify)
    t.match(await wire(port, handshake('/bin/x'), false), /^HTTP\/1\.1 404 Not Found\r\n[^]*FST_ARR_FILTER_REFUSED/)
    t.equal(await conversation(`ws://127.0.0.1:${port}/x`), 'echo hello')
  })
}

t.test('over HTTP/2, extended CONNECT is a GET: it is let in, or answered', async t => {
  const fastify = Fastify({ http2: true }) as unknown as FastifyInstance
  ;(fastify.server as unknown as Http2Server).on('session', session => session.settings({ enableConnectProtocol: true }))
  await fastify.register(requestFilter, OPTIONS)
  await fastify.register(upstreamProxy, { upstream: await echo(t) })
  const port = await listening(t, fastify)
  const session = connectHttp2(`http://127.0.0.1:${port}`)
  t.teardown(() => session.destroy())
  while (session.remoteSettings?.enableConnectProtocol !== true) await once(session, 'remoteSettings')
  const open = async (path: string): Promise<unknown> => {
    const stream = session.request({ ':method': 'CONNECT', ':protocol': 'websocket', ':path': path, ':scheme': 'http', ':authority': 'localhost', 'sec-websocket-version': '13' }, { endStream: false })
    const [headers] = await once(stream, 'response')
    stream.close()
    return headers[':status']
  }
  t.equal(await open('/bin/x'), 404)
  t.equal(await open('/x'), 200)
})

t.test('an upgrade of a server without WebSockets is a request', async t => {
  const fastify = Fastify({ forceCloseConnections: true })
  await fastify.register(requestFilter, OPTIONS)
  fastify.get('/*', async () => 'page')
  const port = await listening(t, fastify)
  t.match(await wire(port, bytes('/bin', { more: 'Upgrade: websocket\r\n' })), /^HTTP\/1\.1 404 /)
  t.match(await wire(port, bytes('/x', { more: 'Upgrade: websocket\r\n' })), /^HTTP\/1\.1 200 /)
})
