// Whoever of us ends a tunnel says goodbye: limits, and onlookers that close it, with every kind of client.
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import type { Socket } from 'node:net'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import WebSocket from 'ws'
import type { UpstreamProxyOptions } from '../src/index.ts'
import { client, echo, eventually, frame, httpUpstream, MASK, proxy, rest, type Proxy } from './parts.ts'
import { agreeing, type Agreeing, AT_ONCE, hear, http2Proxy, httpsProxy, open, openBy, openStream, session, tlsClient } from './tunnel-subjects.ts'

interface Ends extends Proxy {
  readonly near: Duplex
  readonly far: Socket
}

/** A tunnel of each kind of client. */
const KINDS: Record<string, (t: Test, upstream: Agreeing, options: UpstreamProxyOptions) => Promise<Ends>> = {
  async HTTP (t, upstream, options) {
    const made = await proxy(t, options)
    return { ...made, ...await open(t, made.port, upstream) }
  },
  async https (t, upstream, options) {
    const made = await httpsProxy(t, options)
    return { ...made, ...await openBy(tlsClient(t, made.port), upstream) }
  },
  async 'HTTP/2' (t, upstream, options) {
    const made = await http2Proxy(t, options)
    return { ...made, ...await openStream(await session(t, made.port), upstream) }
  }
}

async function ends (t: Test, websocket: object, kind = 'HTTP'): Promise<Ends> {
  const upstream = await agreeing(t)
  return KINDS[kind]!(t, upstream, { upstream: upstream.url, websocket: { ...AT_ONCE, ...websocket } })
}

/** A Close frame as it arrives, unmasked. */
function closing (code: number, reason = ''): string {
  const payload = Buffer.concat([Buffer.from([code >> 8, code & 255]), Buffer.from(reason)])
  return frame(8, payload).toString('latin1')
}

/** What a side heard, with the mask of a lone Close frame taken off. */
function unmasked (bytes: Buffer): string {
  const payload = Buffer.from(bytes.subarray(6))
  for (let i = 0; i < payload.length; i++) payload[i] = (payload[i] as number) ^ (bytes[2 + (i & 3)] as number)
  return frame(bytes[0]! & 0x0f, payload).toString('latin1')
}

const LIMITS = [
  ['idleTimeout', { idleTimeout: 20 }, 'idle', 1001, ''],
  ['idleTimeout with a code of its own', { idleTimeout: { after: 20, code: 4001, reason: 'silent' } }, 'idle', 4001, 'silent'],
  ['maxAge', { maxAge: 20 }, 'age', 1001, ''],
  ['maxAge with a code of its own', { maxAge: { after: 20, code: 1012, reason: 'come again' } }, 'age', 1012, 'come again'],
  ['until', { until: () => Date.now() + 20 }, 'until', 3000, ''],
  ['until with a code of its own', { until: { at: () => new Date(Date.now() + 20), code: 1008, reason: 'the token ended' } }, 'until', 1008, 'the token ended']
] as const

