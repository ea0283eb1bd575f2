// What came, or what a user's function made of it, and may not be sent on as it is: it is put right, left out, or answered with
// an error. The process lives, and so does whoever else it serves.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect as connectHttp2, type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import t, { type Test } from 'tap'
import upstreamProxy, { type UpstreamProxyOptions } from '../src/index.ts'
import { answering, ask, oneConnection, proxy, rawUpstream, talk } from './forward-subjects.ts'
import { eventually } from './parts.ts'

const HEAD = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n'
const OK = `${HEAD}ok`
const SNOWMAN = 'snowman \u2603'
const http2 = { http2: true } as object

interface Got {
  readonly status: number | undefined
  readonly headers: IncomingHttpHeaders
  readonly hints: IncomingHttpHeaders[]
  readonly trailers: IncomingHttpHeaders | undefined
  readonly body: string
  readonly code: number | undefined
}

function session (t: Test, port: number): ClientHttp2Session {
  const client = connectHttp2(`http://127.0.0.1:${port}`)
  client.on('error', () => {})
  t.teardown(() => client.destroy())
  return client
}

async function get (client: ClientHttp2Session, headers: object = {}): Promise<Got> {
  const stream = client.request({ ':path': '/', ...headers })
  let head: IncomingHttpHeaders = {}
  const hints: IncomingHttpHeaders[] = []
  let trailers: IncomingHttpHeaders | undefined
  let body = ''
  stream.on('response', headers => { head = headers })
  stream.on('headers', headers => hints.push(headers))
  stream.on('trailers', headers => { trailers = headers })
  stream.on('data', part => { body += String(part) })
  stream.on('error', () => {})
  await new Promise(resolve => stream.on('close', resolve))
  return { status: head[':status'] as number | undefined, headers: head, hints, trailers, body, code: stream.rstCode }
}

type Ask = (path: string) => Promise<{ status: number | undefined, body: string, headers: IncomingHttpHeaders }>

/** Each protocol, on one connection of the client: an answer's fate must not be the next one's. */
const PROTOCOLS: Record<string, (t: Test, options: UpstreamProxyOptions, prepare?: (app: FastifyInstance) => unknown) => Promise<[subject: Awaited<ReturnType<typeof proxy>>, asking: Ask]>> = {
  async 'HTTP/1.1' (t, options, prepare) {
    const subject = await proxy(t, options, {}, prepare)
    const agent = oneConnection(t)
    return [subject, path => ask(subject.port, { path, agent })]
  },
  async 'HTTP/2' (t, options, prepare) {
    const subject = await proxy(t, options, http2, prepare)
    const client = session(t, subject.port)
    return [subject, path => get(client, { ':path': path })]
  }
}

for (const [protocol, start] of Object.entries(PROTOCOLS)) {
  for (const [packets, bytes] of [['head and body come together', OK], ['the head comes alone', HEAD]] as const) {
    // The body of the latter never comes: what is wrong is known without it.
    const upstream = (t: Test) => rawUpstream(t, (socket, head) => socket.write(head.startsWith('GET /bad ') ? bytes : OK))

    for (const [name, bad] of [
      ['a value beyond latin1', ['X-Name', SNOWMAN]],
      ['a value with a line break', ['X-Name', 'a\r\nX-Other: b']],
      ['a name that is no token', ['X Name', 'a']]
    ] as const) {
      t.test(`${protocol}: ${name} from rewriteResponse is a 500, where ${packets}`, async t => {
        const [subject, asking] = await start(t, {
          upstream: (await upstream(t)).url,
          rewriteResponse: (request, { headers }) => request.url === '/bad' ? { headers: [...headers, [...bad]] } : undefined
        })
        const answer = await asking('/bad')
        t.match(answer, { status: 500 })
        t.notMatch(JSON.stringify(answer), /X-Name|X Name|snowman|X-Other/i, 'nothing of it is told')
        t.match((await subject.facts()).error, { code: 'FST_ARR_PROXY_REWRITE_FAILED', side: 'proxy', statusCode: 500 })
        t.match(await asking('/good'), { status: 200, body: 'ok' }, 'life goes on')
      })
    }

    t.test(`${protocol}: a value beyond latin1 from a hook's reply.header is a 500, where ${packets}`, async t => {
      const [subject, asking] = await start(t, { upstream: (await upstream(t)).url }, app => {
        app.addHook('onRequest', async (request, reply) => { reply.header('X-Who', request.url === '/bad' ? SNOWMAN : 'ann') })
      })
      const answer = await asking('/bad')
      t.match(answer, { status: 500 })
      t.notOk(answer.headers['x-who'])
      t.match((await subject.facts()).error, { code: 'FST_ARR_PROXY_REWRITE_FAILED', side: 'proxy' })
      t.match(await asking('/good'), { status: 200, body: 'ok', headers: { 'x-who': 'ann' } }, 'life goes on')
    })
  }

  t.test(`${protocol}: a value beyond latin1 from a hook's reply.header is left out of an error's answer`, async t => {
    const [subject, asking] = await start(t, { upstream: 'http://127.0.0.1:1' }, app => {
      app.addHook('onRequest', async (request, reply) => {
        reply.header('X-Who', request.url === '/bad' ? SNOWMAN : 'ann')
      })
    })
    const answer = await asking('/bad')
    t.match(answer, { status: 502, body: /FST_ARR_UPSTREAM_REFUSED/ })
    t.notOk(answer.headers['x-who'])
    t.match((await subject.facts()).error, { code: 'FST_ARR_UPSTREAM_REFUSED', moment: 'connect' })
    t.match(await asking('/good'), { status: 502, headers: { 'x-who': 'ann' } })
  })
}

