// What would a busy server tell? Values for trying the page without one.
import type { Columns, EndedWebSocket, ExchangeRow, Point, WebSocketRow } from '../src/messages/index.ts'
import type { Views } from '../src/views/views.ts'

const START = Date.UTC(2026, 0, 1)

const row = (n: number): ExchangeRow => ({
  id: String(n),
  at: START + n * 100,
  time: n % 7 === 0 ? 1204.5 : 3.2,
  method: 'GET',
  host: n % 3 === 0 ? 'shop.example' : 'reverseproxy.com',
  path: n % 4 === 0 ? '/api/orders?…' : '/',
  status: n % 5 === 0 ? 502 : n % 6 === 0 ? 101 : 200,
  client: `192.0.2.${n % 250}`,
  site: 'ReverseProxy',
  rule: 'to the backend',
  rejection: null,
  upstream: 'http://localhost:8080',
  farm: null,
  server: null,
  error: n % 5 === 0 ? 'FST_ARR_UPSTREAM_REFUSED' : null,
  webSocket: n % 6 === 0 ? 'open' : null,
  tunnel: n % 6 === 0 ? `t${n}` : null,
  closeCode: null,
  userAgent: n === 3 ? '<script>alert(1)</script>' : 'Mozilla/5.0',
  story: n % 2 === 0
})

const webSocket = (n: number): WebSocketRow => ({
  id: `t${n}`,
  since: START + n * 1000,
  silence: n * 500,
  client: `192.0.2.${n % 250}`,
  site: 'ReverseProxy',
  host: 'reverseproxy.com',
  path: '/ws',
  rule: 'to the backend',
  upstream: 'http://localhost:8080',
  farm: n % 2 === 0 ? 'chat' : null,
  server: n % 2 === 0 ? '10.0.0.1' : null,
  protocol: 'websocket',
  subprotocol: n % 3 === 0 ? 'graphql-transport-ws' : null,
  extensions: 'permessage-deflate',
  http: n % 2 === 0 ? '2' : '1.1',
  key: null,
  received: { bytes: n * 1000, messages: n, bytesPerSecond: n, messagesPerSecond: n / 10 },
  sent: { bytes: n * 5000, messages: n * 2, bytesPerSecond: n * 5, messagesPerSecond: n / 5 }
})

/** A wave with a noise that is the same each time. */
const wave = (at: number, every: number, of: number): number => of * (Math.sin(at / every) + 0.35 * Math.sin(at / 3700) + 0.25 * Math.sin(at / 1300))

const point = (at: number, phase = at): Point => ({ at, requests: Math.round(120 + wave(phase, 20_000, 30)), handshakes: Math.round(6 + wave(phase, 50_000, 3)), closed: 2, received: Math.round(20_000 + wave(phase, 30_000, 6000)), sent: Math.round(900_000 + wave(phase, 20_000, 250_000)), open: Math.round(1500 + wave(phase, 90_000, 120)), p50: 2.1 + wave(phase, 20_000, 0.3), p95: 12 + wave(phase, 17_000, 2), p99: 48 + wave(phase, 9000, 9), clientErrors: Math.round(1 + wave(phase, 9000, 0.6)), serverErrors: Math.floor(at / 1000) % 60 < 4 ? 9 : 0 })

const columns = (step: number, count: number): Columns => {
  const last = Math.floor(Date.now() / step) * step - step
  const points = Array.from({ length: count }, (_, n) => point(last - (count - 1 - n) * step, last - (count - 1 - n) * 1000))
  return Object.fromEntries(Object.keys(point(0)).map(name => [name, points.map(each => each[name as keyof Point])])) as unknown as Columns
}

const ended = (n: number): EndedWebSocket => ({ id: `t${n}`, at: START + n * 1000, life: 75_000, silence: 60_000, client: `192.0.2.${n}`, site: 'ReverseProxy', upstream: 'http://localhost:8080', closedBy: 'client', closeCode: null, ending: 'reset', limit: null })