for (const kind of Object.keys(KINDS)) {
  for (const [name, websocket, limit, code, reason] of LIMITS) {
    // How a code of one's own gets into the frame does not depend on the client.
    if (kind !== 'HTTP' && name.includes('own')) continue
    t.test(`${name}: both sides of an ${kind} client's tunnel get a Close frame, and end it in order`, async t => {
      const { near, far, app, closed } = await ends(t, { ...websocket, closeGrace: 60_000 }, kind)
      const [there, here] = [hear(far), hear(near)]
      await eventually(() => here.text() === closing(code, reason), 'the client gets the goodbye')
      await eventually(() => there.bytes > 6 && unmasked(there.buffer()) === closing(code, reason), 'the upstream gets it, masked')
      near.write(frame(8, Buffer.from([code >> 8, code & 255]), { mask: MASK }))
      far.end(frame(8, Buffer.from([code >> 8, code & 255])))
      await eventually(() => here.ended, 'the client sees the end')
      near.end()
      await eventually(() => closed.length === 1 && app.tunnels.size === 0, 'the tunnel is over')
      t.match(closed[0]!.tunnel, { closedBy: 'proxy', closeCode: code, closeReason: reason, ending: 'end', limit })
    })
  }

  t.test(`an ${kind} client that does not answer a goodbye is cut after the grace, not after the half-close timeout`, async t => {
    const { near, far, app, closed } = await ends(t, { maxAge: 20, closeGrace: 100, halfCloseTimeout: 0 }, kind)
    const [there, here] = [hear(far), hear(near)]
    await eventually(() => closed.length === 1 && app.tunnels.size === 0, 'the tunnel is over')
    t.match(closed[0]!.tunnel, { closedBy: 'proxy', closeCode: 1001, ending: 'timeout', limit: 'age' })
    t.equal(here.text(), closing(1001))
    await eventually(() => there.closed || there.ended, 'the upstream is told')
  })

  t.test(`\`close\` of an open tunnel says goodbye to both sides of an ${kind} client's, and it is cut after the grace`, async t => {
    const { near, far, app, closed } = await ends(t, { closeGrace: 100, halfCloseTimeout: 0 }, kind)
    const [there, here] = [hear(far), hear(near)]
    ;[...app.tunnels][0]!.close(1012, 'moved')
    await eventually(() => here.text() === closing(1012, 'moved'), 'the client gets the goodbye')
    await eventually(() => there.bytes > 6 && unmasked(there.buffer()) === closing(1012, 'moved'), 'the upstream gets it, masked')
    await eventually(() => closed.length === 1 && app.tunnels.size === 0, 'the tunnel is over')
    t.match(closed[0]!.tunnel, { closedBy: 'proxy', closeCode: 1012, closeReason: 'moved', ending: 'timeout', limit: null })
  })
}

t.test('real clients and servers see the code and the reason, and close in order', async t => {
  const upstream = await echo(t)
  const { port, app, closed } = await proxy(t, { upstream: upstream.url, websocket: { maxAge: { after: 50, code: 4100, reason: 'enough' } } })
  const ws = new WebSocket(`ws://127.0.0.1:${port}/`)
  const [server] = await once(upstream.wss, 'connection') as [WebSocket]
  const seen = [once(server, 'close'), once(ws, 'close')]
  for (const one of seen) {
    const [code, reason] = await one as [number, Buffer]
    t.equal(code, 4100)
    t.equal(String(reason), 'enough')
  }
  await eventually(() => closed.length === 1 && app.tunnels.size === 0, 'the tunnel is over')
  t.match(closed[0]!.tunnel, { closedBy: 'proxy', closeCode: 4100, ending: 'end', limit: 'age' })
})

for (const [how, end] of [
  ['a limit', { maxAge: 20 }],
  ['`close`', {}]
] as const) {
  t.test(`a tunnel whose frames cannot be read is cut at once by ${how}`, async t => {
    const { near, far, app, closed, requests } = await ends(t, { ...end, closeGrace: 600_000 })
    const [there, here] = [hear(far), hear(near)]
    near.write('no frames at all')
    far.write('none here either')
    await eventually(() => there.bytes === 16 && here.bytes === 16, 'the bytes pass')
    if (how === '`close`') app.tunnels.get(requests[0]!.upstream!.tunnel!.id)!.close()
    await eventually(() => closed.length === 1 && app.tunnels.size === 0, 'the tunnel is over')
    t.match(closed[0]!.tunnel, { closedBy: 'proxy', closeCode: null, observed: false, ...how === '`close`' ? { ending: 'end', limit: null } : { ending: 'timeout', limit: 'age' } })
    t.equal(here.bytes, 16, 'nothing was put in')
  })
}

t.test('a tunnel of another protocol is cut at its limit', async t => {
  const { url } = await httpUpstream(t, (_request, socket) => {
    socket.on('error', () => {})
    t.teardown(() => socket.destroy())
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: tcp\r\nConnection: Upgrade\r\n\r\n')
  })
  const { port, closed } = await proxy(t, { upstream: url, upgrades: ['tcp'], websocket: { maxAge: 20, closeGrace: 600_000 } })
  const near = client(t, port)
  near.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n')
  t.match(await rest(near), /\r\n\r\n$/)
  await eventually(() => closed.length === 1, 'it is over')
  t.match(closed[0]!.tunnel, { closedBy: 'proxy', closeCode: null, ending: 'timeout', limit: 'age' })
})