t.test('an answer for which Node takes no head, since a hook has sent one, is cut, and the process lives', async t => {
  for (const bytes of [OK, HEAD]) {
    const backend = await rawUpstream(t, (socket, head) => socket.write(head.startsWith('GET /bad ') ? bytes : OK))
    const subject = await proxy(t, { upstream: backend.url }, {}, app => {
      app.addHook('preHandler', async (request, reply) => {
        if (request.url === '/bad') reply.raw.writeHead(200).write('mine')
      })
    })
    t.match(await ask(subject.port, { path: '/bad' }), { status: 200, body: 'mine', complete: false })
    t.match((await subject.facts()).error, { code: 'FST_ARR_PROXY_REWRITE_FAILED', side: 'proxy' })
    t.match(await ask(subject.port), { status: 200, body: 'ok' })
  }
})

// HTTP/2

t.test('HTTP/2: of a header that may be there once, and that the upstream gives twice, the first is sent', async t => {
  const names = [
    'Access-Control-Allow-Credentials', 'Access-Control-Max-Age', 'Age', 'Content-Location', 'Content-MD5', 'Content-Range', 'Content-Type',
    'Date', 'DNT', 'ETag', 'Expires', 'From', 'If-Modified-Since', 'If-Range', 'If-Unmodified-Since', 'Last-Modified', 'Location',
    'Max-Forwards', 'Range', 'Referer', 'Retry-After', 'Tk', 'Upgrade-Insecure-Requests', 'User-Agent', 'X-Content-Type-Options',
    'Access-Control-Request-Method', 'Authorization', 'Host'
  ]
  for (const bytes of [OK, HEAD]) {
    const fields = names.map(name => `${name}: first\r\n${name.toLowerCase()}: second\r\n${name}: third\r\n`).join('')
    const backend = await rawUpstream(t, socket => {
      socket.write(bytes.replace('\r\n\r\n', `\r\n${fields}\r\n`))
      if (bytes === HEAD) setImmediate(() => socket.write('ok'))
    })
    const { port } = await proxy(t, { upstream: backend.url }, http2)
    const answer = await get(session(t, port))
    t.match(answer, { status: 200, body: 'ok', code: 0 })
    for (const name of names) t.equal(answer.headers[name.toLowerCase()], 'first', name)
  }
})

t.test('HTTP/2: a header that is a list, and that the upstream gives in several lines, is one list', async t => {
  const names = ['Content-Encoding', 'Content-Language', 'If-Match', 'If-None-Match', 'Vary', 'X-Other']
  const fields = names.map(name => `${name}: a\r\n${name}: b\r\n${name}: c\r\n`).join('')
  const backend = await answering(t, OK.replace('\r\n\r\n', `\r\n${fields}Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n\r\n`))
  const { port } = await proxy(t, { upstream: backend.url }, http2)
  const answer = await get(session(t, port))
  t.match(answer, { status: 200, body: 'ok', code: 0 })
  for (const name of names) t.equal(answer.headers[name.toLowerCase()], 'a, b, c', name)
  t.same(answer.headers['set-cookie'], ['a=1', 'b=2'])
})

