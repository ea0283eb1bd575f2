// A URL whose host is the name of a farm goes to a server of that farm, which is asked for it.
import { once } from 'node:events'
import { createServer as createTls } from 'node:https'
import Fastify from 'fastify'
import t from 'tap'
import httpProxy from '../src/http-proxy/http-proxy.ts'
import upstreamProxy, { type UpstreamProxyOptions } from '../src/index.ts'
import { farm, type CountingFarm, type FarmOptions } from './farm-subjects.ts'
import { answering, ask, proxy, talk, upstream } from './forward-subjects.ts'
import { client, eventually, frame, handshake, listen, MASK, portOf, proxy as tunnelProxy, rest, tcpUpstream, until } from './parts.ts'
import { agreeing, ask as askStream, AT_ONCE, CERT, http2Proxy, KEY_PEM, open, session } from './tunnel-subjects.ts'

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const COOKIE = 'ARRAffinity=abc;Path=/;HttpOnly'
const withCookie: FarmOptions = { answered: (_, headers) => { headers.push('Set-Cookie', COOKIE) } }

/** A proxy for pages, with a farm. */
async function pages (t: Parameters<typeof proxy>[0], servers: string[], options: UpstreamProxyOptions = {}, farmOptions: FarmOptions = {}): Promise<Awaited<ReturnType<typeof proxy>> & { counts: CountingFarm }> {
  let counts: CountingFarm | undefined
  const subject = await proxy(t, { upstream: 'http://chat', ...options }, {}, app => { counts = farm(app, servers, farmOptions) })
  return { ...subject, counts: counts as CountingFarm }
}

/** One for WebSockets. */
async function sockets (t: Parameters<typeof proxy>[0], servers: string[], options: UpstreamProxyOptions = {}, farmOptions: FarmOptions = {}): Promise<Awaited<ReturnType<typeof tunnelProxy>> & { counts: CountingFarm }> {
  let counts: CountingFarm | undefined
  const subject = await tunnelProxy(t, { upstream: 'http://chat', websocket: AT_ONCE, ...options }, { before: app => { counts = farm(app, servers, farmOptions) } })
  return { ...subject, counts: counts as CountingFarm }
}

t.test('each request goes to the server that the farm chooses, with that server\'s Host', async t => {
  const [one, other] = [await answering(t, OK), await answering(t, OK)]
  const { port, counts, facts } = await pages(t, [one.url, other.url], { upstream: 'http://Chat/base' })
  t.match(await ask(port, { path: '/a?b' }), { status: 200, body: 'ok' })
  t.match(await ask(port, { path: '/c' }), { status: 200, body: 'ok' })
  t.match(one.received(), `GET /base/a?b HTTP/1.1\r\nHost: ${one.url.slice(7)}\r\n`)
  t.match(other.received(), `GET /base/c HTTP/1.1\r\nHost: ${other.url.slice(7)}\r\n`)
  t.match(await facts(1), { farm: 'chat', routed: other.url.slice(7), server: other.url, status: 200, error: null, attempts: [] })
  t.same(counts.told.map(({ said }) => said), [['answered 200', 'ended'], ['answered 200', 'ended']])
  t.match(counts.told, [{ kind: 'request', secure: false }, {}])
  t.equal(counts.questions.length, 2)
})

t.test('a URL of `to` and one of a rule name a farm in the same way; https asks for a secure server', async t => {
  const server = createTls({ key: KEY_PEM, cert: CERT }, (request, response) => response.end(request.headers.host))
  const secure = `https://127.0.0.1:${await listen(t, server)}`
  const plain = await answering(t, OK)
  const { port, counts } = await pages(t, [], { upstream: 'http://127.0.0.1:1', tls: { rejectUnauthorized: false }, to: ({ url }) => url === '/s' ? { url: 'https://chat/s', headers: { 'x-rule': '1' } } : 'http://chat/p' },
    { pick: ({ secure: isSecure }) => isSecure ? secure : plain.url })
  t.match(await ask(port, { path: '/s' }), { status: 200, body: secure.slice(8) })
  t.match(await ask(port, { path: '/x' }), { status: 200 })
  t.same(counts.told.map(({ secure }) => secure), [true, false])
})

