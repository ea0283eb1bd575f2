// Traces to write and to show: a WebSocket with all that one can have, and a refused request.
import type { Trace, TraceEvent, Value } from '../src/trace/trace.ts'

const event = (time: number, name: string, data: Record<string, Value> = {}): TraceEvent => ({ time, name, data })

const RECEIVED = [
  'Host: chat.example', 'Connection: Upgrade', 'Upgrade: websocket', 'Origin: https://chat.example', 'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: [24 characters, 9f3a]', 'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits',
  'User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64)', 'Cookie: [64 characters, 17c2]', 'Accept-Encoding: gzip', ''
].join('\r\n')
const SENT = [
  'GET /socket?room=7 HTTP/1.1', 'Host: localhost:8080', 'Connection: Upgrade', 'Upgrade: websocket', 'Origin: https://chat.example', 'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: [24 characters, 9f3a]', 'User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64)', 'Cookie: [64 characters, 17c2]',
  'X-Forwarded-For: 192.0.2.7:53120', 'X-ARR-LOG-ID: a3614585-e908-40f2-9435-e3c23a2a6e31', 'Max-Forwards: 10', 'Accept-Encoding: gzip', ''
].join('\r\n')
const ANSWERED = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Accept: [28 characters, 77aa]', 'Sec-WebSocket-Protocol: chat.v2', 'Server: backend', ''].join('\r\n')
const PASSED_ON = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Accept: [28 characters, 77aa]', 'Sec-WebSocket-Protocol: chat.v2', 'X-Powered-By: ARR/3.0', ''].join('\r\n')

