// Tunnels that could be open for ever: resets at the wrong moment, sockets that do not tell of their close, bytes that nobody takes.
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import t, { type Test } from 'tap'
import { reset } from '../src/sockets/reset.ts'
import { clock, LIMIT } from './clock.ts'
import { eventually, frame, listen, MASK, proxy, watchDials, type Proxy } from './parts.ts'
import { agreeing, type Agreeing, AT_ONCE, hear, http2Proxy, httpsProxy, open, openBy, openStream, session, tlsClient } from './tunnel-subjects.ts'

const PATIENT = { websocket: { ...AT_ONCE, halfCloseTimeout: 0 } }

/** Both ends of a plain connection. */
async function pair (t: Test): Promise<{ near: Socket, far: Socket }> {
  const server = createServer({ allowHalfOpen: true })
  const port = await listen(t, server)
  const near = connect(port, '127.0.0.1')
  near.on('error', () => {})
  const [[far]] = await Promise.all([once(server, 'connection'), once(near, 'connect')]) as [[Socket], unknown]
  far.on('error', () => {})
  return { near, far }
}

t.test('a socket whose shutdown is under way is closed where it is to be reset', async t => {
  const { near } = await pair(t)
  near.end()
  t.ok(near.writableEnded && !near.writableFinished, 'the shutdown is under way')
  const closed = once(near, 'close')
  reset(near)
  await closed
})

t.test('an open socket is reset', async t => {
  const { near, far } = await pair(t)
  const error = new Promise(resolve => far.once('error', resolve))
  reset(near)
  far.resume()
  t.match(await error, { code: 'ECONNRESET' })
})

t.test('a client that is reset in the moment of its end ends its tunnel', async t => {
  const upstream = await agreeing(t)
  const { app, port, requests, closed } = await proxy(t, { upstream: upstream.url, ...PATIENT })
  const { near, far } = await open(t, port, upstream)
  const heard = hear(far)
  const socket = requests[0]!.raw.socket
  // As when an echo is written to a client that has closed: the end is told, and the reset in the same turn.
  socket.on('end', () => { socket.destroy(Object.assign(new Error('reset'), { code: 'ECONNRESET' })) })
  near.end()
  await eventually(() => app.tunnels.size === 0 && closed.length === 1, 'the tunnel is over')
  await eventually(() => heard.ended || heard.closed, 'the upstream is told')
  t.match(closed[0]!.tunnel, { closedBy: 'client', ending: 'end' })
})

/** Destroys a socket so that it never emits 'close', as Node does where libuv refuses a reset; in that case itself no process could exit. */
function lose (socket: Socket): void {
  const { emit } = socket
  // Node's own 'close' says whether there was an error.
  socket.emit = (event: string, ...values: unknown[]) => event === 'close' && values.length > 0 ? false : Reflect.apply(emit, socket, [event, ...values])
  socket.destroy(new Error('lost'))
}

for (const [side, socketOf] of [
  ['client', ({ requests }: Proxy) => requests[0]!.raw.socket],
  ['upstream', (_: Proxy, dialled: Socket[]) => dialled.at(-1) as Socket]
] as const) {
  t.test(`a tunnel ends though the socket of its ${side} was destroyed and never told of its close`, async t => {
    const dialled = watchDials(t)
    const upstream = await agreeing(t)
    const made = await proxy(t, { upstream: upstream.url, ...PATIENT })
    const { near, far } = await open(t, made.port, upstream)
    const [near2, far2] = [hear(near), hear(far)]
    lose(socketOf(made, dialled))
    await eventually(() => made.app.tunnels.size === 0 && made.closed.length === 1, 'the tunnel is over')
    await eventually(() => (side === 'client' ? far2 : near2).closed, 'the other side is told')
  })

  t.test(`a server closes by its deadline though the socket of a tunnel's ${side} was destroyed and never told of its close`, async t => {
    const dialled = watchDials(t)
    const upstream = await agreeing(t)
    const made = await proxy(t, { upstream: upstream.url, websocket: { halfCloseTimeout: 0, drain: { window: 0, deadline: 50 } } })
    await open(t, made.port, upstream)
    lose(socketOf(made, dialled))
    await made.app.close()
    t.equal(made.app.tunnels.size, 0)
    t.equal(made.closed.length, 1, 'its line can be written')
  })
}

// More than all buffers on the way hold.
const MUCH = Buffer.alloc(30_000_000, 'x')

interface Stuck extends Proxy {
  readonly near: Duplex
  readonly far: Socket
}

