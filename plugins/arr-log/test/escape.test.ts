import fc from 'fast-check'
import t from 'tap'
import { compileRedact, redactUrl } from '../src/exchange/redact.ts'
import { decode, escape, truncate } from '../src/format/escape.ts'
import type { Exchange } from '../src/exchange/exchange.ts'
import { FIELD_NAMES } from '../src/format/fields.ts'
import { JSON_LINES } from '../src/format/json-lines.ts'
import { NCSA } from '../src/format/ncsa.ts'
import { plain } from '../src/reader/show/colour.ts'
import { httperrLine, rejectedOf } from '../src/format/httperr.ts'
import { readable } from '../src/reader/show/readable.ts'
import { compileW3c, MAX_LINE } from '../src/format/w3c.ts'

t.test('a field is escaped as IIS does', async t => {
  t.equal(escape(null), '-')
  t.equal(escape(''), '-')
  t.equal(escape('Mozilla/5.0 (Windows NT 10.0; Win64; x64)'), 'Mozilla/5.0+(Windows+NT+10.0;+Win64;+x64)')
  t.equal(escape('a\tb\r\nc\0d\x7fe'), 'a+b++c+d+e')
  t.equal(escape('1+1 = "2" #%'), '1+1+=+"2"+#%')
  t.equal(escape('line\u2028and\u2029paragraph\u0085next\u202eright to left'), 'line+and+paragraph+next+right+to+left')
  t.equal(escape('half \ud800 a pair'), 'half+++a+pair')
})

t.test('header bytes that are valid UTF-8 are decoded as UTF-8, others stay latin1', async t => {
  const asNodeHandsItOut = (text: string) => Buffer.from(text).toString('latin1')
  t.equal(escape(asNodeHandsItOut('Zürich 😀')), 'Zürich+😀')
  t.equal(decode('Z\xfcrich'), 'Z\xfcrich')
  t.equal(decode('already 😀'), 'already 😀')
})

t.test('truncation never splits a character', async t => {
  t.equal(truncate('abc', 3), 'abc')
  t.equal(truncate('abcd', 3), 'abc')
  t.equal(truncate('ab😀', 3), 'ab')
})

const hostile = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom('\r', '\n', ' ', '\t', '#', '-', '"', '\\', '\u2028', '\x85', '\xa0', '\ufeff', '%', '+', 'é', '\u0000') }),
  fc.string().map(text => Buffer.from(`${text}\r\n2022-09-30 20:53:35 127.0.0.1 GET /forged`).toString('latin1'))
)
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null })
const exchange = fc.record({
  method: hostile,
  host: maybe(hostile),
  path: hostile,
  query: maybe(hostile),
  username: maybe(hostile),
  userAgent: maybe(hostile),
  referer: maybe(hostile),
  requestId: hostile,
  custom: fc.record({ one: maybe(hostile), two: maybe(hostile) }),
  websocket: fc.record({ closeReason: maybe(hostile), subprotocol: maybe(hostile), extensions: maybe(hostile) })
}).map(parts => ({
  endedAt: 1664571215000,
  timeTaken: 22,
  site: 'Default',
  siteId: 1,
  version: 'HTTP/1.1',
  status: 200,
  substatus: 0,
  win32Status: 0,
  serverIp: '127.0.0.1',
  serverPort: 443,
  clientIp: '127.0.0.1',
  clientPort: 50000,
  bytesSent: 1,
  bytesReceived: 2,
  ...parts
}) as unknown as Exchange)

t.test('no header, path or name can forge a line or a field', async () => {
  const all = compileW3c({ fields: FIELD_NAMES, custom: ['one', 'two'], software: 'x' })
  const few = compileW3c({ fields: ['cs-username', 'cs-uri-stem'], custom: [], software: 'x' })
  fc.assert(fc.property(exchange, exchange => {
    const line = all.line(exchange)
    const values = line.split(' ')
    if (values.length !== FIELD_NAMES.length + 2) return false
    // eslint-disable-next-line no-control-regex
    if (/[\x00-\x1f\x7f-\x9f\u2028\u2029]/.test(line) || values.includes('')) return false
    const short = few.line(exchange)
    return short.split(/\s/).length === 2 && !short.startsWith('#')
  }), { numRuns: 2_000 })
})

t.test('nor in the other formats', async () => {
  const combined = /^\S+ - \S+ \[[^\]]+\] "(?:[^"\\]|\\.)*" 200 1 "(?:[^"\\]|\\.)*" "(?:[^"\\]|\\.)*"$/
  fc.assert(fc.property(exchange, exchange => {
    const line = NCSA.line(exchange)
    // eslint-disable-next-line no-control-regex
    if (!combined.test(line) || /[\x00-\x1f\x7f-\x9f\u2028\u2029]/.test(line)) return false
    const json = JSON_LINES.line(exchange)
    return !/[\r\n]/.test(json) && JSON.parse(json).path === exchange.path
  }), { numRuns: 2_000 })
})