/** A WebSocket over a farm: the first server refused, the second one closed with 1011 after a while. */
export const webSocketTrace: Trace = {
  id: 'fr000001',
  siteId: 1,
  siteName: 'chat',
  url: 'https://chat.example:443/chat?room=7',
  verb: 'GET',
  httpVersion: '1.1',
  client: '192.0.2.7:53120',
  beganAt: Date.UTC(2026, 10, 29, 12, 0, 0),
  timeTaken: 61_230.5,
  status: 101,
  subStatus: 0,
  failureReason: 'WEBSOCKET_ENDING',
  trigger: '',
  logId: 'a3614585-e908-40f2-9435-e3c23a2a6e31',
  processId: 4711,
  computer: 'WEB01',
  lost: 0,
  events: [
    event(0, 'GENERAL_REQUEST_START', { SiteId: 1, AppPoolId: 'fastify', ConnId: '12', RawConnId: 0, RequestURL: 'https://chat.example:443/chat?room=7', RequestVerb: 'GET' }),
    event(0.1, 'CONNECTION', { Protocol: 'https', TlsVersion: 'TLSv1.3', Cipher: 'TLS_AES_256_GCM_SHA384', Sni: 'chat.example', Alpn: 'http/1.1' }),
    event(0.1, 'GENERAL_ENDPOINT_INFORMATION', { RemoteAddress: '192.0.2.7', RemotePort: '53120', LocalAddress: '198.51.100.1', LocalPort: '443' }),
    event(0.2, 'GENERAL_REQUEST_HEADERS', { Headers: RECEIVED }),
    event(0.3, 'SITE_SELECTED', { SiteName: 'chat', SiteId: 1, Binding: '*:443:chat.example' }),
    event(0.4, 'URL_REWRITE_START', { RequestURL: '/chat?room=7', Scope: 0, Type: 0 }),
    event(0.4, 'RULE_EVALUATION_START', { RuleName: 'acme', RequestURL: 'chat', QueryString: 'room=7', PatternSyntax: 0, StopProcessing: true, RelativePath: '/' }),
    event(0.4, 'PATTERN_MATCH', { Pattern: '^\\.well-known/(.*)$', Input: 'chat', Negate: false, Matched: false }),
    event(0.5, 'RULE_EVALUATION_END', { RuleName: 'acme', RequestURL: 'chat', QueryString: 'room=7', StopProcessing: true, Succeeded: false }),
    event(0.5, 'RULE_EVALUATION_START', { RuleName: 'to the farm', RequestURL: 'chat', QueryString: 'room=7', PatternSyntax: 0, StopProcessing: true, RelativePath: '/' }),
    event(0.5, 'PATTERN_MATCH', { Pattern: '(.*)', Input: 'chat', Negate: false, Matched: true }),
    event(0.6, 'CONDITIONS_EVALUATION_START', { LogicalGrouping: 0 }),
    event(0.6, 'CONDITION_EVALUATION', { Input: '{HTTP_HOST}', ExpandedInput: 'chat.example', MatchType: 0, Pattern: '^chat\\.', Negate: false, Succeeded: true }),
    event(0.6, 'CONDITIONS_EVALUATION_END', { Succeeded: true }),
    event(0.7, 'REWRITE_ACTION', { Substitution: 'http://chat/socket', RequestURL: 'http://chat/socket', QueryString: 'room=7' }),
    event(0.7, 'GENERAL_SET_REQUEST_HEADER', { HeaderName: 'Sec-WebSocket-Extensions', HeaderValue: '', Replace: true }),
    event(0.7, 'RULE_EVALUATION_END', { RuleName: 'to the farm', RequestURL: 'http://chat/socket', QueryString: 'room=7', StopProcessing: true, Succeeded: true }),
    event(0.8, 'URL_REWRITE_END', { RequestURL: 'http://chat/socket?room=7' }),
    event(0.9, 'FARM_CANDIDATE', { Farm: 'chat', Server: '10.0.0.1', State: 'available', Healthy: true, Requests: 2, Handshakes: 0, Tunnels: 40, Weight: 100, ResponseTime: 4.2 }),
    event(0.9, 'FARM_CANDIDATE', { Farm: 'chat', Server: '10.0.0.2', State: 'available', Healthy: true, Requests: 1, Handshakes: 1, Tunnels: 52, Weight: 100, ResponseTime: 5.1 }),
    event(0.9, 'FARM_CHOICE', { Farm: 'chat', Server: '10.0.0.1', Algorithm: 'leastLoad', Why: 'algorithm' }),
    event(1, 'ATTEMPT_START', { Server: 'http://10.0.0.1:8080' }),
    event(2.5, 'ATTEMPT_FAILED', { Server: 'http://10.0.0.1:8080', Code: 'FST_ARR_UPSTREAM_REFUSED', Moment: 'connect', SystemCode: 'ECONNREFUSED' }),
    event(2.6, 'FARM_CHOICE', { Farm: 'chat', Server: '10.0.0.2', Algorithm: 'leastLoad', Why: 'retry' }),
    event(2.7, 'ATTEMPT_START', { Server: 'http://10.0.0.2:8080' }),
    event(9.7, 'ATTEMPT_CONNECTED', { Server: 'http://10.0.0.2:8080', Local: '10.0.0.9:40112', Remote: '10.0.0.2:8080', Reused: false, LookupTime: 1.5, ConnectTime: 3, SecureTime: 7, TlsVersion: 'TLSv1.3', Cipher: 'TLS_AES_128_GCM_SHA256' }),
    event(9.8, 'ARR_REQUEST_HEADERS_START', { Server: 'http://10.0.0.2:8080', Headers: SENT }),
    event(21.4, 'ARR_RESPONSE_HEADERS_END', { HttpStatus: 101, HttpReason: 'Switching Protocols', Headers: ANSWERED }),
    event(21.5, 'GENERAL_RESPONSE_HEADERS', { Headers: PASSED_ON }),
    event(21.6, 'WEBSOCKET_OPEN', { Http: '1.1', SubProtocol: 'chat.v2', HandshakeTime: 21.6 }),
    event(30, 'WEBSOCKET_FRAME', { From: 'client', Opcode: 1, Fin: true, Rsv: 0, Masked: true, Length: 12, Payload: '{"join":"7"}' }),
    event(45, 'WEBSOCKET_FRAME', { From: 'upstream', Opcode: 2, Fin: false, Rsv: 0x40, Masked: false, Length: 3, Payload: 'AQID' }),
    event(46, 'WEBSOCKET_FRAME', { From: 'upstream', Opcode: 0, Fin: true, Rsv: 0, Masked: false, Length: 4096 }),
    event(20_021, 'WEBSOCKET_FRAMES_SKIPPED', { FromClient: 3, FromUpstream: 1200, BytesFromClient: 36, BytesFromUpstream: 400_000 }),
    event(55_000, 'WEBSOCKET_QUIET', { Milliseconds: 30_000 }),
    event(61_200, 'WEBSOCKET_FRAME', { From: 'proxy', Opcode: 9, Fin: true, Rsv: 0, Masked: false, Length: 0 }),
    event(61_210, 'WEBSOCKET_CLOSE_FRAME', { From: 'upstream', Code: 1011, Reason: 'database went away' }),
    event(61_220, 'WEBSOCKET_SOCKET_END', { Side: 'client', How: 'reset', SystemCode: 'ECONNRESET' }),
    event(61_230, 'WEBSOCKET_CLOSED', { ClosedBy: 'upstream', Ending: 'end', CloseCode: 1011, CloseReason: 'database went away', BytesFromClient: 120, MessagesFromClient: 4, IdleClient: 30_000, BytesFromUpstream: 404_123, MessagesFromUpstream: 1201, IdleUpstream: 10 }),
    event(61_230.5, 'GENERAL_REQUEST_END', { BytesSent: 404_500, BytesReceived: 900, HttpStatus: 101, HttpSubStatus: 0 })
  ],
  findings: [
    { code: 'ATTEMPT_FAILED', severity: 'warning', sentence: '10.0.0.1 refused the connection, and another server was asked.', evidence: [22], remedy: 'Look whether its service runs.' },
    { code: 'UPSTREAM_CLOSED', severity: 'error', sentence: 'The upstream closed the WebSocket with 1011 (Internal Error): database went away.', evidence: [36, 38], remedy: 'Search the upstream’s log for the log id.' }
  ]
}

