import t from 'tap'
import { diagnose } from '../src/diagnosis/diagnose.ts'
import { IDLE_TIMES } from '../src/diagnosis/silence/idle-times.ts'
import type { TraceEvent } from '../src/trace/trace.ts'
import { close, closed, end, farewell, frame, handshake, trace } from './hand-made.ts'

function finding (code: string, events: readonly TraceEvent[]) {
  const all = diagnose(trace([...handshake(), ...events]))
  return all.find(one => one.code === code) ?? { code: `none: ${all.map(one => one.code).join()}`, sentence: '', remedy: '', evidence: [] as number[] }
}

const codes = (events: readonly TraceEvent[]): string[] => diagnose(trace([...handshake(), ...events])).map(one => one.code)

t.test('silence until a cut names the side, the time, and whose default that is', async t => {
  const talk = [frame(100, 'client', 1), frame(200, 'upstream', 1)]
  t.match(finding('SILENCE_CUT', [...talk, end(60_250, 'client'), closed(60_260, 'client', { IdleClient: 60_160, IdleUpstream: 60_060 })]), {
    severity: 'error',
    sentence: /cut from the side of the client after 60\.0 s in which nothing passed, without a Close.*60 s is the default of nginx, and of a load balancer of AWS/,
    remedy: /`websocket: \{ ping: 30000 \}`.*proxy_read_timeout/
  })
  t.match(finding('SILENCE_CUT', [...talk, end(100_200, 'upstream', 'reset', 'ECONNRESET'), closed(100_200, 'upstream')]), { sentence: /reset from the side of the upstream after 100\.0 s.*YARP/, remedy: /to: 'upstream'/ })
  t.match(finding('SILENCE_CUT', [...talk, end(20_200, 'client'), closed(20_200, 'client')]), { sentence: /after 20\.0 s.*such an idle time-out\.$/, remedy: /raise the time-out there/ })
  t.match(finding('NO_PINGS', [...talk, end(60_200, 'client'), closed(60_200, 'client')]), { severity: 'information', sentence: 'No side pinged in 60.2 s.' })
  t.notOk(codes([...talk, frame(30_000, 'client', 9), end(90_000, 'client'), closed(90_000, 'client')]).includes('NO_PINGS'))
  t.notOk(codes([...talk, end(900, 'client'), closed(900, 'client')]).includes('SILENCE_CUT'), 'a pause is no silence')
  t.notOk(codes([...talk, ...farewell(60_200, 'client')]).includes('SILENCE_CUT'), 'nor is what a Close ends')
})

t.test('frames that were not kept count as well: the idle times of the end say so', async t => {
  t.notOk(codes([frame(100, 'client', 1), end(60_100, 'client'), closed(60_100, 'client', { IdleClient: 40, IdleUpstream: 50_000 })]).includes('SILENCE_CUT'))
})

t.test('every idle time of the table is found at its second, and has a source', async t => {
  for (const { seconds, who, source, setting } of IDLE_TIMES) {
    t.ok(source !== '' && setting !== '', who)
    t.ok(finding('SILENCE_CUT', [frame(10, 'upstream', 1), end(10 + seconds * 1_000 + 30, 'client'), closed(10 + seconds * 1_000 + 30, 'client')]).sentence.includes(who), `${who}: ${seconds}`)
  }
})

t.test('an age that is a known limit', async t => {
  const busy = Array.from({ length: 30 }, (_, index) => frame(1_000 * (index + 1), 'upstream', 1))
  t.match(finding('AGE_CUT', [...busy, end(30_050, 'client'), closed(30_050, 'client')]), { sentence: /30\.0 s old.*Google Cloud/, remedy: /timeoutSec/ })
})