/** Views that tell made-up values, and are never empty. */
export const madeUp: Views = {
  hello: () => ({ version: '0.1.0', process: 4711, node: 'v20.20.2', startedAt: START, has: { webSockets: true, farms: true, sites: true, listeners: true, explain: true, traces: true }, actions: true }),
  now: () => ({ point: point(Math.floor(Date.now() / 1000) * 1000), inFlight: 1512, errors: [{ name: '502', count: 9 }, { name: 'FST_ARR_UPSTREAM_REFUSED', count: 9 }], closes: [{ name: '1000', count: 40 }, { name: '1001', count: 12 }, { name: 'none', count: 3 }] }),
  history: () => ({ seconds: columns(1000, 300), minutes: columns(60_000, 1440) }),
  exchanges: () => {
    let n = 0
    return { read: () => ({ rows: Array.from({ length: n === 0 ? 40 : 3 }, () => row(++n)), skipped: n > 100 ? 7 : 0 }), end () {} }
  },
  story: id => ({ row: row(Number(id)), attempts: [{ server: 'http://10.0.0.9:8080', code: 'FST_ARR_UPSTREAM_REFUSED', moment: 'connect', time: 1.2 }], rewritten: 'http://localhost:8080/', tunnel: null, connectTime: 0.8, firstByteTime: 2.4, findings: [{ code: 'UPSTREAM_REFUSED', severity: 'error', sentence: 'The server refused the connection.', remedy: 'Start the server, or correct its port.' }], page: true }),
  storyPage: () => '<!doctype html><html lang="en"><title>A story</title><p>The whole story.',
  webSockets: ({ limit }) => ({ open: 1500, matching: 1500, rows: Array.from({ length: limit }, (_, n) => webSocket(n + 1)) }),
  matching: () => Array.from({ length: 1500 }, (_, n) => `t${n + 1}`),
  frames: id => ({
    read: () => ({ webSocket: webSocket(Number(id.slice(1))), rows: [{ kind: 'frame', at: Date.now(), side: 'client', opcode: 1, fin: true, rsv: 64, length: 42, masked: true }, { kind: 'frame', at: Date.now(), side: 'upstream', opcode: 9, fin: true, rsv: 0, length: 0, masked: false }] }),
    end () {}
  }),
  farms: () => ({
    farms: [{
      name: 'chat',
      algorithm: 'leastLoad',
      waiting: 0,
      servers: ['10.0.0.1', '10.0.0.2', '10.0.0.3'].map((name, n) => ({
        name,
        address: name,
        httpPort: 8080,
        httpsPort: 443,
        weight: 100,
        state: n === 1 ? 'draining' as const : 'available' as const,
        healthy: n !== 2,
        why: n === 2 ? 'connect ECONNREFUSED' : null,
        outUntil: null,
        requests: n,
        handshakes: 0,
        tunnels: 500 - n * 100,
        chosen: 10_000,
        failed: n,
        responseTime: 3.4,
        lastProbe: { at: START, succeeded: n !== 2, status: n === 2 ? null : 200, why: n === 2 ? 'connect ECONNREFUSED' : null, time: 2 }
      }))
    }]
  }),
  sites: () => ({
    sites: [{ name: 'ReverseProxy', id: 1, enabled: true, bindings: [{ protocol: 'http', host: 'localhost', port: 8000, address: null }, { protocol: 'https', host: 'reverseproxy.com', port: null, address: null }] }],
    listeners: [{ name: 'https', label: 'HTTPS_PORT', protocol: 'https', address: '127.0.0.1', port: 8443, url: 'https://127.0.0.1:8443' }],
    certificates: [{ listener: 'https', names: ['localhost', 'reverseproxy.com'], validTo: START + 20 * 86_400_000, daysLeft: 20 }],
    rules: [{ rule: 'to the backend', matches: 12_345, lastAt: START }]
  }),
  traces: () => ({ written: 7, lost: 0, rows: [{ id: 'fr000001', key: 'W3SVC1/fr000001', site: 'ReverseProxy', verb: 'GET', url: 'http://reverseproxy.com/', status: 502, subStatus: 3, reason: 'STATUS_CODE', client: '192.0.2.7:50123', at: START, time: 12, findings: [{ code: 'UPSTREAM_REFUSED', severity: 'error', sentence: 'The server refused the connection.', remedy: 'Start the server, or correct its port.' }] }] }),
  tracePage: () => '<!doctype html><html lang="en"><title>A trace</title><p>The trace.',
  findings: () => ({ looked: 240, findings: [{ code: 'CUT_AFTER_SAME_SILENCE', severity: 'error', sentence: '12 WebSockets of site ReverseProxy were cut after 60 s of silence.', remedy: 'Something between the clients and this proxy cuts idle connections, nginx with its default `proxy_read_timeout` of 60 s for one. Set `websocket.ping` to 30 s.', count: 12, first: START, last: START + 60_000, filter: 'close:none', examples: Array.from({ length: 12 }, (_, n) => ended(n + 1)) }] }),
  explain: async ({ method, url }) => ({
    method,
    url,
    steps: [{ list: 'globalRules', rule: 'no scripts', pattern: '\\.php$', patternSyntax: 'ECMAScript', negate: false, input: url.slice(1), query: '', logicalGrouping: 'MatchAll', stopProcessing: true, matched: false, applied: false, conditions: [] }, { list: 'globalRules', rule: 'to https', pattern: '(.*)', patternSyntax: 'ECMAScript', negate: false, input: url.slice(1), query: '', logicalGrouping: 'MatchAll', stopProcessing: true, matched: true, applied: false, conditions: [{ input: '{HTTPS}', value: 'on', pattern: '^off$', matchType: 'Pattern', negate: false, held: false }] }, { list: 'siteRules', rule: 'to the backend', pattern: '(.*)', patternSyntax: 'ECMAScript', negate: false, input: url.slice(1), query: '', logicalGrouping: 'MatchAll', stopProcessing: true, matched: true, applied: true, captures: { rule: [url.slice(1)], conditions: [] }, url: `http://localhost:8080${url}`, headers: { 'sec-websocket-extensions': '' }, conditions: [{ input: '{HTTP_HOST}', value: 'reverseproxy.com', pattern: '^reverseproxy\\.com$', matchType: 'Pattern', negate: false, held: true }] }],
    outcome: { type: 'Rewrite', rewrite: { url: `http://localhost:8080${url}`, rule: 'to the backend', headers: { 'sec-websocket-extensions': '' }, serverVariables: {}, logRewrittenUrl: false } }
  })
}
