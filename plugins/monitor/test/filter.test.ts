// Does a filter name the rows that are meant, and take whatever is typed?
import t from 'tap'
import { compileBeginning, compileFilter } from '../src/filtering/compile-filter.ts'
import type { ExchangeRow, WebSocketRow } from '../src/messages/index.ts'

const exchange: ExchangeRow = {
  id: '7',
  at: Date.UTC(2026, 0, 1),
  time: 120.5,
  method: 'GET',
  host: 'Shop.example',
  path: '/api/orders?…',
  status: 502,
  client: '10.1.2.3',
  site: 'ReverseProxy',
  rule: 'to the backend',
  rejection: null,
  upstream: 'http://localhost:8080',
  farm: 'chat',
  server: 'app1',
  error: 'FST_ARR_UPSTREAM_REFUSED',
  webSocket: null,
  tunnel: null,
  closeCode: null,
  userAgent: 'Mozilla/5.0 (X11)',
  story: false
}
const closed: ExchangeRow = { ...exchange, status: 101, error: null, webSocket: 'closed', tunnel: 't1', closeCode: 1008 }
const flow = { bytes: 0, messages: 0, bytesPerSecond: 0, messagesPerSecond: 0 }
const open: WebSocketRow = { id: 't9', since: Date.now() - 90_000, silence: 45_000, client: '192.0.2.10', site: null, host: 'chat.example', path: '/ws', rule: null, upstream: 'http://localhost:9', farm: null, server: null, protocol: 'websocket', subprotocol: 'mqtt', extensions: null, http: '2', key: 'user-5', received: flow, sent: flow }

const CASES: ReadonlyArray<readonly [string, object, boolean]> = [
  ['', exchange, true],
  ['   ', exchange, true],
  ['host:shop', exchange, true],
  ['HOST:SHOP', exchange, true],
  ['host:store', exchange, false],
  ['path:/api', exchange, true],
  ['status:5xx', exchange, true],
  ['status:50', exchange, true],
  ['status:5', exchange, true],
  ['status:502', exchange, true],
  ['status:500', exchange, false],
  ['status:400-499', exchange, false],
  ['status:500-', exchange, true],
  ['status:404,502', exchange, true],
  ['status:>=500', exchange, true],
  ['status:>', exchange, true],
  ['status:abc', exchange, false],
  ['status:none', { ...exchange, status: null }, true],
  ['status:none', exchange, false],
  ['status:4xx status:5xx', exchange, true],
  ['status:4xx status:101', exchange, false],
  ['client:10.', exchange, true],
  ['client:10.', { ...exchange, client: '192.0.2.110.' }, false],
  ['method:get', exchange, true],
  ['rule:backend', exchange, true],
  ['rule:"to the"', exchange, true],
  ['rule:"to the', exchange, true],
  ['rule:', exchange, true],
  ['-rule:', exchange, false],
  ['rule:', open, false],
  ['upstream:localhost:8080', exchange, true],
  ['server:app1 farm:chat site:reverse', exchange, true],
  ['error:refused', exchange, true],
  ['error:', closed, false],
  ['time:>100', exchange, true],
  ['time:<=120.5', exchange, true],
  ['time:>1s', exchange, false],
  ['time:0.1s', exchange, true],
  ['time:100', exchange, true],
  ['ua:mozilla', exchange, true],
  ['ws', exchange, false],
  ['ws', closed, true],
  ['ws:open', closed, false],
  ['"ws"', open, true],
  ['"ws"', exchange, false],
  ['-ws', closed, false],
  ['ws', open, true],
  ['close:1008', closed, true],
  ['close:10', closed, true],
  ['close:none', closed, false],
  ['close:none', { ...closed, closeCode: null }, true],
  ['close:none', exchange, false],
  ['close:', closed, true],
  ['orders', exchange, true],
  ['502', exchange, true],
  ['50', exchange, false],
  ['-orders', exchange, false],
  ['orders refused', exchange, true],
  ['orders nowhere', exchange, false],
  ['"to the backend"', exchange, true],
  ['-"to the backend"', exchange, false],
  ['http://localhost:8080', exchange, true],
  ['::1', exchange, false],
  ['-', exchange, true],
  ['silence:>30s', open, true],
  ['silence:>1m', open, false],
  ['age:>1m', open, true],
  ['age:>1h', open, false],
  ['subprotocol:mqtt key:user', open, true],
  ['status:101', open, false],
  ['constructor:x', exchange, false],
  ['__proto__:x', exchange, false]
]

