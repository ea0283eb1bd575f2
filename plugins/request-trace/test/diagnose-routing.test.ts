import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import { diagnose } from '../src/diagnosis/diagnose.ts'
import { FINDINGS } from '../src/diagnosis/findings.ts'
import { EVENTS, type EventName } from '../src/trace/events.ts'
import type { Trace, TraceEvent, Value } from '../src/trace/trace.ts'
import { answered, asked, closed, end, event, frame, handshake, lines, sent, SERVER, trace } from './hand-made.ts'

function finding (code: string, events: readonly TraceEvent[], more: Partial<Trace> = {}) {
  const all = diagnose(trace(events, more))
  return all.find(one => one.code === code) ?? { code: `none: ${all.map(one => one.code).join()}`, sentence: '', remedy: '', evidence: [] as number[] }
}

const codes = (events: readonly TraceEvent[], more: Partial<Trace> = {}): string[] => diagnose(trace(events, more)).map(one => one.code)

const PAGE = { Upgrade: null, Connection: 'keep-alive', 'Sec-WebSocket-Key': null, 'Sec-WebSocket-Version': null }

/** A rule that was tried. */
function rule (name: string, pattern: string, input: string, matched: boolean, condition?: { input: string, value: string, pattern: string, held: boolean }): TraceEvent[] {
  return [
    event(1, 'RULE_EVALUATION_START', { RuleName: name, RequestURL: input }),
    event(1, 'PATTERN_MATCH', { Pattern: pattern, Input: input, Negate: false, Matched: matched }),
    ...condition === undefined
      ? []
      : [
          event(1, 'CONDITIONS_EVALUATION_START', { LogicalGrouping: 'MatchAll' }),
          event(1, 'CONDITION_EVALUATION', { Input: condition.input, ExpandedInput: condition.value, MatchType: 'Pattern', Pattern: condition.pattern, Negate: false, Succeeded: condition.held }),
          event(1, 'CONDITIONS_EVALUATION_END', { Succeeded: condition.held })
        ],
    event(1, 'RULE_EVALUATION_END', { RuleName: name, Succeeded: matched && (condition?.held ?? true) })
  ]
}

const failed = (time: number, code: string, systemCode = '', server = SERVER): TraceEvent[] => [
  event(time - 5, 'ATTEMPT_START', { Server: server }),
  event(time, 'ATTEMPT_FAILED', { Server: server, Code: code, Moment: 'connect', ...systemCode === '' ? {} : { SystemCode: systemCode } })
]

