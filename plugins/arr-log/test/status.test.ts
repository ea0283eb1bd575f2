import type { Moment, Side } from '@fastify-arr/facts'
import t from 'tap'
import { outcomeOf, tunnelWin32, type Ending } from '../src/exchange/status.ts'

const finished: Ending = { statusCode: 200, headersSent: true, finished: true, clientLeft: false, upgrade: false, clientError: null, error: null, tunnel: null }
const cut: Ending = { ...finished, finished: false, headersSent: false }
const numbers = (ending: Partial<Ending>, base = finished) => {
  const { status, substatus, win32Status } = outcomeOf({ ...base, ...ending })
  return `${status} ${substatus} ${win32Status}`
}

t.test('a finished answer is its status, then zeros', async t => {
  t.equal(numbers({}), '200 0 0')
  t.equal(numbers({ statusCode: 500 }), '500 0 0', 'whoever made it')
})

t.test('upstream failures have the numbers of ARR and WinHTTP', async t => {
  const failed = (code: string, statusCode: number, moment: Moment = 'connect', side: Side = 'upstream', upgrade = false) =>
    numbers({ statusCode, upgrade, error: { code, moment, side, statusCode, systemCode: null } })
  t.equal(failed('FST_ARR_UPSTREAM_REFUSED', 502), '502 3 12029')
  t.equal(failed('FST_ARR_UPSTREAM_NOT_RESOLVED', 502), '502 3 12007')
  t.equal(failed('FST_ARR_UPSTREAM_TLS', 502), '502 3 12175')
  t.equal(failed('FST_ARR_UPSTREAM_RESET', 502, 'headers'), '502 3 12030')
  t.equal(failed('FST_ARR_UPSTREAM_BAD_ANSWER', 502, 'headers'), '502 3 12152')
  t.equal(failed('FST_ARR_UPSTREAM_CONNECT_TIMEOUT', 504), '504 0 12002')
  t.equal(failed('FST_ARR_UPSTREAM_TIMEOUT', 504, 'headers'), '504 0 12002')
  t.equal(failed('FST_ARR_PROXY_NO_UPSTREAM', 502), '502 4 0')
  t.equal(failed('SOMETHING_ELSE', 502, 'headers'), '502 3 12030')
})

t.test('a farm without a server is a 503.0, no fault of the network; where an error handler answers 502, it is ARR\'s 502.4', async t => {
  for (const code of ['FST_ARR_UPSTREAM_NO_SERVER', 'FST_ARR_UPSTREAM_BUSY', 'FST_ARR_UPSTREAM_LOST']) {
    const error = { code, moment: 'connect', side: 'upstream', statusCode: 503, systemCode: null } as const
    t.equal(numbers({ statusCode: 503, error }), '503 0 0')
    t.equal(numbers({ statusCode: 503, error, upgrade: true }), '503 0 0')
    t.equal(numbers({ statusCode: 502, error }), '502 4 0')
  }
})

t.test('a client that was too slow, or sent a bad handshake, has its own numbers: not those of a slow upstream or of a client that disconnected', async t => {
  const failed = (code: string, statusCode: number, ending: Partial<Ending> = {}) =>
    numbers({ statusCode, ...ending, error: { code, moment: 'body', side: 'client', statusCode, systemCode: null } })
  t.equal(failed('FST_ARR_CLIENT_TIMEOUT', 408), '408 0 121')
  t.equal(failed('FST_ARR_CLIENT_TIMEOUT', 408, { finished: false, statusCode: 200 }), '200 0 121', 'in the middle of an answer')
  t.equal(failed('FST_ARR_PROXY_BAD_HANDSHAKE', 400, { upgrade: true }), '400 0 0')
  t.equal(failed('FST_ARR_PROXY_EXPIRED', 401, { upgrade: true }), '401 0 0')
})

t.test('a body that upstream-proxy refused as too large is 413.1; where that cut an answer, the status that was sent and 1236', async t => {
  const refused = (ending: Partial<Ending>) =>
    numbers({ ...ending, error: { code: 'FST_ARR_PROXY_BODY_TOO_LARGE', moment: 'request', side: 'client', statusCode: 413, systemCode: null } })
  t.equal(refused({ statusCode: 413 }), '413 1 0')
  t.equal(refused({ statusCode: 400 }), '400 0 0', 'an error handler has its own status')
  t.equal(refused({ statusCode: 200, finished: false }), '200 0 1236')
  t.equal(numbers({ statusCode: 413 }), '413 0 0', 'an upstream that refuses it')
})

t.test('a WebSocket that failed after its upstream was reached is 502.5, before that 502.3', async t => {
  const failed = (moment: Moment) => numbers({ statusCode: 502, upgrade: true, error: { code: 'FST_ARR_UPSTREAM_RESET', moment, side: 'upstream', statusCode: 502 } })
  t.equal(failed('headers'), '502 5 12030')
  t.equal(failed('connect'), '502 3 12030')
})

