// What a trace has of each message, in whatever plugin it was published: farms, attempts, heads, and what passes through a WebSocket.
import { channel } from 'node:diagnostics_channel'
import { CHANNELS, type AnswerSent, type AttemptAnswered, type AttemptFailed, type AttemptMessage, type AttemptSent, type FarmChosen, type FarmServerInfo, type TunnelFact, type TunnelOpened, type TunnelWatch } from '@fastify-arr/facts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import t, { type Test } from 'tap'
import type { RequestTraceOptions, Trace } from '../src/index.ts'
import { dataOf, eventsOf, names, serve } from './serving.ts'

type Request = Omit<FastifyRequest, 'upstream'> & { upstream?: unknown }

/** The trace of an exchange whose handler publishes messages. */
async function traceOf (t: Test, publish: (request: FastifyRequest, reply: FastifyReply) => unknown, options: RequestTraceOptions = { rules: [{}] }): Promise<Trace> {
  const server = await serve(t, { directory: null, ...options }, app => {
    app.get('/', async (request, reply) => (await publish(request, reply)) ?? 'done')
  })
  await (await fetch(`http://127.0.0.1:${server.port}/`)).text()
  return (await server.written(1))[0] as Trace
}

const SERVER = 'http://10.0.0.1:8080'
const tell = <Message>(name: keyof typeof CHANNELS, message: Message) => { channel(CHANNELS[name]).publish(message) }

t.test('an attempt that fails and one that succeeds', async t => {
  const trace = await traceOf(t, request => {
    tell<AttemptMessage>('attemptBegan', { request, server: SERVER })
    tell<AttemptFailed>('attemptFailed', { request, server: SERVER, code: 'FST_ARR_UPSTREAM_REFUSED', moment: 'connect', systemCode: 'ECONNREFUSED' })
    tell<AttemptMessage>('attemptBegan', { request, server: SERVER })
    tell<AttemptSent>('attemptSent', { request, server: SERVER, head: 'GET /a?b HTTP/1.1\r\nHost: x\r\nX-ARR-LOG-ID: 1\r\n\r\n', kept: false, local: '10.0.0.9:1', remote: '10.0.0.1:8080', times: { lookup: 1, connect: 2, secure: null }, tls: null })
    const headers = ['Content-Type', 'text/plain', 'X-A', '1']
    tell<AttemptAnswered>('attemptAnswered', { request, server: SERVER, status: 200, reason: 'Fine', headers })
    headers.length = 0 // the proxy goes on to use it
    tell<AnswerSent>('answerSent', { request, status: 200, headers: ['X-Left', 'yes'] })
  })
  t.same(names(trace).slice(4), ['ATTEMPT_START', 'ATTEMPT_FAILED', 'ATTEMPT_START', 'ATTEMPT_CONNECTED', 'ARR_REQUEST_HEADERS_START', 'ARR_RESPONSE_HEADERS_END', 'GENERAL_RESPONSE_HEADERS', 'GENERAL_FLUSH_RESPONSE_END', 'GENERAL_REQUEST_END'])
  t.same(dataOf(trace, 'ATTEMPT_FAILED'), { Server: SERVER, Code: 'FST_ARR_UPSTREAM_REFUSED', Moment: 'connect', SystemCode: 'ECONNREFUSED' })
  t.same(dataOf(trace, 'ATTEMPT_CONNECTED'), { Server: SERVER, Local: '10.0.0.9:1', Remote: '10.0.0.1:8080', Reused: false, LookupTime: 1, ConnectTime: 2 })
  t.same(dataOf(trace, 'ARR_REQUEST_HEADERS_START'), { Server: SERVER, Headers: 'GET /a?b HTTP/1.1\r\nHost: x\r\nX-ARR-LOG-ID: 1\r\n' })
  t.same(dataOf(trace, 'ARR_RESPONSE_HEADERS_END'), { HttpStatus: 200, HttpReason: 'Fine', Headers: 'Content-Type: text/plain\r\nX-A: 1\r\n' })
  t.same(dataOf(trace, 'GENERAL_RESPONSE_HEADERS'), { Headers: 'X-Left: yes\r\n' })
})

