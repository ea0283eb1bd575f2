// Which targets and Hosts are never sent to an upstream, whether from a client, a rule or an option?
import { once } from 'node:events'
import { connect as connectHttp2, constants, type ClientHttp2Stream } from 'node:http2'
import t from 'tap'
import { Origins } from '../src/route/target.ts'
import { answering, ask, FRAME, proxy, rawHttp2, rawUpstream, talk } from './forward-subjects.ts'
import { ask as askRaw, handshake } from './parts.ts'
import { ask as askStream, http2Proxy, session } from './tunnel-subjects.ts'

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const BAD = /^HTTP\/1\.1 400 [^]*"code":"FST_ARR_PROXY_BAD_TARGET"/

const get = (target: string) => `GET ${target} HTTP/1.1\r\nHost: public.test\r\nConnection: close\r\n\r\n`

for (const [what, path] of [['an encoded NUL in the path', '/a%00b'], ['an encoded NUL at its end', '/%00'], ['a fragment', '/a#b'], ['a fragment behind a query', '/a?b#c']] as const) {
  t.test(`${what} is a 400 for pages and WebSockets, whatever a rule would make of it`, async t => {
    const backend = await answering(t, OK)
    const ways = {
      'as it is': { upstream: backend.url },
      'put into a URL': { to: (request: { raw: { url?: string } }) => backend.url + (request.raw.url as string) },
      'replaced by a rule': { to: () => `${backend.url}/else` },
      'replaced by a prefix': { upstream: backend.url, prefix: '/:any', rewritePrefix: '/' }
    }
    for (const [way, options] of Object.entries(ways)) {
      const { port } = await proxy(t, options)
      t.match(await talk(port, get(path)), BAD, way)
      // Node's client refuses a fragment here.
      t.match(await talk(port, get(`http://public.test${path}`)), path.includes('#') ? /^HTTP\/1\.1 400 / : BAD, `${way}: absolute`)
      t.match(await askRaw(t, port, handshake(path)), BAD, `${way}: an upgrade`)
      const h2 = await http2Proxy(t, options)
      const connection = await session(t, h2.port)
      for (const stream of [connection.request({ ':path': path }), askStream(connection, { ':path': path })]) {
        t.equal((await once(stream, 'response'))[0][':status'], 400, `${way}: HTTP/2`)
        stream.close(constants.NGHTTP2_CANCEL)
      }
    }
    t.equal(backend.received(), '')
  })
}

t.test('an encoded NUL in a query is the backend\'s to read, and so is %2500', async t => {
  const backend = await answering(t, OK)
  const { port } = await proxy(t, { upstream: backend.url })
  for (const path of ['/?a=%00', '/%2500', '/%01?%00?%00']) {
    await talk(port, get(path))
  }
  t.same(backend.received().match(/^GET \S+/gm), ['GET /?a=%00', 'GET /%2500', 'GET /%01?%00?%00'])
})

t.test('an encoded NUL in a path made by a rule, a prefix or rewriteRequest is refused too', async t => {
  const backend = await answering(t, OK)
  for (const made of [`${backend.url}/%00`, `${backend.url}/a#b`, `${backend.url}#b`, '/a%00', '/a#b']) {
    const { port } = await proxy(t, { upstream: backend.url, to: () => made })
    t.match(await talk(port, get('/')), BAD, made)
    t.match(await askRaw(t, port, handshake()), BAD, made)
    if (made.startsWith('/')) continue
    const rewriting = await proxy(t, { upstream: backend.url, rewriteRequest: (_, { out }) => { out.url = made } })
    t.match(await talk(rewriting.port, get('/')), BAD, `rewriteRequest: ${made}`)
    t.match(await askRaw(t, rewriting.port, handshake()), BAD, `rewriteRequest: ${made}`)
  }
  const { port } = await proxy(t, { upstream: backend.url, rewritePrefix: '/%00/' })
  t.match(await talk(port, get('/')), BAD)
  t.equal(backend.received(), '')
})