t.test('an answer whose upstream disconnected keeps the status that was sent', async t => {
  t.equal(numbers({ finished: false, error: { code: 'FST_ARR_UPSTREAM_RESET', moment: 'body', side: 'upstream', statusCode: 502 } }), '200 0 12030')
})

t.test('a client that disconnected before the answer is 499, later the status that was sent; win32 is 64 in both cases', async t => {
  t.equal(numbers({ clientLeft: true }, cut), '499 0 64')
  t.equal(numbers({ clientLeft: true, headersSent: true }, cut), '200 0 64')
  t.equal(numbers({ error: { code: 'FST_ARR_CLIENT_GONE', moment: 'headers', side: 'client', statusCode: 499 } }, cut), '499 0 64')
})

t.test('a body that arrived too slowly or was not HTTP has the status that the client got', async t => {
  t.equal(numbers({ clientError: 'ERR_HTTP_REQUEST_TIMEOUT' }, cut), '408 0 121')
  t.equal(numbers({ clientError: 'HPE_INVALID_CHUNK_SIZE' }, cut), '400 0 13')
})

t.test('a tunnel of another protocol has no Close frame: its orderly end is 0, a reset is its side\'s number', async t => {
  const tunnel = (closedBy: Side, ending: 'end' | 'reset' | 'timeout' | 'drain', protocol = 'tcp') => tunnelWin32({ protocol, closedBy, ending, closeCode: null, closeReason: null })
  t.equal(tunnel('client', 'end'), 0)
  t.equal(tunnel('upstream', 'end'), 0)
  t.equal(tunnel('proxy', 'end'), 1236)
  t.equal(tunnel('client', 'reset'), 64)
  t.equal(tunnel('upstream', 'reset'), 12030)
  t.equal(tunnel('proxy', 'drain'), 995)
  t.equal(tunnel('proxy', 'timeout'), 121)
  t.equal(tunnel('client', 'end', 'websocket'), 64)
})

t.test('the win32 status says how a WebSocket ended', async t => {
  const ends = [
    [{ closedBy: 'client', closeCode: 1000, ending: 'end' }, 0],
    [{ closedBy: 'upstream', closeCode: 1000, ending: 'end' }, 0],
    // A Close frame without a code, as sent by a browser's close().
    [{ closedBy: 'client', closeCode: null, closeReason: '', ending: 'end' }, 0],
    [{ closedBy: 'client', closeCode: null, closeReason: null, ending: 'end' }, 64],
    [{ closedBy: 'upstream', closeCode: 1012, ending: 'end' }, 0],
    [{ closedBy: 'proxy', closeCode: 1001, ending: 'end' }, 0],
    // A browser whose tab was closed: the article's line.
    [{ closedBy: 'client', closeCode: 1001, ending: 'end' }, 64],
    [{ closedBy: 'client', closeCode: null, ending: 'end' }, 64],
    [{ closedBy: 'client', closeCode: 1000, ending: 'reset' }, 64],
    [{ closedBy: 'upstream', closeCode: null, ending: 'end' }, 12030],
    [{ closedBy: 'upstream', closeCode: null, ending: 'reset' }, 12030],
    [{ closedBy: 'proxy', closeCode: null, ending: 'end' }, 1236],
    [{ closedBy: 'proxy', closeCode: null, ending: 'timeout' }, 121],
    // A limit of the proxy's is no timeout of the upstream's.
    ...(['idle', 'ping', 'halfClose', 'send'] as const).map(limit => [{ closedBy: 'proxy', closeCode: 1001, ending: 'timeout', limit }, 121] as const),
    ...(['age', 'until', 'messageSize', 'messageRate', 'byteRate'] as const).map(limit => [{ closedBy: 'proxy', closeCode: 1001, ending: 'timeout', limit }, 1236] as const),
    [{ closedBy: 'proxy', closeCode: 1001, ending: 'drain' }, 995],
    // A limit of the proxy, after which both sides ended in order, or one of them did not.
    // A limit of the proxy's shows, ended by Close frames or not.
    [{ closedBy: 'proxy', closeCode: 1001, ending: 'end', limit: 'idle' }, 121],
    [{ closedBy: 'proxy', closeCode: 3000, ending: 'end', limit: 'until' }, 1236],
    [{ closedBy: 'proxy', closeCode: 1001, ending: 'reset', limit: 'age' }, 1236],
    [{ closedBy: 'proxy', closeCode: 1009, ending: 'end', limit: 'messageSize' }, 1236],
    [{ closedBy: 'proxy', closeCode: 1001, ending: 'drain', limit: null }, 995],
    [{}, 0]
  ] as const
  for (const [tunnel, win32] of ends) {
    t.equal(tunnelWin32(tunnel), win32, JSON.stringify(tunnel))
    t.equal(numbers({ tunnel }, cut), `101 0 ${win32}`)
  }
})
