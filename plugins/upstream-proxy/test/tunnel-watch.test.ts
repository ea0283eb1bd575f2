// What a watch of a tunnel is told: each frame both ways, goodbyes, how each socket ended; and that it cannot hurt the tunnel.
import { once } from 'node:events'
import { randomBytes } from 'node:crypto'
import type { ClientHttp2Stream } from 'node:http2'
import type { Duplex } from 'node:stream'
import type { TunnelWatch } from '@fastify-arr/facts'
import t, { type Test } from 'tap'
import WebSocket from 'ws'
import type { TunnelOptions } from '../src/index.ts'
import { SWEEP } from '../src/tunnel/ending/limits.ts'
import { clock, LIMIT } from './clock.ts'
import { framesIn } from './frames-in.ts'
import { echo, eventually, frame, MASK, proxy } from './parts.ts'
import { type Event, type Watched, watchTunnels } from './told.ts'
import { agreeing, AT_ONCE, hear, http2Proxy, httpsProxy, open, openBy, openStream, session, tlsClient } from './tunnel-subjects.ts'

type Kind = 'HTTP/1.1' | 'TLS' | 'HTTP/2'
const KINDS: readonly Kind[] = ['HTTP/1.1', 'TLS', 'HTTP/2']
/** Limits far beyond what passes: the ways that have limits read frames in another manner. */
const LIMITED: TunnelOptions = { maxMessageSize: 1_000_000, maxByteRate: 100_000_000 }

async function tunnel (t: Test, kind: Kind, websocket: TunnelOptions = {}, extensions = '') {
  const upstream = await agreeing(t, extensions)
  const options = { upstream: upstream.url, websocket: { ...AT_ONCE, ...websocket } }
  const subject = await (kind === 'HTTP/2' ? http2Proxy : kind === 'TLS' ? httpsProxy : proxy)(t, options)
  const { near, far }: { near: Duplex, far: Duplex } = kind === 'HTTP/2'
    ? await openStream(await session(t, subject.port), upstream)
    : kind === 'TLS' ? await openBy(tlsClient(t, subject.port), upstream) : await open(t, subject.port, upstream)
  near.on('error', () => {})
  return { ...subject, near, far, atClient: hear(near), atUpstream: hear(far), fact: () => subject.requests.at(-1)!.upstream!.tunnel! }
}

const close = (code: number, reason: string) => Buffer.concat([Buffer.from([code >> 8, code & 255]), Buffer.from(reason)])
const of = ({ events }: Watched, side: string): Event[] => events.filter(([, by]) => by === side)
const ends = ({ events }: Watched) => events.filter(([kind]) => kind === 'ended')

for (const kind of KINDS) {
  for (const [how, limits] of [['', {}], [' with limits', LIMITED]] as const) {
    t.test(`${kind}${how}: every frame of both sides, fragments, pings, and a Close frame of each side`, async t => {
      const watched = watchTunnels(t)
      const { near, far, atClient, atUpstream } = await tunnel(t, kind, limits)
      const mask = MASK
      near.write(Buffer.concat([frame(1, 'Hel', { mask, fin: false }), frame(9, 'p', { mask }), frame(0, 'lo', { mask }), frame(2, randomBytes(70_000), { mask }), frame(1, '', { mask })]))
      await eventually(() => framesIn(atUpstream.buffer()).length === 5, 'all pass')
      far.write(Buffer.concat([frame(10, 'p'), frame(1, 'x'.repeat(126))]))
      await eventually(() => framesIn(atClient.buffer()).length === 2, 'the answer passes')
      far.write(frame(8, close(4000, 'the end')))
      await eventually(() => framesIn(atClient.buffer()).length === 3, 'a goodbye')
      near.write(frame(8, '', { mask }))
      await eventually(() => framesIn(atUpstream.buffer()).length === 6, 'and the other')
      t.same(of(watched, 'client'), [
        ['frame', 'client', 1, false, 0, 3],
        ['frame', 'client', 9, true, 0, 1],
        ['frame', 'client', 0, true, 0, 2],
        ['frame', 'client', 2, true, 0, 70_000],
        ['frame', 'client', 1, true, 0, 0],
        ['frame', 'client', 8, true, 0, 0],
        ['close', 'client', null, '']
      ])
      t.same(of(watched, 'upstream'), [
        ['frame', 'upstream', 10, true, 0, 1],
        ['frame', 'upstream', 1, true, 0, 126],
        ['frame', 'upstream', 8, true, 0, 9],
        ['close', 'upstream', 4000, 'the end']
      ])
      far.end()
      near.end()
      await eventually(() => ends(watched).length === 2, 'both have ended')
      t.same(ends(watched).sort(), [['ended', 'client', 'end', null], ['ended', 'upstream', 'end', null]])
    })
  }
}