t.test('a host with a port, an unknown one and an address are no farm', async t => {
  const backend = await answering(t, OK)
  const { port, counts } = await pages(t, [backend.url], { to: ({ url }) => url === '/port' ? 'http://chat:1/' : url === '/name' ? 'http://chatty.invalid/' : `${backend.url}/` })
  t.match(await ask(port, { path: '/port' }), { status: 502 })
  t.match(await ask(port, { path: '/name' }), { status: 502 })
  t.match(await ask(port, { path: '/address' }), { status: 200 })
  t.equal(counts.questions.length, 0)
})

t.test('the farms may come later than the proxy, and with none the host is a host', async t => {
  const backend = await answering(t, OK)
  const app = Fastify({ forceCloseConnections: true })
  t.teardown(() => app.close())
  await app.register(upstreamProxy, { upstream: 'http://chat' })
  farm(app, [backend.url])
  await app.listen({ port: 0, host: '127.0.0.1' })
  t.match(await ask(portOf(app.server)), { status: 200 })
  const alone = await proxy(t, { upstream: 'http://chat.invalid' })
  t.match(await ask(alone.port), { status: 502, body: /FST_ARR_UPSTREAM_NOT_RESOLVED/ })
  t.match(await alone.facts(), { farm: null, routed: null, server: 'http://chat.invalid' })
})

t.test('the Host that the farm gives goes before `hostHeader`, and a rule\'s before both', async t => {
  const backend = await answering(t, OK)
  const { port } = await pages(t, [backend.url], { hostHeader: 'preserve', to: ({ url }) => ({ url: 'http://chat/', headers: (url === '/rule' ? { host: 'rule.test' } : {}) as Record<string, string> }) }, { host: 'inside.test' })
  await ask(port, { path: '/' })
  await ask(port, { path: '/rule' })
  t.same(backend.received().match(/^Host: .*/gm), ['Host: inside.test', 'Host: rule.test'])
})

t.test('a WebSocket goes to a server of the farm; the server is told of its opening and of its end', async t => {
  const backend = await agreeing(t)
  const { port, counts, requests, app } = await sockets(t, [backend.url])
  const { near, far } = await open(t, port, backend, '/chat')
  t.match(counts.told, [{ kind: 'webSocket', secure: false, said: ['answered 101', 'opened'] }])
  t.equal(counts.tunnels[0]!.upstream, backend.url)
  t.equal(counts.tunnels[0]!.id, requests[0]!.upstream!.logId)
  t.match(requests[0]!.upstream, { farm: 'chat', server: backend.url, routed: backend.url.slice(7), status: 101, attempts: [] })
  near.write(frame(8, Buffer.from([3, 0xe8]), { mask: MASK }))
  far.write(frame(8, Buffer.from([3, 0xe8])))
  far.end()
  near.end()
  await eventually(() => counts.current === 0, 'the tunnel ends')
  t.same(counts.told[0]!.said, ['answered 101', 'opened', 'ended'])
  t.equal(app.tunnels.size, 0)
})

t.test('a tunnel that its server resets without a Close frame is a failure of the server, one that the client resets is none', async t => {
  const backend = await agreeing(t)
  const { port, counts } = await sockets(t, [backend.url])
  const broken = await open(t, port, backend)
  broken.far.resetAndDestroy()
  await eventually(() => counts.current === 0, 'the first ends')
  const left = await open(t, port, backend)
  left.near.resetAndDestroy()
  await eventually(() => counts.current === 0, 'the second ends')
  t.same(counts.told.map(({ said }) => said[2]), ['ended FST_ARR_UPSTREAM_RESET body 101', 'ended'])
})

t.test('the server\'s end of a tunnel can be closed by the farm', async t => {
  const backend = await agreeing(t)
  const { port, counts } = await sockets(t, [backend.url])
  const { near } = await open(t, port, backend)
  counts.tunnels[0]!.close(1012, 'moving')
  t.equal(await until(near, text => text.length >= 10), '\x88\x08\x03\xf4moving')
})