// Values that a Host header may not have; the last is empty.
const HOSTS = ['evil test', 'a@b', 'a/b', ':80', 'a:1:2', 'a:port', 'a:99999', 'a?b', 'a#b', 'a\\b', '[::1', '[zz]', '::1', '[::1]x', 'a%00b', '%61', 'a\u00e9', 'a, b', 'a,b', '']

t.test('a Host that is no authority is a 400, be it a rule\'s, rewriteRequest\'s or the client\'s own that is preserved', async t => {
  const backend = await answering(t, OK)
  for (const host of HOSTS) {
    for (const [who, options] of Object.entries({
      rule: { to: () => ({ url: backend.url, headers: { host } }) },
      rewriteRequest: { upstream: backend.url, rewriteRequest: (_: unknown, { out }: { out: { headers: Array<[string, string]> } }) => { out.headers[0] = ['Host', host] } }
    })) {
      const { port } = await proxy(t, options)
      t.match(await talk(port, get('/')), BAD, `${who}: ${host}`)
      t.match(await askRaw(t, port, handshake()), BAD, `${who}: ${host}, upgrade`)
    }
    const { port } = await proxy(t, { upstream: backend.url, hostHeader: 'preserve' })
    t.match(await talk(port, `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`), BAD, `preserved: ${host}`)
  }
  const h2 = await proxy(t, { upstream: backend.url, hostHeader: 'preserve' }, { http2: true } as object)
  const client = connectHttp2(`http://127.0.0.1:${h2.port}`)
  t.teardown(() => client.destroy())
  t.equal((await once(client.request({ ':authority': 'user@public.test' }), 'response'))[0][':status'], 400)
  t.equal(backend.received(), '')
})

/** Whether an HTTP/2 request is refused: with a 400, or already by nghttp2, which resets the stream. */
async function refused (stream: ClientHttp2Stream): Promise<boolean> {
  const status = await new Promise<unknown>(resolve => {
    stream.on('response', headers => resolve(headers[':status'])).on('error', () => {}).on('close', () => resolve('closed'))
  })
  stream.close(constants.NGHTTP2_CANCEL)
  return status === 400 || (status === 'closed' && stream.rstCode === constants.NGHTTP2_PROTOCOL_ERROR)
}

for (const hostHeader of ['upstream', 'preserve', 'fixed.test']) {
  t.test(`with hostHeader ${hostHeader}, a client whose Host is no authority gets a 400, for pages and WebSockets`, async t => {
    const backend = await answering(t, OK)
    const options = { upstream: backend.url, hostHeader }
    const { port } = await proxy(t, options)
    const h2 = await http2Proxy(t, options)
    const connection = await session(t, h2.port)
    for (const host of HOSTS) {
      t.match(await talk(port, `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`), BAD, host)
      t.match(await talk(port, `GET / HTTP/1.0\r\nHost: ${host}\r\n\r\n`), BAD, `HTTP/1.0: ${host}`)
      t.match(await askRaw(t, port, handshake().replace('example.com', host)), BAD, `an upgrade: ${host}`)
      // Node's client does not send an empty one, nor bytes above ASCII.
      if (!/^[\x21-\x7e]+$/.test(host)) continue
      t.ok(await refused(connection.request({ ':authority': host })), `HTTP/2: ${host}`)
      t.ok(await refused(askStream(connection, { ':authority': host })), `a WebSocket over HTTP/2: ${host}`)
    }
    t.equal(backend.received(), '')
  })
}

t.test('of a trusted proxy, X-Forwarded-Host must be an authority too', async t => {
  const backend = await answering(t, OK)
  const { port } = await proxy(t, { upstream: backend.url }, { trustProxy: true })
  const asked = (host: string) => talk(port, `GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-Host: ${host}\r\nConnection: close\r\n\r\n`, /ok$/)
  for (const host of ['a b', 'a@b', 'a/b', 'b, a/b']) t.match(await asked(host), BAD, host)
  t.equal(backend.received(), '')
  t.match(await asked('b/c, public.test:8080'), /^HTTP\/1\.1 200 /)
  t.match(backend.received(), /^X-Forwarded-Host: public\.test:8080\r$/m)
})