for (const [how, limits] of [['', {}], [' with limits', LIMITED]] as const) {
  t.test(`payloads are told unmasked, whatever the chunks, and pass unchanged${how}`, async t => {
    const watched = watchTunnels(t, true)
    const { near, far, atClient, atUpstream } = await tunnel(t, 'HTTP/1.1', limits)
    const large = randomBytes(50_000).toString('latin1')
    const sent = Buffer.concat([
      frame(1, 'hello', { mask: MASK }), frame(2, Buffer.from(large, 'latin1'), { mask: Buffer.from([1, 2, 3, 250]) }),
      frame(9, '', { mask: MASK }), frame(1, 'ab', { mask: MASK, fin: false }), frame(0, 'c', { mask: MASK })
    ])
    // Each of the first bytes in a chunk of its own: headers and masks are cut at every place.
    for (let at = 0; at < 40; at++) {
      near.write(sent.subarray(at, at + 1))
      await eventually(() => atUpstream.bytes >= at - 13, 'the byte has come')
    }
    near.write(sent.subarray(40))
    await eventually(() => atUpstream.bytes === sent.length, 'all pass')
    t.ok(atUpstream.buffer().equals(sent))
    t.equal(watched.payloads.client, `hello${large}abc`)
    t.same(of(watched, 'client').map(([, , opcode, , , length]) => [opcode, length]), [[1, 5], [2, 50_000], [9, 0], [1, 2], [0, 1]])
    const answer = Buffer.concat([frame(1, 'plain'), frame(2, Buffer.from(large, 'latin1'))])
    far.write(answer)
    await eventually(() => atClient.bytes === answer.length, 'the answer passes')
    t.equal(watched.payloads.upstream, `plain${large}`)
    t.ok(atClient.buffer().equals(answer))
  })
}

t.test('a watch cannot change what passes', async t => {
  watchTunnels(t, false, opened => {
    opened.watch({ frame () {}, payload (_, part) { part.fill(0) }, close () {}, unreadable () {}, ended () {} })
  })
  const { near, far, atClient, atUpstream } = await tunnel(t, 'HTTP/1.1')
  near.write(frame(1, 'hello', { mask: MASK }))
  far.write(frame(1, 'hello'))
  await eventually(() => atUpstream.bytes === 11 && atClient.bytes === 7, 'both pass')
  t.match([framesIn(atUpstream.buffer())[0]?.payload, framesIn(atClient.buffer())[0]?.payload], ['hello', 'hello'])
})

t.test('permessage-deflate between real ends: compressed messages have RSV1', async t => {
  const watched = watchTunnels(t)
  const upstream = await echo(t, { perMessageDeflate: { threshold: 0 } })
  const { port } = await proxy(t, { upstream: upstream.url, websocket: AT_ONCE })
  const ws = new WebSocket(`ws://127.0.0.1:${port}/`, { perMessageDeflate: { threshold: 0 } })
  t.teardown(() => ws.terminate())
  await once(ws, 'open')
  ws.send('x'.repeat(1000))
  const [message] = await once(ws, 'message') as [Buffer]
  t.equal(message.toString(), 'x'.repeat(1000))
  ws.close(4001, 'done')
  await once(ws, 'close')
  await eventually(() => ends(watched).length === 2, 'both have ended')
  t.match(of(watched, 'client'), [['frame', 'client', 1, true, 0x40], ['frame', 'client', 8, true, 0, 6], ['close', 'client', 4001, 'done'], ['ended', 'client', 'end', null]])
  t.match(of(watched, 'upstream'), [['frame', 'upstream', 1, true, 0x40], ['frame', 'upstream', 8], ['close', 'upstream', 4001], ['ended', 'upstream', 'end', null]])
})

