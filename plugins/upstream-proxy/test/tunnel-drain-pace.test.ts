// The pace of the goodbye: how many are told at a time, in which order, and that all are told before the deadline.
import type { Socket } from 'node:net'
import Fastify from 'fastify'
import t, { type Test } from 'tap'
import upstreamProxy, { type TunnelOptions } from '../src/index.ts'
import { clock, LIMIT } from './clock.ts'
import { eventually, frame, MASK, portOf, proxy, type Proxy } from './parts.ts'
import { agreeing, hear, open, type Agreeing, type Heard } from './tunnel-subjects.ts'

const GOODBYE = '\x88\x02\x03\xe9'
// Between two batches of Close frames, ms.
const STEP = 25

interface Ends {
  readonly near: Socket
  readonly far: Socket
}

/** What the clients of a proxy see. */
interface Seen extends Proxy {
  readonly upstream: Agreeing
  /** The clients in the order in which they were told, and when, on the tests' clock. */
  readonly told: Array<{ client: number, at: number }>
  /** How many were told and have not left, at most. */
  most (): number
  /** A client that was told takes its leave; so does its upstream. */
  leave (client: number): void
}

/** A proxy with `count` open tunnels, in each of which a message has passed, in the order of `order`. */
async function opened (t: Test, count: number, drain: TunnelOptions['drain'], goOn: (ms: number) => void, order = [...Array(count).keys()]): Promise<Seen> {
  const upstream = await agreeing(t)
  // The time limit of Fastify's plugins is one of those that the tests' clock may move.
  const subject = await proxy(t, { upstream: upstream.url, websocket: { drain } }, { server: { pluginTimeout: 0 } })
  const told: Seen['told'] = []
  const tunnels: Ends[] = []
  let underway = 0
  let most = 0
  for (let i = 0; i < count; i++) {
    const ends = await open(t, subject.port, upstream)
    ends.far.resume()
    tunnels.push(ends)
  }
  const received = () => [...subject.app.tunnels].reduce((sum, one) => sum + one.received.messages, 0)
  for (const [sent, client] of order.entries()) {
    const { near } = tunnels[client] as Ends
    goOn(10)
    near.write(frame(1, 'x', { mask: MASK }))
    await eventually(() => received() === sent + 1, 'the message passes')
  }
  for (const [client, { near }] of tunnels.entries()) {
    near.once('data', () => {
      told.push({ client, at: performance.now() })
      most = Math.max(most, ++underway)
    })
    near.resume()
  }
  return {
    ...subject,
    upstream,
    told,
    most: () => most,
    leave (client) {
      underway--
      const { near, far } = tunnels[client] as Ends
      near.end()
      far.end()
    }
  }
}

/** Checks that no tunnel was told before its turn, at `perSecond`; `streams` of them may be told at once. */
function inTurn (t: Test, told: Seen['told'], started: number, perSecond: number, streams = 1): void {
  const early = told.filter(({ at }, i) => at - started < (i + 1 - streams) * 1000 / perSecond - STEP)
  t.same(early, [], 'none is told too early')
}

t.test('with `follow` the next tunnel is told when an earlier one has ended, the quietest first, and never more are under way than allowed', async t => {
  const goOn = clock(t)
  const order = [7, 2, 11, 0, 5, 9, 1, 10, 3, 8, 6, 4]
  const { app, told, most, leave } = await opened(t, order.length, { pace: 'follow', underway: 3, deadline: LIMIT }, goOn, order)
  const closing = app.close()
  for (let ended = 0; ended < order.length; ended++) {
    await eventually(() => told.length >= Math.min(ended + 3, order.length), `${ended + 3} are told`)
    leave(told[ended]!.client)
  }
  await closing
  // Three are told in one turn, and their sockets are read in any order.
  t.same(new Set(told.slice(0, 3).map(({ client }) => client)), new Set(order.slice(0, 3)))
  t.same(told.slice(3).map(({ client }) => client), order.slice(3))
  t.equal(most(), 3)
})

