// Who waits for a place, in which order, for how long, and what becomes of those that leave.
import { once } from 'node:events'
import type { ClientHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import t, { type Test } from 'tap'
import { compile } from '../src/options.ts'
import type { UpstreamProxyOptions } from '../src/index.ts'
import { FRAME, rawHttp2 } from './forward-subjects.ts'
import { client, eventually, frame, handshake, MASK, proxy, rest, tcpUpstream, until } from './parts.ts'
import { agreeing, ask, AT_ONCE, http2Proxy, open, session, switchFor } from './tunnel-subjects.ts'

type Handshakes = Array<{ readonly path: string, readonly socket: Socket, agree (): void }>

/** An upstream that has read handshakes, in their order, and agrees when it is told to. */
async function asked (t: Test): Promise<{ url: string, handshakes: Handshakes }> {
  const handshakes: Handshakes = []
  const { url } = await tcpUpstream(t, socket => {
    until(socket, text => text.endsWith('\r\n\r\n')).then(head => {
      handshakes.push({ path: head.split(' ')[1] as string, socket, agree: () => { socket.write(switchFor(head)) } })
      socket.on('end', () => socket.end())
      socket.resume()
    }, () => {})
  })
  return { url, handshakes }
}

/** A client that asks, when the proxy has its request. */
async function knock (t: Test, { port, requests }: { port: number, requests: unknown[] }, path: string): Promise<Socket> {
  const before = requests.length
  const socket = client(t, port)
  socket.write(handshake(path))
  await eventually(() => requests.length > before, `${path} has arrived`)
  return socket
}

const PATIENT = 60_000

t.test('over `handshakes` under way, the others wait, and go on in the order in which they came', async t => {
  const { url, handshakes } = await asked(t)
  const subject = await proxy(t, { upstream: url, websocket: { ...AT_ONCE, admission: { handshakes: 2, wait: PATIENT } } })
  const sockets: Socket[] = []
  for (let i = 0; i < 6; i++) sockets.push(await knock(t, subject, `/${i}`))
  await eventually(() => handshakes.length === 2, 'two are under way')
  for (let i = 0; i < 6; i++) {
    await eventually(() => handshakes.length === Math.min(6, 2 + i), 'the place is given to the next')
    handshakes[i]!.agree()
    t.match(await until(sockets[i] as Socket, text => text.endsWith('\r\n\r\n')), /^HTTP\/1\.1 101 /)
  }
  const order = handshakes.map(({ path }) => path)
  t.same(order.slice(2), ['/2', '/3', '/4', '/5'])
  t.equal(subject.app.tunnels.size, 6)
})

t.test('a handshake that fails, or is refused by its upstream, gives its place to the first that waits', async t => {
  const { url, handshakes } = await asked(t)
  const subject = await proxy(t, { upstream: url, websocket: { ...AT_ONCE, admission: { handshakes: 1, wait: PATIENT } } })
  const sockets: Socket[] = []
  for (let i = 0; i < 4; i++) sockets.push(await knock(t, subject, `/${i}`))
  await eventually(() => handshakes.length === 1, 'one is under way')
  handshakes[0]!.socket.resetAndDestroy()
  t.match(await rest(sockets[0] as Socket), /^HTTP\/1\.1 502 /)
  await eventually(() => handshakes.length === 2, 'the second is under way')
  handshakes[1]!.socket.end('HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n')
  t.match(await rest(sockets[1] as Socket), /^HTTP\/1\.1 403 /)
  await eventually(() => handshakes.length === 3, 'the third is under way')
  ;(sockets[2] as Socket).resetAndDestroy()
  await eventually(() => handshakes.length === 4, 'the fourth is under way')
  t.equal(handshakes[3]!.path, '/3')
})

t.test('over maxTunnels a handshake waits until a tunnel has ended', async t => {
  const upstream = await agreeing(t)
  const subject = await proxy(t, { upstream: upstream.url, websocket: { ...AT_ONCE, maxTunnels: 1, admission: { wait: PATIENT } } })
  const { near, far } = await open(t, subject.port, upstream)
  const waiting = await knock(t, subject, '/waiting')
  t.equal(upstream.heads.length, 1)
  near.destroy()
  far.destroy()
  t.match(await until(waiting, text => text.endsWith('\r\n\r\n')), /^HTTP\/1\.1 101 /)
  t.match(upstream.heads[1], /^GET \/waiting /)
  const fact = subject.requests[1]!.upstream!
  t.match(fact, { status: 101, error: null, attempts: [] })
})

t.test('who has waited for `wait` gets 503 with Retry-After, and the others go on waiting', async t => {
  const { url } = await asked(t)
  const subject = await proxy(t, { upstream: url, websocket: { ...AT_ONCE, retryAfter: 7, admission: { handshakes: 1, wait: 400 } } })
  await knock(t, subject, '/under-way')
  const began = performance.now()
  const answers = [rest(await knock(t, subject, '/1'))]
  await new Promise(resolve => setTimeout(resolve, 150))
  // Before it knocks: when exactly it has arrived is not known.
  const later = performance.now()
  answers.push(rest(await knock(t, subject, '/2')))
  const first = await answers[0]
  t.ok(performance.now() - began >= 395)
  t.match(first, /^HTTP\/1\.1 503 [^]*FST_ARR_PROXY_TOO_MANY"/)
  t.match(first, /\r\nretry-after: 7\r\n/i)
  t.match(await answers[1], /^HTTP\/1\.1 503 /)
  t.ok(performance.now() - later >= 395)
  await eventually(() => subject.closed.length >= 2, 'reply.raw closes')
  t.match(subject.closed[0], { status: null, error: { code: 'FST_ARR_PROXY_TOO_MANY', moment: 'connect', side: 'proxy' } })
})

t.test('without `wait`, a handshake over `handshakes` is refused at once', async t => {
  const { url, handshakes } = await asked(t)
  const subject = await proxy(t, { upstream: url, websocket: { ...AT_ONCE, admission: { handshakes: 1 } } })
  const first = await knock(t, subject, '/1')
  await eventually(() => handshakes.length === 1, 'it is under way')
  t.match(await rest(await knock(t, subject, '/2')), /^HTTP\/1\.1 503 /)
  handshakes[0]!.agree()
  await until(first, text => text.endsWith('\r\n\r\n'))
  await knock(t, subject, '/3')
  await eventually(() => handshakes.length === 2, 'an open tunnel is no handshake under way')
})

t.test('more than `waiting` do not wait', async t => {
  const { url, handshakes } = await asked(t)
  const subject = await proxy(t, { upstream: url, websocket: { ...AT_ONCE, admission: { handshakes: 1, wait: PATIENT, waiting: 2 } } })
  for (const path of ['/under-way', '/1', '/2']) await knock(t, subject, path)
  t.match(await rest(await knock(t, subject, '/3')), /^HTTP\/1\.1 503 /)
  handshakes[0]!.socket.destroy()
  await eventually(() => handshakes.length === 2, 'the first that waits goes on')
  await knock(t, subject, '/4')
  t.match(await rest(await knock(t, subject, '/5')), /^HTTP\/1\.1 503 /)
})

t.test('a client that leaves while it waits is taken out, and its upstream is not asked', async t => {
  const { url, handshakes } = await asked(t)
  const subject = await proxy(t, { upstream: url, websocket: { ...AT_ONCE, admission: { handshakes: 1, wait: PATIENT, waiting: 3 } } })
  await knock(t, subject, '/under-way')
  const leaving = [await knock(t, subject, '/reset'), await knock(t, subject, '/ended')]
  const last = await knock(t, subject, '/last')
  leaving[0]!.resetAndDestroy()
  await eventually(() => subject.closed.length === 1, 'it is taken out')
  t.match(subject.closed[0], { error: { code: 'FST_ARR_CLIENT_GONE', moment: 'connect', side: 'client', statusCode: 499 } })
  leaving[1]!.end()
  t.match(await rest(leaving[1] as Socket), /^HTTP\/1\.1 503 /, 'one that may still read gets an answer')
  handshakes[0]!.agree()
  await eventually(() => handshakes.length === 2, 'the place is given away')
  t.equal(handshakes[1]!.path, '/last')
  handshakes[1]!.agree()
  t.match(await until(last, text => text.endsWith('\r\n\r\n')), /^HTTP\/1\.1 101 /)
})

t.test('streams of HTTP/2 wait as well', async t => {
  const { url, handshakes } = await asked(t)
  const subject = await http2Proxy(t, { upstream: url, websocket: { ...AT_ONCE, admission: { handshakes: 1, wait: PATIENT } } })
  const near = await session(t, subject.port)
  const streams: ClientHttp2Stream[] = []
  for (const path of ['/0', '/1', '/2']) {
    streams.push(ask(near, { ':path': path }))
    await eventually(() => subject.requests.length === streams.length, `${path} has arrived`)
  }
  streams[1]!.end()
  t.match((await once(streams[1]!, 'response'))[0], { ':status': 503, 'retry-after': '5' }, 'one that ends its side does not wait on')
  handshakes[0]!.agree()
  await once(streams[0]!, 'response')
  await eventually(() => handshakes.length === 2, 'the last one is under way')
  t.equal(handshakes[1]!.path, '/2')
  handshakes[1]!.agree()
  t.match((await once(streams[2]!, 'response'))[0], { ':status': 200 })
  near.destroy()
})

t.test('a stream of HTTP/2 that is cancelled while it waits is taken out', async t => {
  const { url, handshakes } = await asked(t)
  const subject = await http2Proxy(t, { upstream: url, websocket: { ...AT_ONCE, admission: { handshakes: 1, wait: PATIENT } } })
  await session(t, subject.port)
  const near = rawHttp2(t, subject.port)
  const fields = (path: string) => [':method', 'CONNECT', ':protocol', 'websocket', ':scheme', 'http', ':authority', 'example.com', ':path', path, 'sec-websocket-version', '13']
  // The server's settings allow such a stream once they were acknowledged.
  await near.frame(frame => frame.type === FRAME.SETTINGS && frame.flags === FRAME.ACK)
  for (const stream of [1, 3, 5]) near.open(stream, fields(`/${stream}`))
  await eventually(() => subject.requests.length === 3, 'all have arrived')
  near.send(FRAME.RST_STREAM, 0, 3, '\0\0\0\x08')
  await eventually(() => subject.closed.length === 1, 'the cancelled one is taken out')
  t.match(subject.closed[0], { error: { code: 'FST_ARR_CLIENT_GONE', moment: 'connect', side: 'client' } })
  await eventually(() => handshakes.length === 1, 'the first is under way')
  handshakes[0]!.agree()
  await eventually(() => handshakes.length === 2, 'the last one is under way')
  t.equal(handshakes[1]!.path, '/5')
  near.socket.destroy()
})

t.test('a connection of HTTP/2 that breaks takes all its waiting streams along', async t => {
  const { url, handshakes } = await asked(t)
  const subject = await http2Proxy(t, { upstream: url, websocket: { ...AT_ONCE, admission: { handshakes: 1, wait: PATIENT, waiting: 3 } } })
  ask(await session(t, subject.port))
  await eventually(() => handshakes.length === 1, 'one is under way')
  const breaking = await session(t, subject.port)
  for (let i = 0; i < 3; i++) ask(breaking)
  await eventually(() => subject.requests.length === 4, 'all have arrived')
  breaking.destroy()
  await eventually(() => subject.closed.length === 3, 'they are taken out')
  const next = ask(await session(t, subject.port))
  await eventually(() => subject.requests.length === 5, 'there is room for another one')
  handshakes[0]!.agree()
  await eventually(() => handshakes.length === 2, 'it is under way')
  handshakes[1]!.agree()
  t.match((await once(next, 'response'))[0], { ':status': 200 })
})

t.test('when the server closes, all that wait get 503 at once', async t => {
  const { url } = await asked(t)
  const subject = await proxy(t, { upstream: url, websocket: { ...AT_ONCE, admission: { handshakes: 1, wait: PATIENT } } })
  const sockets: Socket[] = []
  for (let i = 0; i < 5; i++) sockets.push(await knock(t, subject, `/${i}`))
  const answers = sockets.map(rest)
  const closing = subject.app.close()
  for (const answer of answers) {
    t.match(await answer, /^HTTP\/1\.1 503 [^]*FST_ARR_PROXY_DRAINING/)
    t.match(await answer, /\r\nretry-after: 5\r\n/i)
  }
  for (const socket of sockets) socket.destroy()
  await closing
})

t.test('what a client sends while it waits reaches the upstream, and more than a part of it is not read', async t => {
  const { url, handshakes } = await asked(t)
  const subject = await proxy(t, { upstream: url, websocket: { ...AT_ONCE, admission: { handshakes: 1, wait: PATIENT } } })
  const first = await knock(t, subject, '/under-way')
  const waiting = await knock(t, subject, '/waiting')
  const bytes = frame(2, Buffer.alloc(8_000_000, 'x'), { mask: MASK })
  waiting.write(bytes)
  const raw = subject.requests[1]!.raw.socket
  await eventually(() => raw.isPaused(), 'the client is paused')
  t.ok(raw.bytesRead < 1_000_000, `${raw.bytesRead} bytes were read`)
  handshakes[0]!.agree()
  await until(first, text => text.endsWith('\r\n\r\n'))
  await eventually(() => handshakes.length === 2, 'it is under way')
  const { socket, agree } = handshakes[1]!
  let length = 0
  socket.on('data', chunk => { length += (chunk as Buffer).length })
  agree()
  await eventually(() => length === bytes.length, 'all of it has arrived')
})

t.test('a client that was paused while it waited still gets its 503', async t => {
  const { url } = await asked(t)
  const subject = await proxy(t, { upstream: url, websocket: { ...AT_ONCE, admission: { handshakes: 1, wait: 300 } } })
  await knock(t, subject, '/under-way')
  const waiting = await knock(t, subject, '/waiting')
  waiting.write(Buffer.alloc(1_000_000))
  t.match(await rest(waiting), /^HTTP\/1\.1 503 /)
})

t.test('a handshake that Fastify\'s handlerTimeout has answered while it waited gives up its place in the line', async t => {
  const { url, handshakes } = await asked(t)
  const subject = await proxy(t, { upstream: url, websocket: { ...AT_ONCE, admission: { handshakes: 1, wait: PATIENT } } }, { server: { handlerTimeout: 500 } as never })
  const first = await knock(t, subject, '/under-way')
  await eventually(() => handshakes.length === 1, 'it is under way')
  handshakes[0]!.agree()
  await until(first, text => text.endsWith('\r\n\r\n'))
  await knock(t, subject, '/slow')
  await eventually(() => handshakes.length === 2, 'another one is under way')
  t.match(await rest(await knock(t, subject, '/waiting')), /^HTTP\/1\.1 503 [^]*FST_ERR_HANDLER_TIMEOUT/)
  await eventually(() => subject.closed.length >= 2, 'both are answered')
  t.equal(handshakes.length, 2)
})

t.test('many that wait and whose handshakes cannot be sent are answered one after the other', async t => {
  const { url, handshakes } = await asked(t)
  let spoilt = false
  const options: UpstreamProxyOptions = {
    upstream: url,
    websocket: { ...AT_ONCE, admission: { handshakes: 1, wait: PATIENT } },
    rewriteRequest (_, { out }) { if (spoilt) out.headers.push(['X-Bad', 'line\r\nbreak']) }
  }
  const subject = await http2Proxy(t, options)
  const near = await session(t, subject.port)
  ask(near)
  await eventually(() => handshakes.length === 1, 'one is under way')
  spoilt = true
  const statuses: unknown[] = []
  const MANY = 90
  const sessions = await Promise.all(Array.from({ length: 11 }, () => session(t, subject.port)))
  for (const one of sessions) for (let i = 0; i < MANY; i++) ask(one).on('response', head => statuses.push(head[':status']))
  await eventually(() => subject.requests.length === 1 + 11 * MANY, 'all wait')
  handshakes[0]!.agree()
  await eventually(() => statuses.length === 11 * MANY, 'all are answered')
  t.ok(statuses.every(status => status === 400))
})

t.test('mistakes in the options are told all at once', t => {
  t.throws(() => compile({
    upstream: 'http://localhost',
    websocket: { admission: { handshakes: -1, wait: 'long', waiting: 1.5, queue: 1 } as never, maxTunnelsPer: { key: 'ip', most: 0, least: 1 } as never }
  }), {
    message: /admission\.queue` is no option.*admission\.handshakes` must be.*admission\.waiting` must be.*admission\.wait` must be.*maxTunnelsPer\.least` is no option.*maxTunnelsPer\.key` must be.*maxTunnelsPer\.most` must be/
  })
  t.throws(() => compile({ upstream: 'http://localhost', websocket: { admission: null as never, maxTunnelsPer: null as never } }), { message: /admission` must be an object.*maxTunnelsPer` must be an object/ })
  t.throws(() => compile({ upstream: 'http://localhost', websocket: { maxTunnelsPer: {} as never } }), { message: /key` must be.*most` must be/ })
  t.end()
})
