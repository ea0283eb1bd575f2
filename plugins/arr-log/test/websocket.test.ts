import { channel } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import websocket from '@fastify/websocket'
import t, { type Test } from 'tap'
import { WebSocket } from 'ws'
import type { ArrLogOptions } from '../src/index.ts'
import { rows, send, start, onlyFile, type Server } from './server.ts'

const FIELDS = ['cs-method', 'cs-uri-stem', 'sc-status', 'sc-win32-status', 'sc-bytes', 'cs-bytes', 'time-taken', 'x-ws-http', 'x-ws-close-code', 'x-ws-close-reason', 'x-ws-closed-by', 'x-ws-messages-received', 'x-ws-subprotocol', 'x-ws-extensions'] as const

async function startWithWebSockets (t: Test, options: ArrLogOptions = {}): Promise<Server> {
  const server = await start(t, { fields: FIELDS, ...options }, async app => {
    await app.register(websocket, { options: { perMessageDeflate: true, handleProtocols: () => 'chat' } })
    app.register(async app => {
      app.get('/', { websocket: true }, socket => {
        socket.on('message', data => {
          if (String(data) === 'drop me') socket.terminate()
          else socket.send(data)
        })
      })
    })
  })
  await server.listen()
  return server
}

async function open (t: Test, server: Server, path = '/') {
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}${path}`, ['chat'])
  t.teardown(() => socket.terminate())
  socket.on('error', () => {})
  await once(socket, 'open')
  return socket
}

t.test("the server's own WebSocket is one 101 line when it ends, with its duration, its messages and its close code", async t => {
  const server = await startWithWebSockets(t)
  const socket = await open(t, server, '/?room=1')
  for (const text of ['one', 'two', 'three']) {
    socket.send(text)
    await once(socket, 'message')
  }
  t.equal(server.entries.length, 0, 'nothing is told while it is open')
  socket.close(4001, 'good bye')
  const [entry] = await server.told(1)
  t.match(entry!.exchange, {
    method: 'GET',
    path: '/',
    query: 'room=1',
    status: 101,
    substatus: 0,
    win32Status: 0,
    websocket: { http: '1.1', messagesReceived: 3, messagesSent: null, closeCode: 4001, closeReason: 'good bye', closedBy: null, ending: 'end', subprotocol: 'chat', extensions: 'permessage-deflate' }
  })
  t.ok(entry!.exchange.websocket!.handshakeTime! <= entry!.exchange.timeTaken)
  t.ok(entry!.exchange.bytesReceived! > 0)
  await server.app.close()
  const { path, text } = onlyFile(server.directory)
  t.match(path, /_x\.log$/, 'a file with columns IIS has not is named _x')
  t.match(rows(text), [{ 'cs-method': 'GET', 'sc-status': '101', 'x-ws-close-code': '4001', 'x-ws-close-reason': 'good+bye', 'x-ws-closed-by': '-', 'x-ws-messages-received': '3' }])
})

t.test('a WebSocket whose client disconnects is 64, one that the server cuts is 1236', async t => {
  const server = await startWithWebSockets(t)
  const vanishing = await open(t, server)
  vanishing.terminate()
  await server.told(1)
  const dropped = await open(t, server)
  dropped.send('drop me')
  const entries = await server.told(2)
  t.match(entries[0]!.exchange, { status: 101, win32Status: 64, websocket: { closeCode: null, closedBy: 'client' } })
  t.match(entries[1]!.exchange, { status: 101, win32Status: 1236, websocket: { closeCode: null, closedBy: 'proxy' } })
})

t.test('a refused handshake is not logged as 101', async t => {
  const server = await startWithWebSockets(t)
  const refused = send(t, server.port, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short\r\n\r\n')
  const [answer] = await once(refused, 'data')
  t.match(String(answer), /^HTTP\/1\.1 400 /)
  await server.told(1)
  const elsewhere = send(t, server.port, 'GET /nowhere HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n')
  elsewhere.resume()
  const entries = await server.told(2)
  t.match(entries.map(({ exchange }) => exchange.status), [400, 404])
})

t.test('a request for a WebSocket that gets none is recognisable by its line; others are not', async t => {
  const server = await start(t, { fields: ['cs-uri-stem', 'sc-status', 'x-ws-attempt'] }, async app => {
    await app.register(websocket)
    app.register(async app => {
      app.get('/chat', { websocket: true, preValidation: async (request, reply) => { if (request.headers['x-in'] !== '1') await reply.code(401).send() } }, () => {})
      app.get('/page', async () => 'page')
    })
  })
  await server.listen()
  const handshake = (path: string, upgrade: string, more = '') => `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: ${upgrade}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${more}\r\n`
  for (const text of [handshake('/chat', 'websocket'), handshake('/chat', 'h2c, WebSocket'), handshake('/chat', 'h2c'), 'GET /page HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n']) {
    const count = server.entries.length + 1
    const socket = send(t, server.port, text)
    socket.resume()
    await server.told(count)
    socket.destroy()
  }
  const socket = send(t, server.port, handshake('/chat', 'websocket', 'x-in: 1\r\n'))
  await once(socket, 'data')
  socket.destroy()
  const entries = await server.told(5)
  await server.app.close()
  t.strictSame(rows(onlyFile(server.directory).text).map(row => `${row['cs-uri-stem']} ${row['sc-status']} ${row['x-ws-attempt']}`), ['/chat 401 yes', '/chat 401 yes', '/chat 401 -', '/page 200 -', '/chat 101 yes'])
  t.strictSame(entries.map(({ exchange }) => exchange.attempt), [true, true, undefined, undefined, undefined])
})

t.test('an injected WebSocket has its line as well', async t => {
  const server = await startWithWebSockets(t)
  const socket = await (server.app as unknown as { injectWS: (path: string) => Promise<WebSocket> }).injectWS('/')
  socket.terminate()
  const [entry] = await server.told(1)
  t.match(entry!.exchange, { status: 101, clientIp: null, bytesSent: null })
})

t.test('sockets still open when the server closes have their lines in the file', async t => {
  const server = await startWithWebSockets(t)
  await Promise.all([open(t, server), open(t, server)])
  await server.app.close()
  t.strictSame(rows(onlyFile(server.directory).text).map(row => row['sc-status']), ['101', '101'])
})

t.test('an upgrade that a route handles itself is a 101 without further details', async t => {
  const server = await start(t, {}, app => {
    // As in @fastify/websocket and @fastify/http-proxy: an upgrade is routed as a request.
    app.server.on('upgrade', (raw, socket) => {
      const response = new ServerResponse(raw)
      response.assignSocket(socket as Socket)
      app.routing(raw, response)
    })
    app.get('/', (request, reply) => {
      reply.hijack()
      request.raw.socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
    })
  })
  await server.listen()
  send(t, server.port, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n').resume()
  const [entry] = await server.told(1)
  t.match(entry!.exchange, { status: 101, win32Status: 0, websocket: { closeCode: null, closedBy: null, messagesReceived: null } })
})

t.test('with logOpening there is a line for the opening as well', async t => {
  const server = await startWithWebSockets(t, { logOpening: true })
  const socket = await open(t, server)
  const [opening] = await server.told(1)
  t.match(opening!.exchange, { event: 'open', status: 101, win32Status: 0, bytesSent: null, websocket: { subprotocol: 'chat', closeCode: null, closedBy: null, ending: null } })
  socket.close(1000)
  const [, end] = await server.told(2)
  t.equal(end!.exchange.event, undefined)
  await server.app.close()
  const lines = rows(onlyFile(server.directory).text)
  t.strictSame(lines.map(row => row['x-ws-event']), ['open', 'close'])
  t.match(lines[0]!['x-process'], new RegExp(`^${process.pid}-[0-9a-z]+$`))
  t.equal(lines[1]!['x-process'], lines[0]!['x-process'])
})

t.test("a tunnel's opening is logged from its channel, only for the plugin's own requests", async t => {
  const server = await start(t, { logOpening: true }, app => {
    app.get('/', (request, reply) => {
      reply.hijack()
      const tunnel = { handshakeTime: 3, closedBy: null, closeCode: null, ending: null }
      Object.assign(request, { upstream: { logId: 'a', status: 101, tunnel } })
      channel('fastify-arr:tunnel.open').publish({ request, tunnel })
      channel('fastify-arr:tunnel.open').publish({ request: {}, tunnel })
      Object.assign(tunnel, { closedBy: 'client', closeCode: 1000, ending: 'end' })
      reply.raw.end()
    })
  })
  await server.listen()
  send(t, server.port, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n').resume()
  await server.told(2)
  t.match(server.entries.map(({ exchange }) => exchange), [{ event: 'open', upstream: { status: 101 }, websocket: { handshakeTime: 3, closeCode: null } }, { websocket: { closeCode: 1000 } }])
})