t.test('HTTP/2: early hints with a header twice are passed on', async t => {
  const backend = await answering(t, `HTTP/1.1 103 Early Hints\r\nETag: first\r\nETag: second\r\nLink: </a>\r\nLink: </b>\r\nKeep-Alive: timeout=5\r\nHTTP2-Settings: x\r\n\r\n${OK}`)
  const { port } = await proxy(t, { upstream: backend.url }, http2)
  const answer = await get(session(t, port))
  t.match(answer, { status: 200, body: 'ok', code: 0, hints: [{ ':status': 103, etag: 'first', link: '</a>, </b>' }] })
  t.notOk(answer.hints[0]?.['keep-alive'] ?? answer.hints[0]?.['http2-settings'])
})

t.test('HTTP/2: of trailers the first of a name is sent, and none of the connection\'s', async t => {
  const backend = await answering(t, 'HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n' +
    'X-Content-Type-Options: first\r\nX-Content-Type-Options: second\r\nHTTP2-Settings: x\r\nX-Sum: 1\r\nX-Sum: 2\r\n\r\n')
  const { port } = await proxy(t, { upstream: backend.url }, http2)
  const answer = await get(session(t, port))
  t.match(answer, { status: 200, body: 'ok', code: 0, headers: { trailer: 'X-Sum' }, trailers: { 'x-content-type-options': 'first', 'x-sum': '1, 2' } })
  t.notOk(answer.trailers?.['http2-settings'])
})

t.test('a header may have any name, and so may a trailer', async t => {
  const backend = await answering(t, 'HTTP/1.1 200 OK\r\nConstructor: mine\r\n__proto__: own\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nConstructor: a\r\nConstructor: b\r\n__proto__: c\r\n\r\n')
  const { port } = await proxy(t, { upstream: backend.url })
  const { rawHeaders, trailers } = await ask(port)
  t.match(rawHeaders.join('|'), /Constructor\|mine\|__proto__\|own/)
  t.same(trailers, ['Constructor', 'a', 'Constructor', 'b', '__proto__', 'c'])

  const second = await proxy(t, { upstream: backend.url }, http2)
  const answer = await get(session(t, second.port))
  t.match(answer, { status: 200, body: 'ok', code: 0 })
  for (const [fields, values] of [[answer.headers, ['mine', 'own']], [answer.trailers ?? {}, ['a, b', 'c']]] as const) {
    t.same(['constructor', '__proto__'].map(name => Object.getOwnPropertyDescriptor(fields, name)?.value), values)
  }
})

t.test('HTTP/2: what a hook\'s reply.header says of the connection is left out', async t => {
  const own = { 'Keep-Alive': 'timeout=5', Connection: 'X-Own', Upgrade: 'h2c', 'Proxy-Connection': 'keep-alive', 'HTTP2-Settings': 'x', TE: 'trailers', 'X-Own': 'kept' }
  const hook = (app: FastifyInstance) => app.addHook('onRequest', async (_, reply) => { reply.headers(own) })
  for (const [upstream, status] of [[(await answering(t, OK)).url, 200], ['http://127.0.0.1:1', 502]] as const) {
    const { port } = await proxy(t, { upstream }, http2, hook)
    const answer = await get(session(t, port))
    t.match(answer, { status, headers: { 'x-own': 'kept' }, code: 0 })
    for (const name of Object.keys(own).slice(0, -1)) t.notOk(name.toLowerCase() in answer.headers, name)
  }
})