t.test('pings: their clock, and those without an answer', async t => {
  const pings = [1, 2, 3, 4].flatMap(index => [frame(index * 25_000, 'upstream', 9, 0), frame(index * 25_000 + 40, 'client', 10, 0)])
  t.match(finding('PING_CLOCK', [...pings, ...farewell(110_000, 'client')]), { sentence: 'The upstream pings every 25.0 s (4 pings seen).' })
  t.notOk(codes([frame(10, 'client', 9), frame(20, 'upstream', 10), frame(9_000, 'client', 9), frame(9_010, 'upstream', 10), frame(11_000, 'client', 9), frame(11_001, 'upstream', 10), frame(40_000, 'client', 9), frame(40_001, 'upstream', 10), ...farewell(40_010, 'client')]).includes('PING_CLOCK'), 'irregular ones have none')
  t.match(finding('PINGS_UNANSWERED', [...pings, frame(125_000, 'upstream', 9), frame(150_000, 'upstream', 9), close(170_000, 'upstream', 1011, 'keepalive ping timeout'), end(170_001, 'upstream'), closed(170_001, 'upstream')]), { sentence: 'The upstream sent the last 2 pings and got no pong in 45.0 s.' })
  t.match(finding('PINGS_UNANSWERED', [frame(30_000, 'proxy', 9), end(50_000, 'client', 'cut'), closed(50_000, 'proxy', { Limit: 'ping', Ending: 'timeout' })]), { sentence: /^This proxy sent one ping and got no pong in 20\.0 s/ })
  t.notOk(codes([...pings, ...farewell(110_000, 'client')]).includes('PINGS_UNANSWERED'))
})

t.test("each limit of the proxy's own names its option", async t => {
  const names: Array<[limit: string, code: string, option: RegExp]> = [
    ['idle', 'LIMIT_IDLE', /idleTimeout/], ['age', 'LIMIT_AGE', /maxAge/], ['until', 'LIMIT_UNTIL', /until/], ['ping', 'LIMIT_PING', /ping\.timeout/], ['halfClose', 'LIMIT_HALF_CLOSE', /halfCloseTimeout/],
    ['send', 'LIMIT_SEND', /did not read/], ['messageSize', 'LIMIT_MESSAGE_SIZE', /maxMessageSize/], ['messageRate', 'LIMIT_MESSAGE_RATE', /maxMessageRate/], ['byteRate', 'LIMIT_BYTE_RATE', /maxByteRate/]
  ]
  for (const [limit, code, sentence] of names) {
    const events = [frame(10, 'client', 2, 70_000), close(20, 'proxy', 1008), end(21, 'client', 'cut'), closed(21, 'proxy', { Limit: limit, Ending: 'timeout', IdleClient: 10, IdleUpstream: 10 })]
    t.match(finding(code, events), { code, sentence }, limit)
    t.notOk(codes(events).some(one => ['CLOSE_POLICY', 'RESET', 'SILENCE_CUT', 'ENDED_WITHOUT_CLOSE'].includes(one)), 'and nothing else claims it')
  }
  t.match(finding('LIMIT_MESSAGE_SIZE', [frame(10, 'client', 2, 70_000), close(20, 'proxy', 1009), closed(21, 'proxy', { Limit: 'messageSize', Ending: 'timeout' })]), { sentence: /68\.4 KiB from the client.*, with 1009/ })
  t.match(finding('DRAINED', [close(20, 'proxy', 1001), closed(21, 'proxy', { Ending: 'drain', CloseCode: 1001, CloseReason: '' })]), { severity: 'information', sentence: /was closing.*goodbye \(1001\)/ })
})

t.test('each close code is explained, with the side that sent it', async t => {
  const expected: Array<[code: number, finding: string]> = [
    [1001, 'CLOSE_GOING_AWAY'], [1002, 'CLOSE_PROTOCOL_ERROR'], [1003, 'CLOSE_UNSUPPORTED_DATA'], [1007, 'CLOSE_INVALID_DATA'], [1008, 'CLOSE_POLICY'], [1009, 'CLOSE_TOO_BIG'], [1010, 'CLOSE_EXTENSION_MISSING'],
    [1011, 'CLOSE_INTERNAL_ERROR'], [1012, 'CLOSE_RESTART'], [1013, 'CLOSE_TRY_LATER'], [1014, 'CLOSE_BAD_GATEWAY'], [3000, 'CLOSE_UNAUTHORIZED'], [3003, 'CLOSE_FORBIDDEN'], [3008, 'CLOSE_TIMEOUT'],
    [3500, 'CLOSE_REGISTERED'], [4401, 'CLOSE_APPLICATION'], [1006, 'CLOSE_NOT_ALLOWED'], [2000, 'CLOSE_NOT_ALLOWED']
  ]
  for (const [code, name] of expected) {
    const one = finding(name, farewell(5_000, 'upstream', code, 'why'))
    t.match(one, { code: name, sentence: new RegExp(`^The upstream closed with ${code} "why" after 5\\.0 s: `) }, String(code))
    t.notOk(codes(farewell(5_000, 'upstream', code)).includes('CLOSE_NOT_ANSWERED'))
  }
  t.match(finding('CLOSE_INTERNAL_ERROR', farewell(5_000, 'client', 1011)), { sentence: /^The client closed with 1011/ })
})

