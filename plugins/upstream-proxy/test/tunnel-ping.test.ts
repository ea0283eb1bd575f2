// The proxy's own pings: when, where in the stream, and what becomes of a side that does not answer.
import { once } from 'node:events'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import t, { type Test } from 'tap'
import WebSocket from 'ws'
import type { TunnelOptions } from '../src/index.ts'
import { compile } from '../src/options.ts'
import { SWEEP } from '../src/tunnel/ending/limits.ts'
import { clock, LIMIT } from './clock.ts'
import { framesIn } from './frames-in.ts'
import { client, echo, eventually, frame, MASK, proxy, tcpUpstream } from './parts.ts'
import { agreeing, AT_ONCE, hear, http2Proxy, open, openStream, session, type Heard } from './tunnel-subjects.ts'

const PING = { opcode: 9, payload: 'keep-alive' }
/** What comes after what a look might have sent. */
const MARK = frame(1, 'mark', { mask: MASK })

/** The looks of every proxy at its tunnels are the test's: returns the function that takes one. Must be called before the first tunnel opens. */
function looks (t: Test): () => void {
  const { setInterval } = globalThis
  const all: Array<() => void> = []
  globalThis.setInterval = ((look: () => void, ms: number, ...rest: unknown[]) => {
    if (ms !== SWEEP) return setInterval(look, ms, ...rest)
    all.push(look)
    return setInterval(() => {}, LIMIT)
  }) as never
  t.teardown(() => { globalThis.setInterval = setInterval })
  return () => { for (const look of all) look() }
}

/** A tunnel with two bare ends, over HTTP/1.1 or HTTP/2, and what they hear. */
async function tunnel (t: Test, http: '1.1' | '2', websocket: TunnelOptions) {
  const upstream = await agreeing(t)
  const options = { upstream: upstream.url, websocket: { ...AT_ONCE, ...websocket } }
  const subject = http === '2' ? await http2Proxy(t, options) : await proxy(t, options)
  const ends: { near: Duplex, far: Duplex } = http === '2' ? await openStream(await session(t, subject.port), upstream) : await open(t, subject.port, upstream)
  ends.near.on('error', () => {})
  return { ...subject, ...ends, atClient: hear(ends.near), atUpstream: hear(ends.far), fact: () => subject.requests.at(-1)!.upstream!.tunnel! }
}

const frames = (heard: Heard) => framesIn(heard.buffer())

for (const http of ['1.1', '2'] as const) {
  t.test(`HTTP/${http}: a silent client is pinged, again and again, and its pongs reach the upstream`, async t => {
    const goOn = clock(t)
    const look = looks(t)
    const { near, atClient, atUpstream, fact } = await tunnel(t, http, { ping: LIMIT })
    await eventually(() => fact().lastActivity > 0, 'the tunnel is open')
    for (let pings = 1; pings <= 3; pings++) {
      look()
      goOn(LIMIT)
      look()
      await eventually(() => frames(atClient).length === pings, `ping ${pings}`)
      t.match(frames(atClient).at(-1), { ...PING, masked: false })
      near.write(frame(10, PING.payload, { mask: MASK }))
      await eventually(() => frames(atUpstream).length === pings, 'the pong passes')
    }
    t.match(frames(atUpstream), Array(3).fill({ opcode: 10, payload: PING.payload, masked: true }))
    t.match(fact(), { received: { pings: 0, pongs: 3 }, sent: { pings: 0, bytes: 0 } })
  })

  t.test(`HTTP/${http}: a silent upstream is pinged with a mask, where that is asked for; the client is not`, async t => {
    const goOn = clock(t)
    const look = looks(t)
    const { far, atClient, atUpstream } = await tunnel(t, http, { ping: { interval: LIMIT, to: 'upstream' } })
    look()
    goOn(LIMIT)
    look()
    await eventually(() => frames(atUpstream).length === 1, 'the ping')
    far.write(frame(1, 'mark'))
    await eventually(() => atClient.bytes > 0, 'the mark')
    t.match(frames(atUpstream), [{ ...PING, masked: true }])
    t.match(frames(atClient), [{ payload: 'mark' }])
  })

  t.test(`HTTP/${http}: a side that does not answer in time ends the tunnel, and both are told`, async t => {
    const goOn = clock(t)
    const look = looks(t)
    const { atClient, atUpstream, fact } = await tunnel(t, http, { ping: { interval: LIMIT, timeout: LIMIT / 2 } })
    look()
    goOn(LIMIT)
    look()
    await eventually(() => frames(atClient).length === 1, 'the ping')
    look()
    t.equal(fact().limit, null)
    goOn(LIMIT / 2)
    look()
    await eventually(() => frames(atUpstream).length === 1 && frames(atClient).length === 2, 'the goodbyes')
    t.match(frames(atClient).at(-1), { opcode: 8, code: 1011, reason: 'no answer to a ping' })
    t.match(frames(atUpstream).at(-1), { opcode: 8, code: 1011, reason: 'no answer to a ping' })
    t.match(fact(), { limit: 'ping', closedBy: 'proxy', closeCode: 1011 })
  })
}

