// What is told to whoever begins to watch a tunnel that is open already: whole frames from then on, and nothing that hurts the tunnel or the others.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { CHANNELS, type OpenTunnel, type TunnelOpened, type TunnelWatch } from '@fastify-arr/facts'
import t, { type Test } from 'tap'
import type { TunnelOptions } from '../src/index.ts'
import { framesIn } from './frames-in.ts'
import { eventually, frame, MASK, proxy } from './parts.ts'
import { type Event, watchTunnels } from './told.ts'
import { agreeing, AT_ONCE, hear, open } from './tunnel-subjects.ts'

async function tunnel (t: Test, websocket: TunnelOptions = {}) {
  const upstream = await agreeing(t)
  const subject = await proxy(t, { upstream: upstream.url, websocket: { ...AT_ONCE, ...websocket } })
  const { near, far } = await open(t, subject.port, upstream)
  return { ...subject, near, far, atClient: hear(near), atUpstream: hear(far), one: [...subject.app.tunnels][0] as OpenTunnel }
}

/** A watch that writes down what it is told; `then` is called after each. */
function recorder (then: () => void = () => {}): TunnelWatch & { readonly events: Event[] } {
  const events: Event[] = []
  const note = (event: Event): void => {
    events.push(event)
    then()
  }
  return {
    events,
    frame (side, opcode, fin, rsv, length) { note(['frame', side, opcode, fin, rsv, length]) },
    close (side, code, reason) { note(['close', side, code, reason]) },
    unreadable (side) { note(['unreadable', side]) },
    ended (side, how, systemCode) { note(['ended', side, how, systemCode]) }
  }
}

const close = (code: number, reason: string) => Buffer.concat([Buffer.from([code >> 8, code & 255]), Buffer.from(reason)])

for (const [how, limits] of [['', {}], [' with limits', { maxMessageSize: 1_000_000, maxByteRate: 100_000_000 }]] as const) {
  t.test(`who comes in the middle of a frame is told from the next one on${how}`, async t => {
    const { near, far, atClient, atUpstream, one } = await tunnel(t, limits)
    const long = frame(1, 'x'.repeat(300), { mask: MASK, fin: false })
    near.write(long.subarray(0, 100))
    far.write(frame(2, 'y'.repeat(50)).subarray(0, 1))
    await eventually(() => atUpstream.bytes === 100, 'a part of the frame has passed')
    const watch = recorder()
    one.watch(watch)
    near.write(Buffer.concat([long.subarray(100), frame(0, 'end', { mask: MASK }), frame(1, 'next', { mask: MASK })]))
    far.write(frame(2, 'y'.repeat(50)).subarray(1))
    await eventually(() => framesIn(atUpstream.buffer()).length === 3 && framesIn(atClient.buffer()).length === 1, 'all pass')
    t.same(watch.events.filter(([, side]) => side === 'client'), [['frame', 'client', 0, true, 0, 3], ['frame', 'client', 1, true, 0, 4]])
    t.same(watch.events.filter(([, side]) => side === 'upstream'), [['frame', 'upstream', 2, true, 0, 50]], 'a header that had not come whole is told')
  })
}

t.test('of a Close frame that is passing, code and reason are told, and then the ends', async t => {
  const { near, far, atClient, one } = await tunnel(t)
  const goodbye = frame(8, close(4007, 'so long'))
  far.write(goodbye.subarray(0, 4))
  await eventually(() => atClient.bytes === 4, 'its beginning has passed')
  const watch = recorder()
  one.watch(watch)
  far.end(goodbye.subarray(4))
  await eventually(() => atClient.ended, 'all has passed')
  near.end()
  await eventually(() => watch.events.length === 3, 'both have ended')
  t.same(watch.events, [['close', 'upstream', 4007, 'so long'], ['ended', 'upstream', 'end', null], ['ended', 'client', 'end', null]])
})

t.test('several are told the same; one that ends itself during a call is told no more, and no other misses anything', async t => {
  const { near, atUpstream, one } = await tunnel(t)
  const first = recorder()
  one.watch(first)
  const leaving = recorder(() => { leave() })
  const leave = one.watch(leaving)
  const gone = recorder()
  const removing = recorder(() => { remove() })
  one.watch(removing)
  const remove = one.watch(gone)
  const last = recorder()
  const leaveLast = one.watch(last)
  near.write(Buffer.concat([frame(1, 'a', { mask: MASK }), frame(1, 'b', { mask: MASK })]))
  await eventually(() => framesIn(atUpstream.buffer()).length === 2, 'both pass')
  const both = [['frame', 'client', 1, true, 0, 1], ['frame', 'client', 1, true, 0, 1]]
  t.same([first.events, last.events, removing.events], [both, both, both])
  t.same(leaving.events, both.slice(1))
  t.same(gone.events, [], 'one that another has ended is not called even once')
  leave()
  leaveLast()
  leaveLast()
  near.write(frame(1, 'c', { mask: MASK }))
  await eventually(() => framesIn(atUpstream.buffer()).length === 3, 'another')
  t.same([first.events.length, last.events.length], [3, 2])
})