t.test('no rule that matches is told with the rule that nearly did', async t => {
  const events = [...asked(), ...rule('pages', '^pages/', 'socket', false), ...rule('chat', '^socket', 'socket', true, { input: '{HTTP_HOST}', value: 'chat.example', pattern: '^www\\.', held: false })]
  t.match(finding('NO_UPSTREAM', events, { status: 404 }), { severity: 'error', sentence: /^No upstream for \/socket: none of 2 rules matched/ })
  t.match(finding('CONDITION_FAILED', events, { status: 404 }), { sentence: 'The pattern of the rule "chat" matched, and its condition {HTTP_HOST} did not hold: "chat.example" does not match ^www\\..' })
  t.match(finding('PATTERN_WITH_SLASH', [...asked(), ...rule('chat', '^/socket', 'socket', false)], { status: 404 }), { sentence: /"chat" has the pattern \^\/socket, and it was tried on "socket"/, remedy: 'Write ^socket instead.' })
  t.match(finding('NO_UPSTREAM', asked(), { status: 404 }), { sentence: /no rule was tried/ })
  t.same(codes([...asked(), ...rule('chat', '^socket', 'socket', true), ...sent(), ...answered(101, { 'Sec-WebSocket-Accept': 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=' })]), [])
  t.notOk(codes(handshake({ status: 404 }), { status: 404 }).includes('NO_UPSTREAM'), "an upstream's own 404 is none of the rules")
})

t.test('a redirect to the URL itself', async t => {
  const redirected = (location: string, more: Partial<Trace> = {}, headers = {}) => codes([...asked({ ...PAGE, ...headers }), event(3, 'GENERAL_RESPONSE_HEADERS', { Headers: lines({ Location: location }) })], { status: 301, url: 'http://chat.example:80/a?b=1', ...more })
  t.same(redirected('http://chat.example/a?b=1'), ['REDIRECT_LOOP'])
  t.same(redirected('/a?b=1'), ['REDIRECT_LOOP'])
  t.same(redirected('https://chat.example/a?b=1'), [])
  t.same(redirected('https://chat.example/a?b=1', {}, { 'X-Forwarded-Proto': 'https' }), ['REDIRECT_LOOP'], 'TLS ends in front')
  t.same(redirected('http://['), [], 'what is no URL says nothing')
})

t.test('what filters, sites and the proxy itself refuse', async t => {
  t.match(finding('SITE_UNKNOWN', [...asked(), event(1, 'SITE_UNKNOWN', { Reason: 'Hostname', Host: 'nobody.example' })], { status: 400 }), { sentence: 'No site has the host "nobody.example" (Hostname).' })
  t.match(finding('REQUEST_REJECTED', [...asked(), event(1, 'REQUEST_REJECTED', { Reason: 'origins', HttpStatus: 403, HttpSubStatus: 0, Detail: 'https://evil.example' })], { status: 403 }), { sentence: /with 403: origins \(https:\/\/evil\.example\)/, remedy: /^Add the origin/ })
  t.match(finding('REQUEST_REJECTED', [event(1, 'REQUEST_REJECTED', { Reason: 'filteringRules', HttpStatus: '404', HttpSubStatus: '19' })], { status: 404 }), { sentence: /with 404\.19: filteringRules/, remedy: /`filteringRules` of request-filter/ })
  for (const [code, words] of [['FST_ARR_PROXY_TOO_MANY', /maxTunnels/], ['FST_ARR_PROXY_EXPIRED', /new token/], ['FST_ARR_PROXY_TOO_MANY_OF_CLIENT', /maxTunnelsPer/]] as const) {
    t.match(finding('PROXY_REFUSED', [...asked(), event(1, 'MODULE_SET_RESPONSE_ERROR_STATUS', { ModuleName: 'ApplicationRequestRouting', HttpStatus: 503, HttpReason: code, HttpSubStatus: 0 })], { status: 503 }), { remedy: words, sentence: new RegExp(code) })
  }
})

t.test('a refusal of the proxy is known by its code alone', async t => {
  const refused = (status: number, code = '', errorCode = 0) => [event(0, 'CONNECTION', { Protocol: 'HTTP/1.1' }), ...asked(), event(1, 'MODULE_SET_RESPONSE_ERROR_STATUS', { ModuleName: 'ApplicationRequestRouting', HttpStatus: status, HttpSubStatus: 0, ErrorCode: errorCode, ConfigExceptionInfo: code })]
  t.match(finding('PROXY_REFUSED', refused(503, 'FST_ARR_PROXY_DRAINING', 0x800703e3), { status: 503 }), { sentence: /the server is closing/ })
  t.match(finding('PROXY_REFUSED', refused(503, 'FST_ARR_PROXY_TOO_MANY'), { status: 503 }), { sentence: /as many WebSockets/ })
  for (const shortage of [0x80070004, 0x80072747]) t.match(finding('PROXY_REFUSED', refused(503, 'FST_ARR_PROXY_TOO_MANY', shortage), { status: 503 }), { sentence: /the system has no file descriptor/, remedy: /ulimit/ })
  t.match(finding('PROXY_REFUSED', [...asked(PAGE), refused(503, 'FST_ARR_PROXY_TOO_MANY').at(-1)!], { status: 503 }), { sentence: /no connection to the upstream/, remedy: /`connections\.max`/ })
  t.notOk(codes(refused(429), { status: 429 }).includes('PROXY_REFUSED'), 'a status says nothing of who has set it')
  t.match(finding('CLIENT_LEFT', refused(499), { status: null, timeTaken: 700 }), { sentence: /^The client left after 700 ms, before an upstream was asked/ })
})

t.test("IIS's own event says which module failed, where nothing else does", async t => {
  const module = (subStatus: number, status = 502, name = 'ApplicationRequestRouting') => event(1, 'MODULE_SET_RESPONSE_ERROR_STATUS', { ModuleName: name, Notification: 128, HttpStatus: status, HttpReason: 'Bad Gateway', HttpSubStatus: subStatus, ErrorCode: 2147954429 })
  t.match(finding('MODULE_SET_STATUS', [module(3)], { status: 502 }), { severity: 'warning', sentence: 'The module ApplicationRequestRouting set 502.3 (Bad Gateway): the connection with the upstream failed; ErrorCode 2147954429.', remedy: /0x80072efd/ })
  t.match(finding('MODULE_SET_STATUS', [module(20, 404, 'StaticFileModule')], { status: 404 }), { sentence: /set 404\.20/ })
  t.match(finding('MODULE_SET_STATUS', [module(0, 503)], { status: 503 }), { sentence: /503\.0.*application pool/ })
})

t.test('how an attempt failed', async t => {
  const expected: Array<[code: string, systemCode: string, finding: string, sentence: RegExp]> = [
    ['FST_ARR_UPSTREAM_REFUSED', 'ECONNREFUSED', 'UPSTREAM_REFUSED', /8080 does not accept connections \(ECONNREFUSED\) after 5 ms/],
    ['FST_ARR_UPSTREAM_NOT_RESOLVED', 'ENOTFOUND', 'UPSTREAM_NOT_RESOLVED', /cannot be resolved/],
    ['FST_ARR_UPSTREAM_CONNECT_TIMEOUT', '', 'UPSTREAM_CONNECT_TIMEOUT', /in time after 5 ms/],
    ['FST_ARR_UPSTREAM_TIMEOUT', '', 'UPSTREAM_TIMEOUT', /did not answer in time/],
    ['FST_ARR_UPSTREAM_RESET', 'ECONNRESET', 'UPSTREAM_RESET', /before it answered/],
    ['FST_ARR_UPSTREAM_BAD_ANSWER', 'HPE_INVALID_CONSTANT', 'UPSTREAM_BAD_ANSWER', /no valid HTTP/],
    ['FST_ARR_UPSTREAM_TLS', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'CERTIFICATE_UNTRUSTED', /self-signed/],
    ['FST_ARR_UPSTREAM_TLS', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'CERTIFICATE_UNTRUSTED', /authority/],
    ['FST_ARR_UPSTREAM_TLS', 'ERR_TLS_CERT_ALTNAME_INVALID', 'CERTIFICATE_NAME', /is not for 127\.0\.0\.1/],
    ['FST_ARR_UPSTREAM_TLS', 'CERT_HAS_EXPIRED', 'CERTIFICATE_EXPIRED', /expired/],
    ['FST_ARR_UPSTREAM_TLS', 'ERR_SSL_WRONG_VERSION_NUMBER', 'TLS_TO_PLAIN_PORT', /plain HTTP/],
    ['FST_ARR_UPSTREAM_TLS', 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', 'UPSTREAM_TLS', /could be agreed/]
  ]
  for (const [code, systemCode, name, sentence] of expected) t.match(finding(name, [...asked(), ...failed(10, code, systemCode)], { status: 502 }), { code: name, sentence, evidence: [2, 3] }, `${code} ${systemCode}`)
})

t.test('an answer that breaks off is another failure than none', async t => {
  const events = [...asked(PAGE), ...sent(PAGE), ...answered(200), event(60, 'ATTEMPT_FAILED', { Server: SERVER, Code: 'FST_ARR_UPSTREAM_RESET', Moment: 'body', SystemCode: 'ECONNRESET' })]
  t.match(finding('ANSWER_CUT', events, { status: 200 }), { severity: 'error', sentence: /broke off in the middle of its answer \(ECONNRESET\), 59 ms after/ })
})

t.test('several attempts: in vain, or with a server that answers', async t => {
  const two = [...asked(), ...failed(10, 'FST_ARR_UPSTREAM_REFUSED', 'ECONNREFUSED', 'http://10.0.0.1:80'), ...failed(2_000, 'FST_ARR_UPSTREAM_CONNECT_TIMEOUT', '', 'http://10.0.0.2:80')]
  t.same(codes(two, { status: 504 }), ['ALL_SERVERS_FAILED', 'UPSTREAM_CONNECT_TIMEOUT'])
  t.match(finding('ALL_SERVERS_FAILED', two), { sentence: /2 servers.*10\.0\.0\.1:80 ECONNREFUSED; http:\/\/10\.0\.0\.2:80 FST_ARR_UPSTREAM_CONNECT_TIMEOUT/ })
  t.match(finding('TRIED_AGAIN', [...two, ...sent({}, 2_005), ...answered(101, { 'Sec-WebSocket-Accept': 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=' }, 2_010)]), { severity: 'warning', sentence: /^2 attempts failed.*then http:\/\/127\.0\.0\.1:8080 was reached, 2\.0 s after/ })
})

t.test('a farm without a server, or whose servers are full', async t => {
  const candidate = (server: string, healthy: boolean, state = 'available') => event(1, 'FARM_CANDIDATE', { Farm: 'chat', Server: server, State: state, Healthy: healthy, Why: healthy ? '' : 'status 503 is not in 200-399' })
  const none = (why: string) => event(2, 'FARM_CHOICE', { Farm: 'chat', Server: '', Algorithm: 'leastTunnels', Why: why })
  t.match(finding('FARM_DOWN', [...asked(), candidate('a', false), candidate('b', true, 'draining'), none('none')], { status: 503 }), { sentence: 'The farm chat has no server for the request: a is not healthy (status 503 is not in 200-399); b draining.', evidence: [2, 3, 4] })
  t.match(finding('FARM_DOWN', [none('lost')], { status: 503 }), { remedy: /onLost/ })
  t.match(finding('FARM_BUSY', [none('busy')], { status: 503 }), { severity: 'warning', remedy: /`limits`/ })
  t.same(codes([event(2, 'FARM_CHOICE', { Farm: 'chat', Server: 'a' })]), [])
})

t.test('a client that leaves before the answer, and what it waited for', async t => {
  t.match(finding('CLIENT_LEFT', [...asked(), ...sent()], { status: 499, timeTaken: 30_012 }), { sentence: 'The client left after 30.0 s, while the upstream had its request and had not answered.' })
  t.match(finding('CLIENT_LEFT', asked(), { status: 499, timeTaken: 700 }), { sentence: /before an upstream was asked/, remedy: /hooks/ })
  t.match(finding('CLIENT_LEFT', [...asked(), event(1, 'ATTEMPT_START', { Server: SERVER }), event(900, 'ATTEMPT_FAILED', { Server: SERVER, Code: 'FST_ARR_CLIENT_GONE', Moment: 'connect' })], { status: null, timeTaken: 901 }), { sentence: /after 900 ms, while the upstream was being connected/ })
})

t.test('a slow handshake names the part that took the time', async t => {
  const slow = (events: TraceEvent[]) => finding('SLOW_HANDSHAKE', [...asked(), ...events]).sentence
  const rest = (at: number) => [event(at, 'ARR_REQUEST_HEADERS_START', { Server: SERVER, Headers: '' }), event(at + 5, 'ARR_RESPONSE_HEADERS_END', { HttpStatus: 101, Headers: '' }), event(at + 6, 'WEBSOCKET_OPEN', {})]
  const connected = (at: number, lookup: number, tcp: number, secure: number) => [event(1, 'ATTEMPT_START', { Server: SERVER }), event(at, 'ATTEMPT_CONNECTED', { Server: SERVER, LookupTime: lookup, ConnectTime: tcp, SecureTime: secure })]
  t.match(slow([...connected(5_010, 5_000, 5_002, 5_008), ...rest(5_011)]), /took 5\.0 s, most of it looking the name up/)
  t.match(slow([...connected(3_010, 1, 3_002, 3_008), ...rest(3_011)]), /most of it TCP/)
  t.match(slow([...connected(3_010, 1, 2, 3_008), ...rest(3_011)]), /most of it TLS/)
  t.match(slow([...connected(10, 1, 2, 3), event(11, 'ARR_REQUEST_HEADERS_START', { Server: SERVER, Headers: '' }), event(2_011, 'ARR_RESPONSE_HEADERS_END', { HttpStatus: 101, Headers: '' }), event(2_012, 'WEBSOCKET_OPEN', {})]), /most of it waiting for the upstream's first byte/)
  t.match(slow([event(1, 'URL_REWRITE_START', {}), event(1_800, 'URL_REWRITE_END', {}), event(1_801, 'ATTEMPT_START', { Server: SERVER }), ...rest(1_803)]), /most of it the rules/)
  t.match(slow([event(1_801, 'ATTEMPT_START', { Server: SERVER }), ...rest(1_803)]), /most of it hooks, or a place/)
  t.match(slow([event(1, 'FARM_CANDIDATE', { Farm: 'a' }), event(1_800, 'FARM_CHOICE', { Farm: 'a', Server: 'b' }), event(1_801, 'ATTEMPT_START', { Server: SERVER }), ...rest(1_803)]), /most of it waiting for a server of the farm/)
  t.match(slow([event(1, 'ATTEMPT_START', { Server: SERVER }), event(2_001, 'ATTEMPT_START', { Server: SERVER }), ...rest(2_003)]), /most of it attempts that failed/)
  t.match(finding('SLOW_ANSWER', [...asked(PAGE), ...sent(PAGE), ...answered(200, {}, 4_000)], { status: 200 }), { severity: 'information', sentence: /^The answer took 4\.0 s/ })
})

t.test('without an upstream, the longest time between two events is told', async t => {
  const events = [event(0, 'GENERAL_REQUEST_START'), event(20, 'URL_REWRITE_START'), event(4_900, 'URL_REWRITE_END'), event(5_000, 'GENERAL_REQUEST_END')]
  t.match(finding('SLOW_ANSWER', events, { status: 200, timeTaken: 5_000 }), { evidence: [1, 2], sentence: 'The answer took 5.0 s, 4.9 s of it between URL_REWRITE_START and URL_REWRITE_END.' })
})

t.test('causes come before consequences, errors before all else', async t => {
  const all = diagnose(trace([...handshake({ asked: { 'Sec-WebSocket-Protocol': 'a' }, answered: { 'Sec-WebSocket-Extensions': 'permessage-deflate' } }), frame(20, 'upstream', 1, 5, { Rsv: 64 }), end(30, 'client'), closed(30, 'client')]))
  t.equal(all[0]?.code, 'EXTENSION_NOT_OFFERED')
  const ranks = all.map(({ severity }) => ['error', 'warning', 'information'].indexOf(severity))
  t.same(ranks, [...ranks].sort())
})

t.test('values that are texts, as a file has them, give the same findings', async t => {
  const events = [...handshake(), frame(20, 'client', 1, 40_000), frame(60_000, 'upstream', 9), frame(60_001, 'client', 10), end(160_000, 'upstream', 'reset'), closed(160_000, 'upstream', { IdleClient: 99_999, IdleUpstream: 100_000 })]
  const texts = events.map(one => ({ ...one, data: Object.fromEntries(Object.entries(one.data).map(([name, value]) => [name, String(value)])) }))
  t.same(diagnose(trace(texts)), diagnose(trace(events)))
  t.ok(diagnose(trace(events)).length > 0)
})

t.test('nothing that a file may hold makes it throw, and evidence is always there', async () => {
  const value = fc.oneof(fc.string(), fc.double(), fc.boolean(), fc.constantFrom('client', 'upstream', 'proxy', 'Host: a\r\nUpgrade: websocket\r\n', 'FST_ARR_UPSTREAM_TLS', '__proto__', 'constructor', '1006'))
  const any = fc.constantFrom(...Object.keys(EVENTS) as EventName[]).chain(name => fc.record({ time: fc.double({ min: 0, max: 1e9, noNaN: true }), name: fc.constant(name), data: fc.record(Object.fromEntries(EVENTS[name].data.map(key => [key, value])), { requiredKeys: [] }) }))
  fc.assert(fc.property(fc.array(any, { maxLength: 40 }), fc.constantFrom(null, 0, 101, 200, 301, 404, 499, 502), fc.string(), (events, status, url) => {
    for (const { code, evidence, sentence, remedy } of diagnose(trace(events as Array<{ time: number, name: EventName, data: Record<string, Value> }>, { status, url }))) {
      if (!Object.hasOwn(FINDINGS, code) || sentence === '' || remedy === '') return false
      if (evidence.some(index => events[index] === undefined)) return false
    }
    return true
  }), { numRuns: 400 })
})

t.test('the table of the README is that of the code', async t => {
  const text = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  const rows = [...text.matchAll(/^\| `([A-Z0-9_]+)` \| (error|warning|information) \| (.+) \|$/gm)].map(([, code, severity, means]) => ({ code, severity, means }))
  t.same(rows, Object.entries(FINDINGS).map(([code, { severity, means }]) => ({ code, severity, means })))
})