t.test('a status that HTTP/2 does not have is 502 there, and passes on HTTP/1.1', async t => {
  for (const status of [600, 999]) {
    for (const body of ['', 'ok']) {
      const backend = await rawUpstream(t, (socket, head) => socket.write(head.startsWith('GET /odd ') ? `HTTP/1.1 ${status} Odd\r\nContent-Length: 2\r\n\r\n${body}` : OK))
      const subject = await proxy(t, { upstream: backend.url }, http2)
      const client = session(t, subject.port)
      t.match(await get(client, { ':path': '/odd' }), { status: 502, body: /FST_ARR_UPSTREAM_BAD_ANSWER/, code: 0 })
      t.match((await subject.facts()).error, { code: 'FST_ARR_UPSTREAM_BAD_ANSWER' })
      t.match(await get(client), { status: 200, body: 'ok' })
    }
    const { port } = await proxy(t, { upstream: (await answering(t, `HTTP/1.1 ${status} Odd\r\nContent-Length: 2\r\n\r\nok`)).url })
    t.match(await ask(port), { status, reason: 'Odd', body: 'ok' })
  }
  const last = await proxy(t, { upstream: (await answering(t, 'HTTP/1.1 599 Odd\r\nContent-Length: 2\r\n\r\nok')).url }, http2)
  t.match(await get(session(t, last.port)), { status: 599, body: 'ok' })
})

// Framing