t.test('the error of the proxy comes after the attempt that failed last, and before its answer', async t => {
  const trace = await traceOf(t, (request: Request, reply: FastifyReply) => {
    request.upstream = { logId: 'abc', server: SERVER, error: { code: 'FST_ARR_UPSTREAM_TIMEOUT', moment: 'headers', side: 'upstream', statusCode: 504 } }
    for (const moment of ['connect', 'headers'] as const) tell<AttemptFailed>('attemptFailed', { request: request as FastifyRequest, server: SERVER, code: 'FST_ARR_UPSTREAM_TIMEOUT', moment, systemCode: null })
    reply.code(504)
  })
  t.same(names(trace).slice(4, 7), ['ATTEMPT_FAILED', 'ATTEMPT_FAILED', 'MODULE_SET_RESPONSE_ERROR_STATUS'])
  t.match(dataOf(trace, 'MODULE_SET_RESPONSE_ERROR_STATUS'), { ModuleName: 'ApplicationRequestRouting', HttpStatus: 504, ErrorCode: 0x80072ee2 })
  t.match(trace, { status: 504, logId: 'abc' })
})

const CANDIDATE: FarmServerInfo = { name: 'a', address: 'a', httpPort: 80, httpsPort: 443, weight: 100, state: 'available', healthy: true, why: null, outUntil: null, requests: 1, handshakes: 2, tunnels: 3, chosen: 10, failed: 4, responseTime: 12, lastProbe: null }

t.test('a farm: its candidates, its choice, and the counters that ARR shows', async t => {
  const trace = await traceOf(t, request => {
    tell<FarmChosen>('farmChosen', { request, farm: 'f', server: 'a', algorithm: 'leastRequests', why: 'affinity', candidates: [CANDIDATE, { ...CANDIDATE, name: 'b', healthy: false, why: 'connect ECONNREFUSED', responseTime: null }] })
    tell<FarmChosen>('farmChosen', { request, farm: 'f', server: null, algorithm: 'leastRequests', why: 'busy', candidates: [] })
  })
  t.same(names(trace).slice(4, 9), ['FARM_CANDIDATE', 'FARM_CANDIDATE', 'FARM_CHOICE', 'ARR_SERVER_ROUTED', 'FARM_CHOICE'])
  t.same(eventsOf(trace, 'FARM_CANDIDATE')[1]!.data, { Farm: 'f', Server: 'b', State: 'available', Healthy: false, Why: 'connect ECONNREFUSED', Requests: 1, Handshakes: 2, Tunnels: 3, Weight: 100 })
  t.same(dataOf(trace, 'ARR_SERVER_ROUTED'), { RoutingReason: 'ClientAffinity', Server: 'a', State: 'Available', TotalRequests: 10, FailedRequests: 4, CurrentRequests: 6, ResponseTime: 12 })
  t.same(eventsOf(trace, 'FARM_CHOICE')[1]!.data, { Farm: 'f', Algorithm: 'leastRequests', Why: 'busy' })
})

function tunnel (): TunnelFact {
  const flow = () => ({ bytes: 0, messages: 0, text: 0, binary: 0, pings: 0, pongs: 0, lastActivity: Date.now() })
  return { id: '1', http: '1.1', protocol: 'websocket', openedAt: Date.now(), handshakeTime: 5, subprotocol: 'chat', extensions: null, received: flow(), sent: flow(), lastActivity: Date.now(), observed: true, closedBy: 'client', closeCode: 1000, closeReason: '', ending: 'end', limit: null }
}

