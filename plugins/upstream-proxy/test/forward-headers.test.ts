// What is added, dropped and turned back in headers on the way, and what users' functions may change.
import { Transform } from 'node:stream'
import { createGzip, gunzipSync } from 'node:zlib'
import t from 'tap'
import { reverseRewrite } from '../src/forward/answer/reverse-rewrite.ts'
import { answering, ask, proxy, rawUpstream, talk, upstream } from './forward-subjects.ts'

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

/** The lines of the head that the upstream got, for one request. */
async function sent (t: Parameters<typeof proxy>[0], options: object, server: object, lines: string): Promise<string[]> {
  const backend = await answering(t, OK)
  const { port } = await proxy(t, { upstream: backend.url, ...options }, server)
  await talk(port, `${lines}Connection: close\r\n\r\n`)
  return backend.received().split('\r\n').filter(line => line !== '')
}

const GET = 'GET / HTTP/1.1\r\nHost: public.test\r\n'

t.test('what belongs to a connection ends here, both ways', async t => {
  const hop = 'Keep-Alive: 300\r\nProxy-Connection: keep-alive\r\nProxy-Authorization: Basic x\r\nTE: gzip, trailers\r\nX-Mine: 1\r\nx-kept: 2\r\n'
  const lines = await sent(t, {}, {}, `${GET}${hop}Connection: keep-alive, X-Mine\r\n`.replace('Connection: keep-alive, X-Mine\r\n', 'Connection: x-mine\r\n'))
  t.notMatch(lines.join('\n'), /^(?:keep-alive|proxy-|connection|x-mine)/im)
  t.ok(lines.includes('x-kept: 2') && lines.includes('TE: trailers'))

  const backend = await answering(t, 'HTTP/1.1 200 OK\r\nConnection: keep-alive, X-Theirs\r\nKeep-Alive: timeout=77\r\nProxy-Authenticate: Basic\r\nX-Theirs: 1\r\nUpgrade: h2c\r\nX-Kept: 2\r\nContent-Length: 2\r\n\r\nok')
  const { port } = await proxy(t, { upstream: backend.url })
  const text = await talk(port, `${GET}Connection: close\r\n\r\n`)
  t.notMatch(text, /timeout=77|proxy-authenticate|x-theirs|upgrade/i)
  t.match(text, /X-Kept: 2\r\n/)
  t.match(text, /Connection: close\r\n/)
})

t.test('Connection may not name what frames an answer', async t => {
  const backend = await answering(t, 'HTTP/1.1 200 OK\r\nConnection: content-length\r\nContent-Length: 2\r\n\r\nok')
  const { port } = await proxy(t, { upstream: backend.url })
  t.match(await ask(port), { body: 'ok', headers: { 'content-length': '2' } })
})

t.test('Host is the upstream\'s, the client\'s, or a fixed one', async t => {
  t.match((await sent(t, {}, {}, GET))[1], /^Host: 127\.0\.0\.1:\d+$/)
  t.equal((await sent(t, { hostHeader: 'preserve' }, {}, GET))[1], 'Host: public.test')
  t.equal((await sent(t, { hostHeader: 'fixed.test:81' }, {}, GET))[1], 'Host: fixed.test:81')
})

t.test('X-Forwarded-* say what is known, and believe nobody unasked', async t => {
  const spoofed = `${GET}X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Host: evil.test\r\nX-Forwarded-Proto: https\r\nForwarded: for=6.6.6.6\r\n`
  const lines = await sent(t, {}, {}, spoofed)
  t.ok(lines.includes('X-Forwarded-For: 127.0.0.1') && lines.includes('X-Forwarded-Host: public.test') && lines.includes('X-Forwarded-Proto: http'), lines.join(' | '))
  t.notMatch(lines.join('\n'), /6\.6\.6\.6|evil|^Forwarded:/m)

  const trusted = await sent(t, {}, { trustProxy: true }, spoofed)
  t.ok(trusted.includes('X-Forwarded-For: 6.6.6.6, 127.0.0.1') && trusted.includes('X-Forwarded-Host: evil.test') && trusted.includes('X-Forwarded-Proto: https'), trusted.join(' | '))

  const one = await sent(t, {}, { trustProxy: '127.0.0.1' }, `${GET}X-Forwarded-For: 6.6.6.6, 7.7.7.7\r\n`)
  t.ok(one.includes('X-Forwarded-For: 7.7.7.7, 127.0.0.1'), 'what the trusted proxy said is believed, what it was told is not')
})