t.test('HTTP/1.0 may name no host; HTTP/2 names one, in :authority or in Host, and the same in both', async t => {
  const backend = await answering(t, OK)
  const { port } = await proxy(t, { upstream: backend.url })
  t.match(await talk(port, 'GET / HTTP/1.0\r\n\r\n'), /^HTTP\/1\.1 200 /)
  t.notMatch(backend.received(), /x-forwarded-host/i)
  const h2 = await proxy(t, { upstream: backend.url }, { http2: true } as object)
  const raw = rawHttp2(t, h2.port)
  const common = [':method', 'GET', ':scheme', 'http', ':path', '/']
  const cases = [[], ['host', 'a'], [':authority', 'a', 'host', 'A.:80'], [':authority', 'a', 'host', 'b'], [':authority', 'a', 'host', 'a:8080'], [':authority', 'a b']]
  const statuses: unknown[] = []
  for (const [i, host] of cases.entries()) {
    const stream = 2 * i + 1
    raw.open(stream, [...common, ...host], true)
    const frame = await raw.frame(frame => (frame.type === FRAME.HEADERS || frame.type === FRAME.RST_STREAM) && frame.stream === stream)
    // RFC 7541, appendix A: indices of the static table.
    statuses.push(frame?.type === FRAME.RST_STREAM ? 'reset' : frame?.payload[0] === 0x88 ? 200 : frame?.payload[0] === 0x8c ? 400 : frame)
  }
  t.same(statuses, ['reset', 200, 200, 400, 400, 'reset'])
})

const ABSOLUTE = [
  ['http://public.test/a', 'public.test', true], ['http://public.test:80/a', 'public.test', true], ['http://public.test/a', 'public.test:80', true], ['http://PUBLIC.test/a', 'public.TEST', true],
  ['http://public.test./a', 'public.test', true], ['http://public.test/a', 'public.test.', true], ['http://public.test:/a', 'public.test', true], ['http://public.test/a', 'public.test:', true],
  ['HTTP://Public.test.:080/a', 'public.test', true], ['https://public.test:443/a', 'public.test', true], ['http://[::1]:80/a', '[0::1]', true], ['http://public.test:8080/a', 'PUBLIC.test.:8080', true],
  ['http://other.test/a', 'public.test', false], ['http://public.test:8080/a', 'public.test', false], ['http://public.test/a', 'public.test:443', false], ['https://public.test/a', 'public.test:80', false],
  ['http://www.public.test/a', 'public.test', false], ['http://public.test@other.test/a', 'public.test', false], ['http:///a', 'public.test', false], ['http://public.test:x/a', 'public.test', false], ['public.test:80', 'public.test', false]
] as const

t.test('absolute-form is for the same host, however it is written, and for no other', async t => {
  const backend = await answering(t, OK)
  const { port } = await proxy(t, { upstream: backend.url })
  for (const [target, host, same] of ABSOLUTE) {
    const before = backend.received().length
    const answer = await talk(port, `GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`, /ok$/)
    t.match(answer, same ? /^HTTP\/1\.1 200 / : /^HTTP\/1\.1 400 /, `${target} for ${host}`)
    t.match(backend.received().slice(before), same ? /^GET \/a HTTP/ : /^$/, 'and arrives as a path')
  }
})

t.test('asterisk-form is for OPTIONS alone', async t => {
  const backend = await answering(t, OK)
  const { port } = await proxy(t, { upstream: backend.url })
  for (const method of ['GET', 'POST', 'PROPFIND']) t.match(await talk(port, `${method} * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`), BAD, method)
  t.match(await askRaw(t, port, handshake('*')), BAD, 'an upgrade')
  const connection = await session(t, (await http2Proxy(t, { upstream: backend.url })).port)
  t.ok(await refused(connection.request({ ':path': '*' })), 'HTTP/2')
  t.ok(await refused(askStream(connection, { ':path': '*' })), 'a WebSocket over HTTP/2')
  t.equal(backend.received(), '')
  t.match(await talk(port, 'OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', /ok$/), /^HTTP\/1\.1 200 /)
  t.match(backend.received(), /^OPTIONS \* HTTP/)
})

