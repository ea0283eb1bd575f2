// A handshake that the upstream declines: its answer goes to the client at once, is never taken for complete when it was cut, and names the public host.
import { once } from 'node:events'
import http2, { type ClientHttp2Session, type ClientHttp2Stream, type IncomingHttpHeaders } from 'node:http2'
import type { Socket } from 'node:net'
import fastifyWebsocket from '@fastify/websocket'
import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { clock, LIMIT } from './clock.ts'
import { ask, client, eventually, handshake, proxy, rest, tcpUpstream, until } from './parts.ts'

/** An upstream that says `head` to each handshake, and what the test does with its sockets. */
async function refusing (t: Test, head: string): Promise<{ url: string, sockets: Socket[] }> {
  const sockets: Socket[] = []
  const { url } = await tcpUpstream(t, socket => {
    socket.on('end', () => socket.end())
    socket.once('data', () => {
      sockets.push(socket)
      socket.write(head, 'latin1')
    })
  })
  return { url, sockets }
}

/** For a proxy that speaks HTTP/2 in plain text and allows WebSockets there (RFC 8441). */
const HTTP2 = {
  server: { http2: true } as const,
  before: (app: FastifyInstance) => {
    (app.server as unknown as http2.Http2Server).on('session', session => session.settings({ enableConnectProtocol: true }))
  }
}

async function session (t: Test, port: number): Promise<ClientHttp2Session> {
  const client = http2.connect(`http://127.0.0.1:${port}`)
  client.on('error', () => {})
  t.teardown(() => client.destroy())
  while (client.remoteSettings?.enableConnectProtocol !== true) await once(client, 'remoteSettings')
  return client
}

function open (client: ClientHttp2Session, headers: http2.OutgoingHttpHeaders = {}): ClientHttp2Stream {
  const stream = client.request({
    ':method': 'CONNECT', ':protocol': 'websocket', ':scheme': 'http', ':path': '/', ':authority': 'example.com', 'sec-websocket-version': '13', ...headers
  }, { endStream: false })
  stream.on('error', () => {})
  return stream
}

for (const [maxHeadSize, size, expected] of [
  [undefined, 60_000, /^HTTP\/1\.1 401 [^]*\r\n\r\nnope$/],
  [undefined, 70_000, /^HTTP\/1\.1 502 /],
  [4096, 5000, /^HTTP\/1\.1 502 /]
] as const) {
  t.test(`the head of a refusal may be as large as that of any answer: ${size} bytes where ${maxHeadSize ?? 'nothing'} is said`, async t => {
    const upstream = await refusing(t, `HTTP/1.1 401 Unauthorized\r\nX: ${'y'.repeat(size)}\r\nContent-Length: 4\r\n\r\nnope`)
    const { port } = await proxy(t, { upstream: upstream.url, ...(maxHeadSize === undefined ? {} : { maxHeadSize }) })
    t.match(await ask(t, port, handshake()), expected)
  })
}

t.test('the head of a refusal is with the client before its body begins', async t => {
  const upstream = await refusing(t, 'HTTP/1.1 401 Unauthorized\r\nContent-Length: 4\r\n\r\n')
  const { port } = await proxy(t, { upstream: upstream.url })
  const socket = client(t, port)
  socket.write(handshake())
  t.match(await until(socket, text => text.endsWith('\r\n\r\n')), /^HTTP\/1\.1 401 Unauthorized\r\nContent-Length: 4\r\n/)
  upstream.sockets[0]!.write('nope')
  t.equal(await rest(socket), 'nope')
})

for (const [name, framing, isWhole] of [
  ['sized', 'Content-Length: 100', /\r\n\r\n.{100}/],
  ['chunked', 'Transfer-Encoding: chunked', /\r\n0\r\n/]
] as const) {
  for (const [how, part, fault, code] of [
    ['never begins', '', null, 'FST_ARR_UPSTREAM_TIMEOUT'],
    ['stalls', name === 'chunked' ? '4\r\npart\r\n' : 'part', null, 'FST_ARR_UPSTREAM_TIMEOUT'],
    ['breaks', name === 'chunked' ? '4\r\npart\r\n' : 'part', (socket: Socket) => socket.resetAndDestroy(), 'FST_ARR_UPSTREAM_RESET'],
    ['ends too early', name === 'chunked' ? '4\r\npart\r\n' : 'part', (socket: Socket) => socket.end(), 'FST_ARR_UPSTREAM_RESET']
  ] as const) {
    t.test(`a ${name} refusal whose body ${how} is cut behind what came of it`, async t => {
      const goOn = clock(t)
      const upstream = await refusing(t, `HTTP/1.1 401 Unauthorized\r\n${framing}\r\n\r\n${part}`)
      const { port, closed } = await proxy(t, { upstream: upstream.url, timeouts: { handshake: LIMIT } })
      const socket = client(t, port)
      socket.write(handshake())
      const came = await until(socket, text => text.includes('\r\n\r\n') && text.endsWith(part))
      t.match(came, /^HTTP\/1\.1 401 Unauthorized\r\n/)
      if (fault === null) goOn(LIMIT + 1)
      else fault(upstream.sockets[0]!)
      t.notMatch(came + await rest(socket), isWhole)
      await eventually(() => closed.length === 1, 'reply.raw closes')
      t.match(closed[0], { status: 401, error: { code, moment: 'body', side: 'upstream' } })
    })
  }
}