t.test('with `follow` a tunnel that is used while the drain goes on is told after the others', async t => {
  const goOn = clock(t)
  const upstream = await agreeing(t)
  const { app, port } = await proxy(t, { upstream: upstream.url, websocket: { drain: { pace: 'follow', underway: 1, deadline: LIMIT } } })
  const told: number[] = []
  const tunnels: Ends[] = []
  for (let i = 0; i < 4; i++) {
    goOn(10)
    const ends = await open(t, port, upstream)
    tunnels.push(ends)
    ends.far.resume()
    ends.near.once('data', () => told.push(i))
    ends.near.resume()
  }
  const closing = app.close()
  await eventually(() => told.length === 1, 'the first is told')
  const [, { near, far }] = tunnels as [Ends, Ends]
  goOn(10)
  near.write(frame(1, 'x', { mask: MASK }))
  await eventually(() => [...app.tunnels].some(({ received }) => received.messages === 1), 'the second is used')
  for (let i = 0; i < 4; i++) {
    await eventually(() => told.length > i, 'the next one is told')
    const next = tunnels[told[i] as number] as Ends
    next.near.end()
    next.far.end()
  }
  t.ok(far.writableEnded)
  await closing
  t.same(told, [0, 2, 3, 1])
})

t.test('with `follow` clients that do not answer hold up the others for a while only', async t => {
  const goOn = clock(t)
  const { app, told } = await opened(t, 6, { pace: 'follow', underway: 2, deadline: LIMIT }, goOn)
  const started = performance.now()
  const closing = app.close()
  for (const due of [2, 4, 6]) {
    await eventually(() => told.length >= due, `${due} are told`)
    if (due < 6) goOn(5000)
  }
  t.same(told.filter(({ at }, i) => at - started < Math.floor(i / 2) * 5000 - STEP), [], 'each pair waits for the one before')
  goOn(LIMIT)
  await closing
})

t.test('with `follow` the rest is told in time for the deadline, and not faster than needed', async t => {
  const goOn = clock(t)
  const { app, told, closed } = await opened(t, 30, { pace: 'follow', underway: 1, perSecond: 2, deadline: LIMIT }, goOn)
  const started = performance.now()
  const closing = app.close()
  await eventually(() => told.length >= 1, 'one is told')
  // One in 5 s while there is time to wait, then two a second.
  const end = started + LIMIT - 500
  await eventually(() => {
    if (performance.now() < end - 500) goOn(500)
    return told.length === 30
  }, 'all are told, and the deadline has not come')
  t.same(told.filter(({ at }, i) => at < Math.min(started + i * 5000, end - (30 - i) * 500) - 2 * STEP), [], 'none is told too early')
  goOn(LIMIT)
  await closing
  await eventually(() => closed.length === 30, 'all are over')
  t.same(new Set(closed.map(upstream => `${upstream?.tunnel?.closeCode} ${upstream?.tunnel?.ending}`)), new Set(['1001 drain']))
})

t.test('the window grows with the number of tunnels', async t => {
  const goOn = clock(t)
  const { app, told, leave } = await opened(t, 10, { window: 1000, perSecond: 1, deadline: LIMIT }, goOn)
  const started = performance.now()
  const closing = app.close()
  for (let i = 0; i < 10; i++) {
    await eventually(() => told.length > i, 'the next one is told')
    leave(told[i]!.client)
    goOn(1000)
  }
  await closing
  inTurn(t, told, started, 1)
})

t.test('the proxies of a server share what is allowed in a second', async t => {
  const goOn = clock(t)
  const upstream = await agreeing(t)
  const app = Fastify()
  t.teardown(() => app.close())
  const told: Seen['told'] = []
  const drain = { window: 0, perSecond: 1, deadline: LIMIT }
  for (const prefix of ['/a', '/b']) await app.register(upstreamProxy, { upstream: upstream.url, prefix, websocket: { drain } })
  await app.listen({ port: 0, host: '127.0.0.1' })
  for (let client = 0; client < 10; client++) {
    const { near, far } = await open(t, portOf(app.server), upstream, client < 5 ? '/a' : '/b')
    far.resume()
    near.once('data', () => {
      told.push({ client, at: performance.now() })
      near.end()
      far.end()
    })
    near.resume()
  }
  const started = performance.now()
  let over = false
  const closing = app.close().then(() => { over = true })
  await eventually(() => {
    goOn(100)
    return over
  }, 'it closes')
  await closing
  t.equal(told.length, 10)
  inTurn(t, told, started, 1, 2)
})

