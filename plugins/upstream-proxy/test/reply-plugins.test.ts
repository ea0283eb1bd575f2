// What other plugins do in `onSend`, and what the user's error handling says, reaches the client of a proxied route: of its answers, of its errors and of its WebSockets.
import { once } from 'node:events'
import { connect as connectHttp2, type IncomingHttpHeaders, type Http2Server } from 'node:http2'
import { gunzipSync } from 'node:zlib'
import fastifyCaching from '@fastify/caching'
import fastifyCompress from '@fastify/compress'
import fastifyCookie from '@fastify/cookie'
import fastifySession from '@fastify/session'
import fastifySwagger from '@fastify/swagger'
import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import upstreamProxy, { type UpstreamProxyOptions } from '../src/index.ts'
import { ask, proxy as httpProxy, upstream } from './forward-subjects.ts'
import { ask as talk, client, eventually, frame, handshake, MASK, proxy, rest, tcpUpstream, until, watchDials } from './parts.ts'
import { agreeing, AT_ONCE, switchFor } from './tunnel-subjects.ts'

const NOWHERE = 'http://127.0.0.1:1'

// Answers

t.test('a session begins on a proxied route, and is found again', async t => {
  const url = await upstream(t, (_, response) => response.end('page'))
  const { port } = await httpProxy(t, { upstream: url }, {}, async app => {
    await app.register(fastifyCookie)
    await app.register(fastifySession, { secret: 's'.repeat(32), cookie: { secure: false } })
    app.addHook('preHandler', async (request, reply) => {
      const session = request.session as unknown as { count?: number }
      session.count = (session.count ?? 0) + 1
      reply.header('x-count', session.count)
    })
  })
  const first = await ask(port)
  t.match(first, { body: 'page', headers: { 'x-count': '1' } })
  const cookie = (first.headers['set-cookie']?.[0] as string).split(';')[0] as string
  t.match(await ask(port, { headers: { cookie } }), { body: 'page', headers: { 'x-count': '2' } })
})

t.test('a cookie that a preHandler sets goes with those of the upstream', async t => {
  const url = await upstream(t, (_, response) => response.setHeader('Set-Cookie', ['a=1', 'b=2']).end())
  const { port } = await httpProxy(t, { upstream: url, preHandler: async (_request, reply) => { reply.setCookie('login', 'yes', { path: '/' }) } }, {}, async app => { await app.register(fastifyCookie) })
  t.same((await ask(port)).headers['set-cookie'], ['a=1', 'b=2', 'login=yes; Path=/; SameSite=Lax'])
})

t.test('@fastify/compress compresses, a large body too, and leaves what is compressed', async t => {
  const text = 'all work and no play '.repeat(200_000)
  const url = await upstream(t, (request, response) => {
    if (request.url === '/br') response.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Encoding': 'br' }).end('brrr')
    else response.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': text.length }).end(request.method === 'HEAD' ? undefined : text)
  })
  const subject = await httpProxy(t, { upstream: url }, {}, async app => { await app.register(fastifyCompress, { encodings: ['gzip'] }) })
  const reply = await fetch(`http://127.0.0.1:${subject.port}/`, { headers: { 'accept-encoding': 'gzip' } })
  t.equal(reply.headers.get('content-encoding'), 'gzip')
  t.equal(reply.headers.get('content-length'), null)
  t.equal(await reply.text(), text)
  t.match(await ask(subject.port, { path: '/br', headers: { 'accept-encoding': 'gzip' } }), { body: 'brrr', headers: { 'content-encoding': 'br' } })
  t.match(await ask(subject.port, { method: 'HEAD' }), { status: 200, headers: { 'content-length': String(text.length) } })
  const h2 = await httpProxy(t, { upstream: url }, { http2: true } as never, async app => { await app.register(fastifyCompress, { encodings: ['gzip'] }) })
  const session = connectHttp2(`http://127.0.0.1:${h2.port}`)
  t.teardown(() => session.destroy())
  const stream = session.request({ ':path': '/', 'accept-encoding': 'gzip' })
  const parts: Buffer[] = []
  stream.on('data', part => parts.push(part as Buffer))
  await once(stream, 'end')
  t.equal(gunzipSync(Buffer.concat(parts)).toString(), text)
})

