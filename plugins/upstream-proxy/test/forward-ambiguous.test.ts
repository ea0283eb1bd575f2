// Requests that two servers could read in two ways: none of them reaches the upstream as something else than was sent.
import { connect } from 'node:net'
import t, { type Test } from 'tap'
import { closed, FRAME, proxy, rawHttp2, rawUpstream, talk } from './forward-subjects.ts'

interface Case {
  readonly name: string
  readonly bytes: string
  /** What the upstream sees of it: its requests, nothing at all, or one that was begun and never finished. */
  readonly fate: 'passed' | 'refused' | 'broken'
  /** The bodies of those requests, in order. */
  readonly bodies: readonly string[]
}

const HOST = 'Host: example.test\r\n'
const END = 'Connection: close\r\n\r\n'
const HIDDEN = 'GET /smuggled HTTP/1.1\r\nHost: example.test\r\n\r\n'

const post = (headers: string, body: string) => `POST /a HTTP/1.1\r\n${HOST}${headers}Connection: close\r\n\r\n${body}`
const chunked = (body: string, header = 'Transfer-Encoding: chunked\r\n') => post(header, body)
const refused = (name: string, bytes: string): Case => ({ name, bytes, fate: 'refused', bodies: [] })
// It goes wrong behind its head.
const broken = (name: string, bytes: string): Case => ({ name, bytes, fate: 'broken', bodies: [] })
const passed = (name: string, bytes: string, ...bodies: string[]): Case => ({ name, bytes, fate: 'passed', bodies })

