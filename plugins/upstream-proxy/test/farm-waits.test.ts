// A farm may answer later, when a server has a place. Until then the client's bytes are kept, and its leaving takes the question back.
import { connect } from 'node:http2'
import t, { type Test } from 'tap'
import Fastify, { type FastifyServerOptions } from 'fastify'
import upstreamProxy, { type UpstreamProxyOptions } from '../src/index.ts'
import { farm, type CountingFarm, type FarmOptions } from './farm-subjects.ts'
import { answering } from './forward-subjects.ts'
import { client, eventually, handshake, portOf, proxy, rest, until } from './parts.ts'
import { agreeing, ask as askStream, AT_ONCE, http2Proxy, session } from './tunnel-subjects.ts'

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const LATER: FarmOptions = { pick: () => null }
const DEAD = 'http://127.0.0.1:1'

async function waiting (t: Test, options: UpstreamProxyOptions = {}, farmOptions = LATER, server: FastifyServerOptions = {}): Promise<Awaited<ReturnType<typeof proxy>> & { counts: CountingFarm }> {
  let counts: CountingFarm | undefined
  const subject = await proxy(t, { upstream: 'http://chat', websocket: AT_ONCE, ...options }, { server: { forceCloseConnections: true, ...server }, before: app => { counts = farm(app, [], farmOptions) } })
  t.teardown(() => {
    if (counts!.current !== 0 || counts!.wrongs.length > 0) throw new Error(`${counts!.current} are open; ${counts!.wrongs.join('; ')}`)
  })
  return { ...subject, counts: counts as CountingFarm }
}

async function asks (t: Test, port: number, counts: CountingFarm, text = handshake()): Promise<ReturnType<typeof client>> {
  const near = client(t, port)
  near.write(text)
  await eventually(() => counts.waiting.length === 1, 'the farm is asked')
  return near
}

t.test('a handshake waits for its server, and what the client sends meanwhile reaches that', async t => {
  const upstream = await agreeing(t)
  const { port, counts, requests } = await waiting(t)
  const near = await asks(t, port, counts)
  near.write('early')
  t.match(requests[0]!.upstream, { farm: 'chat', server: 'http://chat', routed: null })
  await new Promise(resolve => setTimeout(resolve, 30))
  counts.waiting[0]!(upstream.url)
  t.match(await until(near, text => text.endsWith('\r\n\r\n')), /^HTTP\/1\.1 101 /)
  t.equal(await until(await upstream.next(), text => text.length === 5), 'early')
  t.match(requests[0]!.upstream, { server: upstream.url, attempts: [] })
  near.resetAndDestroy()
  await eventually(() => counts.current === 0, 'it ends')
})

t.test('what it sends while it waits is bounded', async t => {
  const { port, counts, requests } = await waiting(t)
  const near = await asks(t, port, counts)
  near.write(Buffer.alloc(8_000_000))
  await eventually(() => requests[0]!.raw.socket.isPaused(), 'it is paused')
  t.ok(requests[0]!.raw.socket.bytesRead < 1_000_000, 'most of it is still with the client')
  near.destroy()
  counts.waiting[0]!({ reason: 'busy', retryAfter: 1 })
  await eventually(() => requests[0]!.raw.socket.destroyed, 'it ends')
})