t.test('@fastify/caching sets its headers', async t => {
  const url = await upstream(t, (_, response) => response.end('page'))
  const { port } = await httpProxy(t, { upstream: url }, {}, async app => { await app.register(fastifyCaching, { privacy: fastifyCaching.privacy.PUBLIC, expiresIn: 300 }) })
  t.match(await ask(port), { body: 'page', headers: { 'cache-control': 'public, max-age=300' } })
})

t.test('an onSend hook adds, changes and removes headers, and the status', async t => {
  const url = await upstream(t, (_, response) => response.writeHead(200, 'Quite Right', { 'X-Powered-By': 'PHP', 'X-Kept': 'k', 'X-Old': 'o' }).end('page'))
  const { port } = await httpProxy(t, { upstream: url }, {}, app => {
    app.addHook('onSend', async (_request, reply) => {
      t.equal(reply.getHeader('x-old'), 'o')
      reply.removeHeader('x-powered-by').header('x-old', 'n').header('x-new', 'w').code(203)
    })
  })
  const answer = await ask(port)
  t.match(answer, { status: 203, reason: 'Non-Authoritative Information', body: 'page', headers: { 'x-kept': 'k', 'x-old': 'n', 'x-new': 'w' } })
  t.notOk(answer.headers['x-powered-by'])
})

t.test('@fastify/swagger lists the server\'s own routes, and not the proxy', async t => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(fastifySwagger)
  await app.register(upstreamProxy, { upstream: NOWHERE })
  app.get('/own', async () => 'own')
  await app.ready()
  t.same(Object.keys((app.swagger() as { paths: object }).paths), ['/own'])
})

// Errors

for (const when of ['before', 'after'] as const) {
  t.test(`an error handler that is set ${when} the proxy answers for its upstream, and onError hooks see the failure`, async t => {
    const app = Fastify({ forceCloseConnections: true })
    t.teardown(() => app.close())
    const seen: unknown[] = []
    const handle = (): void => {
      app.addHook('onError', async (_request, _reply, error) => { seen.push(error.code) })
      app.setErrorHandler((error: any, request, reply) => reply.code(599).header('x-moment', request.upstream?.error?.moment).send({ mine: error.code, was: error.statusCode }))
    }
    if (when === 'before') handle()
    await app.register(upstreamProxy, { upstream: NOWHERE })
    if (when === 'after') handle()
    await app.listen({ port: 0, host: '127.0.0.1' })
    const port = (app.server.address() as { port: number }).port
    const answer = await ask(port, { headers: { accept: 'text/html' } })
    t.match(answer, { status: 599, body: '{"mine":"FST_ARR_UPSTREAM_REFUSED","was":502}', headers: { 'x-moment': 'connect' } })
    t.match(await ask(port, { path: '/%2e%2e/x' }), { status: 599, body: /BAD_TARGET/ })
    t.same(seen, ['FST_ARR_UPSTREAM_REFUSED', 'FST_ARR_PROXY_BAD_TARGET'])
  })
}

t.test('with a hook and no handler, an error looks as it does without', async t => {
  const got: unknown[] = []
  for (const hook of ['onRequest', 'onError', 'onSend'] as const) {
    for (const accept of ['*/*', 'text/html']) {
      const { port } = await httpProxy(t, { upstream: NOWHERE }, {}, app => { app.addHook(hook, async () => {}) })
      const { status, body, headers } = await ask(port, { headers: { accept } })
      got.push({ status, body, type: headers['content-type'], cache: headers['cache-control'], length: headers['content-length'] })
    }
  }
  t.same(got.slice(2, 4), got.slice(0, 2))
  t.same(got.slice(4), got.slice(0, 2))
  t.match(got[0], { status: 502, cache: 'no-store' })
})

t.test('an async error handler that throws, and a client that is too slow, end the exchange', async t => {
  const thrown = await httpProxy(t, { upstream: NOWHERE }, {}, app => { app.setErrorHandler(async () => { throw Object.assign(new Error('worse'), { statusCode: 507 }) }) })
  t.match(await ask(thrown.port), { status: 507, body: /worse/ })
  const unsendable = await httpProxy(t, { upstream: NOWHERE }, { http2: true } as never, app => {
    app.addHook('onSend', async () => {})
    app.addHook('onRequest', async (_request, reply) => { reply.header('x-who', 'snowman \u2603').header('keep-alive', 'x') })
  })
  const session = connectHttp2(`http://127.0.0.1:${unsendable.port}`)
  t.teardown(() => session.destroy())
  const stream = session.request({ ':path': '/' })
  t.equal((await once(stream, 'response'))[0][':status'], 502)
})

