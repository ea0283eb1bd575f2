// A farm decides whether another of its servers is asked after a failure; the proxy asks only where that is safe.
import { connect } from 'node:http2'
import type { Socket } from 'node:net'
import t, { type Test } from 'tap'
import type { UpstreamProxyOptions } from '../src/index.ts'
import { farm, type CountingFarm, type FarmOptions } from './farm-subjects.ts'
import { answering, ask, proxy, rawUpstream, talk, upstream } from './forward-subjects.ts'
import { client, eventually, handshake, tcpUpstream, until } from './parts.ts'
import { agreeing, AT_ONCE, switchFor } from './tunnel-subjects.ts'

// Nothing listens there.
const DEAD = 'http://127.0.0.1:1'
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const ALWAYS: FarmOptions = { mayTryAgain: () => true }

async function withFarm (t: Test, servers: string[], farmOptions: FarmOptions = ALWAYS, options: UpstreamProxyOptions = {}): Promise<Awaited<ReturnType<typeof proxy>> & { counts: CountingFarm }> {
  let counts: CountingFarm | undefined
  const subject = await proxy(t, { upstream: 'http://chat', websocket: AT_ONCE, ...options }, {}, app => { counts = farm(app, servers, farmOptions) })
  return { ...subject, counts: counts as CountingFarm }
}

/** Servers that fail, each in its own way, once they have got the head. */
const FAULTS: Record<string, { fail: (socket: Socket) => void, code: string, status?: number, timeouts?: UpstreamProxyOptions['timeouts'] }> = {
  reset: { fail: socket => { socket.resetAndDestroy() }, code: 'FST_ARR_UPSTREAM_RESET' },
  end: { fail: socket => { socket.end() }, code: 'FST_ARR_UPSTREAM_RESET' },
  silence: { fail: () => {}, code: 'FST_ARR_UPSTREAM_TIMEOUT', timeouts: { firstByte: 200, handshake: 200 } },
  nonsense: { fail: socket => { socket.write('nonsense\r\n\r\n') }, code: 'FST_ARR_UPSTREAM_BAD_ANSWER' },
  503: { fail: socket => { socket.write('HTTP/1.1 503 No\r\nContent-Length: 4\r\n\r\nbusy') }, code: 'FST_ARR_UPSTREAM_STATUS', status: 503 }
}

for (const [name, { fail, code, status, timeouts = {} }] of Object.entries(FAULTS)) {
  const attempt = { code, moment: 'headers', ...(status !== undefined && { status }) }

  t.test(`${name}: an idempotent request without a body goes to the next server`, async t => {
    const faulty = await rawUpstream(t, fail)
    const healthy = await answering(t, OK)
    const { port, facts, counts } = await withFarm(t, [faulty.url, healthy.url], ALWAYS, { timeouts })
    t.match(await ask(port, { path: '/x' }), { status: 200, body: 'ok' })
    t.match(healthy.received(), `GET /x HTTP/1.1\r\nHost: ${healthy.url.slice(7)}\r\n`)
    t.match(await facts(), { server: healthy.url, routed: healthy.url.slice(7), status: 200, error: null, attempts: [{ server: faulty.url, ...attempt }] })
    t.equal(requestsTo(faulty.received()), 1)
    t.match(counts.failures, [{ code, moment: 'headers', status: status ?? null }])
    t.equal(counts.failures.length, 1)
    t.same(counts.told.map(({ said }) => said.length), [status === undefined ? 1 : 2, 2])
    t.equal(counts.current, 0)
    t.same(counts.wrongs, [])
  })

  t.test(`${name}: a handshake goes to the next server`, async t => {
    const faulty = await rawUpstream(t, fail)
    const healthy = await agreeing(t)
    const { port, requests, counts } = await withFarm(t, [faulty.url, healthy.url], ALWAYS, { timeouts })
    const near = client(t, port)
    near.write(handshake('/chat'))
    near.write('early')
    t.match(await until(near, text => text.endsWith('\r\n\r\n')), /^HTTP\/1\.1 101 /)
    const far = await healthy.next()
    t.equal(await until(far, text => text.length === 5), 'early', 'nothing that the client sent early is lost')
    t.match(requests[0]!.upstream, { server: healthy.url, status: 101, error: null, attempts: [{ server: faulty.url, ...attempt }] })
    near.resetAndDestroy()
    await eventually(() => counts.current === 0, 'the tunnel ends')
    t.same(counts.failures.map(failure => failure.code), [code])
    t.same(counts.wrongs, [])
  })

  t.test(`${name}: where the farm says no, the client gets what the first server did`, async t => {
    const faulty = await rawUpstream(t, fail)
    const { port, facts, counts } = await withFarm(t, [faulty.url], {}, { timeouts, retries: 5 })
    const answer = await ask(port)
    if (status === undefined) t.match(JSON.parse(answer.body), { code })
    else t.match(answer, { status, body: 'busy' })
    t.match(await talk(port, handshake(), /busy|\}$/), status === undefined ? code : /^HTTP\/1\.1 503 No[^]*busy$/)
    t.match((await facts()).attempts, status === undefined ? [attempt] : [])
    await eventually(() => counts.current === 0, 'both are over')
    t.equal(counts.told.length, 2)
    t.match(counts.told[0]!.said, status === undefined ? [`ended ${code} headers null`] : ['answered 503', 'ended'])
    t.same(counts.told[1]!.said, counts.told[0]!.said)
    t.same(counts.wrongs, [])
  })

  t.test(`${name}: neither a body nor a POST is sent twice`, async t => {
    let received = ''
    const faulty = await tcpUpstream(t, socket => {
      socket.on('data', (chunk: Buffer) => {
        received += chunk.toString('latin1')
        if (chunk.includes(' HTTP/1.1\r\n')) fail(socket)
      })
    })
    const { port, counts } = await withFarm(t, [faulty.url, faulty.url], ALWAYS, { timeouts })
    for (const [method, body] of [['POST', 'x'], ['PUT', 'x'], ['POST', undefined]] as const) {
      t.match((await ask(port, { method, ...(body !== undefined && { body }) })).status, status ?? /50[24]/)
    }
    t.equal(requestsTo(received), 3)
    t.equal(counts.told.length, 3)
    t.equal(counts.current, 0)
    t.same(counts.wrongs, [])
  })
}