for (const [filter, row, expected] of CASES) {
  t.test(`\`${filter}\` ${expected ? 'names' : 'does not name'} ${JSON.stringify(row).slice(0, 12)}…`, async t => {
    t.equal(compileFilter(filter)(row), expected)
  })
}

/** A sequence of numbers below 1 that is the same in each run. */
let seed = 11
const next = (): number => {
  seed = Math.imul(seed ^ seed >>> 15, seed | 1)
  seed ^= seed + Math.imul(seed ^ seed >>> 7, seed | 61)
  return ((seed ^ seed >>> 14) >>> 0) / 4_294_967_296
}
const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)] as T

const PIECES = ['host:', 'status:', 'path:', '-', '"', ' ', ':', '5xx', '400-499', '>', '>=', '<', '-1', 'ws', 'time:', 'close:', 'none', '.*', '(', '[', '\\', '\n', '\u0000', '😀', 'İ', '__proto__', 'toString:', '1e999', ',', '99999999999999999999', 'a', 'x'.repeat(600)]
const ROWS = [exchange, closed, open, {}, Object.create(null) as object, { ...exchange, status: null, host: '', time: NaN }, { status: 'x', host: 5, webSocket: {} }]

t.test('whatever is typed, nothing is thrown, and an answer is true or false', async t => {
  for (let i = 0; i < 20_000; i++) {
    const text = Array.from({ length: Math.floor(next() * 12) }, () => pick(PIECES)).join('')
    for (const names of [compileFilter(text), compileBeginning(text)]) {
      for (const row of ROWS) if (typeof names(row) !== 'boolean') t.fail(JSON.stringify(text))
    }
  }
  for (const value of [undefined, null, 5, ['a', 'b'], {}]) t.equal(compileFilter(value as never)(exchange), true, 'no text is no filter')
})

t.test('words mean what they say of any row: against the same, said plainly', async t => {
  const hosts = ['Shop.example', 'chat.example', 'localhost:8000']
  const statuses = [101, 200, 304, 404, 499, 500, 503, null]
  const words: ReadonlyArray<readonly [string, string, (row: ExchangeRow) => boolean]> = [
    ['host', 'host:SHOP', row => row.host === 'Shop.example'],
    ['host', 'host:example', row => row.host.endsWith('example')],
    ['status', 'status:4xx', row => row.status !== null && row.status >= 400 && row.status < 500],
    ['status', 'status:400-500', row => row.status !== null && row.status >= 400 && row.status <= 500],
    ['status', 'status:none', row => row.status === null],
    ['time', 'time:>100', row => row.time > 100],
    ['error', 'error:', row => row.error !== null],
    ['ws', 'ws', row => row.webSocket !== null],
    ['1', 'chat.', row => row.host === 'chat.example']
  ]
  for (let i = 0; i < 5_000; i++) {
    const row: ExchangeRow = { ...exchange, host: pick(hosts), status: pick(statuses), time: next() * 200, error: pick([null, 'FST_X']), webSocket: pick([null, 'open', 'closed', 'refused']), farm: null }
    const typed = Array.from({ length: Math.floor(next() * 5) }, () => ({ negated: next() < 0.3, word: pick(words) }))
    const text = typed.map(({ negated, word }) => `${negated ? '-' : ''}${word[1]}`).join(pick([' ', '  ', '\t']))
    const expected = typed.every(({ negated, word: [name, , test] }) => {
      if (negated) return !test(row)
      return name === '1' ? test(row) : typed.some(other => !other.negated && other.word[0] === name && other.word[2](row))
    })
    if (compileFilter(text)(row) !== expected) t.fail(`${text} of ${JSON.stringify(row)}`)
    // Whoever is named in the end was not left out at the beginning.
    const begun = { ...row, status: null, time: 0, error: null, webSocket: row.webSocket === null ? null : 'open' }
    if (expected && !compileBeginning(text)(begun)) t.fail(`${text} at the beginning of ${JSON.stringify(row)}`)
  }
})

t.test('of what is typed, 500 characters and 30 words are read', async t => {
  t.equal(compileFilter(`host:shop${' '.repeat(600)}nowhere`)(exchange), true)
  t.equal(compileFilter('nowhere '.repeat(150_000))(exchange), false)
  t.equal(compileFilter(`${'-a1 '.repeat(30)}nowhere`)(exchange), true)
  t.equal(compileFilter(`${'-a1 '.repeat(29)}nowhere`)(exchange), false)
})