// Characters that a terminal interprets or hides: C0, DEL, C1, soft hyphen, zero-width, bidi, separators, a tag outside the BMP, a lone surrogate.
const UNSAFE = '\x00\x1b\x7f\x85\x9b\xad\u061c\u200b\u200e\u2028\u2029\u202e\u2066\ufeff\u{e0041}\ud800'
const SEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u

t.test('no format contains a character that a terminal interprets or hides', async t => {
  const text = `a${UNSAFE}z`
  const one = {
    endedAt: 0,
    timeTaken: 1,
    site: 's',
    siteId: 1,
    version: text,
    status: 200,
    method: text,
    host: text,
    path: `/${text}`,
    query: text,
    clientIp: text,
    username: text,
    userAgent: text,
    referer: text,
    requestId: text,
    custom: { one: text },
    websocket: { closeReason: text, subprotocol: text },
    upstream: { server: text, logId: text, routed: text, status: 200 }
  } as unknown as Exchange
  const w3c = compileW3c({ fields: FIELD_NAMES, custom: ['one'], software: 'x' })
  for (const [format, line] of Object.entries({
    w3c: w3c.line(one),
    ncsa: NCSA.line(one),
    json: JSON_LINES.line(one),
    httperr: httperrLine(rejectedOf(one)),
    readable: readable({ ...one, status: 101 }, plain)
  })) t.notMatch(line, SEEN, format)
})

t.test('NCSA writes them as escapes and keeps spaces and letters, JSON parses to the original text', async t => {
  const one = { endedAt: 0, method: 'GET', path: '/', query: null, version: 'HTTP/1.1', status: 200, clientIp: '::1', username: null, referer: `Zürich "a" \\ ${UNSAFE}`, userAgent: 'Z\xc3\xbcrich' } as unknown as Exchange
  t.match(NCSA.line(one), ' "Zürich \\"a\\" \\\\ \\x00\\x1b\\x7f\\x85\\x9b\\xad\\u061c\\u200b\\u200e\\u2028\\u2029\\u202e\\u2066\\ufeff\\udb40\\udc41\\ud800" "Zürich"')
  const json = JSON_LINES.line(one)
  t.equal(JSON.parse(json).referer, one.referer)
  t.match(json, 'Zürich')
  fc.assert(fc.property(exchange, exchange => {
    const { endedAt, ...rest } = exchange
    const line = JSON_LINES.line(exchange)
    return !SEEN.test(line) && !SEEN.test(NCSA.line(exchange)) && JSON.stringify(JSON.parse(line)) === JSON.stringify({ time: new Date(endedAt).toISOString(), ...rest })
  }))
})

t.test('a custom field and a line have their limits', async t => {
  const long = 'x'.repeat(100_000)
  const format = compileW3c({ fields: ['cs-uri-stem'], custom: ['one'], maxCustomFieldLength: 100, software: 'x' })
  const line = format.line({ endedAt: 0, path: '/', custom: { one: long } } as unknown as Exchange)
  t.equal(line, `/ ${'x'.repeat(100)}`)
  t.equal(format.line({ endedAt: 0, path: long } as unknown as Exchange).length, MAX_LINE)
  const full = compileW3c({ fields: ['cs-uri-stem', 'cs(User-Agent)', 'cs(Referer)', 'sc-status'], custom: ['one'], software: 'x' })
  const columns = full.line({ endedAt: 0, path: '/', userAgent: long, referer: long, status: 404 } as unknown as Exchange).split(' ')
  t.strictSame(columns.map(column => column.length), [1, 32_763, 32_763, 3, 1], 'no column is lost for the length of another')
  t.equal(columns[3], '404')
})

t.test('secret query parameters are masked in every spelling and encoding', async t => {
  const redact = compileRedact(['access_token', 'sig'])
  t.equal(redact('a=1&access_token=secret&b=2'), 'a=1&access_token=***&b=2')
  t.equal(redact('ACCESS%5Ftoken=secret&sig=x=y&sig'), 'ACCESS%5Ftoken=***&sig=***&sig')
  t.equal(redact('%zz=1&sig='), '%zz=1&sig=***')
  t.equal(redactUrl('https://a/?sig=1#x', redact), 'https://a/?sig=***')
  t.equal(compileRedact([])('access_token=secret'), 'access_token=secret')
})
