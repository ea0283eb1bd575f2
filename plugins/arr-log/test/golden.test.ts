// The lines of the article and of real IIS logs, reproduced by real exchanges and compared field by field.
import { once } from 'node:events'
import { connect } from 'node:http2'
import { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import t, { type Test } from 'tap'
import type { FastifyRequest } from 'fastify'
import fastify, { LogController } from 'fastify'
import { arrLog, type ArrLogOptions } from '../src/index.ts'
import { onlyFile, rows, send, start } from './server.ts'

const AGENT = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36'
const PAGE = '2022-09-30 20:53:35 127.0.0.1 GET / X-ARR-CACHE-HIT=0&X-ARR-LOG-ID=ad279eb5-5553-4609-8c40-4f529aee77f7&SERVER-STATUS=200 443 - 127.0.0.1 HTTP/2 Mozilla/5.0+(Windows+NT+10.0;+Win64;+x64)+AppleWebKit/537.36 - 200 0 0 22'
const SOCKET = '2022-09-30 20:53:41 127.0.0.1 GET / X-ARR-CACHE-HIT=0&X-ARR-LOG-ID=a3614585-e908-40f2-9435-e3c23a2a6e31&SERVER-STATUS=101 443 - 127.0.0.1 HTTP/1.1 Mozilla/5.0+(Windows+NT+10.0;+Win64;+x64)+AppleWebKit/537.36 - 101 0 64 5808'
const FAILED = '2026-05-28 10:25:40 192.0.2.6 GET /app/api/summary X-ARR-CACHE-HIT=0&X-ARR-LOG-ID=170f3117-2318-4179-b333-a8d692e18056 80 - 198.51.100.32 Mozilla/5.0+(Windows+NT+10.0;+Win64;+x64)+AppleWebKit/537.36 http://192.0.2.6/app/ 502 3 12029 1617 330 1022'

/** The values of a real line, without those that depend on the machine or the time. */
function same (t: Test, line: string, golden: string, changing: readonly number[]) {
  const values = line.split(' ')
  const expected = golden.split(' ')
  t.equal(values.length, expected.length)
  for (const position of changing) {
    t.match(values[position], /^[\d.:-]+$/)
    values[position] = expected[position]!
  }
  t.equal(values.join(' '), golden)
}

const upstream = (logId: string, status: number | null, more = {}) => ({ logId, server: 'http://localhost:8080', routed: null, status, error: null, tunnel: null, ...more })

async function http2 (t: Test, options: ArrLogOptions) {
  const app = fastify({ http2: true, logController: new LogController({ disableRequestLogging: true }) })
  t.teardown(() => app.close())
  const directory = t.testdir()
  await app.register(arrLog, { directory, ...options })
  return { app, directory }
}

t.test("the article's first line: a page over HTTP/2", async t => {
  const { app, directory } = await http2(t, { fields: 'article' })
  app.get('/', async request => {
    Object.assign(request, { upstream: upstream('ad279eb5-5553-4609-8c40-4f529aee77f7', 200) })
    return 'page'
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const session = connect(`http://127.0.0.1:${(app.server.address() as { port: number }).port}`)
  const stream = session.request({ ':path': '/', 'user-agent': AGENT })
  stream.resume()
  await once(stream, 'close')
  session.close()
  await app.close()
  const line = onlyFile(directory).text.split('\r\n').at(-2)!
  same(t, line, PAGE, [0, 1, 6, 15])
})

t.test("the article's second line: a WebSocket whose tab was closed", async t => {
  const server = await start(t, { fields: 'article' }, app => {
    app.server.on('upgrade', (raw, socket) => {
      const response = new ServerResponse(raw)
      response.assignSocket(socket as Socket)
      app.routing(raw, response)
    })
    app.get('/', (request: FastifyRequest, reply) => {
      reply.hijack()
      const tunnel = { closedBy: 'client', closeCode: 1001, ending: 'end', received: { bytes: 8, messages: 0 }, sent: { bytes: 0, messages: 0 } }
      Object.assign(request, { upstream: upstream('a3614585-e908-40f2-9435-e3c23a2a6e31', 101, { tunnel }) })
      request.raw.socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
    })
  })
  await server.listen()
  send(t, server.port, `GET / HTTP/1.1\r\nHost: reverseproxy.com\r\nUser-Agent: ${AGENT}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`).resume()
  const [entry] = await server.told(1)
  same(t, entry!.msg, SOCKET, [0, 1, 6, 15])
})

t.test('the line of an upstream that refused the connection, with the bytes', async t => {
  const server = await start(t, {
    fields: ['date', 'time', 's-ip', 'cs-method', 'cs-uri-stem', 'cs-uri-query', 's-port', 'cs-username', 'c-ip', 'cs(User-Agent)', 'cs(Referer)', 'sc-status', 'sc-substatus', 'sc-win32-status', 'sc-bytes', 'cs-bytes', 'time-taken']
  }, app => {
    app.get('/app/api/summary', async (request, reply) => {
      const error = { code: 'FST_ARR_UPSTREAM_REFUSED', moment: 'connect', side: 'upstream', statusCode: 502, systemCode: 'ECONNREFUSED' }
      Object.assign(request, { upstream: upstream('170f3117-2318-4179-b333-a8d692e18056', null, { error }) })
      return await reply.code(502).send()
    })
  })
  await server.listen()
  const socket = send(t, server.port, `GET /app/api/summary HTTP/1.1\r\nHost: a\r\nUser-Agent: ${AGENT}\r\nReferer: http://192.0.2.6/app/\r\n\r\n`)
  const [answer] = await once(socket, 'data')
  const [entry] = await server.told(1)
  same(t, entry!.msg, FAILED, [0, 1, 2, 6, 8, 14, 15, 16])
  t.equal(entry!.exchange.bytesSent, answer.length, 'what the client received')
  t.equal(entry!.exchange.bytesReceived, socket.bytesWritten, 'what the client sent')
  t.match(entry!.exchange.upstream, { status: null, error: { code: 'FST_ARR_UPSTREAM_REFUSED', systemCode: 'ECONNREFUSED' } })
})

t.test('each exchange of a kept-alive connection has its own bytes', async t => {
  const server = await start(t, {}, app => { app.get('/:size', async request => 'x'.repeat(Number((request.params as { size: string }).size))) })
  await server.listen()
  const socket = send(t, server.port, '')
  for (const size of [0, 100_000, 0]) {
    socket.write(`GET /${size} HTTP/1.1\r\nHost: a\r\n\r\n`)
    socket.resume()
    await server.told(server.entries.length + 1)
  }
  const [first, large, last] = server.entries.map(({ exchange }) => exchange)
  t.equal(first!.bytesSent, last!.bytesSent)
  t.equal(first!.bytesReceived, last!.bytesReceived)
  t.equal(large!.bytesSent! - first!.bytesSent!, 100_000 + 5, 'the body, and five more digits of its length')
  t.equal(large!.bytesReceived! - first!.bytesReceived!, 5)
})

t.test('a WebSocket over HTTP/2 is a 101 line with method GET', async t => {
  const { app, directory } = await http2(t, { fields: ['cs-method', 'cs-uri-stem', 'cs-version', 'sc-status', 'sc-win32-status', 'sc-bytes', 'cs-bytes', 'x-ws-http'] })
  app.route({
    method: ['GET'],
    url: '/chat',
    handler (request, reply) {
      reply.hijack()
      const tunnel = { http: '2', closedBy: 'upstream', closeCode: 1000, ending: 'end', received: { bytes: 8, messages: 1 }, sent: { bytes: 9, messages: 1 } }
      Object.assign(request, { upstream: upstream('a', 101, { tunnel }) })
      reply.raw.writeHead(200)
      reply.raw.end()
    }
  })
  app.server.updateSettings({ enableConnectProtocol: true })
  app.server.on('connect', (request, response) => {
    request.method = 'GET'
    app.routing(request as never, response as never)
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const session = connect(`http://127.0.0.1:${(app.server.address() as { port: number }).port}`)
  await once(session, 'remoteSettings')
  const stream = session.request({ ':method': 'CONNECT', ':protocol': 'websocket', ':path': '/chat', ':scheme': 'http', ':authority': 'reverseproxy.com' })
  stream.resume()
  await once(stream, 'close')
  session.close()
  await app.close()
  t.match(rows(onlyFile(directory).text), [{ 'cs-method': 'GET', 'cs-uri-stem': '/chat', 'cs-version': 'HTTP/2', 'sc-status': '101', 'sc-win32-status': '0', 'sc-bytes': '9', 'cs-bytes': '8', 'x-ws-http': '2' }])
})

t.test('an HTTP/2 stream that the client cancels is 64', async t => {
  const { app, directory } = await http2(t, {})
  app.get('/', (_request, reply) => {
    reply.hijack()
    reply.raw.writeHead(200)
    reply.raw.write('half')
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const session = connect(`http://127.0.0.1:${(app.server.address() as { port: number }).port}`)
  const stream = session.request({ ':path': '/' })
  stream.on('error', () => {})
  await once(stream, 'data')
  stream.close(8)
  await once(stream, 'close')
  session.close()
  await app.close()
  t.match(rows(onlyFile(directory).text), [{ 'sc-status': '200', 'sc-win32-status': '64' }])
})
