// An answer takes one of two ways to the client: directly, or through Fastify's reply where a hook wants to see it. Both give the client the same.
import { once } from 'node:events'
import { connect as connectHttp2, type IncomingHttpHeaders } from 'node:http2'
import { connect } from 'node:net'
import { Transform } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import type { UpstreamProxyOptions } from '../src/index.ts'
import { answering, ask, proxy, rawUpstream, talk, type Proxy } from './forward-subjects.ts'
import { eventually, quiet } from './parts.ts'

const onSend = (app: FastifyInstance) => { app.addHook('onSend', async () => {}) }
const WAYS: Record<string, (app: FastifyInstance) => unknown> = { directly: () => {}, 'through the reply': onSend }
const BIG = 'x'.repeat(3_000_000)

/** What is the same on both ways: all but names' case, and the headers of the moment and of the connection. */
function told (headers: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !['date', 'connection', 'keep-alive', 'transfer-encoding'].includes(name)))
}

interface Http2Answer { readonly headers: IncomingHttpHeaders, readonly body: string, readonly trailers: unknown, readonly code: number | undefined }

async function askHttp2 (t: Test, port: number, headers: object = {}, begun = (): void => {}): Promise<Http2Answer> {
  const session = connectHttp2(`http://127.0.0.1:${port}`)
  session.on('error', () => {})
  t.teardown(() => session.destroy())
  const stream = session.request({ ':path': '/', ...headers })
  let head: IncomingHttpHeaders = {}
  let trailers: unknown
  const parts: Buffer[] = []
  stream.on('response', headers => { head = headers })
  stream.on('trailers', headers => { trailers = { ...headers } })
  stream.on('data', part => {
    parts.push(part as Buffer)
    begun()
  })
  stream.on('error', () => {})
  await new Promise(resolve => stream.on('close', resolve))
  return { headers: told(head) as IncomingHttpHeaders, body: Buffer.concat(parts).toString(), trailers, code: stream.rstCode }
}

const ANSWERS: Record<string, string> = {
  'a length': 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: text/plain\r\nX-A: 1\r\n\r\nok',
  chunks: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
  trailers: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 5\r\n\r\n',
  'no body': 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
  'no body and no type': 'HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n',
  204: 'HTTP/1.1 204 No Content\r\nX-A: 1\r\n\r\n',
  304: 'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n\r\n',
  'a redirection': 'HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 5\r\n\r\nthere',
  'a reason of its own': 'HTTP/1.1 404 Nowhere At All\r\nContent-Length: 2\r\n\r\nno',
  cookies: 'HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nLink: <a>\r\nLink: <b>\r\nContent-Length: 0\r\n\r\n',
  JSON: 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}',
  'a malformed type': 'HTTP/1.1 200 OK\r\nContent-Type: ;;/\r\nContent-Length: 2\r\n\r\nok',
  'early hints': 'HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
  'names that objects have': 'HTTP/1.1 200 OK\r\nconstructor: c\r\ntoString: t\r\nContent-Length: 2\r\n\r\nok',
  'a large body': `HTTP/1.1 200 OK\r\nContent-Length: ${BIG.length}\r\n\r\n${BIG}`
}

for (const [name, bytes] of Object.entries(ANSWERS)) {
  for (const method of ['GET', 'HEAD']) {
    if (method === 'HEAD' && /Transfer|ok$|no$|there$|\{\}$|x$/.test(bytes)) continue
    t.test(`${method}: an answer with ${name} is the same on both ways`, async t => {
      const got: unknown[] = []
      const got2: unknown[] = []
      for (const prepare of Object.values(WAYS)) {
        const upstream = await answering(t, bytes)
        const subject = await proxy(t, { upstream: upstream.url }, {}, prepare)
        const { status, reason, headers, body, trailers, complete } = await ask(subject.port, { method })
        got.push({ status, reason, headers: told(headers), body, trailers, complete, error: (await subject.facts()).error })
        const second = await proxy(t, { upstream: upstream.url }, { http2: true } as never, prepare)
        got2.push(await askHttp2(t, second.port, { ':method': method }))
      }
      t.same(got[1], got[0])
      t.same(got2[1], got2[0], 'HTTP/2')
      t.match(got2[1], { code: 0 })
    })
  }
}