t.test('any byte is an answer', async t => {
  const goOn = clock(t)
  const look = looks(t)
  const { near, far, atClient, atUpstream, fact } = await tunnel(t, '1.1', { ping: { interval: LIMIT, timeout: LIMIT / 2 } })
  look()
  goOn(LIMIT)
  look()
  await eventually(() => frames(atClient).length === 1, 'the ping')
  near.write(frame(1, 'here', { mask: MASK }))
  await eventually(() => frames(atUpstream).length === 1, 'it passes')
  look()
  goOn(LIMIT / 2)
  look()
  far.write(frame(1, 'mark'))
  await eventually(() => frames(atClient).length > 1, 'the mark')
  t.equal(fact().limit, null)
  t.match(frames(atClient), [PING, { payload: 'mark' }])
})

t.test('a side that speaks is not pinged, however silent the other is', async t => {
  const goOn = clock(t)
  const look = looks(t)
  const { near, far, atClient, atUpstream } = await tunnel(t, '1.1', { ping: { interval: LIMIT, to: 'both' } })
  look()
  goOn(LIMIT * 2 / 3)
  look()
  far.write(frame(1, 'news'))
  await eventually(() => frames(atClient).length === 1, 'it passes')
  look()
  goOn(LIMIT / 3)
  look()
  await eventually(() => frames(atClient).length === 2, 'the client is pinged')
  look()
  near.write(MARK)
  await eventually(() => atUpstream.bytes > 0, 'the mark')
  t.match(frames(atClient), [{ opcode: 1 }, PING])
  t.match(frames(atUpstream), [{ payload: 'mark' }])
})

t.test('a ping waits for the end of the frame that is passing, and goes between two fragments', async t => {
  const goOn = clock(t)
  const look = looks(t)
  const { far, atClient } = await tunnel(t, '1.1', { ping: LIMIT })
  const first = frame(1, 'once upon', { fin: false })
  far.write(first.subarray(0, 5))
  await eventually(() => atClient.bytes === 5, 'half a frame')
  look()
  goOn(LIMIT)
  look()
  goOn(LIMIT)
  look()
  far.write(first.subarray(5))
  await eventually(() => frames(atClient).length === 2, 'the frame, and the ping')
  far.write(frame(0, ' a time'))
  await eventually(() => frames(atClient).length === 3, 'all is there')
  t.match(frames(atClient), [{ opcode: 1, payload: 'once upon' }, PING, { opcode: 0, payload: ' a time' }])
})

t.test('a frame that is never finished gets no ping, and no answer is expected', async t => {
  const goOn = clock(t)
  const look = looks(t)
  const { far, atClient, fact } = await tunnel(t, '1.1', { ping: { interval: LIMIT, timeout: LIMIT / 4 } })
  far.write(frame(1, 'once upon').subarray(0, 5))
  await eventually(() => atClient.bytes === 5, 'half a frame')
  for (let i = 0; i < 4; i++) {
    look()
    goOn(LIMIT)
    look()
  }
  look()
  far.write(frame(1, 'once upon').subarray(5, 7))
  await eventually(() => atClient.bytes > 5, 'two bytes more')
  t.equal(atClient.bytes, 7)
  t.equal(fact().limit, null)
})