t.test('each forwarding header can be set, appended, kept or removed', async t => {
  const came = `${GET}X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Host: a.test\r\nX-Forwarded-Proto: https\r\nForwarded: for=6.6.6.6\r\n`
  const set = await sent(t, { forwarded: { for: 'set', standard: 'set', port: true } }, {}, came)
  t.match(set.join('\n'), /X-Forwarded-For: 127\.0\.0\.1:\d+/)
  t.ok(set.includes('Forwarded: for=127.0.0.1;host=public.test;proto=http'), set.join(' | '))
  const appended = await sent(t, { forwarded: { standard: 'append' } }, { trustProxy: true }, came)
  t.ok(appended.includes('Forwarded: for=6.6.6.6, for=127.0.0.1;host=a.test;proto=https'), appended.join(' | '))
  const kept = await sent(t, { forwarded: { for: 'keep', host: 'keep', proto: 'keep', standard: 'keep' } }, {}, came)
  for (const line of ['X-Forwarded-For: 6.6.6.6', 'X-Forwarded-Host: a.test', 'X-Forwarded-Proto: https', 'Forwarded: for=6.6.6.6']) t.ok(kept.includes(line), line)
  const removed = await sent(t, { forwarded: { for: 'remove', host: 'remove', proto: 'remove' } }, {}, came)
  t.notMatch(removed.join('\n'), /forwarded/i)
})

t.test('with a trusted proxy in front, what is set is the client, and what is appended the whole way', async t => {
  const came = `${GET}X-Forwarded-For: 6.6.6.6, 7.7.7.7\r\nX-Forwarded-Proto: https\r\n`
  const trusting = { trustProxy: true }
  const set = await sent(t, { forwarded: { for: 'set', standard: 'set' } }, trusting, came)
  t.ok(set.includes('X-Forwarded-For: 6.6.6.6'), set.join(' | '))
  t.ok(set.includes('Forwarded: for=6.6.6.6;host=public.test;proto=https'), set.join(' | '))
  const appended = await sent(t, { forwarded: { for: 'append', standard: 'append' } }, trusting, came)
  t.ok(appended.includes('X-Forwarded-For: 6.6.6.6, 7.7.7.7, 127.0.0.1'), appended.join(' | '))
  t.ok(appended.includes('Forwarded: for=6.6.6.6, for=7.7.7.7, for=127.0.0.1;host=public.test;proto=https'), appended.join(' | '))
})

t.test('what is no token is quoted in Forwarded, and an IPv6 address is in brackets', async t => {
  const standard = { forwarded: { standard: 'append' } }
  t.ok((await sent(t, standard, {}, 'GET / HTTP/1.1\r\nHost: public.test:8080\r\n')).includes('Forwarded: for=127.0.0.1;host="public.test:8080";proto=http'))
  const lines = await sent(t, standard, { trustProxy: true }, 'GET / HTTP/1.1\r\nHost: [::1]:80\r\nX-Forwarded-For: 2001:db8::1, ::ffff:10.0.0.1\r\n')
  t.ok(lines.includes('Forwarded: for="[2001:db8::1]", for=10.0.0.1, for=127.0.0.1;host="[::1]:80";proto=http'), lines.join(' | '))
  t.ok(lines.includes('X-Forwarded-For: 2001:db8::1, 10.0.0.1, 127.0.0.1'), lines.join(' | '))
})

t.test('every request carries its GUID, and nobody else\'s', async t => {
  const backend = await answering(t, OK)
  const subject = await proxy(t, { upstream: backend.url })
  await talk(subject.port, `${GET}X-ARR-LOG-ID: mine\r\nConnection: close\r\n\r\n`)
  const { logId } = await subject.facts()
  t.match(backend.received(), `X-ARR-LOG-ID: ${logId}\r\n`)
  t.notMatch(backend.received(), /mine/)
})