function requestsTo (received: string): number {
  return received.match(/ HTTP\/1\.1\r\n/g)?.length ?? 0
}

t.test('a connection that does not come about is followed by another one whatever the request is, body and all', async t => {
  const url = await upstream(t, (request, response) => request.pipe(response))
  const { port, facts, counts } = await withFarm(t, [DEAD, url])
  t.match(await ask(port, { method: 'POST', body: 'hello' }), { status: 200, body: 'hello' })
  t.match(await facts(), { server: url, attempts: [{ server: DEAD, code: 'FST_ARR_UPSTREAM_REFUSED', moment: 'connect' }] })
  t.same(counts.told.map(({ said }) => said), [['ended FST_ARR_UPSTREAM_REFUSED connect null'], ['answered 200', 'ended']])
})

t.test('the farm\'s number of attempts counts, not `retries`; the last failure is in the list and is the error', async t => {
  const { port, facts, counts } = await withFarm(t, [DEAD], { mayTryAgain: (_, attempt) => attempt < 3 }, { retries: 0 })
  t.match(await ask(port), { status: 502, body: /REFUSED/ })
  t.match(await talk(port, handshake(), /\}$/), /^HTTP\/1\.1 502 /)
  for (const index of [0, 1]) {
    const fact = await facts(index)
    t.equal(fact.attempts.length, 3)
    t.match(fact.error, { code: 'FST_ARR_UPSTREAM_REFUSED' })
  }
  t.equal(counts.told.length, 6)
  t.equal(counts.current, 0)
})

t.test('where the farm has none left after a failure, the client is told so', async t => {
  const { port, facts, counts } = await withFarm(t, [], { ...ALWAYS, pick: (_, attempt) => attempt === 0 ? DEAD : { reason: 'none', retryAfter: 3 } })
  t.match(await ask(port), { status: 503, headers: { 'retry-after': '3' }, body: /NO_SERVER/ })
  t.match(await facts(), { server: DEAD, attempts: [{ server: DEAD }], error: { code: 'FST_ARR_UPSTREAM_NO_SERVER' } })
  t.match(await talk(port, handshake(), /\}$/), /^HTTP\/1\.1 503 [^]*NO_SERVER/)
  t.equal(counts.current, 0)
})

t.test('the connection of a short answer that is dropped serves the next request; one that does not end is cut', async t => {
  let isEndless = false
  const faulty = await rawUpstream(t, socket => {
    socket.write(isEndless ? 'HTTP/1.1 502 No\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n' : 'HTTP/1.1 502 No\r\nContent-Length: 4\r\n\r\nbu')
    if (!isEndless) setImmediate(() => socket.write('sy'))
  })
  const healthy = await answering(t, OK)
  const { port, counts } = await withFarm(t, [faulty.url, healthy.url])
  t.match(await ask(port), { status: 200, body: 'ok' })
  t.match(await ask(port), { status: 200, body: 'ok' })
  t.equal(faulty.sockets.length, 1)
  isEndless = true
  t.match(await ask(port), { status: 200, body: 'ok' })
  await eventually(() => faulty.sockets[0]!.destroyed || faulty.sockets[0]!.readableEnded, 'it is cut')
  t.match(counts.failures, [{ status: 502 }, { status: 502 }, { status: 502 }])
  t.equal(counts.current, 0)
  t.same(counts.wrongs, [])
})