t.test('after a Close frame of either side nothing is pinged', async t => {
  const goOn = clock(t)
  const look = looks(t)
  const { near, far, atClient, atUpstream } = await tunnel(t, '1.1', { ping: { interval: LIMIT, to: 'both' } })
  near.write(frame(8, Buffer.from([0x03, 0xe8]), { mask: MASK }))
  await eventually(() => frames(atUpstream).length === 1, 'it passes')
  look()
  goOn(LIMIT)
  look()
  far.write(frame(1, 'mark'))
  near.write(MARK)
  await eventually(() => atClient.bytes > 0 && frames(atUpstream).length > 1, 'the marks')
  t.match(frames(atUpstream), [{ opcode: 8 }, { payload: 'mark' }])
  t.match(frames(atClient), [{ payload: 'mark' }])
})

t.test('a tunnel whose frames cannot be read gets no pings', async t => {
  const goOn = clock(t)
  const look = looks(t)
  const { far, atClient, fact } = await tunnel(t, '1.1', { ping: LIMIT })
  far.write(Buffer.from([0xff, 0xff]))
  await eventually(() => atClient.bytes === 2, 'it passes')
  look()
  goOn(LIMIT)
  look()
  far.write('x')
  await eventually(() => atClient.bytes > 2, 'the mark')
  t.equal(atClient.bytes, 3)
  t.equal(fact().observed, false)
})

t.test('ws on both sides answers pings between compressed messages, and its own pings go on', async t => {
  const goOn = clock(t)
  const look = looks(t)
  const upstream = await echo(t, { perMessageDeflate: { threshold: 0 } })
  const { port, closed } = await proxy(t, { upstream: upstream.url, websocket: { ping: { interval: LIMIT, timeout: LIMIT / 2, to: 'both' } } })
  const ws = new WebSocket(`ws://127.0.0.1:${port}/`)
  t.teardown(() => ws.terminate())
  await once(ws, 'open')
  const [far] = upstream.wss.clients
  const pongs: string[] = []
  const replies: string[] = []
  ws.on('ping', data => pongs.push(`client ${String(data)}`))
  far!.on('ping', data => pongs.push(`upstream ${String(data)}`))
  ws.on('pong', data => replies.push(String(data)))
  for (let i = 1; i <= 2; i++) {
    look()
    goOn(LIMIT)
    look()
    await eventually(() => pongs.length === 2 * i, 'both are pinged')
    ws.send('x'.repeat(1000))
    const [echoed] = await once(ws, 'message') as [Buffer]
    t.equal(String(echoed), 'x'.repeat(1000))
  }
  ws.ping('own')
  await eventually(() => replies.includes('own'), 'its own pong')
  t.same(pongs.sort(), ['client keep-alive', 'client keep-alive', 'upstream keep-alive', 'upstream keep-alive', 'upstream own'])
  ws.close(1000)
  await eventually(() => closed.length === 1, 'it ends')
  t.match(closed[0]!.tunnel, { closeCode: 1000, limit: null, observed: true })
})

t.test('another protocol than WebSocket is not pinged', async t => {
  const goOn = clock(t)
  const look = looks(t)
  let far!: Socket
  const { url } = await tcpUpstream(t, socket => {
    far = socket
    socket.once('data', () => socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n'))
  })
  const { port } = await proxy(t, { upstream: url, upgrades: ['websocket', 'tcp'], websocket: { ...AT_ONCE, ping: LIMIT } })
  const socket = client(t, port)
  const heard = hear(socket)
  socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n')
  await eventually(() => heard.text().endsWith('\r\n\r\n'), 'it is open')
  const { bytes } = heard
  look()
  goOn(LIMIT)
  look()
  far.write('x')
  await eventually(() => heard.bytes > bytes, 'the mark')
  t.equal(heard.bytes, bytes + 1)
})

t.test('mistakes in the options are named', async t => {
  const mistake = (ping: unknown, message: string) => t.throws(() => compile({ upstream: 'http://a', websocket: { ping } } as never), { message: new RegExp(message) })
  mistake(-1, '`websocket.ping` must be a number from 0 to 2147483647, or an object')
  mistake('30s', '`websocket.ping` must be')
  mistake(null, '`websocket.ping` must be')
  mistake({}, '`websocket.ping.interval` must be a number from 0')
  mistake({ interval: 1, timeout: '1' }, '`websocket.ping.timeout` must be a number from 0')
  mistake({ interval: 1, to: 'all' }, '`websocket.ping.to` must be client, upstream or both')
  mistake({ interval: 1, every: 2 }, '`websocket.ping.every` is no option; there are interval, timeout, to')
})