/** The trace of a WebSocket through which `pass` lets something pass. */
function webSocket (t: Test, pass: (watch: TunnelWatch) => void, options?: RequestTraceOptions): Promise<Trace> {
  return traceOf(t, (request: Request) => {
    const fact = tunnel()
    request.upstream = { logId: 'abc', server: SERVER, error: null, tunnel: fact, answerHeaders: ['Upgrade', 'websocket'] }
    let watched: TunnelWatch | undefined
    tell<TunnelOpened>('tunnelOpen', { request: request as FastifyRequest, tunnel: fact, watch: watch => { watched = watch }, open: {} as TunnelOpened['open'] })
    if (watched !== undefined) pass(watched)
    tell('tunnelClose', { request, tunnel: fact })
  }, options)
}

t.test('frames, Close frames and the ends of the sockets are in their order', async t => {
  const trace = await webSocket(t, watch => {
    watch.frame('client', 1, true, 0x40, 5, true)
    watch.frame('upstream', 2, false, 0, 70_000, false)
    watch.frame('upstream', 8, true, 0, 6, false)
    watch.close('upstream', 1011, 'gone')
    watch.unreadable('client')
    watch.frame('proxy', 9, true, 0, 0, false)
    watch.ended('upstream', 'reset', 'ECONNRESET')
    watch.ended('client', 'end', null)
  })
  t.same(names(trace).slice(4, -2), ['GENERAL_RESPONSE_HEADERS', 'WEBSOCKET_OPEN', 'WEBSOCKET_FRAME', 'WEBSOCKET_FRAME', 'WEBSOCKET_FRAME', 'WEBSOCKET_CLOSE_FRAME', 'WEBSOCKET_UNREADABLE', 'WEBSOCKET_FRAME', 'WEBSOCKET_SOCKET_END', 'WEBSOCKET_SOCKET_END', 'WEBSOCKET_CLOSED'])
  t.same(eventsOf(trace, 'WEBSOCKET_FRAME').map(({ data }) => data), [
    { From: 'client', Opcode: 1, Fin: true, Rsv: 0x40, Masked: true, Length: 5 },
    { From: 'upstream', Opcode: 2, Fin: false, Rsv: 0, Masked: false, Length: 70_000 },
    { From: 'upstream', Opcode: 8, Fin: true, Rsv: 0, Masked: false, Length: 6 },
    { From: 'proxy', Opcode: 9, Fin: true, Rsv: 0, Masked: false, Length: 0 }
  ])
  t.same(dataOf(trace, 'WEBSOCKET_CLOSE_FRAME'), { From: 'upstream', Code: 1011, Reason: 'gone' })
  t.same(dataOf(trace, 'WEBSOCKET_SOCKET_END'), { Side: 'upstream', How: 'reset', SystemCode: 'ECONNRESET' })
  t.match(dataOf(trace, 'WEBSOCKET_OPEN'), { Http: '1.1', SubProtocol: 'chat', HandshakeTime: 5 })
  t.match(trace, { status: 101 })
})

t.test('of many frames the first and the last 200 are kept, and those between are counted', async t => {
  const trace = await webSocket(t, watch => {
    for (let i = 0; i < 1_000; i++) watch.frame(i % 2 === 0 ? 'client' : 'upstream', 1, true, 0, i, i % 2 === 0)
    watch.close('client', 1000, '')
  })
  const frames = names(trace).filter(name => name === 'WEBSOCKET_FRAME' || name === 'WEBSOCKET_FRAMES_SKIPPED' || name === 'WEBSOCKET_CLOSE_FRAME')
  t.equal(frames.length, 402)
  t.equal(frames.indexOf('WEBSOCKET_FRAMES_SKIPPED'), 200)
  t.equal(frames.at(-1), 'WEBSOCKET_CLOSE_FRAME')
  const lengths = eventsOf(trace, 'WEBSOCKET_FRAME').map(({ data }) => data.Length)
  t.same(lengths, [...Array(200).keys(), ...Array.from({ length: 200 }, (_, index) => 800 + index)])
  const sum = (odd: number) => Array.from({ length: 600 }, (_, index) => 200 + index).filter(one => one % 2 === odd).reduce((a, b) => a + b)
  t.same(dataOf(trace, 'WEBSOCKET_FRAMES_SKIPPED'), { FromClient: 300, FromUpstream: 300, BytesFromClient: sum(0), BytesFromUpstream: sum(1) })
  t.equal(trace.lost, 0)
})