t.test('one that ends itself and throws takes no other with it', async t => {
  const { near, atUpstream, one } = await tunnel(t)
  const failing = recorder(() => {
    leave()
    throw new Error('a watch of others')
  })
  const leave = one.watch(failing)
  const next = recorder()
  one.watch(next)
  near.write(Buffer.concat([frame(1, 'a', { mask: MASK }), frame(1, 'b', { mask: MASK })]))
  await eventually(() => framesIn(atUpstream.buffer()).length === 2, 'both pass')
  t.same([failing.events.length, next.events.length], [1, 2])
})

t.test('one that throws is dropped, and the tunnel goes on', async t => {
  const { near, far, atClient, atUpstream, one } = await tunnel(t)
  const failing = recorder(() => { throw new Error('a watch of others') })
  one.watch(failing)
  near.write(frame(1, 'a', { mask: MASK }))
  far.write(frame(1, 'b'))
  await eventually(() => atUpstream.bytes === 7 && atClient.bytes === 3, 'both pass')
  t.equal(failing.events.length, 1)
})

t.test('the last one that leaves in the middle of a frame leaves nothing behind, and another may come', async t => {
  const { near, atUpstream, one, app } = await tunnel(t)
  const first = recorder(() => { leave() })
  const leave = one.watch(first)
  near.write(frame(1, 'abc', { mask: MASK }))
  await eventually(() => atUpstream.bytes === 9, 'it passes')
  const second = recorder()
  app.tunnels.get(one.id)?.watch(second)
  leave()
  near.write(frame(1, 'd', { mask: MASK }))
  await eventually(() => atUpstream.bytes === 16, 'the next')
  t.same([first.events.length, second.events.length], [1, 1], 'a second call of the first one\'s end ends no other')
})

t.test('a tunnel that is watched from its opening with payloads keeps them, and the late one gets none', async t => {
  const watched = watchTunnels(t, true)
  const { near, atUpstream, one } = await tunnel(t)
  let parts = 0
  const late = Object.assign(recorder(), { payload () { parts++ } })
  const leave = one.watch(late)
  near.write(frame(1, 'hello', { mask: MASK }))
  await eventually(() => atUpstream.bytes === 11, 'it passes')
  leave()
  near.write(frame(1, ' again', { mask: MASK }))
  await eventually(() => atUpstream.bytes === 23, 'the next')
  t.equal(watched.payloads.client, 'hello again')
  t.same([watched.events.length, late.events.length, parts], [2, 1, 0])
})

t.test('the open tunnel in the message of an opening may be watched at once, beside the message\'s own way', async t => {
  const later = recorder()
  let leave = (): void => {}
  const onOpen = (message: unknown): void => { leave = (message as TunnelOpened).open.watch(later) }
  subscribe(CHANNELS.tunnelOpen, onOpen)
  t.teardown(() => unsubscribe(CHANNELS.tunnelOpen, onOpen))
  const watched = watchTunnels(t, true)
  const { near, atUpstream } = await tunnel(t)
  near.write(frame(1, 'a', { mask: MASK }))
  await eventually(() => atUpstream.bytes === 7, 'it passes')
  leave()
  near.write(frame(1, 'b', { mask: MASK }))
  await eventually(() => atUpstream.bytes === 14, 'the next')
  t.same([later.events.length, watched.events.length, watched.payloads.client], [1, 2, 'ab'])
})

t.test('frames that could not be read before are told as that at once', async t => {
  const { near, atUpstream, one } = await tunnel(t)
  near.write(frame(3, 'no', { mask: MASK }))
  await eventually(() => atUpstream.bytes === 8, 'it passes all the same')
  const early = recorder()
  one.watch(early)
  const late = recorder()
  one.watch(late)
  t.same([early.events, late.events], [[['unreadable', 'client']], [['unreadable', 'client']]], 'each is told once')
})

t.test('of a tunnel that is over nothing is told', async t => {
  const { near, far, one, app } = await tunnel(t)
  near.end()
  far.end()
  await eventually(() => app.tunnels.size === 0, 'it is over')
  const watch = recorder()
  one.watch(watch)()
  t.same(watch.events, [])
  t.equal(app.tunnels.get(one.id), undefined)
})

t.test('an open tunnel tells its request, and all requests are there without snapshots', async t => {
  const { near, atUpstream, one, app, requests } = await tunnel(t)
  t.equal(one.request, requests[0])
  t.same(app.tunnels.requests().map(({ url }) => url), ['/'])
  t.equal(app.tunnels.requests()[0], requests[0])
  near.write(frame(1, 'a', { mask: MASK }))
  await eventually(() => atUpstream.bytes === 7, 'it passes')
  t.equal(one.request.upstream?.tunnel?.received.messages, 1, 'the fact goes on')
  t.equal(one.received.messages, 0, 'the snapshot stays')
})