// WebSockets

const HTTP2 = {
  server: { http2: true } as const,
  before: (app: FastifyInstance) => { (app.server as unknown as Http2Server).on('session', session => session.settings({ enableConnectProtocol: true })) }
}

/** The head that a WebSocket's handshake is answered with over HTTP/2. */
async function open (t: Test, port: number): Promise<IncomingHttpHeaders> {
  const session = connectHttp2(`http://127.0.0.1:${port}`)
  session.on('error', () => {})
  t.teardown(() => session.destroy())
  while (session.remoteSettings?.enableConnectProtocol !== true) await once(session, 'remoteSettings')
  const stream = session.request({ ':method': 'CONNECT', ':protocol': 'websocket', ':scheme': 'http', ':path': '/', ':authority': 'example.com', 'sec-websocket-version': '13' }, { endStream: false })
  stream.on('error', () => {})
  return (await once(stream, 'response'))[0] as IncomingHttpHeaders
}

async function cookies (app: FastifyInstance): Promise<void> {
  await app.register(fastifyCookie)
  await app.register(fastifySession, { secret: 's'.repeat(32), cookieName: 'sid', cookie: { secure: false } })
  app.addHook('preHandler', async (request, reply) => {
    (request.session as unknown as { seen: boolean }).seen = true
    reply.setCookie('login', 'yes')
  })
}

t.test('cookies of hooks and of a session go with the 101, over HTTP/2 with the 200', async t => {
  const upstream = await agreeing(t, 'Set-Cookie: up=1\r\n')
  const { port } = await proxy(t, { upstream: upstream.url, websocket: AT_ONCE }, { before: cookies })
  const near = client(t, port)
  near.write(handshake())
  const head = await until(near, text => text.endsWith('\r\n\r\n'))
  t.match(head, /^HTTP\/1\.1 101 /)
  for (const cookie of [/set-cookie: up=1\r/i, /set-cookie: login=yes/i, /set-cookie: sid=/i]) t.match(head, cookie)
  const second = await proxy(t, { upstream: upstream.url, websocket: AT_ONCE }, {
    ...HTTP2,
    before: async app => {
      HTTP2.before(app)
      await cookies(app)
    }
  })
  const headers = await open(t, second.port)
  t.equal(headers[':status'], 200)
  t.match(headers['set-cookie'], ['up=1', /^(login=yes|sid=)/, /^(login=yes|sid=)/])
})

t.test('a hook can change neither the handshake nor what belongs to the connection, and gets null for the payload', async t => {
  const upstream = await agreeing(t)
  const payloads: unknown[] = []
  const { port } = await proxy(t, { upstream: upstream.url, websocket: AT_ONCE }, {
    before: app => {
      app.addHook('onSend', (_request, reply, payload, done) => {
        payloads.push(payload)
        reply.headers({ 'Sec-WebSocket-Accept': 'mine', 'Sec-WebSocket-Protocol': 'mine', Upgrade: 'mine', Connection: 'mine', 'Content-Length': '5', 'X-Mine': 'mine' })
        done(null, 'other')
      })
    }
  })
  const near = client(t, port)
  near.write(handshake())
  const head = await until(near, text => text.endsWith('\r\n\r\n'))
  t.match(head, /^HTTP\/1\.1 101 [^]*\r\nx-mine: mine\r\n/)
  t.equal(head.match(/mine/g)?.length, 2)
  t.same(payloads, [null])
})