t.test('where Close frames are not recorded, the end tells of the first one', async t => {
  t.match(finding('CLOSE_INTERNAL_ERROR', [closed(5_000, 'upstream', { CloseCode: 1011, CloseReason: 'why' })]), { sentence: /^The upstream closed with 1011 "why"/ })
  t.same(codes([closed(60_100, 'client', { CloseCode: 1000 })]), [])
})

t.test('1009 names the message, and whose limit it is over', async t => {
  const large = [frame(10, 'client', 1, 20_000, { Fin: false }), frame(11, 'client', 0, 20_000), frame(12, 'client', 1, 5)]
  t.match(finding('CLOSE_TOO_BIG', [...large, ...farewell(30, 'upstream', 1009)]), { sentence: /the largest from the client has 39\.1 KiB/, remedy: /SignalR: `MaximumReceiveMessageSize`/, evidence: [7, 8, 10, 14] })
})

t.test('a Close that was never answered', async t => {
  t.match(finding('CLOSE_NOT_ANSWERED', [close(5_000, 'client', 1000), end(8_000, 'client'), end(8_001, 'upstream', 'cut'), closed(8_001, 'client', { CloseCode: 1000 })]), { severity: 'warning', sentence: 'The client sent a Close (1000), and the upstream did not answer it in 3.0 s.' })
  t.match(finding('CLOSE_NOT_ANSWERED', [close(5_000, 'proxy', 1001), close(5_010, 'client', 1001), end(8_000, 'upstream', 'cut'), closed(8_000, 'proxy', { Limit: 'idle', Ending: 'timeout' })]), { sentence: /^This proxy sent a Close \(1001\), and the upstream did not/ })
  t.notOk(codes([close(5_000, 'client', 1001), end(5_001, 'client'), end(5_003, 'upstream'), closed(5_003, 'client')]).includes('CLOSE_NOT_ANSWERED'), 'a client that leaves at once waits for none')
})

t.test('ends without a Close: a reset, a FIN, right after the 101', async t => {
  const talk = [frame(10, 'client', 1), frame(11, 'upstream', 1)]
  t.match(finding('RESET', [...talk, end(400, 'upstream', 'reset', 'ECONNRESET'), closed(400, 'upstream', { Ending: 'reset' })]), { severity: 'error', sentence: /^The upstream reset the connection \(ECONNRESET\) after 394 ms/ })
  t.match(finding('RESET', [...talk, closed(400, 'client', { Ending: 'reset' })]), { sentence: /^The client reset/ })
  t.match(finding('ENDED_WITHOUT_CLOSE', [...talk, end(400, 'client'), closed(400, 'client')]), { sentence: /^The client ended the connection in order \(FIN\)/ })
  t.match(finding('ENDED_AT_ONCE', [end(60, 'upstream'), closed(61, 'upstream')]), { sentence: /^The upstream ended the connection 54 ms after its 101/, remedy: /feature WebSocket Protocol/ })
})

t.test('an end right after a message: the first, or a large one', async t => {
  t.match(finding('ENDED_AFTER_FIRST_MESSAGE', [frame(10, 'upstream', 1), frame(50, 'client', 1, 33), close(60, 'upstream', 1008, 'no'), end(61, 'upstream'), closed(61, 'upstream')]), { sentence: 'The upstream ended the WebSocket 10 ms after the client\'s first message (33 B), with 1008 "no".' })
  t.match(finding('ENDED_AFTER_LARGE_MESSAGE', [frame(50, 'client', 1, 33), frame(90, 'client', 2, 70_000), end(110, 'upstream', 'reset'), closed(110, 'upstream', { Ending: 'reset' })]), { sentence: /20 ms after the largest message so far, 68\.4 KiB from the client, without a Close/, remedy: /SignalR/ })
  t.notOk(codes([frame(50, 'client', 1, 33), ...farewell(60, 'upstream', 1000)]).includes('ENDED_AFTER_FIRST_MESSAGE'))
})
