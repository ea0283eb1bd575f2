// What the real proxy tells of its attempts and of what passes through a WebSocket, as a trace has it.
import { once } from 'node:events'
import { upstreamProxy } from '@fastify-arr/upstream-proxy'
import t from 'tap'
import { WebSocket } from 'ws'
import { windowsNumber } from '../src/expansion/error-status.ts'
import { dataOf, eventsOf, names, proxyTo, serve, upstream } from './serving.ts'

t.test('a request: the attempt, the head that the upstream got, its answer, and the head that left', async t => {
  const up = await upstream(t, (_, response) => { response.writeHead(200, { 'X-Own': 'yes', Connection: 'close' }).end('ok') })
  const server = await serve(t, { directory: null, rules: [{}] }, proxyTo(up.port))
  await (await fetch(`http://127.0.0.1:${server.port}/a?token=topsecretvalue`, { headers: { cookie: 'sid=anothersecret' } })).text()
  const [trace] = await server.written(1)
  t.same(names(trace!).slice(4, -2), ['ATTEMPT_START', 'ATTEMPT_CONNECTED', 'ARR_REQUEST_HEADERS_START', 'ARR_RESPONSE_HEADERS_END', 'GENERAL_RESPONSE_HEADERS'])
  t.match(dataOf(trace!, 'ATTEMPT_CONNECTED'), { Server: `http://127.0.0.1:${up.port}`, Remote: `127.0.0.1:${up.port}`, Reused: false })
  const sent = String(dataOf(trace!, 'ARR_REQUEST_HEADERS_START').Headers)
  t.match(sent, /^GET \/a\?token=redacted-14-[0-9a-f]{8} HTTP\/1\.1\r\n/)
  t.match(sent, /^cookie: sid=redacted-13-[0-9a-f]{8}\r\n/im)
  t.match(sent, new RegExp(`X-ARR-LOG-ID: ${trace!.logId}\r\n`, 'i'))
  t.match(dataOf(trace!, 'ARR_RESPONSE_HEADERS_END'), { HttpStatus: 200, HttpReason: 'OK', Headers: /^X-Own: yes\r\nConnection: close\r\n/ })
  t.match(dataOf(trace!, 'GENERAL_RESPONSE_HEADERS').Headers, /X-Own: yes\r\n/i)
  t.notMatch(JSON.stringify(trace), /topsecret|anothersecret/)
})

t.test('an upstream that is not there: the attempt has failed, and then the status is set', async t => {
  const server = await serve(t, { directory: null, rules: [{ verbosity: 'Warning' }] }, proxyTo(1))
  await (await fetch(`http://127.0.0.1:${server.port}/`)).text()
  const [trace] = await server.written(1)
  t.same(names(trace!).slice(4, -3), ['ATTEMPT_START', 'ATTEMPT_FAILED', 'MODULE_SET_RESPONSE_ERROR_STATUS'])
  t.match(dataOf(trace!, 'ATTEMPT_FAILED'), { Code: 'FST_ARR_UPSTREAM_REFUSED', Moment: 'connect', SystemCode: 'ECONNREFUSED' })
  t.match(dataOf(trace!, 'MODULE_SET_RESPONSE_ERROR_STATUS'), { HttpStatus: 502, HttpSubStatus: 3, ErrorCode: 0x80072efd, ConfigExceptionInfo: 'FST_ARR_UPSTREAM_REFUSED' })
})