t.test('HTTP/1.0 gets a body that ends with the connection', async t => {
  for (const prepare of Object.values(WAYS)) {
    const subject = await proxy(t, { upstream: (await answering(t, ANSWERS['chunks'] as string)).url }, {}, prepare)
    t.match(await talk(subject.port, 'GET / HTTP/1.0\r\nHost: x\r\n\r\n'), /^HTTP\/1\.1 200 OK\r\n(?:(?!transfer-encoding)[^\r\n]+\r\n)*\r\nok$/i)
  }
})

t.test('the head is sent before there is a body', async t => {
  const upstream = await answering(t, 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n')
  const subject = await proxy(t, { upstream: upstream.url }, {}, onSend)
  t.match(await talk(subject.port, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', /\r\n\r\n$/), /^HTTP\/1\.1 200 OK\r\n/)
})

t.test('a client that sends no body that nobody asked for has its connection closed, on both ways', async t => {
  for (const prepare of Object.values(WAYS)) {
    const subject = await proxy(t, { upstream: (await answering(t, 'HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n')).url }, {}, prepare)
    t.match(await talk(subject.port, 'PUT / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n'), /^HTTP\/1\.1 417 [^]*\r\nconnection: close\r\n/i)
  }
})

for (const protocol of ['HTTP/1.1', 'HTTP/2']) {
  const server = protocol === 'HTTP/2' ? { http2: true } as never : {}

  t.test(`${protocol}: an answer that the upstream breaks off is not complete, hooks or not`, async t => {
    for (const prepare of [...Object.values(WAYS), wrapping]) {
      const upstream = await answering(t, `HTTP/1.1 200 OK\r\nContent-Length: 500000\r\n\r\n${'y'.repeat(1000)}`)
      const subject = await proxy(t, { upstream: upstream.url }, server, prepare)
      const breakOff = (): void => { upstream.sockets[0]?.resetAndDestroy() }
      if (protocol === 'HTTP/2') t.not((await askHttp2(t, subject.port, {}, breakOff)).code, 0)
      else t.equal((await ask(subject.port, {}, breakOff)).complete, false)
      t.match((await subject.facts()).error, { code: 'FST_ARR_UPSTREAM_RESET', moment: 'body', side: 'upstream' })
    }
  })

  t.test(`${protocol}: a client that does not read holds back its upstream, and one that leaves frees it`, async t => {
    let written = 0
    const upstream = await rawUpstream(t, socket => {
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
      const part = Buffer.concat([Buffer.from('10000\r\n'), Buffer.alloc(65_536, 'z'), Buffer.from('\r\n')])
      const more = (): void => {
        if (socket.destroyed) return
        written += part.length
        if (written < 200_000_000) socket.write(part, more)
      }
      more()
    })
    const subject = await proxy(t, { upstream: upstream.url }, server, onSend)
    if (protocol === 'HTTP/2') {
      const session = connectHttp2(`http://127.0.0.1:${subject.port}`)
      session.on('error', () => {})
      t.teardown(() => session.destroy())
      const stream = session.request({ ':path': '/' })
      stream.on('error', () => {})
      await once(stream, 'response')
      await quiet(() => written)
      stream.close(8)
    } else {
      const socket = connect({ port: subject.port, host: '127.0.0.1' })
      socket.on('error', () => {})
      socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
      await once(socket, 'readable')
      await quiet(() => written)
      socket.destroy()
    }
    t.ok(written < 100_000_000, 'it is not kept in memory')
    t.match((await subject.facts()).error, { code: 'FST_ARR_CLIENT_GONE', moment: 'body', side: 'client' })
    await eventually(() => upstream.sockets.every(socket => socket.destroyed || socket.readableEnded), 'the upstream is freed')
  })
}

function wrapping (app: FastifyInstance): void {
  app.addHook('onSend', async (_request, _reply, payload: any) => typeof payload?.pipe === 'function'
    // As `pipe` does: errors are not passed on.
    ? payload.pipe(new Transform({ transform (part, _, done) { done(null, part) } }))
    : payload)
}

t.test('a stream of rewriteResponse goes through the reply as well, and its failure is a 500', async t => {
  const upstream = await answering(t, ANSWERS['a length'] as string)
  const rewriting = (options: ConstructorParameters<typeof Transform>[0]): UpstreamProxyOptions => ({
    upstream: upstream.url,
    rewriteResponse: (_request, { headers }) => ({ headers: [...headers, ['Content-Encoding', 'odd']], body: new Transform(options) })
  })
  for (const prepare of [...Object.values(WAYS), wrapping]) {
    const good = await proxy(t, rewriting({ transform (part: Buffer, _, done) { done(null, part.toString().toUpperCase()) } }), {}, prepare)
    t.match(await ask(good.port), { status: 200, body: 'OK', headers: { 'content-encoding': 'odd' }, complete: true })
    const bad = await proxy(t, rewriting({ transform (_part, _, done) { done(new Error('odd')) } }), {}, prepare)
    const answer = await ask(bad.port)
    t.match((await bad.facts()).error, { code: 'FST_ARR_PROXY_REWRITE_FAILED', side: 'proxy' })
    // Directly, the head has left by then or not.
    if (prepare === onSend && answer.status === 500) t.notOk(answer.headers['content-encoding'], 'what was said of the body does not hold for the error')
    else t.equal(answer.complete && answer.status === 200, false)
  }
})

t.test('which way is taken costs a route nothing that has no such hook: its reply is hijacked at once', async t => {
  const seen: boolean[] = []
  const look = (app: FastifyInstance): void => { app.addHook('onResponse', async (_request, reply) => { seen.push(hijacked(reply)) }) }
  const { url } = await answering(t, ANSWERS['a length'] as string)
  const cases: Array<[boolean, (app: FastifyInstance) => unknown]> = [
    [true, () => {}],
    [true, app => app.addHook('preSerialization', async (_request, _reply, payload) => payload)],
    [true, app => app.setErrorHandler(() => {})],
    [true, app => app.addHook('onError', async () => {})],
    [false, onSend],
    [false, app => app.addHook('onRoute', route => { route.onSend = async () => {} })]
  ]
  for (const [expected, prepare] of cases) {
    const subject = await proxy(t, { upstream: url }, {}, async app => {
      look(app)
      await prepare(app)
    })
    await ask(subject.port)
    await subject.facts()
    t.equal(seen.pop(), expected)
  }
})

function hijacked (reply: object): boolean {
  const symbol = Object.getOwnPropertySymbols(reply).find(({ description }) => description === 'fastify.reply.hijacked') as symbol
  return (reply as Record<symbol, unknown>)[symbol] === true
}

t.test('a hook that is added after the proxy counts as well', async t => {
  const { url } = await answering(t, ANSWERS['a length'] as string)
  const { default: Fastify } = await import('fastify')
  const { default: upstreamProxy } = await import('../src/index.ts')
  const app = Fastify({ forceCloseConnections: true })
  t.teardown(() => app.close())
  await app.register(upstreamProxy, { upstream: url })
  app.addHook('onSend', async (_request, reply) => { reply.header('x-late', 'yes') })
  await app.listen({ port: 0, host: '127.0.0.1' })
  t.match(await ask((app.server.address() as { port: number }).port), { status: 200, body: 'ok', headers: { 'x-late': 'yes' } })
})

t.test('onResponse runs once, and its reply has what was sent', async t => {
  const { url } = await answering(t, 'HTTP/1.1 207 Multi-Status\r\nX-Up: 1\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 2\r\n\r\nok')
  for (const [upstream, status, expected] of [[url, 207, { 'x-up': '1', 'x-own': 'o', 'content-length': '2', 'set-cookie': ['a=1', 'b=2'] }], ['http://127.0.0.1:1', 502, { 'x-own': 'o', 'cache-control': 'no-store' }]] as const) {
    for (const server of [{}, { http2: true }]) {
      for (const prepare of Object.values(WAYS)) {
        const seen: unknown[] = []
        const subject: Proxy = await proxy(t, { upstream }, server as never, async app => {
          await prepare(app)
          app.addHook('onRequest', async (_request, reply) => { reply.header('x-own', 'o') })
          app.addHook('onResponse', async (_request, reply) => { seen.push({ status: reply.statusCode, headers: reply.getHeaders(), one: reply.getHeader('x-own') }) })
        })
        if ('http2' in server) await askHttp2(t, subject.port)
        else await ask(subject.port)
        await subject.facts()
        t.match(seen, [{ status, headers: expected, one: 'o' }])
        t.equal(seen.length, 1)
      }
    }
  }
})

t.test('a hook that puts something else in place of the body: the length is right, and the upstream is not waited for', async t => {
  const upstream = await rawUpstream(t, socket => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\nbegin'))
  const subject = await proxy(t, { upstream: upstream.url }, {}, app => { app.addHook('onSend', async () => 'mine') })
  t.match(await ask(subject.port), { status: 200, body: 'mine', headers: { 'content-length': '4' }, complete: true })
  t.equal((await subject.facts()).error, null)
  const wrapped = await proxy(t, { upstream: (await answering(t, ANSWERS['a length'] as string)).url }, {}, app => {
    app.addHook('onSend', async (_request, _reply, payload: any) => payload.pipe(new Transform({ transform (part: Buffer, _, done) { done(null, `${part.toString()}${part.toString()}`) } })))
  })
  t.match(await ask(wrapped.port), { status: 200, body: 'okok', complete: true })
})

t.test('a hook that fails is answered by Fastify', async t => {
  const { url } = await answering(t, ANSWERS['a length'] as string)
  let runs = 0
  const subject = await proxy(t, { upstream: url }, {}, app => { app.addHook('onSend', async () => { if (runs++ === 0) throw Object.assign(new Error('no'), { statusCode: 409 }) }) })
  t.match(await ask(subject.port), { status: 409, body: /"message":"no"/, complete: true })
})

t.test('handlerTimeout holds where errors go through Fastify, and its answer is the only one', async t => {
  for (const late of ['', 'late']) {
    const upstream = await rawUpstream(t, socket => { if (late !== '') setTimeout(() => socket.write(ANSWERS['a length'] as string), 300) })
    const subject = await proxy(t, { upstream: upstream.url }, { handlerTimeout: 100 } as never, onSend)
    t.match(await ask(subject.port), { status: 503, complete: true })
    t.equal((await subject.facts()).error, null)
    await eventually(() => upstream.sockets.every(socket => socket.destroyed || socket.readableEnded), 'the upstream is freed')
  }
})

t.test('a hook that says it is for errors only sees errors of the proxy, and no answer of an upstream, nor a handshake', async t => {
  const seen: unknown[] = []
  const hook = Object.assign(async (_request: unknown, reply: { statusCode: number }, payload: unknown) => {
    seen.push(reply.statusCode)
    return reply.statusCode === 502 ? 'mine' : payload
  }, { [Symbol.for('fastify-arr.errors-only')]: true })
  for (const [name, marked] of [['only', true], ['not only', false]] as const) {
    const upstream = await rawUpstream(t, (socket, head) => { socket.end(head.includes('/lost') ? 'nonsense\r\n\r\n' : head.includes('Upgrade') ? 'HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno' : ANSWERS['a reason of its own'] as string) })
    const subject = await proxy(t, { upstream: upstream.url, websocket: true }, {}, app => { app.addHook('onSend', marked ? hook : (request, reply, payload) => hook(request, reply, payload)) })
    t.match(await ask(subject.port), { status: 404, body: 'no' })
    t.match(await talk(subject.port, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n'), /^HTTP\/1\.1 403 No\r\n[^]*no$/)
    t.match(await ask(subject.port, { path: '/lost' }), { status: 502, body: 'mine' })
    t.same(seen.splice(0), marked ? [502] : [404, 403, 502], name)
  }
})