t.test('a client that leaves takes its question back: a handshake and a request', async t => {
  const { port, counts, requests } = await waiting(t)
  for (const [index, text] of [handshake(), 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'].entries()) {
    const near = await asks(t, port, counts, text)
    const late = counts.waiting[0]!
    near.resetAndDestroy()
    await eventually(() => counts.takenBack === index + 1, 'it is taken back')
    await eventually(() => requests[index]!.upstream!.error !== null, 'the fact is there')
    t.match(requests[index]!.upstream, { error: { code: 'FST_ARR_CLIENT_GONE', moment: 'connect' }, routed: null, attempts: [] })
    late(DEAD)
  }
  t.equal(counts.told.length, 0)
})

t.test('a stream of HTTP/2 that is cancelled does so, too', async t => {
  let counts: CountingFarm | undefined
  const { port } = await http2Proxy(t, { upstream: 'http://chat' }, app => { counts = farm(app, [], LATER) })
  const client = await session(t, port)
  const tunnel = askStream(client)
  await eventually(() => counts!.waiting.length === 1, 'the farm is asked')
  tunnel.close(8)
  await eventually(() => counts!.takenBack === 1, 'it is taken back')
  const page = client.request({ ':path': '/' })
  page.on('error', () => {})
  await eventually(() => counts!.waiting.length === 1, 'the farm is asked')
  page.close(8)
  await eventually(() => counts!.takenBack === 2, 'it is taken back')
})

t.test('a client that ends its side gets a 503 at once', async t => {
  const { port, counts, requests } = await waiting(t)
  const near = await asks(t, port, counts)
  near.end()
  t.match(await rest(near), /^HTTP\/1\.1 503 [^]*retry-after: 5\r\n[^]*FST_ARR_UPSTREAM_BUSY/i)
  t.equal(counts.takenBack, 1)
  t.match(requests[0]!.upstream, { error: { code: 'FST_ARR_UPSTREAM_BUSY' } })
})

t.test('the same where it has done so before the farm is asked for the next attempt', async t => {
  const { port, counts } = await waiting(t, {}, { mayTryAgain: () => true, pick: (_, attempt) => attempt === 0 ? DEAD : null })
  const near = client(t, port)
  near.end(handshake())
  t.match(await rest(near), /^HTTP\/1\.1 503 [^]*FST_ARR_UPSTREAM_BUSY/)
  t.equal(counts.takenBack, 1)
})

t.test('a farm that says busy in the end is a 503', async t => {
  const { port, counts } = await waiting(t)
  const near = await asks(t, port, counts)
  counts.waiting[0]!({ reason: 'busy', retryAfter: 4 })
  t.match(await rest(near), /^HTTP\/1\.1 503 [^]*retry-after: 4\r\n[^]*FST_ARR_UPSTREAM_BUSY/i)
})

t.test('the server\'s closing refuses what waits', async t => {
  const { port, counts, app } = await waiting(t)
  const near = await asks(t, port, counts)
  const closed = app.close()
  t.match(await rest(near), /^HTTP\/1\.1 503 [^]*FST_ARR_PROXY_DRAINING/)
  await closed
  t.equal(counts.takenBack, 1)
})

t.test('`closeAll` refuses what waits', async t => {
  const { port, counts, app } = await waiting(t, { websocket: { ...AT_ONCE, key: () => 'ann' } })
  const near = await asks(t, port, counts)
  t.equal(app.tunnels.closeAll({ key: 'bob' }), 0)
  t.equal(app.tunnels.closeAll({ key: 'ann' }), 1)
  t.match(await rest(near), /^HTTP\/1\.1 403 [^]*FST_ARR_PROXY_CLOSED/)
  t.equal(counts.takenBack, 1)
})

t.test('a token that expires while it waits is a 401, and the server that was chosen is free', async t => {
  const upstream = await agreeing(t)
  const until = Date.now() + 200
  const { port, counts } = await waiting(t, { websocket: { ...AT_ONCE, until: () => until } })
  const near = await asks(t, port, counts)
  await eventually(() => Date.now() > until, 'it has expired')
  counts.waiting[0]!(upstream.url)
  t.match(await rest(near), /^HTTP\/1\.1 401 [^]*www-authenticate[^]*FST_ARR_PROXY_EXPIRED/i)
  t.same(counts.told.map(({ said }) => said), [['ended']])
  t.equal(upstream.sockets.length, 0)
})

t.test('Fastify\'s `handlerTimeout` answers what waits: a handshake, and a request that goes through its reply', async t => {
  const { port, counts } = await waiting(t, {}, LATER, { handlerTimeout: 150 })
  const near = await asks(t, port, counts)
  t.match(await rest(near), /^HTTP\/1\.1 503 [^]*FST_ERR_HANDLER_TIMEOUT/)
  const upstream = await agreeing(t)
  counts.waiting[0]?.(upstream.url)
  await eventually(() => counts.waiting.length === 0 && counts.current === 0, 'nothing is held')
  const app = Fastify({ handlerTimeout: 150, forceCloseConnections: true })
  t.teardown(() => app.close())
  const second = farm(app, [], LATER)
  app.addHook('onSend', async () => {})
  await app.register(upstreamProxy, { upstream: 'http://chat' })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const page = await asks(t, portOf(app.server), second, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  t.match(await rest(page), /^HTTP\/1\.1 503 [^]*FST_ERR_HANDLER_TIMEOUT/)
  await eventually(() => second.takenBack === 1, 'it is taken back')
})

t.test('a request waits as well, with its body', async t => {
  const backend = await answering(t, OK)
  const { port, counts, requests } = await waiting(t)
  const near = await asks(t, port, counts, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello')
  counts.waiting[0]!(backend.url)
  t.match(await rest(near), /^HTTP\/1\.1 200 [^]*ok$/)
  t.match(backend.received(), /\r\n\r\nhello$/)
  t.match(requests[0]!.upstream, { routed: backend.url.slice(7) })
})

t.test('the second attempt of both may wait; the time of an attempt is not that of the wait', async t => {
  const backend = await answering(t, OK)
  const { port, counts, requests } = await waiting(t, {}, { mayTryAgain: () => true, pick: (_, attempt) => attempt === 0 ? DEAD : null })
  const near = await asks(t, port, counts, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  t.equal(requests[0]!.upstream!.attempts.length, 1)
  await new Promise(resolve => setTimeout(resolve, 300))
  counts.waiting[0]!(DEAD)
  await eventually(() => counts.waiting.length === 1, 'the farm is asked again')
  counts.waiting[0]!(backend.url)
  t.match(await rest(near), /ok$/)
  const { attempts } = requests[0]!.upstream!
  t.equal(attempts.length, 2)
  t.ok(attempts[1]!.time < 250)
  const upstream = await agreeing(t)
  const socket = await asks(t, port, counts)
  counts.waiting[0]!(upstream.url)
  t.match(await until(socket, text => text.endsWith('\r\n\r\n')), /^HTTP\/1\.1 101 /)
  socket.resetAndDestroy()
  await eventually(() => counts.current === 0, 'it ends')
})

t.test('what waits has a place of the proxy, and gives it back', async t => {
  const { port, counts } = await waiting(t, { websocket: { ...AT_ONCE, maxTunnels: 1 } })
  const first = await asks(t, port, counts)
  const second = client(t, port)
  second.write(handshake())
  t.match(await rest(second), /^HTTP\/1\.1 503 [^]*FST_ARR_PROXY_TOO_MANY/)
  first.destroy()
  await eventually(() => counts.takenBack === 1, 'the first has left')
  const third = await asks(t, port, counts)
  third.destroy()
  await eventually(() => counts.takenBack === 2, 'the third has left')
})

t.test('a session of HTTP/2 with a request that waits can close', async t => {
  let counts: CountingFarm | undefined
  const { port, app } = await http2Proxy(t, { upstream: 'http://chat' }, app => { counts = farm(app, [], LATER) })
  const client = connect(`http://127.0.0.1:${port}`)
  client.on('error', () => {})
  client.request({ ':path': '/' }).on('error', () => {})
  await eventually(() => counts!.waiting.length === 1, 'the farm is asked')
  client.destroy()
  await eventually(() => counts!.takenBack === 1, 'it is taken back')
  t.ok(app)
})