const CASES: readonly Case[] = [
  // Two words about the length
  refused('two different Content-Lengths', post('Content-Length: 5\r\nContent-Length: 6\r\n', 'hello!')),
  refused('two equal Content-Lengths', post('Content-Length: 5\r\nContent-Length: 5\r\n', 'hello')),
  refused('a list of Content-Lengths', post('Content-Length: 5, 5\r\n', 'hello')),
  refused('Content-Length, then Transfer-Encoding', post('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n' + HIDDEN)),
  refused('Transfer-Encoding, then Content-Length', post('Transfer-Encoding: chunked\r\nContent-Length: 5\r\n', '0\r\n\r\n' + HIDDEN)),
  refused('Content-Length 0 with Transfer-Encoding', post('Content-Length: 0\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n')),
  refused('a signed Content-Length', post('Content-Length: +5\r\n', 'hello')),
  refused('a negative Content-Length', post('Content-Length: -5\r\n', 'hello')),
  refused('a hexadecimal Content-Length', post('Content-Length: 0x5\r\n', 'hello')),
  refused('a Content-Length with an exponent', post('Content-Length: 5e0\r\n', 'hello')),
  refused('a fraction as Content-Length', post('Content-Length: 5.0\r\n', 'hello')),
  refused('a Content-Length with a space inside', post('Content-Length: 1 0\r\n', 'hellohello')),
  refused('an empty Content-Length', post('Content-Length:\r\n', 'hello')),
  refused('a Content-Length beyond 64 bits', post('Content-Length: 99999999999999999999999\r\n', 'hello')),
  refused('a Content-Length with a letter', post('Content-Length: 5a\r\n', 'hello')),
  passed('leading zeros in Content-Length', post('Content-Length: 005\r\n', 'hello'), 'hello'),
  passed('bytes behind the Content-Length are another request', `POST /a HTTP/1.1\r\n${HOST}Content-Length: 5\r\n\r\nhelloGET /b HTTP/1.1\r\n${HOST}${END}`, 'hello', ''),

  // Codings
  refused('an unknown coding', chunked('0\r\n\r\n', 'Transfer-Encoding: xchunked\r\n')),
  refused('chunked is not the last coding', chunked('0\r\n\r\n', 'Transfer-Encoding: chunked, gzip\r\n')),
  refused('chunked twice', chunked('0\r\n\r\n', 'Transfer-Encoding: chunked, chunked\r\n')),
  refused('two Transfer-Encodings', chunked('0\r\n\r\n', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n')),
  refused('identity, then chunked', chunked('0\r\n\r\n', 'Transfer-Encoding: identity, chunked\r\n')),
  refused('identity alone', chunked('hello', 'Transfer-Encoding: identity\r\n')),
  refused('gzip, chunked', chunked('0\r\n\r\n', 'Transfer-Encoding: gzip, chunked\r\n')),
  refused('a quoted coding', chunked('0\r\n\r\n', 'Transfer-Encoding: "chunked"\r\n')),
  refused('a coding with a vertical tab', chunked('0\r\n\r\n', 'Transfer-Encoding: \x0bchunked\r\n')),
  refused('an empty coding', chunked('0\r\n\r\n', 'Transfer-Encoding:\r\n')),
  refused('a space before the colon', chunked('0\r\n\r\n', 'Transfer-Encoding : chunked\r\n')),
  refused('a coding in HTTP/1.0', `POST /a HTTP/1.0\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`),
  passed('CHUNKED is chunked', chunked('5\r\nhello\r\n0\r\n\r\n', 'Transfer-Encoding: CHUNKED\r\n'), 'hello'),
  passed('a tab before the coding', chunked('5\r\nhello\r\n0\r\n\r\n', 'Transfer-Encoding:\tchunked\r\n'), 'hello'),
  passed('a header that only looks like a coding', post('Transfer_Encoding: chunked\r\nContent-Length: 5\r\n', 'hello'), 'hello'),

  // Chunks
  broken('a chunk size that is not hexadecimal', chunked('x\r\nhello\r\n0\r\n\r\n')),
  broken('a chunk size with 0x', chunked('0x5\r\nhello\r\n0\r\n\r\n')),
  broken('a signed chunk size', chunked('+5\r\nhello\r\n0\r\n\r\n')),
  broken('a negative chunk size', chunked('-1\r\nhello\r\n0\r\n\r\n')),
  broken('an empty chunk size', chunked('\r\nhello\r\n0\r\n\r\n')),
  broken('a space before the chunk size', chunked(' 5\r\nhello\r\n0\r\n\r\n')),
  broken('a chunk size beyond 64 bits', chunked('ffffffffffffffffff\r\nhello\r\n0\r\n\r\n')),
  broken('a chunk that is longer than its size', chunked('3\r\nhello\r\n0\r\n\r\n')),
  broken('a chunk that is shorter than its size', chunked('9\r\nhello\r\n0\r\n\r\n')),
  broken('a bare LF behind a chunk size', chunked('5\nhello\r\n0\r\n\r\n')),
  broken('a bare CR behind a chunk size', chunked('5\rhello\r\n0\r\n\r\n')),
  broken('a bare LF behind a chunk', chunked('5\r\nhello\n0\r\n\r\n')),
  broken('a LF in a chunk extension', chunked('5;a\nhello\r\n0\r\n\r\n')),
  broken('a NUL in a chunk extension', chunked('5;a=\0\r\nhello\r\n0\r\n\r\n')),
  passed('an extension is left out', chunked('5;a=b;c="d"\r\nhello\r\n0\r\n\r\n'), 'hello'),
  passed('leading zeros in a chunk size', chunked('0005\r\nhello\r\n000\r\n\r\n'), 'hello'),
  passed('chunks are a request, and what follows is another', `POST /a HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\nGET /b HTTP/1.1\r\n${HOST}${END}`, 'hello', ''),
  broken('a trailer that frames', chunked('5\r\nhello\r\n0\r\nContent-Length: 50\r\n\r\n')),
  passed('a trailer that names a host is left out', chunked('5\r\nhello\r\n0\r\nHost: other\r\nX-Ok: 1\r\n\r\n'), 'hello'),

  // Lines and fields
  refused('a folded header', `GET /a HTTP/1.1\r\n${HOST}X-A: b\r\n c\r\n${END}`),
  refused('a folded header with a tab', `GET /a HTTP/1.1\r\n${HOST}X-A: b\r\n\tTransfer-Encoding: chunked\r\n${END}`),
  refused('a space before the first header', `GET /a HTTP/1.1\r\n Host: example.test\r\n${END}`),
  refused('bare LFs', 'GET /a HTTP/1.1\nHost: example.test\nConnection: close\n\n'),
  refused('a bare LF between headers', `GET /a HTTP/1.1\r\n${HOST}X-A: b\nX-B: c\r\n${END}`),
  refused('a bare CR between headers', `GET /a HTTP/1.1\r\n${HOST}X-A: b\rX-B: c\r\n${END}`),
  refused('a bare CR in a value', `GET /a HTTP/1.1\r\n${HOST}X-A: b\rc\r\n${END}`),
  refused('a NUL in a value', `GET /a HTTP/1.1\r\n${HOST}X-A: b\0c\r\n${END}`),
  refused('a NUL in a name', `GET /a HTTP/1.1\r\n${HOST}X\0A: b\r\n${END}`),
  refused('a space in a name', `GET /a HTTP/1.1\r\n${HOST}X A: b\r\n${END}`),
  refused('a space before a colon', `GET /a HTTP/1.1\r\nHost : example.test\r\n${END}`),
  refused('a header without a name', `GET /a HTTP/1.1\r\n${HOST}: b\r\n${END}`),
  refused('a header without a colon', `GET /a HTTP/1.1\r\n${HOST}X-A\r\n${END}`),
  refused('a parenthesis in a name', `GET /a HTTP/1.1\r\n${HOST}X(A): b\r\n${END}`),
  refused('a letter beyond ASCII in a name', `GET /a HTTP/1.1\r\n${HOST}X-\u00e9: b\r\n${END}`),
  refused('a DEL in a value', `GET /a HTTP/1.1\r\n${HOST}X-A: b\x7f\r\n${END}`),

  // The request line
  refused('a space in the target', `GET /a b HTTP/1.1\r\n${HOST}${END}`),
  refused('a tab in the request line', `GET\t/a\tHTTP/1.1\r\n${HOST}${END}`),
  refused('a NUL in the target', `GET /a\0b HTTP/1.1\r\n${HOST}${END}`),
  refused('no version', `GET /a\r\n${HOST}${END}`),
  refused('a version of two digits', `GET /a HTTP/1.10\r\n${HOST}${END}`),
  refused('HTTP/2.0 in plain text', `GET /a HTTP/2.0\r\n${HOST}${END}`),
  refused('a method in lower case', `get /a HTTP/1.1\r\n${HOST}${END}`),
  refused('a method that is none', `GE(T /a HTTP/1.1\r\n${HOST}${END}`),
  refused('a target that is no path', `GET a HTTP/1.1\r\n${HOST}${END}`),
  refused('a fragment', `GET /a#b HTTP/1.1\r\n${HOST}${END}`),
  refused('a climb out of the root', `GET /../a HTTP/1.1\r\n${HOST}${END}`),
  refused('an encoded climb out of the root', `GET /%2e%2e/a HTTP/1.1\r\n${HOST}${END}`),
  refused('a climb behind backslashes', `GET /x\\..\\..\\a HTTP/1.1\r\n${HOST}${END}`),
  refused('a climb with encoded slashes', `GET /x%2f..%2f..%2fa HTTP/1.1\r\n${HOST}${END}`),
  refused('a climb with a parameter', `GET /..;x=1/a HTTP/1.1\r\n${HOST}${END}`),

  // Whom it is for
  refused('no Host', `GET /a HTTP/1.1\r\n${END}`),
  refused('two Hosts', `GET /a HTTP/1.1\r\n${HOST}Host: other.test\r\n${END}`),
  refused('absolute-form against another Host', `GET http://other.test/a HTTP/1.1\r\n${HOST}${END}`),
  refused('absolute-form with a user', `GET http://example.test@other.test/a HTTP/1.1\r\n${HOST}${END}`),
  passed('absolute-form of the same Host', `GET http://example.test/a HTTP/1.1\r\n${HOST}${END}`, ''),
  refused('CONNECT', `CONNECT other.test:80 HTTP/1.1\r\n${HOST}${END}`),

  // What ends at this hop
  passed('Connection names the framing', post('Connection: content-length, host\r\nContent-Length: 5\r\n', 'hello'), 'hello'),
  passed('Connection names what the proxy adds', `GET /a HTTP/1.1\r\n${HOST}Connection: close, x-forwarded-for, x-arr-log-id\r\n\r\n`, ''),
  passed('Keep-Alive in the words of old', `GET /a HTTP/1.1\r\n${HOST}Keep-Alive: 300\r\n${END}`, ''),
  passed('an upgrade to h2c is none', `GET /a HTTP/1.1\r\n${HOST}Connection: close, Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n`, ''),
  passed('a request inside a body is a body', post(`Content-Length: ${HIDDEN.length}\r\n`, HIDDEN), HIDDEN),
  passed('a GET with a body has one', `GET /a HTTP/1.1\r\n${HOST}Content-Length: ${HIDDEN.length}\r\n${END}${HIDDEN}`, HIDDEN)
]

/** What reached an upstream. */
interface Seen {
  readonly bodies: string[]
  /** The bytes end within a request: no server takes it for whole. */
  readonly cut: boolean
}

/** Reads what reached the upstream, as strictly as can be. Throws where a byte could be read otherwise. */
function readStrictly (bytes: string): Seen {
  const bodies: string[] = []
  while (bytes !== '') {
    const end = bytes.indexOf('\r\n\r\n')
    if (end === -1) throw new Error(`no end of a head: ${JSON.stringify(bytes.slice(0, 200))}`)
    const [line = '', ...fields] = bytes.slice(0, end).split('\r\n')
    bytes = bytes.slice(end + 4)
    if (!/^[A-Z-]+ \/[\x21-\x7e\x80-\xff]* HTTP\/1\.1$/.test(line)) throw new Error(`request line: ${JSON.stringify(line)}`)
    const headers = new Map<string, string[]>()
    for (const field of fields) {
      const match = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+): ([\t\x20-\x7e\x80-\xff]*)$/.exec(field)
      if (match === null) throw new Error(`field: ${JSON.stringify(field)}`)
      const name = (match[1] as string).toLowerCase()
      headers.set(name, [...headers.get(name) ?? [], match[2] as string])
    }
    for (const name of ['upgrade', 'http2-settings', 'keep-alive', 'connection', 'proxy-connection']) {
      if (headers.has(name)) throw new Error(`${name} came through`)
    }
    for (const name of ['host', 'x-forwarded-for', 'x-arr-log-id']) {
      if (headers.get(name)?.length !== 1) throw new Error(`${name}: ${headers.get(name)?.length ?? 0} times`)
    }
    const lengths = headers.get('content-length') ?? []
    const codings = headers.get('transfer-encoding') ?? []
    if (lengths.length + codings.length > 1) throw new Error('two words about the length')
    if (codings.length === 1) {
      if (codings[0] !== 'chunked') throw new Error(`coding: ${codings[0]}`)
      let body = ''
      for (;;) {
        if (/^(?:[0-9a-f]+\r?)?$/.test(bytes)) return { bodies, cut: true }
        const match = /^([0-9a-f]+)\r\n/.exec(bytes)
        if (match === null) throw new Error(`chunk: ${JSON.stringify(bytes.slice(0, 50))}`)
        const size = parseInt(match[1] as string, 16)
        bytes = bytes.slice(match[0].length)
        if (size === 0) break
        body += bytes.slice(0, size)
        bytes = bytes.slice(size)
        if (bytes.length < 2 && '\r\n'.startsWith(bytes)) return { bodies, cut: true }
        if (!bytes.startsWith('\r\n')) throw new Error('no CRLF behind a chunk')
        bytes = bytes.slice(2)
      }
      const trailers = /^(?:x-ok: 1\r\n)?\r\n/i.exec(bytes)
      if (trailers === null) throw new Error(`trailers: ${JSON.stringify(bytes)}`)
      bytes = bytes.slice(trailers[0].length)
      bodies.push(body)
    } else {
      const size = Number(lengths[0] ?? 0)
      if (bytes.length < size) return { bodies, cut: true }
      bodies.push(bytes.slice(0, size))
      bytes = bytes.slice(size)
    }
  }
  return { bodies, cut: false }
}

const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

/** What goes wrong in silence is waited for, for a moment; what is to pass may take its time. */
const patience = ({ fate }: Case) => ({ idle: fate === 'passed' ? 60_000 : 300 })

/** What reached the upstream is what was sent, or nothing whole. */
function check (t: Test, { fate, bodies }: Pick<Case, 'fate' | 'bodies'>, received: string): void {
  if (fate === 'refused') t.equal(received, '', 'nothing reached the upstream')
  else if (fate === 'passed') t.same(readStrictly(received), { bodies, cut: false })
  else if (received !== '') t.same(readStrictly(received), { bodies: [], cut: true }, 'what was begun was not finished')
}

t.test(`${CASES.length} requests, and what reaches the upstream`, async t => {
  t.ok(CASES.length >= 60)
  for (const one of CASES) {
    await t.test(one.name, async t => {
      // Bodies are not awaited.
      const upstream = await rawUpstream(t, socket => socket.write(ANSWER))
      const { port } = await proxy(t, { upstream: upstream.url, timeouts: patience(one) })
      const answer = await talk(port, one.bytes, /HTTP\/1\.1 [45]\d\d [^]*\r\n\r\n/)
      if (one.fate === 'passed') t.match(answer, /^HTTP\/1\.1 200/)
      else t.notMatch(answer, /HTTP\/1\.1 200/)
      check(t, one, upstream.received())
    })
  }
})

t.test('where the fault comes after the head has left, the upstream never has a whole request', async t => {
  for (const { name, bytes } of CASES.filter(({ fate }) => fate === 'broken')) {
    await t.test(name, async t => {
      const upstream = await rawUpstream(t, () => {})
      const { port } = await proxy(t, { upstream: upstream.url, timeouts: { idle: 300 } })
      const client = connect(port, '127.0.0.1')
      client.on('error', () => {})
      const body = bytes.indexOf('\r\n\r\n') + 4
      client.write(bytes.slice(0, body))
      while (!upstream.received().includes('\r\n\r\n')) await new Promise(resolve => setImmediate(resolve))
      client.write(bytes.slice(body), 'latin1')
      client.resume()
      await closed(client)
      await closed(upstream.sockets[0]!)
      t.equal(upstream.sockets.length, 1)
      t.same(readStrictly(upstream.received()), { bodies: [], cut: true })
    })
  }
})

t.test('with a lenient parser in front, what reaches the upstream is as strict', async t => {
  for (const one of CASES) {
    await t.test(one.name, async t => {
      const upstream = await rawUpstream(t, socket => socket.write(ANSWER))
      const { port } = await proxy(t, { upstream: upstream.url, timeouts: patience(one) }, { http: { insecureHTTPParser: true }, connectionTimeout: one.fate === 'passed' ? 60_000 : 1500 } as object)
      await talk(port, one.bytes, /HTTP\/1\.1 [45]\d\d [^]*\r\n\r\n|ok$/)
      const received = upstream.received()
      if (one.fate === 'passed') {
        check(t, one, received)
      } else if (received !== '') {
        // What the parser forgives goes on without the fault, as the one request it was meant to be.
        const { bodies, cut } = readStrictly(received)
        if (!cut) t.same(bodies, [one.fate === 'broken' ? 'hello' : ''])
        else t.same(bodies, [])
      }
    })
  }
})

interface Http2Case extends Omit<Case, 'bytes' | 'fate'> {
  /** As above; or nghttp2, which reads for Node, leaves the field out that is not valid. */
  readonly fate: Case['fate'] | 'cleaned'
  readonly fields: readonly string[]
  /** Frames of data; the last one ends the stream. Where there are none, the fields do. */
  readonly data: readonly string[]
}

const METHOD = [':method', 'GET', ':scheme', 'http']
const TO_HOST = [':authority', 'example.test']
const GET_A = [...METHOD, ...TO_HOST, ':path', '/a']
const POST_A = [':method', 'POST', ':scheme', 'http', ...TO_HOST, ':path', '/a']
const case2 = (fate: Http2Case['fate']) => (name: string, fields: readonly string[], data: readonly string[] = [], ...bodies: string[]): Http2Case => ({ name, fields, data, fate, bodies })
const [refused2, broken2, cleaned2, passed2] = [case2('refused'), case2('broken'), case2('cleaned'), case2('passed')]

const HTTP2_CASES: readonly Http2Case[] = [
  refused2('another Host than :authority', [...GET_A, 'host', 'other.test']),
  refused2('the same Host and another', [...GET_A, 'host', 'example.test', 'host', 'other.test']),
  refused2('two Hosts', [...METHOD, ':path', '/a', 'host', 'example.test', 'host', 'other.test']),
  refused2('two :authority', [...GET_A, ...TO_HOST]),
  refused2('two :path', [...GET_A, ':path', '/b']),
  refused2('no :path', [...METHOD, ...TO_HOST]),
  refused2('an empty :path', [...METHOD, ...TO_HOST, ':path', '']),
  refused2('a :path that is none', [...METHOD, ...TO_HOST, ':path', 'a']),
  refused2('a :path with a space', [...METHOD, ...TO_HOST, ':path', '/a HTTP/1.1']),
  refused2('a :path with line ends', [...METHOD, ...TO_HOST, ':path', '/a HTTP/1.1\r\nX-A: b']),
  refused2('a :path that climbs', [...METHOD, ...TO_HOST, ':path', '/../a']),
  refused2('absolute-form against :authority', [...METHOD, ...TO_HOST, ':path', 'http://other.test/a']),
  refused2('a :method with line ends', [':method', 'GET /smuggled HTTP/1.1\r\nX-A:', ':scheme', 'http', ...TO_HOST, ':path', '/a']),
  refused2('a pseudo-header behind a header', [...METHOD, ':path', '/a', 'x-a', 'b', ...TO_HOST]),
  refused2('an unknown pseudo-header', [...GET_A, ':x', 'y']),
  cleaned2('line ends in a value', [...GET_A, 'x-a', 'b\r\nx-b: c']),
  cleaned2('a bare LF in a value', [...GET_A, 'x-a', 'b\nx-b: c']),
  cleaned2('a NUL in a value', [...GET_A, 'x-a', 'b\0c']),
  cleaned2('line ends in a name', [...GET_A, 'x-a: b\r\nx-b', 'c']),
  cleaned2('a space in a name', [...GET_A, 'x a', 'b']),
  cleaned2('a colon in a name', [...GET_A, 'transfer-encoding:', 'chunked']),
  refused2('a name in upper case', [...GET_A, 'X-A', 'b']),
  refused2('Transfer-Encoding', [...POST_A, 'transfer-encoding', 'chunked'], ['0\r\n\r\n' + HIDDEN]),
  refused2('Connection', [...GET_A, 'connection', 'x-a', 'x-a', 'b']),
  refused2('two Content-Lengths', [...POST_A, 'content-length', '5', 'content-length', '6'], ['hello!']),
  refused2('a list of Content-Lengths', [...POST_A, 'content-length', '5, 5'], ['hello']),
  refused2('a signed Content-Length', [...POST_A, 'content-length', '+5'], ['hello']),
  refused2('a Content-Length, and no data', [...POST_A, 'content-length', '5']),
  broken2('data that is shorter than Content-Length', [...POST_A, 'content-length', '5'], ['hel']),
  broken2('data that is longer than Content-Length', [...POST_A, 'content-length', '5'], ['hello' + HIDDEN]),
  broken2('data that becomes longer than Content-Length', [...POST_A, 'content-length', '5'], ['hel', 'lo' + HIDDEN]),
  broken2('data, and Content-Length 0', [...POST_A, 'content-length', '0'], [HIDDEN]),
  passed2('the same Host as :authority', [...GET_A, 'host', 'example.test'], [], ''),
  passed2('Host alone', [...METHOD, ':path', '/a', 'host', 'example.test'], [], ''),
  passed2('data of its Content-Length', [...POST_A, 'content-length', '5'], ['hel', 'lo'], 'hello'),
  passed2('data without a Content-Length', POST_A, ['hel', '', 'lo'], 'hello'),
  passed2('chunks and a request in the data are data', POST_A, ['0\r\n\r\n', HIDDEN], '0\r\n\r\n' + HIDDEN)
]

t.test(`${HTTP2_CASES.length} requests of HTTP/2, and what reaches the upstream`, async t => {
  for (const one of HTTP2_CASES) {
    await t.test(one.name, async t => {
      const upstream = await rawUpstream(t, socket => {
        const answer = () => { if (!readStrictly(upstream.received()).cut) socket.write(ANSWER) }
        answer()
        socket.on('data', answer)
      })
      const { port } = await proxy(t, { upstream: upstream.url }, { http2: true } as object)
      const client = rawHttp2(t, port)
      client.open(1, one.fields, one.data.length === 0)
      for (const [at, part] of one.data.entries()) client.send(FRAME.DATA, at === one.data.length - 1 ? FRAME.END_STREAM : 0, 1, part)
      const outcome = await client.frame(({ type, stream }) => ([FRAME.HEADERS, FRAME.RST_STREAM] as number[]).includes(type) && stream === 1)
      // The first byte of a head's block, where it is `:status 200` (RFC 7541, appendix A).
      const served = outcome?.type === FRAME.HEADERS && outcome.payload[0] === 0x88
      const { fate, bodies } = one
      if (fate === 'cleaned') {
        t.notMatch(upstream.received(), /x-[ab]\b|x a|chunked/i)
        check(t, served ? { fate: 'passed', bodies: [''] } : { fate: 'refused', bodies }, upstream.received())
        return
      }
      t.equal(served, fate === 'passed')
      if (fate === 'broken') await Promise.all(upstream.sockets.map(closed))
      check(t, { fate, bodies }, upstream.received())
    })
  }
})

t.test('a request with more headers than Node reads is refused: the last ones might say how long it is', async t => {
  const upstream = await rawUpstream(t, socket => socket.write(ANSWER))
  const lines = (count: number) => 'a: b\r\n'.repeat(count)
  for (const [limit, count] of [[null, 1005], [null, 1030], [20, 25], [32, 40]] as const) {
    const { app, port } = await proxy(t, { upstream: upstream.url })
    app.server.maxHeadersCount = limit
    for (const last of ['Content-Length: 5\r\n', 'Transfer-Encoding: chunked\r\n']) {
      const body = last.startsWith('C') ? 'hello' : '5\r\nhello\r\n0\r\n\r\n'
      t.match(await talk(port, `POST /a HTTP/1.1\r\n${HOST}Connection: close\r\n${lines(count)}${last}\r\n${body}`), /^HTTP\/1\.1 4(?:00|31) /, `${count} of ${limit}`)
    }
  }
  // An upgrade that is served as plain HTTP is written anew.
  const again = await proxy(t, { upstream: upstream.url })
  const upgrade = 'Upgrade: h2c\r\nConnection: Upgrade\r\n'
  for (const count of [1010, 1100]) {
    t.match(await talk(again.port, `POST /a HTTP/1.1\r\n${HOST}${upgrade}${lines(count)}Content-Length: ${HIDDEN.length}\r\n\r\n${HIDDEN}`), /^HTTP\/1\.1 4(?:00|31) /)
  }
  t.equal(upstream.received(), '')
  const { app, port } = await proxy(t, { upstream: upstream.url, connections: { idle: 0 } })
  t.match(await talk(port, `POST /a HTTP/1.1\r\n${HOST}${lines(900)}Content-Length: 5\r\n${END}hello`), /^HTTP\/1\.1 200 /)
  app.server.maxHeadersCount = 0
  t.match(await talk(port, `POST /a HTTP/1.1\r\n${HOST}${lines(1500)}Content-Length: 5\r\n${END}hello`), /^HTTP\/1\.1 200 /, 'no limit, nothing cut')
  t.same(readStrictly(upstream.received()), { bodies: ['hello', 'hello'], cut: false })
})