t.test('a goodbye that finds no frame boundary is not said, and the tunnel is cut after the grace', async t => {
  const { near, far, closed } = await ends(t, { maxAge: 20, closeGrace: 100 })
  const [there, here] = [hear(far), hear(near)]
  const part = frame(2, Buffer.alloc(1000)).subarray(0, 500)
  far.write(part)
  near.write(frame(2, Buffer.alloc(1000), { mask: MASK }).subarray(0, 500))
  await eventually(() => closed.length === 1, 'it is over')
  t.match(closed[0]!.tunnel, { closedBy: 'proxy', closeCode: null, ending: 'timeout', limit: 'age' })
  t.equal(here.bytes, 500)
  t.equal(there.bytes, 500)
})

t.test('a side that has ended does not keep a tunnel from its age: the other side is told', async t => {
  const { near, far, closed } = await ends(t, { maxAge: 300, halfCloseTimeout: 0, closeGrace: 100 })
  const here = hear(near)
  const there = hear(far)
  near.end()
  await eventually(() => there.ended, 'the upstream sees the end')
  const speaking = setInterval(() => far.write(frame(1, 'x')), 20)
  t.teardown(() => clearInterval(speaking))
  await eventually(() => closed.length === 1, 'it is over')
  t.match(closed[0]!.tunnel, { closedBy: 'client', closeCode: null, limit: 'age' })
  t.ok(here.text().endsWith(closing(1001)))
})

t.test('half-closed tunnels that nobody ends are cut, and say by which limit', async t => {
  const { near, far, closed } = await ends(t, { halfCloseTimeout: 50, closeGrace: 600_000 })
  hear(far)
  hear(near)
  near.end()
  await eventually(() => closed.length === 1, 'it is over')
  t.match(closed[0]!.tunnel, { closedBy: 'client', closeCode: null, limit: 'halfClose' })
})

t.test('a limit that is reached during a drain without a deadline cuts the tunnel', async t => {
  const { near, far, app, closed } = await ends(t, { idleTimeout: 1500, drain: { window: 0, deadline: 0 } })
  hear(far)
  hear(near)
  const closing = app.close()
  await eventually(() => closed.length === 1, 'it is over')
  t.match(closed[0]!.tunnel, { closedBy: 'proxy', closeCode: 1001, ending: 'drain', limit: 'idle' })
  await closing
})

t.test('whatever frames pass, and however they are split, a goodbye stands between two of them and nothing follows it', async t => {
  const upstream = await agreeing(t)
  const { app, port } = await proxy(t, { upstream: upstream.url, websocket: { ...AT_ONCE, closeGrace: 600_000 } })
  const message = fc.record({ opcode: fc.constantFrom(1, 2, 9), size: fc.oneof(fc.nat(125), fc.nat(70_000)) })
    .map(({ opcode, size }) => ({ opcode, size: opcode === 9 ? size % 126 : size }))
  await fc.assert(fc.asyncProperty(fc.array(message, { minLength: 1, maxLength: 8 }), fc.array(fc.integer({ min: 1, max: 40_000 }), { minLength: 1, maxLength: 8 }), fc.nat(7), async (messages, splits, when) => {
    const { near, far } = await open(t, port, upstream)
    const [there, here] = [hear(far), hear(near)]
    const frames = messages.map(({ opcode, size }) => frame(opcode, randomBytes(size)))
    const bytes = Buffer.concat(frames)
    const [tunnel] = app.tunnels
    let said = false
    for (let at = 0, i = 0; at < bytes.length; i++) {
      const size = splits[i % splits.length] as number
      far.write(bytes.subarray(at, at + size))
      at += size
      if (i === when) {
        tunnel!.close(1001)
        said = true
      } else {
        await new Promise(resolve => setImmediate(resolve))
      }
    }
    if (!said) tunnel!.close(1001)
    const goodbye = closing(1001)
    await eventually(() => here.text().endsWith(goodbye), 'the goodbye arrives')
    const before = here.bytes - goodbye.length
    let boundary = 0
    for (let i = 0; boundary < before; i++) boundary += frames[i]!.length
    near.destroy()
    far.destroy()
    await eventually(() => app.tunnels.size === 0 && there.closed, 'it is over')
    if (boundary !== before) throw new Error(`the goodbye stands at ${before}, and a frame ends at ${boundary}`)
    if (!here.buffer().subarray(0, before).equals(bytes.subarray(0, before))) throw new Error('other bytes have arrived')
  }), { numRuns: 60 })
})