t.test('a rule sets and removes headers last, but never the framing', async t => {
  const backend = await answering(t, OK)
  const { port } = await proxy(t, {
    to: () => ({
      url: `${backend.url}/elsewhere?q`,
      headers: { accept: '', 'x-new': 'caf\u00e9 \u2713', 'x-forwarded-for': '1.2.3.4', 'x-old': 'two', host: 'rule.test', 'content-length': '99', connection: 'x', 'transfer-encoding': 'chunked' }
    })
  })
  await talk(port, `${GET}Accept: */*\r\nX-Old: one\r\nX-Old: other\r\nConnection: close\r\n\r\n`)
  const lines = backend.received().split('\r\n')
  t.equal(lines[0], 'GET /elsewhere?q HTTP/1.1')
  t.equal(lines[1], 'Host: rule.test')
  t.match(lines, new Set(lines))
  t.ok(lines.includes('x-forwarded-for: 1.2.3.4') && lines.includes('x-old: two'))
  t.ok(lines.includes(`x-new: ${Buffer.from('caf\u00e9 \u2713').toString('latin1')}`), 'text becomes UTF-8')
  t.notMatch(backend.received(), /accept|X-Old: |content-length|connection|transfer-encoding/)
})

t.test('a rule cannot break the head apart', async t => {
  const backend = await answering(t, OK)
  let url = backend.url
  let headers: Record<string, string> = { 'x-a': 'b\r\nX-Injected: 1' }
  const { port } = await proxy(t, { to: () => ({ url, headers }) })
  t.match(await ask(port), { status: 400 })
  headers = { 'x a': 'b' }
  t.match(await ask(port), { status: 400 })
  headers = {}
  for (const bad of [`${backend.url}/a b`, `${backend.url}/a\r\nX-Injected: 1`, `${backend.url}/\u2713`, `${backend.url}/../x`, 'ftp://x/', 'http://', 'http://user@x/']) {
    url = bad
    t.match(await ask(port), { status: 400 }, JSON.stringify(bad))
  }
  t.equal(backend.received(), '')
})

t.test('a path that begins with two slashes names no host, and arrives byte for byte', async t => {
  const backend = await answering(t, OK)
  const { port } = await proxy(t, { upstream: backend.url })
  const paths = ['//', '//x', '//evil.test/x?y', '///x//', '//127.0.0.1:1/x']
  for (const path of paths) t.match(await talk(port, `GET ${path} HTTP/1.1\r\nHost: public.test\r\nConnection: close\r\n\r\n`), /^HTTP\/1\.1 200 /)
  t.same(backend.received().match(/^GET \S+/gm), paths.map(path => `GET ${path}`))
})