for (const [name, answer] of [['a page', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nSet-Cookie: own=1; Path=/base\r\n\r\nok'], ['a refused handshake', 'HTTP/1.1 403 No\r\nContent-Length: 2\r\nSet-Cookie: own=1; Path=/base\r\n\r\nno']] as const) {
  for (const through of [false, true]) {
    t.test(`what the farm adds to ${name} reaches the client, beside the server's cookie, and is not rewritten${through ? '; also where hooks see it' : ''}`, async t => {
      const backend = await answering(t, answer)
      const { port, requests } = await pages(t, [backend.url], { upstream: 'http://chat/base', prefix: '/app', preHandler: async () => {} }, withCookie)
      const seen: unknown[] = []
      const hooked = await proxy(t, { upstream: 'http://chat/base', prefix: '/app' }, {}, app => {
        farm(app, [backend.url], withCookie)
        app.addHook('onSend', async (_request, reply) => { seen.push(reply.getHeader('set-cookie')) })
      })
      const to = through ? hooked.port : port
      const text = name === 'a page' ? await talk(to, 'GET /app/x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n') : await talk(to, handshake('/app/x'), /no$/)
      t.same([...text.matchAll(/^set-cookie: (.*?)\r$/gim)].map(match => match[1]).sort(), [COOKIE, 'own=1; Path=/app'].sort())
      if (through) t.match(seen[0], [/^own/, /^ARR/])
      else t.same(requests[0]!.upstream!.answerHeaders!.filter(one => one === COOKIE).length, 1)
    })
  }
}

t.test('a header that the farm takes out does not reach the client, one that it changes does so as it wrote it, and neither brings its cookie into the rewriting', async t => {
  const own = 'ARRAffinity=abc; Path=/base'
  const answered = (_: number, headers: string[]): void => {
    for (const name of ['Arr-Disable-Session-Affinity', 'X-Gone']) headers.splice(headers.indexOf(name), 2)
    headers[headers.indexOf('X-Was') + 1] = '/base/y'
    headers.push('Set-Cookie', own)
  }
  const backend = await answering(t, 'HTTP/1.1 200 OK\r\nX-Gone: 1\r\nSet-Cookie: own=1; Path=/base\r\nX-Was: /base/x\r\nArr-Disable-Session-Affinity: false\r\nX-Last: 1\r\nContent-Length: 2\r\n\r\nok')
  const { port } = await pages(t, [backend.url], { upstream: 'http://chat/base', prefix: '/app' }, { answered })
  const text = await talk(port, 'GET /app/x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  t.same([...text.matchAll(/^set-cookie: (.*?)\r$/gim)].map(match => match[1]).sort(), [own, 'own=1; Path=/app'])
  t.match(text, /^x-was: \/base\/y\r$/im)
  t.match(text, /^x-last: 1\r$/im)
  t.notMatch(text, /x-gone|arr-disable/i)
})

t.test('the affinity cookie reaches the client on a 101, and on the 200 of HTTP/2', async t => {
  const backend = await agreeing(t, 'Set-Cookie: own=1\r\n')
  const { port } = await sockets(t, [backend.url], {}, withCookie)
  const near = client(t, port)
  near.write(handshake())
  const head = await until(near, text => text.endsWith('\r\n\r\n'))
  t.same(head.match(/^set-cookie: .*?(?=\r)/gim), ['Set-Cookie: own=1', `Set-Cookie: ${COOKIE}`])
  const second = await http2Proxy(t, { upstream: 'http://chat', websocket: AT_ONCE }, app => { farm(app, [backend.url], withCookie) })
  const stream = askStream(await session(t, second.port))
  const [headers] = await once(stream, 'response') as [Record<string, unknown>]
  t.match(headers, { ':status': 200, 'set-cookie': ['own=1', COOKIE] })
})

for (const [reason, code] of [['none', 'FST_ARR_UPSTREAM_NO_SERVER'], ['busy', 'FST_ARR_UPSTREAM_BUSY'], ['lost', 'FST_ARR_UPSTREAM_LOST']] as const) {
  t.test(`a farm that refuses (${reason}) is a 503 with its Retry-After: a request, a handshake, and where an error handler answers`, async t => {
    const { port, facts, counts } = await pages(t, [], {}, { pick: () => ({ reason, retryAfter: 6.2 }) })
    const page = await ask(port)
    t.match(page, { status: 503, headers: { 'retry-after': '7' } })
    t.match(JSON.parse(page.body), { code, statusCode: 503 })
    t.notMatch(page.body, /chat|127\.0/)
    t.match(await facts(), { farm: 'chat', routed: null, status: null, error: { code, statusCode: 503, moment: 'connect', side: reason === 'busy' ? 'proxy' : 'upstream' }, attempts: [] })
    t.match(await talk(port, handshake(), /\}$/), new RegExp(`^HTTP/1\\.1 503 [^]*retry-after: 7\r\n[^]*${code}`, 'i'))
    t.match(await facts(1), { error: { code } })
    t.equal(counts.current, 0)
    const own = await proxy(t, { upstream: 'http://chat' }, {}, app => {
      farm(app, [], { pick: () => ({ reason, retryAfter: 2 }) })
      app.setErrorHandler((error, _request, reply) => reply.code(599).send((error as unknown as { code: string }).code))
    })
    t.match(await ask(own.port), { status: 599, body: code, headers: { 'retry-after': '2' } })
  })
}

t.test('a farm that throws, or names no server, is no crash', async t => {
  const throwing = await pages(t, [], {}, { pick () { throw new Error('at 10.1.2.3') } })
  const page = await ask(throwing.port)
  t.match(page, { status: 503, body: /NO_SERVER/ })
  t.notMatch(page.body, /10\.1/)
  t.match(await talk(throwing.port, handshake(), /\}$/), /503 [^]*NO_SERVER/)
  const wrong = await pages(t, ['nonsense'])
  t.match(await ask(wrong.port), { status: 400, body: /BAD_TARGET/ })
  t.match(await talk(wrong.port, handshake(), /\}$/), /^HTTP\/1\.1 400 [^]*BAD_TARGET/)
  t.equal(wrong.counts.current, 0)
})