for (const count of [199, 200, 201, 399, 400, 401]) {
  t.test(`${count} frames`, async t => {
    const trace = await webSocket(t, watch => { for (let i = 0; i < count; i++) watch.frame('client', 1, true, 0, i, true) })
    t.equal(eventsOf(trace, 'WEBSOCKET_FRAME').length, Math.min(count, 400))
    t.equal(eventsOf(trace, 'WEBSOCKET_FRAMES_SKIPPED').length, count > 400 ? 1 : 0)
  })
}

t.test('a silence of more than ten seconds is an event, where it was', async t => {
  const { now } = performance
  let later = 0
  performance.now = () => now.call(performance) + later
  t.teardown(() => { performance.now = now })
  const trace = await webSocket(t, watch => {
    watch.frame('client', 1, true, 0, 1, true)
    later = 9_000
    watch.frame('client', 1, true, 0, 2, true)
    later = 21_000
    watch.frame('client', 1, true, 0, 3, true)
    later = 60_000
    watch.ended('client', 'end', null)
  })
  t.same(names(trace).filter(name => /FRAME|QUIET|SOCKET_END/.test(name)), ['WEBSOCKET_FRAME', 'WEBSOCKET_FRAME', 'WEBSOCKET_QUIET', 'WEBSOCKET_FRAME', 'WEBSOCKET_QUIET', 'WEBSOCKET_SOCKET_END'])
  const [first, second] = eventsOf(trace, 'WEBSOCKET_QUIET').map(({ data }) => Number(data.Milliseconds))
  t.ok(first! >= 12_000 && first! < 12_900, String(first))
  t.ok(second! >= 39_000 && second! < 39_900, String(second))
})

t.test('payloads are kept where a rule says so, and no more than it says', async t => {
  const rules = [{ payloads: { maxBytes: 4 } }]
  const trace = await webSocket(t, watch => {
    t.type(watch.payload, 'function')
    watch.frame('client', 1, true, 0, 11, true)
    watch.frame('upstream', 2, true, 0, 2, false)
    watch.payload?.('client', Buffer.from('he'))
    watch.payload?.('upstream', Buffer.from([0, 255]))
    const part = Buffer.from('llo world')
    watch.payload?.('client', part)
    part.fill(0)
    watch.frame('client', 1, true, 0x40, 3, true)
    watch.payload?.('client', Buffer.from([1, 2, 3]))
  }, { rules })
  t.same(eventsOf(trace, 'WEBSOCKET_FRAME').map(({ data }) => data.Payload), ['hell', 'AP8=', 'AQID'])
  await webSocket(t, watch => { t.equal(watch.payload, undefined) })
})

t.test('without the verbosity for frames they are not kept, and their area alone can be left out', async t => {
  const pass = (watch: TunnelWatch) => {
    watch.frame('client', 1, true, 0, 1, true)
    watch.close('client', 1000, '')
  }
  const informed = await webSocket(t, pass, { rules: [{ areas: { WebSocket: 'Information' } }] })
  t.same(names(informed), ['GENERAL_REQUEST_START', 'WEBSOCKET_OPEN', 'WEBSOCKET_CLOSE_FRAME', 'WEBSOCKET_CLOSED', 'GENERAL_REQUEST_END'])
  const without = await webSocket(t, () => { t.fail('nobody watches') }, { rules: [{ areas: { General: 'Verbose' } }] })
  t.equal(names(without).some(name => name.startsWith('WEBSOCKET')), false)
})