for (const kind of KINDS) {
  t.test(`${kind}: the proxy's own goodbye is told for each side, and the cut that follows`, async t => {
    const watched = watchTunnels(t)
    const { app, near, atClient, atUpstream } = await tunnel(t, kind)
    for (const one of app.tunnels) one.close(4002, 'bye')
    await eventually(() => framesIn(atClient.buffer()).length === 1 && framesIn(atUpstream.buffer()).length === 1, 'both are told')
    t.same(watched.events, Array(2).fill([['frame', 'proxy', 8, true, 0, 5], ['close', 'proxy', 4002, 'bye']]).flat())
    // Neither side answers: the server's closing cuts them.
    const connection = (near as Partial<ClientHttp2Stream>).session
    const closing = app.close()
    await eventually(() => ends(watched).length === 2, 'both have ended')
    t.same(ends(watched), [['ended', 'client', 'cut', null], ['ended', 'upstream', 'cut', null]])
    connection?.destroy()
    await closing
  })
}

t.test('the proxy\'s ping is a frame of the proxy', async t => {
  const { setInterval } = globalThis
  let look = (): void => {}
  globalThis.setInterval = ((sweep: () => void, ms: number, ...rest: unknown[]) => {
    if (ms !== SWEEP) return setInterval(sweep, ms, ...rest)
    look = sweep
    return setInterval(() => {}, LIMIT)
  }) as never
  t.teardown(() => { globalThis.setInterval = setInterval })
  const goOn = clock(t)
  const watched = watchTunnels(t)
  const { near, atClient, atUpstream } = await tunnel(t, 'HTTP/1.1', { ping: LIMIT })
  look()
  goOn(LIMIT)
  look()
  await eventually(() => framesIn(atClient.buffer()).length === 1, 'the ping')
  near.write(frame(10, 'keep-alive', { mask: MASK }))
  await eventually(() => framesIn(atUpstream.buffer()).length === 1, 'the pong')
  t.same(watched.events, [['frame', 'proxy', 9, true, 0, 10], ['frame', 'client', 10, true, 0, 10]])
})

for (const side of ['client', 'upstream'] as const) {
  t.test(`a reset of the ${side} is told with the system's word, and the proxy cuts the other side`, async t => {
    const watched = watchTunnels(t)
    const { near, far } = await tunnel(t, 'HTTP/1.1')
    ;((side === 'client' ? near : far) as unknown as { resetAndDestroy (): void }).resetAndDestroy()
    await eventually(() => ends(watched).length === 2, 'both have ended')
    t.same(of(watched, side), [['ended', side, 'reset', 'ECONNRESET']])
    t.same(of(watched, side === 'client' ? 'upstream' : 'client'), [['ended', side === 'client' ? 'upstream' : 'client', 'cut', null]])
  })
}

t.test('HTTP/2: a stream that the client resets has been reset, whatever the code', async t => {
  // Node's own `close` would end the stream before it resets it.
  for (const error of [undefined, new Error('INTERNAL_ERROR'), Object.assign(new Error('CANCEL'), { name: 'AbortError', code: 'ABORT_ERR' })]) {
    const watched = watchTunnels(t)
    const { near } = await tunnel(t, 'HTTP/2')
    near.destroy(error)
    await eventually(() => ends(watched).length === 2, 'both have ended')
    t.match(of(watched, 'client'), [['ended', 'client', 'reset']], error?.message ?? 'NO_ERROR')
    t.match(of(watched, 'upstream'), [['ended', 'upstream', 'cut', null]])
  }
})

for (const [how, limits] of [['', {}], [' with limits', LIMITED]] as const) {
  t.test(`frames that violate the protocol are told as unreadable, once${how}`, async t => {
    const watched = watchTunnels(t)
    const { near, far } = await tunnel(t, 'HTTP/1.1', limits)
    near.write(Buffer.concat([frame(1, 'ok', { mask: MASK }), frame(3, 'no', { mask: MASK }), frame(1, 'late', { mask: MASK })]))
    await eventually(() => watched.events.length >= 2, 'told')
    near.end()
    far.end()
    await eventually(() => ends(watched).length === 2, 'both have ended')
    t.same(of(watched, 'client').slice(0, 3), [['frame', 'client', 1, true, 0, 2], ['frame', 'client', 3, true, 0, 2], ['unreadable', 'client']])
    t.equal(watched.events.filter(([kind]) => kind === 'unreadable').length, 1)
    if (how !== '') t.ok(watched.events.some(([kind, side, code]) => kind === 'close' && side === 'proxy' && code === 1002), 'and the proxy says why it ends the tunnel')
  })
}

