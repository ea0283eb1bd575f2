import t from 'tap'
import { diagnose } from '../src/diagnosis/diagnose.ts'
import type { TraceEvent, Trace } from '../src/trace/trace.ts'
import { answered, asked, closed, close, end, event, farewell, frame, handshake, KEY, lines, sent, SERVER, trace } from './hand-made.ts'

/** The finding with this code of a trace with these events. */
function finding (code: string, events: readonly TraceEvent[], more: Partial<Trace> = {}) {
  const all = diagnose(trace(events, more))
  return all.find(one => one.code === code) ?? { code: `none: ${all.map(one => one.code).join()}`, sentence: '', remedy: '', evidence: [] as number[] }
}

const codes = (events: readonly TraceEvent[], more: Partial<Trace> = {}): string[] => diagnose(trace(events, more)).map(one => one.code)

t.test('a WebSocket that opens and closes in order has no findings', async t => {
  t.same(codes([...handshake(), frame(10, 'client', 1), frame(12, 'upstream', 1), ...farewell(50, 'client')]), [])
  t.same(codes([...asked({ Connection: 'keep-alive', Upgrade: null, 'Sec-WebSocket-Key': null, 'Sec-WebSocket-Version': null }), ...sent(), ...answered(200)], { status: 200 }), [], 'nor has a page')
})

t.test('a request that has lost Upgrade and Connection is told from its key or version', async t => {
  t.match(finding('UPGRADE_STRIPPED', [...asked({ Upgrade: null, Connection: 'close', Via: '1.1 front' }), ...sent({ Upgrade: null }), ...answered(426)], { status: 426 }), { evidence: [1], sentence: /Sec-WebSocket-Key but no Upgrade and no Connection: Upgrade.*Via: 1\.1 front/, remedy: /proxy_set_header Upgrade \$http_upgrade/ })
  t.match(finding('UPGRADE_STRIPPED', asked({ Upgrade: null, 'Sec-WebSocket-Key': null })), { sentence: /Sec-WebSocket-Version but no Upgrade:/ })
  t.notMatch(codes(asked({ Connection: 'keep-alive, Upgrade' })), ['UPGRADE_STRIPPED'], 'among other members')
  t.same(codes(asked({ Upgrade: null, Connection: null, 'Sec-WebSocket-Key': null, ':protocol': 'websocket' }), { httpVersion: '2' }), [], 'HTTP/2 has neither')
})

t.test('a handshake without a key, of another version, in HTTP/1.0, or sent on without Upgrade', async t => {
  t.match(finding('HANDSHAKE_INCOMPLETE', asked({ 'Sec-WebSocket-Key': null, 'Sec-WebSocket-Version': '8' }), { status: 400 }), { sentence: /no Sec-WebSocket-Key and Sec-WebSocket-Version 8 instead of 13/ })
  t.match(finding('HTTP_1_0_HANDSHAKE', asked(), { httpVersion: '1.0', status: 400 }), { remedy: /proxy_http_version 1\.1/ })
  t.match(finding('UPGRADE_NOT_SENT', [...asked(), ...sent({ Upgrade: null, Connection: 'close' }), ...answered(200)], { status: 200 }), { sentence: /plain request without Upgrade/, evidence: [1, 4, 5] })
})

t.test('an Accept that does not fit the key', async t => {
  t.match(finding('ACCEPT_MISMATCH', handshake({ answered: { 'Sec-WebSocket-Accept': 'AAAAAAAAAAAAAAAAAAAAAAAAAAA=' } })), { severity: 'error', evidence: [4, 5], sentence: new RegExp(`AAAA.*${KEY}.*s3pPLMBiTxaQ9kYGzzhZRbK\\+xOo=`) })
  t.match(finding('ACCEPT_MISMATCH', handshake({ answered: { 'Sec-WebSocket-Accept': null } })), { sentence: /no Sec-WebSocket-Accept/ })
  t.same(codes(handshake({ answered: { 'Sec-WebSocket-Accept': '(28 characters, sha256 1f2e)' } })), [], 'what is redacted is not judged')
  t.same(codes(handshake({ asked: { 'Sec-WebSocket-Key': '(24 characters, sha256 1f2e)' } })), [])
})