t.test('a WebSocket: its handshake, its frames from both sides, its Close frames and the ends of its sockets', async t => {
  const up = await upstream(t, () => {}, socket => { socket.on('message', data => { socket.send(String(data)); socket.close(1011, 'database went away') }) })
  const server = await serve(t, { directory: null, rules: [{ webSocket: { closeCodes: '1011' } }] }, proxyTo(up.port))
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}/chat`, { perMessageDeflate: false })
  await once(socket, 'open')
  socket.send('hello')
  await once(socket, 'close')
  const [trace] = await server.written(1)
  t.match(dataOf(trace!, 'ARR_REQUEST_HEADERS_START').Headers, /^GET \/chat HTTP\/1\.1\r\n[^]*Upgrade: websocket\r\n/i)
  t.match(dataOf(trace!, 'ARR_RESPONSE_HEADERS_END'), { HttpStatus: 101, Headers: /Sec-WebSocket-Accept: /i })
  t.match(eventsOf(trace!, 'WEBSOCKET_FRAME').slice(0, 3).map(({ data }) => data), [
    { From: 'client', Opcode: 1, Fin: true, Rsv: 0, Length: 5 },
    { From: 'upstream', Opcode: 1, Fin: true, Rsv: 0, Length: 5 },
    { From: 'upstream', Opcode: 8, Length: 20 }
  ])
  t.same(eventsOf(trace!, 'WEBSOCKET_CLOSE_FRAME').map(({ data }) => data.From), ['upstream', 'client'])
  t.match(dataOf(trace!, 'WEBSOCKET_CLOSE_FRAME'), { From: 'upstream', Code: 1011, Reason: 'database went away' })
  t.same(new Set(eventsOf(trace!, 'WEBSOCKET_SOCKET_END').map(({ data }) => data.Side)), new Set(['client', 'upstream']))
  t.equal(names(trace!).filter(name => name === 'WEBSOCKET_CLOSED').length, 1)
})

t.test('a WebSocket whose client is reset: the end of the client\'s socket says so', async t => {
  const up = await upstream(t, () => {}, () => {})
  const server = await serve(t, { directory: null, rules: [{ webSocket: { endings: ['reset'], closeCodes: 'none' } }] }, proxyTo(up.port))
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}/`)
  socket.on('error', () => {})
  await once(socket, 'open')
  ;(socket as unknown as { _socket: { resetAndDestroy (): void } })._socket.resetAndDestroy()
  const [trace] = await server.written(1)
  t.match(eventsOf(trace!, 'WEBSOCKET_SOCKET_END').find(({ data }) => data.Side === 'client')?.data, { How: 'reset', SystemCode: 'ECONNRESET' })
})

t.test('a refused handshake: what the upstream has answered, and what the client got', async t => {
  const up = await upstream(t, () => {})
  up.server.on('upgrade', (_, socket) => { socket.end('HTTP/1.1 403 Forbidden\r\nX-Why: origin\r\nContent-Length: 0\r\n\r\n') })
  const server = await serve(t, { directory: null, rules: [{ webSocket: { refused: true } }] }, proxyTo(up.port))
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}/`)
  await new Promise(resolve => { socket.on('error', () => {}).on('close', resolve) })
  const [trace] = await server.written(1)
  t.match(dataOf(trace!, 'ARR_RESPONSE_HEADERS_END'), { HttpStatus: 403, HttpReason: 'Forbidden', Headers: /X-Why: origin/ })
  t.match(dataOf(trace!, 'GENERAL_RESPONSE_HEADERS').Headers, /X-Why: origin/i)
})

t.test('a refusal of the proxy itself has its code, and the number of a shortage of the system', async t => {
  const up = await upstream(t, () => {}, () => {})
  const server = await serve(t, { directory: null, rules: [{ statusCodes: '400-599' }] }, async app => { await app.register(upstreamProxy, { upstream: `http://127.0.0.1:${up.port}`, websocket: { until: () => 1 } }) })
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}/`)
  await new Promise(resolve => { socket.on('error', () => {}).on('close', resolve) })
  const [trace] = await server.written(1)
  t.match(dataOf(trace!, 'MODULE_SET_RESPONSE_ERROR_STATUS'), { HttpStatus: 401, ErrorCode: 0, ConfigExceptionInfo: 'FST_ARR_PROXY_EXPIRED' })
  t.match(trace!.findings[0], { code: 'PROXY_REFUSED', sentence: /the permission had expired/ })
  t.same([windowsNumber('EMFILE'), windowsNumber('ENOBUFS'), windowsNumber('ECONNREFUSED'), windowsNumber(null)], [4, 10055, 0, 0])
})