/** A request that no upstream has answered: IIS's 502.3. */
export const refusedTrace: Trace = {
  ...webSocketTrace,
  id: 'fr000002',
  url: 'http://shop.example:80/cart',
  timeTaken: 4,
  status: 502,
  subStatus: 3,
  failureReason: 'STATUS_CODE',
  trigger: '502.3',
  events: [
    event(0, 'GENERAL_REQUEST_START', { SiteId: 1, AppPoolId: 'fastify', RequestURL: 'http://shop.example:80/cart', RequestVerb: 'GET' }),
    event(0.2, 'GENERAL_REQUEST_HEADERS', { Headers: 'Host: shop.example\r\nAccept: */*\r\n' }),
    event(1, 'ATTEMPT_START', { Server: 'http://localhost:8080' }),
    event(2.5, 'ATTEMPT_FAILED', { Server: 'http://localhost:8080', Code: 'FST_ARR_UPSTREAM_REFUSED', Moment: 'connect', SystemCode: 'ECONNREFUSED' }),
    event(2.6, 'MODULE_SET_RESPONSE_ERROR_STATUS', { ModuleName: 'ApplicationRequestRouting', Notification: 128, HttpStatus: 502, HttpReason: 'Bad Gateway', HttpSubStatus: 3, ErrorCode: 0x80072efd, ConfigExceptionInfo: '' }),
    event(3, 'GENERAL_RESPONSE_HEADERS', { Headers: 'Content-Type: text/html\r\nContent-Length: 120\r\n' }),
    event(4, 'GENERAL_FLUSH_RESPONSE_END', { BytesSent: 300, ErrorCode: 0 }),
    event(4, 'GENERAL_REQUEST_END', { BytesSent: 300, BytesReceived: 90, HttpStatus: 502, HttpSubStatus: 3 })
  ],
  findings: []
}

/** What a hostile client or upstream may send: in names, values, URLs and reasons. */
export const HOSTILE = [
  '<script>document.title="taken"</script>', '"><img src=x onerror=alert(1)>', ']]>', '<!--', '&amp;&#0;&unknown;', '<![CDATA[', '</Data></Event></failedRequest>',
  // Control characters, halves of surrogate pairs, and bytes of invalid UTF-8 as latin1 text.
  Array.from({ length: 32 }, (_, code) => String.fromCharCode(code)).join(''), '\x7F\x80\x9F\xFF\xC3\x28', '\uD800', '\uDC00\uD800', '\uFFFE\uFFFF', '\u2028\u202Egpj.exe', '😀', 'a\rb\nc\r\nd', ' \t padded \t '
]

/** The WebSocket's trace with this text wherever a client or upstream can put one. */
export function hostileTrace (text: string): Trace {
  return {
    ...webSocketTrace,
    url: `http://h:80/${text}`,
    verb: text,
    client: text,
    siteName: text,
    computer: text,
    logId: text,
    events: webSocketTrace.events.map(one => ({
      ...one,
      data: Object.fromEntries(Object.entries(one.data).map(([name, value]) => [name, name === 'Headers' ? `${value}X-Hostile: ${text}\r\n` : typeof value === 'string' ? text : value]))
    })),
    findings: [{ code: 'X', severity: 'error', sentence: text, evidence: [0], remedy: text }]
  }
}

/** A text as it can stand in the name of a test. */
export function nameable (text: string): string {
  return JSON.stringify(text).replace(/[^ -~]/g, character => `\\u${character.charCodeAt(0).toString(16)}`).slice(0, 60)
}