t.test('rewriteRequest may neither take the Host away nor add another', async t => {
  const backend = await answering(t, OK)
  for (const change of [
    (headers: Array<[string, string]>) => headers.splice(0, 1),
    (headers: Array<[string, string]>) => headers.push(['hOST', 'other.test'])
  ]) {
    const { port } = await proxy(t, { upstream: backend.url, rewriteRequest: (_, { out }) => { change(out.headers) } })
    t.match(await talk(port, get('/')), BAD)
    t.match(await askRaw(t, port, handshake()), BAD)
  }
  t.equal(backend.received(), '')
})

t.test('a Host that is one passes, and is known for turning back wherever rewriteRequest puts it', async t => {
  for (const host of ['a', 'a_b.test:8080', '127.0.0.1', '[::1]', '[2001:db8::1]:443', 'xn--bcher-kva.test']) {
    const backend = await rawUpstream(t, socket => socket.write(`HTTP/1.1 302 Found\r\nLocation: http://${host}/x\r\nContent-Length: 0\r\n\r\n`))
    const rule = await proxy(t, { to: () => ({ url: backend.url, headers: { host } }) })
    t.match(await ask(rule.port, { headers: { host: 'public.test' } }), { status: 302, headers: { location: 'http://public.test/x' } })
    const rewriting = await proxy(t, { upstream: backend.url, rewriteRequest: (_, { out }) => { out.headers = [...out.headers.slice(1), ['host', host]] } })
    t.match(await ask(rewriting.port, { headers: { host: 'public.test' } }), { status: 302, headers: { location: 'http://public.test/x' } })
    t.equal(backend.received().match(/^host: .*$/gim)?.filter(line => line.slice(6) === `${host}`).length, 2)
  }
})

t.test('an origin is one object, and keeps its connections, also among thousands of servers; a name that no host has is not remembered', async t => {
  const origins = new Origins()
  const urls = Array.from({ length: 4000 }, (_, index) => `http://10.0.${index >> 8}.${index & 255}:8080/`)
  const first = urls.map(url => origins.target(url).origin)
  t.ok(urls.every((url, index) => origins.target(url).origin === first[index]))
  const long = `http://${'a'.repeat(600)}/`
  t.not(origins.target(long).origin, origins.target(long).origin)
})

t.test('a URL is split in the same way, whichever was split before it', t => {
  const urls = [
    'http://a/', 'http://a/b?c#d', 'http://a', 'http://a?x', 'http://a#x', 'http://a//b', 'http://a/http://b/', 'http://ab/', 'http://a:80/', 'http://a:8/', 'HTTP://a/', 'ws://a/', 'https://a/x', 'unix://a/x', 'unix://%2Fa/x',
    'http://A/', 'http://a\\b/', 'http://a/b c', 'http://a/\r\nX: y', 'http://a/\u0000', 'http://a/\u007f', 'http://a /', 'http://u@a/', 'http:///a', '/', '/a', '', 'http:/', 'x://a/', `http://${'a'.repeat(600)}/x`
  ]
  const split = (origins: Origins, url: string): string => {
    try {
      const { origin, path } = origins.target(url)
      return `${origin.name} ${origin.host} ${path}`
    } catch (error) {
      return (error as { code: string }).code
    }
  }
  for (const first of urls) {
    for (const second of urls) {
      const origins = new Origins()
      split(origins, first)
      if (split(origins, second) !== split(new Origins(), second)) t.fail(`${JSON.stringify(second)} after ${JSON.stringify(first)}`)
    }
  }
  t.equal(split(new Origins(), 'http://a/b c'), 'FST_ARR_PROXY_BAD_TARGET')
  t.end()
})

t.test('an origin that was forgotten is not given out any more, also where it was the last', t => {
  const origins = new Origins(1)
  const before = origins.target('http://a/').origin
  t.equal(origins.target('http://a/x').origin, before)
  t.equal(origins.of('http://a'), before)
  origins.of('http://b')
  const after = origins.target('http://a/').origin
  t.not(after, before)
  t.equal(origins.of('http://a'), after)
  t.end()
})
