// Requests that two servers could read in two ways: none of them reaches the upstream as something else than was sent.
import t, { type Test } from 'tap'
import { portOf, proxy, rawUpstream, talk } from './forward-subjects.ts'

interface Case {
  readonly name: string
  readonly bytes: string
  /** Bodies the upstream may have seen, in order; an empty list where nothing may reach it. */
  readonly bodies: readonly string[]
}

const HOST = 'Host: example.test\r\n'
const END = 'Connection: close\r\n\r\n'
const HIDDEN = 'GET /smuggled HTTP/1.1\r\nHost: example.test\r\n\r\n'

const post = (headers: string, body: string) => `POST /a HTTP/1.1\r\n${HOST}${headers}Connection: close\r\n\r\n${body}`
const chunked = (body: string, header = 'Transfer-Encoding: chunked\r\n') => post(header, body)
const refused = (name: string, bytes: string): Case => ({ name, bytes, bodies: [] })
const passed = (name: string, bytes: string, ...bodies: string[]): Case => ({ name, bytes, bodies })

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
  refused('a chunk size that is not hexadecimal', chunked('x\r\nhello\r\n0\r\n\r\n')),
  refused('a chunk size with 0x', chunked('0x5\r\nhello\r\n0\r\n\r\n')),
  refused('a signed chunk size', chunked('+5\r\nhello\r\n0\r\n\r\n')),
  refused('a negative chunk size', chunked('-1\r\nhello\r\n0\r\n\r\n')),
  refused('an empty chunk size', chunked('\r\nhello\r\n0\r\n\r\n')),
  refused('a space before the chunk size', chunked(' 5\r\nhello\r\n0\r\n\r\n')),
  refused('a chunk size beyond 64 bits', chunked('ffffffffffffffffff\r\nhello\r\n0\r\n\r\n')),
  refused('a chunk that is longer than its size', chunked('3\r\nhello\r\n0\r\n\r\n')),
  refused('a chunk that is shorter than its size', chunked('9\r\nhello\r\n0\r\n\r\n')),
  refused('a bare LF behind a chunk size', chunked('5\nhello\r\n0\r\n\r\n')),
  refused('a bare CR behind a chunk size', chunked('5\rhello\r\n0\r\n\r\n')),
  refused('a bare LF behind a chunk', chunked('5\r\nhello\n0\r\n\r\n')),
  refused('a LF in a chunk extension', chunked('5;a\nhello\r\n0\r\n\r\n')),
  refused('a NUL in a chunk extension', chunked('5;a=\0\r\nhello\r\n0\r\n\r\n')),
  passed('an extension is left out', chunked('5;a=b;c="d"\r\nhello\r\n0\r\n\r\n'), 'hello'),
  passed('leading zeros in a chunk size', chunked('0005\r\nhello\r\n000\r\n\r\n'), 'hello'),
  passed('chunks are a request, and what follows is another', `POST /a HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\nGET /b HTTP/1.1\r\n${HOST}${END}`, 'hello', ''),
  refused('a trailer that frames', chunked('5\r\nhello\r\n0\r\nContent-Length: 50\r\n\r\n')),
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
  passed('an upgrade to h2c is none', `GET /a HTTP/1.1\r\n${HOST}Connection: close, Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n`, ''),
  passed('a request inside a body is a body', post(`Content-Length: ${HIDDEN.length}\r\n`, HIDDEN), HIDDEN),
  passed('a GET with a body has one', `GET /a HTTP/1.1\r\n${HOST}Content-Length: ${HIDDEN.length}\r\n${END}${HIDDEN}`, HIDDEN)
]

/** Reads what reached the upstream, as strictly as can be. Gives the bodies; throws where a byte could be read otherwise. */
function readStrictly (bytes: string): string[] {
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
        const match = /^([0-9a-f]+)\r\n/.exec(bytes)
        if (match === null) throw new Error(`chunk: ${JSON.stringify(bytes.slice(0, 50))}`)
        const size = parseInt(match[1] as string, 16)
        bytes = bytes.slice(match[0].length)
        if (size === 0) break
        body += bytes.slice(0, size)
        if (bytes.slice(size, size + 2) !== '\r\n') throw new Error('no CRLF behind a chunk')
        bytes = bytes.slice(size + 2)
      }
      const trailers = /^(?:x-ok: 1\r\n)?\r\n/i.exec(bytes)
      if (trailers === null) throw new Error(`trailers: ${JSON.stringify(bytes)}`)
      bytes = bytes.slice(trailers[0].length)
      bodies.push(body)
    } else {
      const size = Number(lengths[0] ?? 0)
      if (bytes.length < size) throw new Error('a body was cut')
      bodies.push(bytes.slice(0, size))
      bytes = bytes.slice(size)
    }
  }
  return bodies
}

async function run (t: Test, { bytes, bodies }: Case, insecureHTTPParser: boolean): Promise<void> {
  const upstream = await rawUpstream(t, (socket, head) => {
    const length = /content-length: (\d+)/i.exec(head)?.[1]
    // Bodies are not awaited: the answer says so by closing.
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 2\r\n${length === undefined && !/transfer-encoding/i.test(head) ? '' : 'X-Body: 1\r\n'}\r\nok`)
  })
  const { port } = await proxy(t, { upstream: `http://127.0.0.1:${portOf(upstream.url)}`, timeouts: { idle: 300 } }, { http: { insecureHTTPParser } } as object)
  const answer = await talk(port, bytes, /HTTP\/1\.1 [45]\d\d [^]*\r\n\r\n/)
  const received = upstream.received()
  t.notMatch(received.replaceAll(HIDDEN, bodies.includes(HIDDEN) ? '' : HIDDEN), /^GET \/smuggled/m)
  if (bodies.length === 0) {
    t.notMatch(answer, /HTTP\/1\.1 200/)
    // A request that goes wrong in its body may have been begun, but was never finished.
    t.throws(() => { t.same(readStrictly(received), []); throw new Error('nothing came') })
  } else {
    t.match(answer, /^HTTP\/1\.1 200/)
    t.same(readStrictly(received), bodies)
  }
}

t.test(`${CASES.length} requests, and what reaches the upstream`, async t => {
  t.ok(CASES.length >= 60)
  for (const one of CASES) await t.test(one.name, t => run(t, one, false))
})

t.test('with a lenient parser in front, what reaches the upstream is as strict', async t => {
  for (const { name, bytes, bodies } of CASES) {
    await t.test(name, async t => {
      const upstream = await rawUpstream(t, socket => { socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok') })
      const { port } = await proxy(t, { upstream: upstream.url, timeouts: { idle: 300 } }, { http: { insecureHTTPParser: true }, connectionTimeout: 1500 } as object)
      await talk(port, bytes, /HTTP\/1\.1 [45]\d\d [^]*\r\n\r\n|ok$/)
      let seen: string[] = []
      try {
        seen = readStrictly(upstream.received())
      } catch (error) {
        // A body that was cut is one the upstream never takes for whole.
        t.match(String(error), /a body was cut|Error: chunk: ""/)
      }
      t.ok(seen.length <= Math.max(1, bodies.length))
    })
  }
})