for (const [how, limits] of [['', {}], [' with limits', LIMITED]] as const) {
  t.test(`the header that made frames unreadable is told before that, as it was on the wire${how}`, async t => {
    const odd: Array<[what: string, side: 'client' | 'upstream', bytes: Buffer, header: unknown[]]> = [
      ['a bit that nobody agreed to', 'upstream', frame(1, 'packed', { rsv: 0x40 }), [1, true, 0x40, 6, false]],
      ['a masked frame of the upstream', 'upstream', frame(2, 'a', { mask: MASK }), [2, true, 0, 1, true]],
      ['an unmasked frame of the client', 'client', frame(1, 'x'.repeat(300)), [1, true, 0, 300, false]],
      ['an opcode that there is not', 'client', frame(11, 'a', { mask: MASK }), [11, true, 0, 1, true]],
      ['a length beyond all numbers', 'client', Buffer.from([0x82, 0xff, 0, 0x20, 0, 0, 0, 0, 0, 1]), [2, true, 0, 2 ** 53, true]],
      ['a length that has not come', 'upstream', Buffer.from([0x91, 0x7e]), [1, true, 0x10, 0, false]]
    ]
    for (const [what, side, bytes, header] of odd) {
      const told: unknown[][] = []
      watchTunnels(t, false, opened => {
        opened.watch({ frame (...frame) { told.push(frame) }, close () {}, unreadable (by) { told.push([by]) }, ended () {} })
      })
      const { near, far } = await tunnel(t, 'HTTP/1.1', limits)
      ;(side === 'client' ? near : far).write(bytes)
      await eventually(() => told.length >= 2, what)
      t.same(told.slice(0, 2), [[side, ...header], [side]], what)
    }
  })
}

t.test('a goodbye in place of a message that is too large is told with its code', async t => {
  const watched = watchTunnels(t)
  const { near, atClient } = await tunnel(t, 'HTTP/1.1', { maxMessageSize: 10 })
  near.write(frame(1, 'x'.repeat(11), { mask: MASK }))
  await eventually(() => framesIn(atClient.buffer()).length === 1, 'the goodbye')
  t.same(watched.events, Array(2).fill([['frame', 'proxy', 8, true, 0, 19], ['close', 'proxy', 1009, 'message too large']]).flat(), 'and the message is no frame that has passed')
})

t.test('several watches are told the same, and one that throws is dropped without harm', async t => {
  const lines: Array<{ msg: string, level: number }> = []
  let calls = 0
  const failing: TunnelWatch = {
    frame () {
      calls++
      throw new Error('a watch of others')
    },
    close () { calls++ },
    unreadable () { calls++ },
    ended () { calls++ }
  }
  const watched = watchTunnels(t, false, opened => { opened.watch(failing) })
  const also = watchTunnels(t)
  const upstream = await agreeing(t)
  const subject = await proxy(t, { upstream: upstream.url, websocket: AT_ONCE }, { server: { logger: { level: 'debug', stream: { write (line: string) { lines.push(JSON.parse(line) as typeof lines[number]) } } } } })
  const { near, far } = await open(t, subject.port, upstream)
  const atUpstream = hear(far)
  hear(near)
  near.write(Buffer.concat([frame(1, 'a', { mask: MASK }), frame(1, 'b', { mask: MASK })]))
  await eventually(() => framesIn(atUpstream.buffer()).length === 2, 'both pass')
  near.end()
  far.end()
  await eventually(() => ends(watched).length === 2, 'both have ended')
  t.equal(calls, 1, 'it is called no more')
  t.same(also.events, watched.events)
  t.equal(watched.events.filter(([kind]) => kind === 'frame').length, 2)
  const told = lines.filter(({ msg }) => msg.includes('a watch of this WebSocket threw an error'))
  t.match(told, [{ level: 20 }])
  t.equal(told.length, 1)
})

t.test('a watch is taken only while the opening is told', async t => {
  const listeners: Array<(watch: TunnelWatch) => void> = []
  const watched = watchTunnels(t, false, ({ watch }) => { listeners.push(watch) })
  const { near, atUpstream } = await tunnel(t, 'HTTP/1.1')
  let calls = 0
  listeners[0]?.({ frame () { calls++ }, close () {}, unreadable () {}, ended () {} })
  near.write(frame(1, 'a', { mask: MASK }))
  await eventually(() => atUpstream.bytes === 7, 'it passes')
  t.equal(watched.events.length, 1)
  t.equal(calls, 0)
})