t.test('a prefix is replaced, however it is written, and cannot be left', async t => {
  const backend = await answering(t, OK)
  const { port } = await proxy(t, { upstream: `${backend.url}/base`, prefix: '/api' })
  for (const path of ['/api', '/api/', '/api/x?y=/api', '/%61pi/x', '/api//x', '/api/%2e%2e/x', '/api/../x', '/api/..;/x', '/api/a/../../x', '/api/..\\x']) {
    await talk(port, `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
  }
  t.same(backend.received().match(/^GET \S+/gm), ['GET /base', 'GET /base/', 'GET /base/x?y=/api', 'GET /base/x', 'GET /base//x'])
  const tenants = await proxy(t, { upstream: backend.url, prefix: '/t/:id', rewritePrefix: '/tenants/:id/app' })
  await ask(tenants.port, { path: '/t/a%20b/x' })
  t.match(backend.received(), /GET \/tenants\/a%20b\/app\/x HTTP/)
})

t.test('headers that name the upstream are turned back', async t => {
  const { host } = new URL('http://127.0.0.1:1')
  const cases: Array<[string, string | undefined]> = [
    ['Location: http://UPSTREAM/x?y#z', 'Location: http://public.test/x?y#z'],
    ['Location: //UPSTREAM/x', 'Location: //public.test/x'],
    ['location: https://UPSTREAM', 'location: http://public.test'],
    ['Location: /x', 'Location: /x'],
    ['Location: x/y', 'Location: x/y'],
    ['Location: http://elsewhere.test/UPSTREAM', undefined],
    ['Location: http://UPSTREAM.evil.test/', undefined],
    ['Location: http://UPSTREAM@evil.test/', undefined],
    ['Content-Location: http://UPSTREAM/a', 'Content-Location: http://public.test/a'],
    ['Refresh: 5; url=http://UPSTREAM/a', 'Refresh: 5; url=http://public.test/a'],
    ['Refresh: 0;URL=\'http://UPSTREAM/a\'', 'Refresh: 0;URL=\'http://public.test/a\''],
    ['Refresh: 5', 'Refresh: 5'],
    ['Set-Cookie: a=http://UPSTREAM; Path=/; HttpOnly', undefined],
    ['Set-Cookie: a=b; Domain=127.0.0.1; Path=/; Secure', 'Set-Cookie: a=b; Domain=public.test; Path=/; Secure'],
    ['Set-Cookie: a=b; domain=.other.test', undefined]
  ]
  for (const [given, expected] of cases) {
    const backend = await rawUpstream(t, (socket, head) => {
      const at = /^Host: (.*)\r$/m.exec(head)?.[1] ?? host
      socket.write(`HTTP/1.1 200 OK\r\n${given.replace('UPSTREAM', at)}\r\nContent-Length: 0\r\n\r\n`)
    })
    const { port } = await proxy(t, { upstream: backend.url })
    const text = await talk(port, `${GET}Connection: close\r\n\r\n`)
    t.match(text, `\r\n${(expected ?? given).replace('UPSTREAM', new URL(backend.url).host)}\r\n`, given)
  }
})

t.test('names are turned back to the public scheme, wherever the upstream spells its default port', async t => {
  const turned = async (host: string, location: string): Promise<string | undefined> => {
    const backend = await answering(t, `HTTP/1.1 302 Found\r\nLocation: ${location}\r\nContent-Length: 0\r\n\r\n`)
    const { port } = await proxy(t, { upstream: backend.url, hostHeader: host }, { trustProxy: true })
    return (await ask(port, { headers: { host: 'public.test', 'x-forwarded-proto': 'https' } })).headers.location
  }
  t.equal(await turned('told.test', 'http://told.test/x'), 'https://public.test/x')
  t.equal(await turned('told.test', 'http://told.test:80/x'), 'https://public.test/x')
  t.equal(await turned('told.test:80', 'http://told.test/x'), 'https://public.test/x')
  t.equal(await turned('told.test', '//told.test:80/x'), '//public.test/x')
  t.equal(await turned('told.test', 'http://told.test:443/x'), 'http://told.test:443/x', 'the default port of http is not that of https')
  t.equal(await turned('told.test', 'http://told.test:8080/x'), 'http://told.test:8080/x')

  const places = { toldHost: 'told.test', publicProtocol: 'http', publicHost: 'public.test:8000', paths: null }
  const origin = { name: 'https://up.test', secure: true, hostname: 'up.test', port: 443, socketPath: null, host: 'up.test', farm: null }
  for (const [given, expected] of [['https://up.test:443/x', 'http://public.test:8000/x'], ['https://told.test:443', 'http://public.test:8000'], ['https://up.test:80/x', 'https://up.test:80/x']] as const) {
    const headers = ['Location', given]
    reverseRewrite(headers, { ...places, origin })
    t.same(headers, ['Location', expected])
  }
})

t.test('an address or a bare name is no Domain of a cookie: it is the host\'s alone then', async t => {
  const backend = await answering(t, 'HTTP/1.1 200 OK\r\nSet-Cookie: a=b; Domain=127.0.0.1; Path=/; Secure\r\nContent-Length: 0\r\n\r\n')
  const { port } = await proxy(t, { upstream: backend.url })
  for (const host of ['10.1.2.3', '10.1.2.3:8080', 'localhost', 'localhost:8080', 'intranet', '[::1]', '[::1]:8080']) {
    t.same((await ask(port, { headers: { host } })).headers['set-cookie'], ['a=b; Path=/; Secure'], host)
  }
  t.same((await ask(port, { headers: { host: 'www.public.test:8080' } })).headers['set-cookie'], ['a=b; Domain=www.public.test; Path=/; Secure'])
})

t.test('paths that name the upstream are turned back as well', async t => {
  const backend = await answering(t, 'HTTP/1.1 302 Found\r\nLocation: /base/login?next=/base\r\nSet-Cookie: a=b; Path=/base\r\nSet-Cookie: c=d; Path=/\r\nContent-Length: 0\r\n\r\n')
  const { port } = await proxy(t, { upstream: `${backend.url}/base`, prefix: '/api' })
  const answer = await ask(port, { path: '/api/x' })
  t.match(answer.headers, { location: '/api/login?next=/base', 'set-cookie': ['a=b; Path=/api', 'c=d; Path=/'] })
})

t.test('turning back can be switched off', async t => {
  const backend = await rawUpstream(t, (socket, head) => socket.write(`HTTP/1.1 200 OK\r\nLocation: http://${/Host: (.*)\r/.exec(head)?.[1]}/x\r\nContent-Length: 0\r\n\r\n`))
  const { port } = await proxy(t, { upstream: backend.url, reverseRewrite: false })
  t.equal((await ask(port)).headers.location, `${backend.url}/x`)
})

t.test('headers of other plugins are there too', async t => {
  const backend = await answering(t, 'HTTP/1.1 200 OK\r\nVary: Accept\r\nX-Frame-Options: ALLOW\r\nSet-Cookie: a=1\r\nContent-Length: 2\r\n\r\nok')
  const { port } = await proxy(t, { upstream: backend.url }, {}, app => {
    app.addHook('onRequest', async (_, reply) => {
      reply.headers({ vary: 'Origin', 'x-frame-options': 'DENY', 'set-cookie': 'b=2', 'content-length': '9' })
    })
  })
  t.match(await ask(port), { body: 'ok', headers: { vary: 'Accept, Origin', 'x-frame-options': 'DENY', 'set-cookie': ['a=1', 'b=2'], 'content-length': '2' } })
})

t.test('several headers of a name stay several, also beside one that was set at Node\'s response', async t => {
  const backend = await answering(t, 'HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nX-Two: 1\r\nset-cookie: b=2\r\nX-Two: 2\r\nX-Frame-Options: DENY\r\nContent-Length: 2\r\n\r\nok')
  const { port } = await proxy(t, { upstream: backend.url }, {}, app => {
    app.addHook('onRequest', async (_request, reply) => {
      reply.raw.setHeader('Set-Cookie', 'own=3')
      reply.raw.setHeader('X-Frame-Options', 'SAMEORIGIN')
      reply.raw.setHeader('X-Own', 'yes')
    })
  })
  const { headers, body } = await ask(port)
  t.match(headers, { 'set-cookie': ['a=1', 'b=2', 'own=3'], 'x-two': '1, 2', 'x-frame-options': 'SAMEORIGIN', 'x-own': 'yes', 'content-length': '2' })
  t.equal(body, 'ok')
})

t.test('rewriteRequest changes what goes out, and not what came in', async t => {
  const backend = await answering(t, OK)
  const other = await answering(t, OK)
  const subject = await proxy(t, {
    upstream: backend.url,
    rewriteRequest (request, { in: came, out }) {
      t.equal(came.url, '/a?b')
      t.ok(came.headers.some(([name]) => name === 'Connection'), 'what came is all there')
      t.notOk(out.headers.some(([name]) => name === 'Connection'), 'what goes has no hop-by-hop headers')
      t.equal(out.url, `${backend.url}/a?b`)
      out.method = 'PUT'
      out.url = `${other.url}/moved`
      out.headers.push(['X-Added', request.id], ['Content-Length', '5'], ['Transfer-Encoding', 'chunked'])
      ;(came.headers as unknown[]).length = 0
    }
  })
  await talk(subject.port, 'POST /a?b HTTP/1.1\r\nHost: public.test\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi')
  t.equal(backend.received(), '')
  t.match(other.received(), /^PUT \/moved HTTP\/1\.1\r\nHost: 127\.0\.0\.1:\d+\r\n[^]*X-Added: req-1\r\nContent-Length: 2\r\n\r\nhi$/)
  t.match(other.received(), `Host: ${new URL(other.url).host}\r\n`)
  t.equal(subject.requests[0]!.raw.rawHeaders[1], 'public.test')
})

t.test('rewriteRequest cannot break the head apart', async t => {
  const backend = await answering(t, OK)
  for (const change of [
    { method: 'GET /x HTTP/1.1\r\nX: ' }, { url: 'nonsense' }, { headers: [['X-A', 'b\r\nX-B: c']] }, { headers: [['X A', 'b']] }
  ]) {
    const { port } = await proxy(t, { upstream: backend.url, rewriteRequest: (_, { out }) => { Object.assign(out, change) } })
    t.match(await ask(port), { status: 400 })
  }
  t.equal(backend.received(), '')
})

t.test('a rewriting function that gives a promise is a 500, be it kept or not', async t => {
  const backend = await answering(t, OK)
  for (const given of [async () => {}, async () => { throw new Error('no') }]) {
    const outgoing = await proxy(t, { upstream: backend.url, rewriteRequest: given })
    const answer = await ask(outgoing.port)
    t.match(answer, { status: 500 })
    t.match(JSON.parse(answer.body), { code: 'FST_ARR_PROXY_BAD_ROUTE' })
    t.equal(backend.received(), '')
  }
  for (const given of [async () => ({ status: 201 }), async () => { throw new Error('no') }]) {
    const incoming = await proxy(t, { upstream: backend.url, rewriteResponse: given as never })
    t.match(await ask(incoming.port), { status: 500 })
    t.match((await incoming.facts()).error, { code: 'FST_ARR_PROXY_REWRITE_FAILED', side: 'proxy' })
  }
})

t.test('rewriteResponse changes status, headers and body', async t => {
  const url = await upstream(t, (_, response) => response.writeHead(200, { 'Content-Length': 11, 'X-Old': '1', 'Content-Type': 'text/plain' }).end('hello world'))
  const { port } = await proxy(t, {
    upstream: url,
    rewriteResponse (request, { status, headers }) {
      t.equal(status, 200)
      t.same(headers.find(([name]) => name === 'X-Old'), ['X-Old', '1'])
      t.equal(request.method, 'GET')
      return {
        status: 203,
        headers: [...headers.filter(([name]) => name !== 'X-Old'), ['X-New', '2'], ['Transfer-Encoding', 'x']],
        body: new Transform({ transform (part, _, done) { done(null, String(part).toUpperCase()) } })
      }
    }
  })
  const answer = await ask(port)
  t.match(answer, { status: 203, reason: 'Non-Authoritative Information', body: 'HELLO WORLD', complete: true, headers: { 'x-new': '2', 'transfer-encoding': 'chunked' } })
  t.notOk(answer.headers['x-old'] ?? answer.headers['content-length'])
})

t.test('rewriteResponse sees what is left once the connection\'s headers are gone and names are turned back, and has the last word', async t => {
  const hop = 'Connection: keep-alive, X-Theirs\r\nKeep-Alive: timeout=77\r\nX-Theirs: 1\r\nProxy-Authenticate: Basic\r\n'
  const backend = await rawUpstream(t, (socket, head) => {
    const naming = `Location: http://${/^Host: (.*)\r$/m.exec(head)?.[1]}/x\r\nSet-Cookie: a=b; Domain=127.0.0.1\r\n`
    socket.write(`HTTP/1.1 302 Found\r\n${hop}${naming}Content-Length: 0\r\n\r\n`)
  })
  let seen: unknown
  const { port } = await proxy(t, {
    upstream: backend.url,
    rewriteResponse (_, { headers }) {
      seen = headers
      return { headers: [...headers.filter(([name]) => name !== 'Location'), ['Location', `${backend.url}/mine`]] }
    }
  })
  const answer = await ask(port, { headers: { host: 'public.test' } })
  t.same(seen, [['Location', 'http://public.test/x'], ['Set-Cookie', 'a=b; Domain=public.test'], ['Content-Length', '0']])
  t.match(answer, { status: 302, headers: { location: `${backend.url}/mine`, 'set-cookie': ['a=b; Domain=public.test'] } })
})

t.test('a body of many parts goes through a rewriting stream whole', async t => {
  const big = Buffer.alloc(5_000_000, 'abcdefg')
  const url = await upstream(t, (_, response) => response.end(big))
  const { port } = await proxy(t, { upstream: url, rewriteResponse: () => ({ body: createGzip({ level: 1 }) }) })
  t.ok(gunzipSync(Buffer.from((await ask(port)).body, 'latin1')).equals(big))
})

t.test('a rewriting function that fails is 500, and a stream that does cuts the answer', async t => {
  const backend = await answering(t, OK)
  const subject = await proxy(t, { upstream: backend.url, rewriteResponse () { throw new Error('oh no: secret') } })
  const answer = await ask(subject.port)
  t.match(answer, { status: 500 })
  t.notMatch(answer.body, /secret/)
  t.match((await subject.facts()).error, { code: 'FST_ARR_PROXY_REWRITE_FAILED', side: 'proxy' })
  const cut = await proxy(t, {
    upstream: backend.url,
    rewriteResponse: () => {
      const body: Transform = new Transform({
        transform (part, _encoding, done) {
          // Once what it gave is on its way.
          body.prependOnceListener('data', () => setImmediate(done, new Error('no')))
          this.push(part)
        }
      })
      return { body }
    }
  })
  await t.rejects(ask(cut.port).then(answer => { if (!answer.complete) throw new Error('cut') }))
  t.match((await cut.facts()).error, { code: 'FST_ARR_PROXY_REWRITE_FAILED', side: 'proxy' })
  const invalid = await proxy(t, { upstream: backend.url, rewriteResponse: () => ({ headers: [['X-A', 'b\r\nc: d']] }) })
  t.match(await ask(invalid.port), { status: 500 })
})

t.test('a status without a body gets none', async t => {
  const backend = await answering(t, OK)
  const { port } = await proxy(t, { upstream: backend.url, rewriteResponse: () => ({ status: 204 }) })
  const answer = await ask(port)
  t.match(answer, { status: 204, body: '' })
  t.notOk(answer.headers['content-length'])
})

t.test('mistakes in the options come out together', async t => {
  await t.rejects(proxy(t, {
    upstream: 'nonsense',
    timeouts: { firstByte: -1, idle: NaN },
    connections: { max: 0, idle: 1.5 },
    retries: -1,
    maxHeadSize: 0,
    forwarded: { for: 'sometimes', proto: 'append', port: 1 },
    rewriteResponse: 'no',
    reverseRewrite: 'maybe',
    tls: { minVersion: 'TLSv9' }
  } as never), {
    code: 'FST_ARR_PROXY_INVALID_OPTIONS',
    message: /upstream.*`tls`.*firstByte.*idle.*connections\.max.*maxHeadSize.*connections\.idle.*retries.*rewriteResponse.*reverseRewrite.*forwarded\.for.*forwarded\.proto.*forwarded\.port/
  })
})

t.test('a time beyond what a timer can hold is a mistake: it would be over at once', async t => {
  for (const key of ['connect', 'handshake', 'firstByte', 'idle', 'keepAlive']) {
    await t.rejects(proxy(t, { upstream: 'http://127.0.0.1:1', timeouts: { [key]: 2 ** 31 } }), { message: new RegExp(`timeouts\\.${key}. must be .* to 2147483647`) }, key)
  }
})

t.test('a key that a group of options does not have is a mistake: a misspelt limit would be none', async t => {
  for (const [options, mistake] of [
    [{ websocket: { maxTunels: 5 } }, '`websocket.maxTunels` is no option; there are idleTimeout, '],
    [{ websocket: { drain: { dedline: 5 } } }, '`websocket.drain.dedline` is no option'],
    [{ timeouts: { conect: 5 } }, '`timeouts.conect` is no option; there are connect, handshake, firstByte, idle, keepAlive'],
    [{ timeouts: 5 }, '`timeouts` must be an object'],
    [{ connections: { most: 5 } }, '`connections.most` is no option'],
    [{ forwarded: { For: 'set' } }, '`forwarded.For` is no option']
  ] as const) {
    await t.rejects(proxy(t, { upstream: 'http://127.0.0.1:1', ...options } as never), { code: 'FST_ARR_PROXY_INVALID_OPTIONS', message: mistake }, mistake)
  }
})

t.test('a Host header that could not be sent is a mistake', async t => {
  for (const hostHeader of [5, '', 'a b', 'a\r\nX: y', 'bücher.example']) {
    await t.rejects(proxy(t, { upstream: 'http://127.0.0.1:1', hostHeader } as never), { code: 'FST_ARR_PROXY_INVALID_OPTIONS', message: '`hostHeader` must be' })
  }
})

t.test('an upstream that is no string is a mistake, though it may read like a URL', async t => {
  for (const one of [['http://127.0.0.1:1'], new URL('http://127.0.0.1:1'), 1, null]) {
    await t.rejects(proxy(t, { upstream: one } as never), { code: 'FST_ARR_PROXY_INVALID_OPTIONS', message: /`upstream` must be a URL/ })
  }
})