t.test('while a hook takes its time, no byte of either side is lost', async t => {
  let goOn = (): void => {}
  let asked = false
  const { url } = await tcpUpstream(t, socket => {
    socket.once('data', () => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n')
      socket.write(frame(1, 'first'), () => { socket.write(frame(2, Buffer.alloc(300_000, 'b'))) })
      socket.on('data', part => socket.write(part))
    })
  })
  const { port } = await proxy(t, { upstream: url, websocket: AT_ONCE }, { before: app => { app.addHook('onSend', () => { asked = true; return new Promise(resolve => { goOn = () => resolve(undefined) }) }) } })
  const near = client(t, port)
  const mine = frame(2, Buffer.alloc(200_000, 'c'), { mask: MASK })
  near.write(handshake())
  near.write(mine)
  await eventually(() => asked, 'the hook runs')
  goOn()
  const head = await until(near, text => text.includes('\r\n\r\n'))
  t.match(head, /^HTTP\/1\.1 101 /)
  const expected = frame(1, 'first').length + frame(2, Buffer.alloc(300_000)).length + mine.length
  let got = Buffer.from(head.slice(head.indexOf('\r\n\r\n') + 4), 'latin1')
  near.on('data', part => { got = Buffer.concat([got, part as Buffer]) })
  near.resume()
  await eventually(() => got.length === expected, 'all came')
  t.equal(got.indexOf('first'), 2)
  t.ok(got.includes(mine))
})

for (const [name, then, expected] of [
  ['a hook that fails', 'fail', /^HTTP\/1\.1 418 [^]*no such thing/],
  ['a client that leaves while a hook runs', 'leave', /^$/],
  ['an upstream that leaves while a hook runs', 'reset', /^HTTP\/1\.1 502 /]
] as const) {
  t.test(`${name} ends the handshake, and the other side's connection`, async t => {
    const upstream = await agreeing(t)
    let fail = (_error: Error): void => {}
    let runs = 0
    const { port, closed } = await proxy(t, { upstream: upstream.url }, {
      before: app => { app.addHook('onSend', () => runs++ > 0 ? Promise.resolve() : new Promise((_resolve, reject) => { fail = reject })) }
    })
    const near = client(t, port)
    near.on('end', () => near.end())
    near.write(handshake())
    await eventually(() => runs === 1, 'the hook runs')
    if (then === 'fail') fail(Object.assign(new Error('no such thing'), { statusCode: 418 }))
    else if (then === 'leave') near.resetAndDestroy() // an end alone would be half of it
    else upstream.sockets[0]!.resetAndDestroy()
    if (then !== 'leave') t.match(await rest(near), expected)
    await eventually(() => closed.length === 1, 'reply.raw closes')
    t.match(closed[0], { status: 101, tunnel: null, error: { code: { fail: 'FST_ARR_PROXY_REWRITE_FAILED', leave: 'FST_ARR_CLIENT_GONE', reset: 'FST_ARR_UPSTREAM_RESET' }[then] } })
    await eventually(() => upstream.sockets.every(socket => socket.destroyed || (socket.resume(), socket.readableEnded)), 'the upstream is freed')
    fail(new Error('too late'))
  })
}

t.test('a refusal passes the hooks, with its body and status, on both protocols', async t => {
  for (const answer of ['HTTP/1.1 401 Who Are You\r\nWWW-Authenticate: Basic\r\nContent-Length: 4\r\n\r\nnope', 'HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n', 'HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nnope\r\n0\r\n\r\n']) {
    const { url } = await tcpUpstream(t, socket => { socket.once('data', () => socket.write(answer)) })
    const status = answer.slice(9, 12)
    const { port, closed } = await proxy(t, { upstream: url }, { before: cookies })
    const text = await talk(t, port, handshake())
    t.match(text, new RegExp(`^HTTP/1\\.1 ${answer.slice(9, answer.indexOf('\r'))}\\r\\n`))
    t.match(text, /set-cookie: login=yes/i)
    t.equal(text.endsWith('nope') || text.includes('\r\n4\r\nnope\r\n0\r\n\r\n'), answer.includes('nope'))
    await eventually(() => closed.length === 1, 'reply.raw closes')
    t.match(closed[0], { status: Number(status), error: null })
    const second = await proxy(t, { upstream: url }, {
      ...HTTP2,
      before: async app => {
        HTTP2.before(app)
        await cookies(app)
      }
    })
    t.match(await open(t, second.port), { ':status': Number(status), 'set-cookie': [/./, /./] })
  }
})