for (const [what, drain] of [
  ['a window beyond the deadline', { window: 60_000 }],
  ['more tunnels than perSecond allows until then', { perSecond: 1 }],
  ['`follow`, where nobody answers', { pace: 'follow', underway: 1, perSecond: 1 }]
] as const) {
  t.test(`everybody is told before the deadline: ${what}`, async t => {
    const upstream = await agreeing(t)
    const { app, port, closed } = await proxy(t, { upstream: upstream.url, websocket: { drain: { ...drain, deadline: 1000 } } })
    const heard: Heard[] = []
    for (let i = 0; i < 200; i++) {
      const { near, far } = await open(t, port, upstream)
      heard.push(hear(near), hear(far))
    }
    await app.close()
    await eventually(() => closed.length === 200 && heard.every(({ closed, ended }) => closed || ended), 'all are cut')
    t.same(new Set(heard.filter((_, i) => i % 2 === 0).map(({ text }) => text())), new Set([GOODBYE]))
    t.ok(heard.every(({ bytes }, i) => bytes === (i % 2 === 0 ? 4 : 8)), 'the upstream is told as well')
    t.same(new Set(closed.map(upstream => `${upstream?.tunnel?.closedBy} ${upstream?.tunnel?.closeCode} ${upstream?.tunnel?.ending}`)), new Set(['proxy 1001 drain']))
  })
}

t.test('a process that was too busy until the deadline tells those that it has not told, and leaves them time to answer', async t => {
  const goOn = clock(t, 400)
  const { app, told, closed } = await opened(t, 20, { window: 60 * LIMIT, deadline: LIMIT }, goOn)
  const closing = app.close()
  await eventually(() => told.length > 0, 'the first is told')
  // The deadline comes before the next Close frame.
  goOn(LIMIT)
  await eventually(() => told.length === 20, 'all are told')
  for (let i = 0; i < 100; i++) await new Promise(resolve => setImmediate(resolve))
  t.same(closed, [], 'none is cut')
  goOn(500)
  await closing
  await eventually(() => closed.length === 20, 'all are cut')
})

t.test('where the deadline comes before the window is over, all are told before it', async t => {
  const goOn = clock(t)
  const { app, told } = await opened(t, 20, { window: 60 * LIMIT, deadline: LIMIT }, goOn)
  const closing = app.close()
  await eventually(() => told.length > 0, 'the first is told')
  const started = performance.now()
  goOn(LIMIT / 2)
  await eventually(() => told.length >= 10, 'half of them after half the time')
  goOn(started + LIMIT - 500 - performance.now())
  await eventually(() => told.length === 20, 'all are told')
  goOn(LIMIT)
  await closing
})

t.test('the mistakes in these options', async t => {
  for (const [drain, mistake] of [
    [{ perSecond: -1 }, '`websocket.drain.perSecond` must be a whole number, 0 or more'],
    [{ perSecond: 0.5 }, '`websocket.drain.perSecond` must be a whole number, 0 or more'],
    [{ underway: 0 }, '`websocket.drain.underway` must be a whole number, 1 or more'],
    [{ pace: 'slow' }, '`websocket.drain.pace` must be `window` or `follow`'],
    [{ deadline: -1 }, '`websocket.drain.deadline` must be a number from 0 to 2147483647'],
    [{ persecond: 1 }, '`websocket.drain.persecond` is no option']
  ] as const) {
    const app = Fastify()
    app.register(upstreamProxy, { upstream: 'http://localhost', websocket: { drain: drain as never } })
    await t.rejects(app.ready() as unknown as Promise<void>, { code: 'FST_ARR_PROXY_INVALID_OPTIONS', message: mistake })
  }
})