t.test('the head of a refusal is with the client even where what follows it at once is no body', async t => {
  const upstream = await refusing(t, 'HTTP/1.1 401 Unauthorized\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n')
  const { port, closed } = await proxy(t, { upstream: upstream.url })
  const answer = await ask(t, port, handshake())
  t.match(answer, /^HTTP\/1\.1 401 Unauthorized\r\n/)
  t.notMatch(answer, /\r\n0\r\n/)
  await eventually(() => closed.length === 1, 'reply.raw closes')
  t.match(closed[0], { error: { code: 'FST_ARR_UPSTREAM_BAD_ANSWER', moment: 'body' } })
})

t.test('over HTTP/2 a refusal is streamed and cut alike', async t => {
  const upstream = await refusing(t, 'HTTP/1.1 401 Unauthorized\r\nX-Why: that\r\nContent-Length: 4\r\n\r\n')
  const { port, closed } = await proxy(t, { upstream: upstream.url }, HTTP2)
  const client = await session(t, port)
  const whole = open(client)
  t.match((await once(whole, 'response'))[0], { ':status': 401, 'x-why': 'that' })
  upstream.sockets[0]!.write('nope')
  t.equal(await rest(whole), 'nope')
  whole.end()

  const cut = open(client)
  t.match((await once(cut, 'response'))[0], { ':status': 401 })
  upstream.sockets[1]!.resetAndDestroy()
  cut.resume()
  await new Promise(resolve => cut.once('close', resolve))
  t.equal(cut.rstCode, http2.constants.NGHTTP2_INTERNAL_ERROR)
  await eventually(() => closed.length === 2, 'reply.raw closes')
  t.match(closed[1], { error: { code: 'FST_ARR_UPSTREAM_RESET', moment: 'body' } })
})

for (const [name, head] of [
  ['two lengths', 'Content-Length: 4\r\nContent-Length: 5'],
  ['a length and chunks', 'Content-Length: 4\r\nTransfer-Encoding: chunked'],
  ['an unknown transfer coding', 'Transfer-Encoding: gzip']
] as const) {
  const answer = `HTTP/1.1 401 Unauthorized\r\n${head}\r\n\r\nnope`
  const error = { code: 'FST_ARR_UPSTREAM_BAD_ANSWER', moment: 'headers', side: 'upstream', statusCode: 502 }

  t.test(`a refusal with ${name} is the usual 502`, async t => {
    const upstream = await refusing(t, answer)
    const { port, closed } = await proxy(t, { upstream: upstream.url })
    const json = await ask(t, port, handshake())
    t.match(json, /^HTTP\/1\.1 502 Bad Gateway\r\n/)
    t.same(JSON.parse(json.slice(json.indexOf('\r\n\r\n') + 4)), {
      statusCode: 502, code: 'FST_ARR_UPSTREAM_BAD_ANSWER', error: 'Bad Gateway', message: 'The upstream server gave an invalid answer'
    })
    const page = await ask(t, port, handshake('/', 'Accept: text/html\r\n'))
    t.match(page, /^HTTP\/1\.1 502 Bad Gateway\r\n[^]*content-type: text\/html[^]*<h1>502 Bad Gateway<\/h1>/i)
    await eventually(() => closed.length === 2, 'reply.raw closes')
    t.match(closed[0], { error })
    await eventually(() => upstream.sockets.every(socket => socket.destroyed), 'the upstream is freed')
  })

  t.test(`a refusal with ${name} is the usual 502 over HTTP/2`, async t => {
    const upstream = await refusing(t, answer)
    const { port, closed } = await proxy(t, { upstream: upstream.url }, HTTP2)
    const stream = open(await session(t, port))
    const [headers] = await once(stream, 'response') as [IncomingHttpHeaders]
    t.match(headers, { ':status': 502, 'content-type': /^application\/json/ })
    t.match(JSON.parse(await rest(stream)), { code: 'FST_ARR_UPSTREAM_BAD_ANSWER' })
    stream.end()
    await eventually(() => closed.length === 1, 'reply.raw closes')
    t.match(closed[0], { error })
  })
}

t.test('a refusal that HTTP/2 cannot express is the usual 502 there, and passes over HTTP/1.1', async t => {
  const upstream = await refusing(t, 'HTTP/1.1 700 Beyond\r\nContent-Length: 4\r\n\r\nnope')
  const { port } = await proxy(t, { upstream: upstream.url }, HTTP2)
  const stream = open(await session(t, port))
  t.match((await once(stream, 'response'))[0], { ':status': 502 })
  t.match(JSON.parse(await rest(stream)), { code: 'FST_ARR_UPSTREAM_BAD_ANSWER' })
  const plain = await proxy(t, { upstream: upstream.url })
  t.match(await ask(t, plain.port, handshake()), /^HTTP\/1\.1 700 Beyond\r\n[^]*nope$/)
})