t.test('errors of a WebSocket\'s upstream are the error handler\'s, and so is a refusal that breaks off before a hook lets it go', async t => {
  const options: UpstreamProxyOptions = { upstream: NOWHERE }
  const handled = await proxy(t, options, { after: app => { app.setErrorHandler((error: any, _request, reply) => reply.code(418).send(`mine: ${error.code}`)) } })
  t.match(await talk(t, handled.port, handshake()), /^HTTP\/1\.1 418 [^]*mine: FST_ARR_UPSTREAM_REFUSED$/)
  let goOn = (): void => {}
  let runs = 0
  const dials = watchDials(t)
  const sockets: Array<{ resetAndDestroy: () => unknown }> = []
  const { url } = await tcpUpstream(t, socket => {
    sockets.push(socket)
    socket.once('data', () => socket.write('HTTP/1.1 401 Unauthorized\r\nContent-Length: 40\r\n\r\nno'))
  })
  const { port, closed } = await proxy(t, { upstream: url }, { before: app => { app.addHook('onSend', () => runs++ > 0 ? Promise.resolve() : new Promise(resolve => { goOn = () => resolve(undefined) })) } })
  const near = client(t, port)
  near.on('end', () => near.end())
  near.write(handshake())
  await eventually(() => runs === 1, 'the hook runs')
  const own = dials.find(({ remotePort }) => url.endsWith(`:${remotePort}`))
  sockets[0]!.resetAndDestroy()
  await eventually(() => own?.destroyed === true, 'the proxy knows')
  goOn()
  t.match(await rest(near), /^HTTP\/1\.1 502 [^]*FST_ARR_UPSTREAM_RESET/)
  await eventually(() => closed.length === 1, 'reply.raw closes')
  t.match(closed[0], { status: 401, error: { code: 'FST_ARR_UPSTREAM_RESET' } })
})

t.test('an upstream that breaks while a hook runs is a whole error answer, and the hooks for errors run once', async t => {
  const { url } = await tcpUpstream(t, socket => {
    socket.once('data', () => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n')
      setImmediate(() => socket.resetAndDestroy())
    })
  })
  let errors = 0
  let broken = (): void => {}
  const { port, closed } = await proxy(t, { upstream: url }, {
    before: app => {
      app.addHook('onSend', async (request, _reply, payload) => {
        // The first run is for the answer, which breaks meanwhile.
        if ((request.upstream?.error ?? null) === null) await new Promise<void>(resolve => { broken = resolve })
        return payload
      })
      app.addHook('onError', async () => { errors++ })
      app.setErrorHandler(async (error, _request, reply) => {
        for (let turn = 0; turn < 5; turn++) await new Promise(resolve => setImmediate(resolve))
        return reply.code((error as { statusCode: number }).statusCode).send(`mine ${(error as { code: string }).code}`)
      })
      app.addHook('onRequest', async request => {
        const wait = (): void => { if ((request.upstream?.error ?? null) === null) setImmediate(wait); else broken() }
        setImmediate(wait)
      })
    }
  })
  const near = client(t, port)
  near.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  t.match(await rest(near), /^HTTP\/1\.1 502 [^]*\r\n\r\nmine FST_ARR_UPSTREAM_RESET$/)
  await eventually(() => closed.length === 1, 'reply.raw closes')
  t.equal(errors, 1)
})

t.test('an upstream that says something and ends its side while a hook runs has agreed all the same', async t => {
  const { url } = await tcpUpstream(t, socket => {
    socket.once('data', head => socket.end(`${switchFor(String(head))}hello`))
  })
  let opens: (() => void) | null = null
  const { port } = await proxy(t, { upstream: url }, {
    before: app => { app.addHook('onSend', async () => { await new Promise<void>(resolve => { opens = resolve }) }) }
  })
  const near = client(t, port)
  near.write(handshake())
  await eventually(() => opens !== null, 'the hook runs')
  // The end came with the 101, and has been told by then.
  for (let turn = 0; turn < 50; turn++) await new Promise(resolve => setImmediate(resolve))
  ;(opens as unknown as () => void)()
  t.match(await rest(near), /^HTTP\/1\.1 101 [^]*hello$/)
})

t.test('a client that has ended its side has the handshake\'s time limit, also while a hook runs', async t => {
  const upstream = await agreeing(t)
  const { port } = await proxy(t, { upstream: upstream.url, timeouts: { handshake: 300 } }, {
    before: app => { let runs = 0; app.addHook('onSend', () => runs++ > 0 ? Promise.resolve() : new Promise(() => {})) }
  })
  const near = client(t, port)
  near.end(handshake())
  t.match(await rest(near), /^HTTP\/1\.1 504 /)
  await eventually(() => upstream.sockets.every(socket => socket.destroyed || (socket.resume(), socket.readableEnded)), 'the upstream is freed')
})