t.test('a GET that rewriteRequest made a HEAD is answered without a length, and what follows is read as it is meant', async t => {
  const backend = await rawUpstream(t, (socket, head) => socket.write(`HTTP/1.1 200 OK\r\nETag: "x"\r\nContent-Length: 50\r\n\r\n${head.startsWith('HEAD') ? '' : 'y'.repeat(50)}`))
  const options: UpstreamProxyOptions = { upstream: backend.url, rewriteRequest: (request, { out }) => { if (request.url === '/head') out.method = 'HEAD' } }
  const { port } = await proxy(t, options)
  const agent = oneConnection(t)
  const head = await ask(port, { path: '/head', agent })
  t.match(head, { status: 200, body: '', complete: true, headers: { etag: '"x"' } })
  t.notOk(head.headers['content-length'])
  t.match(await ask(port, { agent }), { status: 200, body: 'y'.repeat(50), headers: { 'content-length': '50' } })
  t.match(await ask(port, { path: '/plain', method: 'HEAD', agent }), { status: 200, body: '', headers: { 'content-length': '50' } }, 'a HEAD of the client\'s own keeps it')

  const text = await talk(port, 'GET /head HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  t.match(text, /^HTTP\/1\.1 200 OK\r\n(?:(?!Content-Length)[^\r\n]+\r\n)*Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nHTTP\/1\.1 200 OK\r\n/)
  t.match(text, /\r\n\r\ny{50}$/)
  const modern = await proxy(t, options, http2)
  const client = session(t, modern.port)
  const answer = await get(client, { ':path': '/head' })
  t.match(answer, { status: 200, body: '', code: 0 })
  t.notOk(answer.headers['content-length'])
  t.match(await get(client), { status: 200, body: 'y'.repeat(50) })
})

t.test('an upstream that announces trailers is no trouble for those who can get none', async t => {
  const head = 'HTTP/1.1 200 OK\r\nX-Kept: yes\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n'
  const body = '2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n'
  // Together, and one after the other.
  for (const apart of [false, true]) {
    const backend = await rawUpstream(t, (socket, request) => {
      const rest = request.startsWith('HEAD') ? '' : body
      socket.write(apart ? head : head + rest)
      if (apart) setImmediate(() => socket.write(rest))
    })
    const { port } = await proxy(t, { upstream: backend.url })
    const old = await talk(port, 'GET / HTTP/1.0\r\n\r\n')
    t.match(old, /^HTTP\/1\.1 200 OK\r\nX-Kept: yes\r\n/)
    t.match(old, /\r\n\r\nok$/)
    t.notMatch(old, /trailer|x-sum|transfer-encoding/i)
    const agent = oneConnection(t)
    for (let i = 0; i < 2; i++) t.match(await ask(port, { method: 'HEAD', agent }), { status: 200, body: '', headers: { 'x-kept': 'yes' } })
    t.match(await ask(port, { agent }), { status: 200, body: 'ok', headers: { trailer: 'X-Sum' }, trailers: ['X-Sum', '1'] })
    for (const status of ['204 No Content', '304 Not Modified']) {
      const bodiless = await answering(t, `HTTP/1.1 ${status}\r\nX-Kept: yes\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n`)
      t.match(await ask((await proxy(t, { upstream: bodiless.url })).port), { status: Number(status.slice(0, 3)), body: '', headers: { 'x-kept': 'yes' } })
    }
  }
})

t.test('an upstream that announces trailers is no trouble where rewriteResponse or rewriteRequest takes the body away', async t => {
  const head = 'HTTP/1.1 200 OK\r\nX-Kept: yes\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n'
  for (const bytes of [`${head}2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n`, head]) {
    const backend = await answering(t, bytes, socket => { if (bytes === head) setImmediate(() => socket.write('2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n')) })
    for (const status of [204, 304]) {
      const { port } = await proxy(t, { upstream: backend.url, rewriteResponse: () => ({ status }) })
      t.match(await ask(port), { status, body: '', complete: true, headers: { 'x-kept': 'yes' } })
    }
    const { port } = await proxy(t, { upstream: backend.url, rewriteRequest: (_, { out }) => { out.method = 'GET' } })
    t.match(await ask(port, { method: 'HEAD' }), { status: 200, body: '', complete: true, headers: { 'x-kept': 'yes' } })
  }
})

t.test('trailers of a client that say what a proxy says, or frame the message, do not reach the upstream', async t => {
  const asked: Socket[] = []
  const backend = await rawUpstream(t, socket => { asked.push(socket) })
  const { port } = await proxy(t, { upstream: backend.url, forwarded: { for: 'keep', host: 'keep', proto: 'keep', standard: 'keep' } })
  const barred = ['X-Forwarded-For', 'x-forwarded-host', 'X-FORWARDED-PROTO', 'X-Forwarded-Anything', 'Forwarded', 'X-ARR-LOG-ID', 'Host', 'Connection', 'Trailer', 'TE', 'Upgrade', 'Expect']
  const answered = talk(port, 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n4\r\nbody\r\n0\r\n' +
    `X-Sum: 7\r\n${barred.map(name => `${name}: evil\r\n`).join('')}X-Forwarded: kept\r\nX-Last: 1\r\n\r\n`)
  await eventually(() => backend.received().includes('X-Last: 1\r\n\r\n'), 'the last trailer came')
  asked[0]!.write(OK)
  t.match(await answered, /^HTTP\/1\.1 200 /)
  t.match(backend.received(), /\r\n4\r\nbody\r\n0\r\nX-Sum: 7\r\nX-Forwarded: kept\r\nX-Last: 1\r\n\r\n$/)
  t.notMatch(backend.received(), /evil/)
})

t.test('an answer whose Connection names many headers loses each of them, and no other', async t => {
  const named = Array.from({ length: 300 }, (_, i) => `x-named-${i}`)
  const lines = named.flatMap((name, i) => [`${i % 2 === 0 ? name : name.toUpperCase()}: gone`, `X-Kept-${i}: ${i}`, `${name}: gone as well`])
  const backend = await answering(t, `HTTP/1.1 200 OK\r\nConnection: ${named.slice(0, 100).join(', ')}\r\nConnection:${named.slice(100).join(',')} ,, Content-Length , keep-alive\r\n${lines.join('\r\n')}\r\nContent-Length: 2\r\n\r\nok`)
  const { port } = await proxy(t, { upstream: backend.url })
  const answer = await ask(port, { maxHeaderSize: 100_000 })
  t.match(answer, { status: 200, body: 'ok', headers: { 'content-length': '2' } })
  t.notMatch(JSON.stringify(answer.rawHeaders), /gone|x-named/i)
  t.same(answer.rawHeaders.filter((_, i) => i % 2 === 0).filter(name => name.startsWith('X-Kept')), named.map((_, i) => `X-Kept-${i}`))
  t.match(await ask(port, { maxHeaderSize: 100_000 }), { status: 200 })
  t.equal(backend.sockets.length, 1)
})

t.test('a cookie\'s attributes mean the same, however many blanks are about them', async t => {
  const blanks = ' '.repeat(2000)
  const cookie = (gap: string) => `a=1;${gap}Path${gap}=${gap}/app/x;${gap}Domain${gap}=${gap}localhost${gap};${gap}HttpOnly${gap};${gap}Max-Age${gap}=${gap}5;${gap}=odd;${gap}`
  const listener = createServer((_, response) => {
    response.writeHead(200, ['Set-Cookie', cookie(blanks), 'Set-Cookie', cookie('\t'), 'Set-Cookie', cookie('')])
    response.end('ok')
  }).listen(0, '127.0.0.1')
  await once(listener, 'listening')
  t.teardown(() => {
    listener.close()
    listener.closeAllConnections()
  })
  const { port } = await proxy(t, { upstream: `http://localhost:${(listener.address() as { port: number }).port}/app`, prefix: '/public' })
  const { headers } = await ask(port, { path: '/public/x', maxHeaderSize: 100_000, headers: { host: 'www.example.com' } })
  const cookies = (headers['set-cookie'] ?? []).map(cookie => cookie.split(';').map(part => part.trim().replace(/\s*=\s*/, '=')))
  for (const parts of cookies) t.same(parts, ['a=1', 'Path=/public/x', 'Domain=www.example.com', 'HttpOnly', 'Max-Age=5', '=odd', ''])
  t.equal(cookies.length, 3)
})

t.test('a target whose unix socket is wrongly encoded is 400', async t => {
  const subject = await proxy(t, { to: request => request.url === '/bad' ? 'unix://%zz/' : undefined, upstream: (await answering(t, OK)).url })
  t.match(await ask(subject.port, { path: '/bad' }), { status: 400, body: /FST_ARR_PROXY_BAD_TARGET/ })
  t.match(await ask(subject.port), { status: 200 })
})

// Clients without an address

const noSockets = process.platform === 'win32' && 'there are no unix sockets'

t.test('a client of a unix socket has no address, and none is made up for it', { skip: noSockets }, async t => {
  let count = 0

  /** What the upstream is told of a client of a unix socket. */
  async function told (options: UpstreamProxyOptions, server: FastifyServerOptions, headers: string): Promise<string> {
    const backend = await answering(t, OK)
    const app = Fastify({ forceCloseConnections: true, ...server } as FastifyServerOptions) as unknown as FastifyInstance
    await app.register(upstreamProxy, { upstream: backend.url, ...options })
    const path = join(tmpdir(), `unsendable-${process.pid}-${Date.now()}-${count++}.sock`)
    await app.listen({ path })
    t.teardown(() => app.close())
    const socket = connect(path)
    t.teardown(() => socket.destroy())
    socket.write(`GET / HTTP/1.1\r\nHost: public.test\r\n${headers}\r\n`)
    const [answer] = await once(socket, 'data') as [Buffer]
    t.match(String(answer), /^HTTP\/1\.1 200 /)
    return backend.received()
  }

  const came = 'X-Forwarded-For: 6.6.6.6, 7.7.7.7\r\n'
  for (const headers of ['', came]) {
    for (const policy of ['append', 'set'] as const) {
      for (const port of [false, true]) {
        const unknown = await told({ forwarded: { for: policy, standard: policy, port } }, {}, headers)
        t.notMatch(unknown, /X-Forwarded-For|6\.6\.6\.6|undefined/i)
        t.match(unknown, /\r\nX-Forwarded-Host: public\.test\r\nX-Forwarded-Proto: http\r\nForwarded: for=unknown;host=public\.test;proto=http\r\n/)
      }
    }
  }
  const trusted = await told({ forwarded: { standard: 'append', port: true } }, { trustProxy: true }, came)
  t.match(trusted, /\r\nX-Forwarded-For: 6\.6\.6\.6, 7\.7\.7\.7\r\n/)
  t.match(trusted, /\r\nForwarded: for=6\.6\.6\.6, for=7\.7\.7\.7, for=unknown;host=public\.test;proto=http\r\n/)
  const set = await told({ forwarded: { for: 'set', standard: 'set' } }, { trustProxy: true }, came)
  t.match(set, /\r\nX-Forwarded-For: 6\.6\.6\.6\r\n/)
  t.match(set, /\r\nForwarded: for=6\.6\.6\.6;host=public\.test;proto=http\r\n/)
  const silent = await told({ forwarded: { standard: 'append' } }, { trustProxy: true }, '')
  t.notMatch(silent, /X-Forwarded-For|undefined/i)
  t.match(silent, /\r\nForwarded: for=unknown;/)
  // An address is trusted, and this client has none.
  const other = await told({}, { trustProxy: '127.0.0.1' }, came)
  t.notMatch(other, /X-Forwarded-For|6\.6\.6\.6/)
})