t.test('a refusal that is not valid is the server\'s own error handler\'s to answer, and its onError hooks see it', async t => {
  const upstream = await refusing(t, 'HTTP/1.1 401 Unauthorized\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nnope')
  const seen: unknown[] = []
  const { port, closed } = await proxy(t, { upstream: upstream.url }, {
    before: app => {
      app.addHook('onError', async (_request, _reply, error) => { seen.push(error.code) })
      app.setErrorHandler(async (error: { code: string }, _request, reply) => reply.code(418).send({ mine: error.code }))
    }
  })
  const answer = await ask(t, port, handshake())
  t.match(answer, /^HTTP\/1\.1 418 [^]*\{"mine":"FST_ARR_UPSTREAM_BAD_ANSWER"\}$/)
  t.same(seen, ['FST_ARR_UPSTREAM_BAD_ANSWER'])
  await eventually(() => closed.length === 1, 'reply.raw closes')
  t.match(closed[0], { error: { code: 'FST_ARR_UPSTREAM_BAD_ANSWER', moment: 'headers' } })
})

/** A refusal that names the upstream in every header that may. */
function naming (host: string): string {
  return `HTTP/1.1 302 Found\r\nLocation: http://${host}/base/login?next=/\r\nContent-Location: //${host}/base/x\r\n` +
    'Set-Cookie: a=1; Path=/base/; Domain=127.0.0.1\r\nContent-Length: 0\r\n\r\n'
}

t.test('a refusal is turned back to the public host, as any other answer', async t => {
  const { url } = await tcpUpstream(t, socket => {
    socket.on('end', () => socket.end())
    socket.once('data', () => { socket.write(naming(url.slice('http://'.length))) })
  })
  const options = { upstream: `${url}/base`, prefix: '/app' }
  const { port } = await proxy(t, options)
  const answer = await ask(t, port, handshake('/app/x'))
  t.match(answer, '\r\nLocation: http://example.com/app/login?next=/\r\n')
  t.match(answer, '\r\nContent-Location: //example.com/app/x\r\n')
  t.match(answer, '\r\nSet-Cookie: a=1; Path=/app/; Domain=example.com\r\n')
  const plain = await ask(t, port, 'GET /app/x HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n')
  for (const name of ['Location', 'Content-Location', 'Set-Cookie']) {
    const line = new RegExp(`\\r\\n${name}: .*\\r\\n`)
    t.equal(line.exec(answer)![0], line.exec(plain)![0], `${name} is the same as that of a GET`)
  }

  const secure = await proxy(t, options, HTTP2)
  const [headers] = await once(open(await session(t, secure.port), { ':path': '/app/x' }), 'response') as [IncomingHttpHeaders]
  t.match(headers, { ':status': 302, location: 'http://example.com/app/login?next=/' })

  const off = await proxy(t, { ...options, reverseRewrite: false })
  t.match(await ask(t, off.port, handshake('/app/x')), `\r\nLocation: ${url}/base/login?next=/\r\n`)
})

t.test('a refusal that names the Host it was told is turned back as well', async t => {
  const upstream = await refusing(t, naming('inner.example'))
  for (const [options, location] of [
    [{ upstream: upstream.url, hostHeader: 'inner.example' }, 'http://example.com/base/login?next=/'],
    [{ to: () => ({ url: `${upstream.url}/x`, headers: { host: 'inner.example' } }) }, 'http://example.com/base/login?next=/'],
    [{ upstream: upstream.url }, 'http://inner.example/base/login?next=/']
  ] as const) {
    const { port } = await proxy(t, options)
    t.match(await ask(t, port, handshake()), `\r\nLocation: ${location}\r\n`)
  }
})

t.test('a refusal by the upstream that rewriteRequest chose is turned back too', async t => {
  const { url } = await tcpUpstream(t, socket => {
    socket.on('end', () => socket.end())
    socket.once('data', () => { socket.write(naming(url.slice('http://'.length))) })
  })
  const { port } = await proxy(t, { upstream: 'http://127.0.0.1:1', rewriteRequest: (_, { out }) => { out.url = `${url}/x` } })
  t.match(await ask(t, port, handshake()), '\r\nLocation: http://example.com/base/login?next=/\r\n')
})

for (const [name, before] of [
  ['alone', undefined],
  ['beside @fastify/websocket', (app: FastifyInstance) => app.register(fastifyWebsocket)]
] as const) {
  t.test(`${name}, a client that has spoken much too early and is slow to read gets the whole refusal`, async t => {
    const upstream = await refusing(t, `HTTP/1.1 401 Unauthorized\r\nContent-Length: 300000\r\n\r\n${'x'.repeat(300_000)}`)
    const { port, closed } = await proxy(t, { upstream: upstream.url }, { before })
    const socket = client(t, port)
    socket.pause()
    socket.write(handshake())
    socket.write(Buffer.alloc(300_000))
    await eventually(() => closed.length === 1, 'the answer has left')
    t.match(await rest(socket), /^HTTP\/1\.1 401 [^]*\r\n\r\nx{300000}$/)
    socket.end()
  })
}