t.test('an extension that was not offered, or whose offer was lost', async t => {
  const agreed = { 'Sec-WebSocket-Extensions': 'permessage-deflate; server_no_context_takeover' }
  t.match(finding('EXTENSION_NOT_OFFERED', handshake({ answered: agreed })), { sentence: /agreed to permessage-deflate, which it was not offered \(it was sent no/, evidence: [1, 4, 5] })
  t.match(finding('EXTENSION_NOT_OFFERED', handshake({ asked: { 'Sec-WebSocket-Extensions': 'permessage-deflate' }, sent: { 'Sec-WebSocket-Extensions': null }, answered: agreed })), { sentence: /taken away on the way/, remedy: /HTTP_SEC_WEBSOCKET_EXTENSIONS/ })
  t.same(codes(handshake({ asked: { 'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits' }, answered: agreed })), [])
})

t.test('extensions that were changed on the way, with and without frames that need them', async t => {
  const changed = handshake({ asked: { 'Sec-WebSocket-Extensions': 'permessage-deflate' }, sent: { 'Sec-WebSocket-Extensions': null } })
  t.match(finding('EXTENSIONS_CHANGED', changed), { sentence: /offered permessage-deflate, the upstream was sent none\.$/ })
  t.match(finding('EXTENSIONS_CHANGED', [...changed, frame(20, 'client', 1, 5, { Rsv: 0x40 })]), { sentence: /frames with reserved bits passed/ })
  const told = event(6, 'GENERAL_RESPONSE_HEADERS', { Headers: lines({ Upgrade: 'websocket' }) })
  t.match(finding('EXTENSIONS_CHANGED', [...handshake({ asked: { 'Sec-WebSocket-Extensions': 'x' }, answered: { 'Sec-WebSocket-Extensions': 'x' } }), told]), { sentence: /the upstream agreed to x, the client was told none/ })
})

t.test('compressed frames without an agreement, or that end the WebSocket', async t => {
  const compressed = frame(20, 'upstream', 1, 5, { Rsv: 0x40 })
  t.match(finding('COMPRESSION_NOT_AGREED', [...handshake(), compressed, event(20, 'WEBSOCKET_UNREADABLE', { From: 'upstream' }), close(25, 'client', 1002)]), { severity: 'error', sentence: /The upstream sent a frame with RSV1 \(compressed\) 14 ms after the 101, and no extension/, evidence: [5, 7, 8, 9] })
  const agreed = handshake({ asked: { 'Sec-WebSocket-Extensions': 'permessage-deflate' }, answered: { 'Sec-WebSocket-Extensions': 'permessage-deflate' } })
  t.match(finding('COMPRESSED_THEN_ENDED', [...agreed, compressed, end(320, 'client'), closed(330, 'client')]), { sentence: /came from the upstream 14 ms after the 101, and the WebSocket ended 300 ms later/, remedy: /IIS with ARR/ })
  t.notOk(codes([...agreed, compressed, ...farewell(60, 'client')]).includes('COMPRESSED_THEN_ENDED'), 'an orderly end is none')
  t.notOk(codes([...agreed, frame(10, 'upstream', 1, 5, { Rsv: 0x40 }), frame(2_000, 'upstream', 1, 5, { Rsv: 0x40 }), end(4_000, 'client'), closed(4_000, 'client')]).includes('COMPRESSED_THEN_ENDED'), 'nor is one long after the first')
  t.notOk(codes([...agreed, compressed, event(25, 'WEBSOCKET_CLOSE_FRAME', { From: 'client' }), end(30, 'client'), closed(30, 'client')]).includes('COMPRESSED_THEN_ENDED'), 'nor is a Close without a code')
  t.notOk(codes([...agreed, compressed, frame(25, 'client', 1, 5, { Rsv: 0x40 }), end(30, 'client'), closed(30, 'client')]).includes('COMPRESSED_THEN_ENDED'), 'nor one that was answered')
  t.match(finding('FRAMES_UNREADABLE', [...handshake(), event(20, 'WEBSOCKET_UNREADABLE', { From: 'client' })]), { sentence: /What the client sends/ })
})

t.test('sub-protocols', async t => {
  t.match(finding('SUBPROTOCOL_NOT_ANSWERED', handshake({ asked: { 'Sec-WebSocket-Protocol': 'chat.v1, chat.v2' } })), { sentence: /chat\.v1 or chat\.v2 and the upstream chose none/ })
  t.match(finding('SUBPROTOCOL_NOT_ANSWERED', handshake({ asked: { 'Sec-WebSocket-Protocol': 'chat.v1' }, sent: { 'Sec-WebSocket-Protocol': null } })), { sentence: /taken away on the way/, remedy: /rule or hook/ })
  t.match(finding('SUBPROTOCOL_NOT_ASKED', handshake({ asked: { 'Sec-WebSocket-Protocol': 'chat.v1' }, answered: { 'Sec-WebSocket-Protocol': 'Chat.v1' } })), { sentence: /chose the sub-protocol Chat\.v1; the client asked for chat\.v1/ })
  t.match(finding('SUBPROTOCOL_NOT_ASKED', handshake({ answered: { 'Sec-WebSocket-Protocol': 'mqtt' } })), { sentence: /asked for none/ })
  t.same(codes(handshake({ asked: { 'Sec-WebSocket-Protocol': 'a, b' }, answered: { 'Sec-WebSocket-Protocol': 'b' } })), [])
})

t.test('an Origin or a Host that the upstream does not like', async t => {
  const refused = (status: number, asked: Record<string, string>) => handshake({ status, asked, sent: { Host: '127.0.0.1:8080' } })
  t.match(finding('ORIGIN_REFUSED', refused(403, { Origin: 'https://chat.example' }), { status: 403 }), { sentence: 'The upstream refused the handshake with 403: it was sent Origin https://chat.example and Host 127.0.0.1:8080, and the client had sent Host chat.example.', remedy: /hostHeader: 'preserve'/ })
  t.match(finding('ORIGIN_REFUSED', handshake({ status: 403, asked: { Origin: 'https://other.example' } }), { status: 403 }), { sentence: /both as the client sent them/, remedy: /^Allow the origin https:\/\/other\.example/ })
  t.match(finding('HOST_REFUSED', refused(421, {}), { status: 421 }), { sentence: /421: it was sent Host 127\.0\.0\.1:8080, and the client had asked for chat\.example/ })
  t.match(finding('HOST_REFUSED', refused(400, {}), { status: 400 }), { sentence: /refused with 400/ })
  t.match(finding('FORBIDDEN', handshake({ status: 403 }), { status: 403 }), { sentence: /no Origin/ })
})

t.test('credentials that are missing or were lost', async t => {
  t.match(finding('AUTHENTICATION_REQUIRED', handshake({ status: 401, answered: { 'WWW-Authenticate': 'Bearer' } }), { status: 401 }), { severity: 'warning', sentence: 'The upstream answered 401 (Bearer); the request had neither Authorization nor Cookie.', remedy: /cookie/ })
  t.match(finding('AUTHENTICATION_REQUIRED', handshake({ status: 407, asked: { Cookie: 'a=b' } }), { status: 407 }), { sentence: /407; the request had Cookie/ })
  t.match(finding('CREDENTIALS_NOT_SENT', handshake({ status: 401, asked: { Authorization: 'Bearer …' }, sent: { Authorization: null } }), { status: 401 }), { sentence: /had sent Authorization, which did not reach it/, remedy: /HTTP_AUTHORIZATION/ })
})

t.test('each status that may answer a handshake says something', async t => {
  const expected: Array<[status: number, code: string, sentence: RegExp, headers?: Record<string, string>]> = [
    [404, 'PATH_NOT_FOUND', /for \/socket with 404: it has nothing/],
    [405, 'METHOD_REFUSED', /Allow: POST/, { Allow: 'POST' }],
    [426, 'UPGRADE_REQUIRED', /Sec-WebSocket-Version: 13/, { 'Sec-WebSocket-Version': '13' }],
    [400, 'HANDSHAKE_REFUSED', /faulty/],
    [429, 'HANDSHAKE_THROTTLED', /Retry-After: 3/, { 'Retry-After': '3' }],
    [200, 'HANDSHAKE_IGNORED', /plain request \(Content-Type: text\/html\)/, { 'Content-Type': 'text/html' }],
    [302, 'HANDSHAKE_REDIRECTED', /to https:\/\/chat\.example\/login/, { Location: 'https://chat.example/login' }],
    [500, 'UPSTREAM_ERROR', /Server: Kestrel/, { Server: 'Kestrel' }],
    [502, 'UPSTREAM_ERROR', /with 502/]
  ]
  for (const [status, code, sentence, headers = {}] of expected) {
    const one = finding(code, handshake({ status, answered: headers }), { status })
    t.match(one, { code, sentence }, String(status))
    t.ok(one.sentence.includes(SERVER), 'the server is named')
    t.notOk(one.sentence.includes('token'), 'the query is not')
  }
  t.match(finding('UPSTREAM_ERROR', [...asked({ Upgrade: null, Connection: null, 'Sec-WebSocket-Key': null, 'Sec-WebSocket-Version': null }), ...sent(), ...answered(503, { Server: 'nginx' })], { status: 503 }), { sentence: /503 by itself \(Server: nginx\)/ })
})
