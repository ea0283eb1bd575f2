// Origins against a URL parser: what is let in is a page of the host, scheme and port that an entry names, for whatever text a client sends.
import fc from 'fast-check'
import t from 'tap'
import { compileEntry } from '../src/web-sockets/origin-entries.ts'
import { parseOrigin } from '../src/web-sockets/origin.ts'
import { isSameOrigin } from '../src/web-sockets/same-origin.ts'

const HOSTS = ['example.com', 'a.example.com', 'b.a.example.com', 'evilexample.com', 'example.com.evil.net', '127.0.0.1', '[::1]', 'xn--bcher-kva.example', 'localhost']
const host = fc.constantFrom(...HOSTS)
const port = fc.constantFrom('', ':80', ':443', ':8080', ':0', ':65535')
const scheme = fc.constantFrom('http', 'https', 'ws', 'chrome-extension')
const spelled = (text: fc.Arbitrary<string>) => fc.tuple(text, fc.constantFrom('', '@', '.', '/', '\\', '#', '?', '%2e', ' ', ',', '\t', '*', ':'), fc.nat()).map(([text, piece, at]) => {
  const place = at % (text.length + 1)
  return text.slice(0, place) + piece + text.slice(place)
})
/** Origins, and texts that are almost one. */
const origin = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(fc.constantFrom('http', 'https'), host, port).map(([scheme, host, port]) => `${scheme}://${host}${port}`) },
  fc.tuple(scheme, host, port).map(([scheme, host, port]) => `${scheme}://${host}${port}`),
  spelled(fc.tuple(scheme, host, port).map(([scheme, host, port]) => `${scheme}://${host}${port}`)),
  fc.tuple(scheme, host, host).map(([scheme, first, second]) => `${scheme}://${first}@${second}`),
  fc.webUrl(),
  fc.string({ maxLength: 30 })
)

/** What a browser writes for the page of a URL. */
const serialised = (url: URL): string => url.origin === 'null' ? `${url.protocol}//${url.host}` : url.origin

t.test('what is read as an origin is what a URL parser writes for it', async t => {
  fc.assert(fc.property(origin, text => {
    const parsed = parseOrigin(text)
    if (parsed === null) return
    const url = new URL(text)
    const isWhole = serialised(url) === text && parsed.host === url.hostname && `${parsed.scheme}:` === url.protocol && url.pathname.length <= 1 && url.username === ''
    if (!isWhole) t.fail(text)
  }), { numRuns: 10_000 })
  t.pass()
})

t.test('every origin that a URL parser writes is read', async t => {
  let read = 0
  fc.assert(fc.property(fc.webUrl({ withQueryParameters: true }), text => {
    const { origin, hostname, port, protocol } = new URL(text)
    read++
    t.same(parseOrigin(origin), { scheme: protocol.slice(0, -1), host: hostname, port: port === '' ? (protocol === 'http:' ? 80 : 443) : Number(port) })
  }), { numRuns: 300 })
  t.equal(read, 300)
})

t.test('an entry lets in what the parser says is its host, scheme and port, and nothing else', async t => {
  const entry = fc.record({ scheme: fc.option(fc.constantFrom('http', 'https'), { nil: undefined }), wildcard: fc.boolean(), host, port: fc.constantFrom(undefined, 80, 443, 8080) })
  let matched = 0
  fc.assert(fc.property(entry, origin, ({ scheme, wildcard, host, port }, text) => {
    const allows = compileEntry(`${scheme === undefined ? '' : `${scheme}://`}${wildcard ? '*.' : ''}${host}${port === undefined ? '' : `:${port}`}`)
    if (allows === null) {
      if (!wildcard || !/^[[\d]/.test(host)) t.fail('only a wildcard of addresses is none')
      return
    }
    const parsed = parseOrigin(text)
    const isAllowed = parsed !== null && allows(parsed)
    const url = URL.canParse(text) ? new URL(text) : null
    const usual = url?.protocol === 'https:' ? 443 : 80
    const expected = url !== null && serialised(url) === text && ['http:', 'https:'].includes(url.protocol) &&
      (scheme === undefined || url.protocol === `${scheme}:`) &&
      (wildcard ? url.hostname.endsWith(`.${host}`) && url.hostname.split('.').every(label => label !== '') : url.hostname === host) &&
      (url.port === '' ? usual : Number(url.port)) === (port ?? usual)
    if (isAllowed) matched++
    if (isAllowed !== expected) t.fail(`${text} for ${scheme ?? ''} ${wildcard ? '*.' : ''}${host} ${port ?? ''}`)
  }), { numRuns: 20_000 })
  t.ok(matched > 20, 'some are let in')
})

t.test('same lets in what the parser says is the page of the request\'s own URL', async t => {
  const authority = fc.tuple(host, port).map(parts => parts.join(''))
  let matched = 0
  fc.assert(fc.property(fc.constantFrom('http', 'https'), fc.oneof(authority, spelled(authority)), origin, (protocol, asked, text) => {
    const parsed = parseOrigin(text)
    if (parsed === null || !isSameOrigin(parsed, { protocol, host: asked } as never)) return
    matched++
    if (new URL(`${protocol}://${asked}`).origin !== text) t.fail(`${text} asks ${protocol} ${asked}`)
  }), { numRuns: 20_000 })
  t.ok(matched > 20, 'some are let in')
})