t.test('the rest of a dropped answer that does not come soon is not waited for, though bytes of it do come', async t => {
  const slow = await rawUpstream(t, socket => {
    socket.write('HTTP/1.1 503 No\r\nContent-Length: 60000\r\n\r\n')
    const more = setInterval(() => { socket.write('x') }, 50)
    socket.on('close', () => { clearInterval(more) })
  })
  const healthy = await answering(t, OK)
  const { port } = await withFarm(t, [slow.url, healthy.url])
  t.match(await ask(port), { status: 200, body: 'ok' })
  await eventually(() => slow.sockets.every(socket => socket.destroyed), 'it is cut')
})

t.test('a kept connection that proves to be closed is no attempt: the same server is asked on a new one', async t => {
  const backend = await rawUpstream(t, (socket, _head, count) => {
    if (count === 2) socket.resetAndDestroy()
    else socket.write(OK)
  })
  const { port, counts, facts } = await withFarm(t, [backend.url], {})
  t.match(await ask(port), { status: 200 })
  t.match(await ask(port), { status: 200 })
  t.same((await facts(1)).attempts, [])
  t.same(counts.told.map(({ said }) => said), [['answered 200', 'ended'], ['answered 200', 'ended']])
})

t.test('a 101 that is not valid is followed by another attempt, also over HTTP/2', async t => {
  const wrong = await tcpUpstream(t, socket => { socket.once('data', () => socket.write('HTTP/1.1 101 Switching\r\nUpgrade: tcp\r\nConnection: Upgrade\r\n\r\n')) })
  const healthy = await agreeing(t)
  const { port, counts } = await withFarm(t, [wrong.url, healthy.url])
  const near = client(t, port)
  near.write(handshake())
  t.match(await until(near, text => text.endsWith('\r\n\r\n')), /^HTTP\/1\.1 101 /)
  near.resetAndDestroy()
  await eventually(() => counts.current === 0, 'it ends')
  t.same(counts.told.map(({ said }) => said[0]), ['ended FST_ARR_UPSTREAM_BAD_ANSWER headers null', 'answered 101'])
})

t.test('after the 101 nothing is tried again, though hooks still run', async t => {
  let go = (): void => {}
  const broken = await tcpUpstream(t, socket => {
    socket.once('data', head => {
      socket.write(switchFor(String(head)))
      go = () => { socket.resetAndDestroy() }
    })
  })
  let counts: CountingFarm | undefined
  const { port } = await proxy(t, { upstream: 'http://chat' }, {}, app => {
    counts = farm(app, [broken.url], ALWAYS)
    app.addHook('onSend', async (request, reply) => {
      if (reply.raw.statusCode !== 101) return
      go()
      await new Promise(resolve => request.raw.socket.once('never', resolve).once('close', resolve))
    })
  })
  const near = client(t, port)
  near.write(handshake())
  await eventually(() => counts!.current === 0 && counts!.told.length > 0, 'it fails')
  t.same(counts!.told.map(({ said }) => said), [['answered 101', 'ended FST_ARR_UPSTREAM_RESET headers 101']])
})

t.test('a body that its server breaks off is that server\'s failure, and no attempt', async t => {
  const backend = await answering(t, 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf', socket => { setTimeout(() => socket.destroy(), 50) })
  const { port, facts, counts } = await withFarm(t, [backend.url])
  t.match(await ask(port), { status: 200, complete: false })
  t.match(await facts(), { attempts: [], error: { code: 'FST_ARR_UPSTREAM_RESET', moment: 'body' } })
  t.same(counts.told[0]!.said, ['answered 200', 'ended FST_ARR_UPSTREAM_RESET body 200'])
})

t.test('a client of HTTP/2 gets the answer of the second server', async t => {
  const faulty = await rawUpstream(t, socket => { socket.write('HTTP/1.1 504 No\r\nContent-Length: 0\r\n\r\n') })
  const healthy = await answering(t, OK)
  let counts: CountingFarm | undefined
  const { port } = await proxy(t, { upstream: 'http://chat' }, { http2: true } as object, app => { counts = farm(app, [faulty.url, healthy.url], ALWAYS) })
  const session = connect(`http://127.0.0.1:${port}`)
  t.teardown(() => session.destroy())
  const stream = session.request({ ':path': '/' })
  const status = await new Promise(resolve => stream.on('response', headers => { resolve(headers[':status']) }))
  t.equal(status, 200)
  stream.resume()
  await new Promise(resolve => stream.on('close', resolve))
  t.equal(counts!.current, 0)
  t.same(counts!.wrongs, [])
})