t.test('the body of a request goes to the farm\'s server; a slow one holds none before it has begun', async t => {
  const url = await upstream(t, (request, response) => request.pipe(response))
  const { port, counts, facts } = await pages(t, [url])
  const near = client(t, port)
  near.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nConnection: close\r\n\r\n')
  await eventually(() => counts.questions.length === 1, 'it comes')
  t.equal(counts.told.length, 0)
  near.write('hello')
  t.match(await rest(near), /200 OK[^]*hello/)
  t.match(await facts(), { status: 200 })
  t.match(await ask(port, { method: 'POST', body: 'x', headers: { 'transfer-encoding': 'chunked' } }), { status: 200, body: 'x' })
  t.equal(counts.current, 0)
})

t.test('`rewriteRequest` gets the URL of the server; what it throws is a 500, and no server keeps it', async t => {
  const backend = await answering(t, OK)
  const urls: string[] = []
  const { port, counts } = await pages(t, [backend.url], {
    rewriteRequest: (request, { out }) => {
      urls.push(out.url)
      if (request.url === '/bad') throw new Error('no')
      out.headers.push(['X-Own', '1'])
    }
  })
  t.match(await ask(port, { path: '/x' }), { status: 200 })
  t.same(urls, [`${backend.url}/x`])
  t.match(await ask(port, { path: '/bad' }), { status: 500 })
  t.equal(counts.current, 0)
  t.same(counts.wrongs, [])
})

t.test('`tcp` upstreams of a farm that say nothing: the open count is exact while they do', async t => {
  const silent = await tcpUpstream(t, () => {})
  const { port, counts } = await pages(t, [silent.url])
  const near = client(t, port)
  near.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await eventually(() => counts.current === 1, 'it is asked')
  near.destroy()
  await eventually(() => counts.current === 0, 'it has left')
  t.same(counts.told[0]!.said, ['ended'], 'a client that leaves is no failure')
})

t.test('farms that throw are a 500 without their message', async t => {
  const { port } = await proxy(t, { upstream: 'http://chat' }, {}, app => {
    app.decorate('farms', { visit () { throw new Error('at 10.1.2.3') } } as never)
  })
  const page = await ask(port)
  t.match(page, { status: 500, body: /BAD_ROUTE/ })
  t.notMatch(page.body, /10\.1/)
})

t.test('the drop-in for @fastify/http-proxy goes to farms as well: its pages, its WebSockets, and `reply.from`', async t => {
  const page = await answering(t, OK)
  const backend = await agreeing(t)
  const app = Fastify({ forceCloseConnections: true })
  t.teardown(() => app.close())
  const counts = farm(app, [], { pick: ({ kind }) => kind === 'request' ? page.url : backend.url })
  await app.register(httpProxy, { upstream: 'http://chat', websocket: true, replyOptions: { onResponse: (_request: unknown, reply: { send: (stream: unknown) => void }, res: { stream: unknown }) => reply.send(res.stream) } } as never)
  await app.listen({ port: 0, host: '127.0.0.1' })
  t.match(await ask(portOf(app.server)), { status: 200, body: 'ok' })
  const { near } = await open(t, portOf(app.server), backend)
  near.resetAndDestroy()
  await eventually(() => counts.current === 0, 'all is over')
  t.same(counts.told.map(({ said }) => said), [['answered 200', 'ended'], ['answered 101', 'opened', 'ended']])
  t.same(counts.wrongs, [])
})