/** A tunnel of each kind of client. */
const KINDS: Record<string, (t: Test, upstream: Agreeing, send: number) => Promise<Stuck>> = {
  async HTTP (t, upstream, send) {
    const made = await proxy(t, { upstream: upstream.url, timeouts: { send }, ...PATIENT })
    return { ...made, ...await open(t, made.port, upstream) }
  },
  async https (t, upstream, send) {
    const made = await httpsProxy(t, { upstream: upstream.url, timeouts: { send }, ...PATIENT })
    return { ...made, ...await openBy(tlsClient(t, made.port), upstream) }
  },
  async 'HTTP/2' (t, upstream, send) {
    const made = await http2Proxy(t, { upstream: upstream.url, timeouts: { send }, ...PATIENT })
    return { ...made, ...await openStream(await session(t, made.port), upstream) }
  }
}

/** The number once it has stayed the same for a while, which it does when everything on the way is full. */
async function settled (count: () => number): Promise<number> {
  for (let last = -1, same = 0; ; last = count()) {
    same = count() === last ? same + 1 : 0
    if (same === 20) return last
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}

for (const [kind, make] of Object.entries(KINDS)) {
  t.test(`an ${kind} client's tunnel to an upstream that reads nothing ends after \`timeouts.send\``, async t => {
    const goOn = clock(t)
    const upstream = await agreeing(t)
    const { app, closed, near } = await make(t, upstream, LIMIT)
    near.resume()
    near.write(frame(2, MUCH, { mask: MASK }))
    const [tunnel] = app.tunnels
    await settled(() => app.tunnels.get(tunnel!.id)!.received.bytes)
    await eventually(() => {
      goOn(LIMIT / 10)
      return closed.length === 1 && app.tunnels.size === 0
    }, 'the tunnel is over')
    t.match(closed[0]!.tunnel, { closedBy: 'proxy', closeCode: null, ending: 'timeout', limit: 'send' })
  })

  t.test(`an ${kind} client that reads nothing is let go after \`timeouts.send\``, async t => {
    const goOn = clock(t)
    const upstream = await agreeing(t)
    const { app, closed, near, far } = await make(t, upstream, LIMIT)
    near.pause()
    far.write(frame(2, MUCH))
    const [tunnel] = app.tunnels
    await settled(() => app.tunnels.get(tunnel!.id)!.sent.bytes)
    await eventually(() => {
      goOn(LIMIT / 10)
      return closed.length === 1 && app.tunnels.size === 0
    }, 'the tunnel is over')
    t.match(closed[0]!.tunnel, { closedBy: 'proxy', closeCode: null, ending: 'timeout', limit: 'send' })
  })
}

t.test('a client that is gone while its upstream reads nothing is let go after `timeouts.send`', async t => {
  const goOn = clock(t)
  const upstream = await agreeing(t)
  const { app, closed, near, far } = await KINDS.HTTP!(t, upstream, LIMIT)
  near.write(frame(2, MUCH, { mask: MASK }))
  const [tunnel] = app.tunnels
  await settled(() => app.tunnels.get(tunnel!.id)!.received.bytes)
  ;(near as Socket).resetAndDestroy()
  await eventually(() => {
    goOn(LIMIT / 10)
    return closed.length === 1 && app.tunnels.size === 0
  }, 'the tunnel is over')
  await eventually(() => far.destroyed || hear(far).ended || far.readableEnded, 'the upstream is told')
})

t.test('a side that takes a little now and then keeps its tunnel, however long it all takes', async t => {
  const goOn = clock(t)
  const dialled = watchDials(t)
  const upstream = await agreeing(t)
  const { app, closed, near, far } = await KINDS.HTTP!(t, upstream, LIMIT)
  near.write(frame(2, MUCH, { mask: MASK }))
  const [tunnel] = app.tunnels
  const taken = () => dialled.at(-1)!.bytesWritten - dialled.at(-1)!.writableLength
  await settled(() => app.tunnels.get(tunnel!.id)!.received.bytes)
  let room = 0
  far.on('data', (chunk: Buffer) => {
    room -= chunk.length
    if (room <= 0) far.pause()
  })
  far.pause()
  for (let round = 0; round < 5; round++) {
    const before = taken()
    await eventually(() => {
      room = 500_000
      far.resume()
      return taken() > before
    }, 'some of it is taken')
    far.pause()
    await settled(taken)
    // Two looks at the least see it.
    await new Promise(resolve => setTimeout(resolve, 2100))
    goOn(LIMIT * 0.9)
  }
  t.equal(app.tunnels.size, 1)
  t.equal(closed.length, 0)
  near.destroy()
  far.destroy()
})

t.test('a silent tunnel is none that takes nothing', async t => {
  const goOn = clock(t)
  const upstream = await agreeing(t)
  const { app, near, far } = await KINDS.HTTP!(t, upstream, LIMIT)
  const heard = hear(near)
  const [tunnel] = app.tunnels
  for (let round = 0; round < 3; round++) {
    await new Promise(resolve => setTimeout(resolve, 1100))
    goOn(LIMIT * 2)
  }
  far.write(frame(1, 'still here'))
  await eventually(() => heard.text().endsWith('still here'), 'it is open')
  t.equal(app.tunnels.get(tunnel!.id)!.sent.messages, 1)
})
