// What a WebSocket is in the middle of goes on in the other process; and one that cannot move, or is not taken, goes on where it is.
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import type { Test } from 'tap'
import { type Generation, generation, SKIP } from './moving.ts'
import { until } from './parts.ts'
import { type Agreeing, agreeing, agreeingAt, CERT, KEY_PEM, open, openBy, tlsClient } from './tunnel-subjects.ts'

t.setTimeout(240_000)
t.beforeEach(t => { t.setTimeout(120_000) })

const GOODBYE = { closeGrace: 60_000, drain: { window: 0, deadline: 1 } }
const MASK = Buffer.from([1, 2, 3, 4])

/** A frame as a client sends it. */
function masked (first: number, payload: string | Buffer): Buffer {
  const bytes = Buffer.from(payload)
  const head = bytes.length < 126 ? Buffer.from([first, 0x80 | bytes.length]) : Buffer.from([first, 0xfe, bytes.length >> 8, bytes.length & 0xff])
  return Buffer.concat([head, MASK, bytes.map((byte, at) => byte ^ MASK[at & 3]!)])
}

function latin1 (bytes: Buffer): string {
  return bytes.toString('latin1')
}

const PLAIN = SKIP === false ? await two(t, {}) : null as never

/** Two processes without any limits, and without tunnels. */
async function plain (): Promise<Moving> {
  PLAIN.first.accepts = () => true
  PLAIN.first.lingers = null
  for (const socket of PLAIN.upstream.sockets.splice(0)) socket.destroy()
  for (const one of [PLAIN.first, PLAIN.second]) while ((await one.tunnels()).length > 0) { /* those of the test before are ending */ }
  return PLAIN
}

interface Moving {
  readonly first: Generation
  readonly second: Generation
  readonly upstream: Agreeing
}

async function two (t: Test, websocket: object = {}, more: object = {}): Promise<Moving> {
  const upstream = await agreeing(t)
  const options = { upstream: upstream.url, websocket: { ...GOODBYE, ...websocket }, ...more }
  const [first, second] = await Promise.all([generation(t, options), generation(t, options)])
  return { first, second, upstream }
}

function reads (socket: Socket): { text: string } {
  const got = { text: '' }
  socket.on('data', (bytes: Buffer) => { got.text += latin1(bytes) }).resume()
  return got
}

async function has (got: { text: string }, socket: Socket, text: string): Promise<void> {
  while (!got.text.endsWith(text)) await once(socket, 'data')
}

t.test('the middle of a fragmented message', { skip: SKIP }, async t => {
  const { first, second, upstream } = await plain()
  const { near, far } = await open(t, first.port, upstream)
  const got = reads(far)
  const part = masked(0x01, 'x'.repeat(20_000))
  near.write(part.subarray(0, 10_003))
  await has(got, far, latin1(part.subarray(0, 10_003)))
  t.same(await first.handOver(second), { moved: 1, stayed: 0 })
  near.write(part.subarray(10_003))
  const rest = Buffer.concat([masked(0x00, 'y'.repeat(300)), masked(0x89, 'ping'), masked(0x80, 'z')])
  near.write(rest)
  await has(got, far, latin1(rest))
  t.equal(got.text, latin1(Buffer.concat([part, rest])))
  const [tunnel] = await second.tunnels()
  t.match(tunnel!.received, { messages: 1, text: 1, pings: 1, bytes: part.length + rest.length }, 'and its frames are still read')
})

t.test('the start of a header, and of the payload of a Close frame', { skip: SKIP }, async t => {
  const { first, second, upstream } = await plain()
  const bye = masked(0x88, Buffer.from('\x03\xe8over', 'latin1'))
  const large = masked(0x82, 'x'.repeat(200))
  for (const [frame, at] of [[large, 3], [bye, 9]] as const) {
    const { near, far } = await open(t, first.port, upstream)
    const got = reads(far)
    near.write(frame.subarray(0, at))
    await has(got, far, latin1(frame.subarray(0, at)))
    t.same(await first.handOver(second), { moved: 1, stayed: 0 })
    near.write(frame.subarray(at))
    await has(got, far, latin1(frame))
    t.equal(got.text, latin1(frame))
  }
  const messages = (await second.tunnels()).map(({ received }) => received.messages)
  t.same(messages.sort(), [0, 1])
})

t.test('a Close frame of the proxy that waits for the end of a frame', { skip: SKIP }, async t => {
  const { first, second, upstream } = await two(t, { idleTimeout: { after: 1, code: 1001, reason: 'idle' } })
  const { near, far } = await open(t, first.port, upstream)
  const got = reads(far)
  const frame = masked(0x82, 'x'.repeat(50))
  near.write(frame.subarray(0, 20))
  // The other side gets its Close frame at once: the limit was reached, and the frame is not whole.
  t.equal(await until(near, text => text.length >= 8), '\x88\x06\x03\xe9idle')
  t.same(await first.handOver(second), { moved: 1, stayed: 0 })
  await first.close()
  t.equal(got.text.length, 20, 'it waits')
  near.write(frame.subarray(20))
  while (got.text.length < frame.length + 12) await once(far, 'data')
  t.equal(got.text.slice(0, frame.length), latin1(frame), 'the frame is whole')
  t.equal(got.text.slice(frame.length, frame.length + 2), '\x88\x86', 'and comes behind it')
})

t.test('a side that has ended', { skip: SKIP }, async t => {
  const { first, second, upstream } = await plain()
  const { near, far } = await open(t, first.port, upstream)
  const ended = once(far, 'end')
  far.resume()
  near.end(masked(0x81, 'last'))
  await ended
  t.same(await first.handOver(second), { moved: 1, stayed: 0 })
  // By now the new process has read the end.
  for (let i = 0; i < 3; i++) await second.tunnels()
  far.end('\x81\x02ok', 'latin1')
  t.equal(await until(near, text => text.length >= 4), '\x81\x02ok')
  await once(near, 'close')
  while ((await second.tunnels()).length > 0) { /* its end is on its way */ }
})

t.test('what a rate holds back', { skip: SKIP }, async t => {
  const { first, second, upstream } = await two(t, { maxByteRate: { received: 20_000, burst: 1000, over: 'hold' } })
  const { near, far } = await open(t, first.port, upstream)
  const got = reads(far)
  const frame = masked(0x82, randomBytes(12_000))
  near.write(frame)
  while (got.text === '') await once(far, 'data')
  t.same(await first.handOver(second), { moved: 1, stayed: 0 })
  await first.close()
  await has(got, far, latin1(frame))
  t.equal(got.text, latin1(frame), 'arrives')
  const [tunnel] = await second.tunnels()
  t.match(tunnel!.received, { bytes: frame.length, messages: 1 })
})

t.test('limits hold after the move: the time before it counts', { skip: SKIP }, async t => {
  const HOUR = 3_600_000
  const { first, second, upstream } = await two(t, { maxAge: { after: HOUR, code: 4001 }, idleTimeout: { after: HOUR, code: 4002 } })
  const closes: string[] = []
  for (const told of [{ age: HOUR }, { quiet: HOUR }, { until: 1 }]) {
    const { near } = await open(t, first.port, upstream)
    // Nobody waits for an hour: the record says that it has passed.
    first.accepts = record => {
      Object.assign((record as { state: object }).state, told)
      return true
    }
    t.same(await first.handOver(second), { moved: 1, stayed: 0 })
    closes.push(await until(near, text => text.length >= 4))
  }
  t.same(closes, ['\x88\x02\x0f\xa1', '\x88\x02\x0f\xa2', '\x88\x02\x0b\xb8'])
})

t.test('its frames can be watched where it has come to', { skip: SKIP }, async t => {
  const { first, second, upstream } = await plain()
  const { near, far } = await open(t, first.port, upstream)
  const got = reads(far)
  t.same(await first.handOver(second), { moved: 1, stayed: 0 })
  t.same(await second.order('text'), [], 'watched from now on')
  near.write(masked(0x81, 'seen'))
  await has(got, far, latin1(masked(0x81, 'seen')))
  t.same(await second.order('text'), ['client 1 4'])
})

t.test('an upstream behind a unix socket', { skip: SKIP }, async t => {
  // A socket's path is short: the folders of tests are not.
  const folder = mkdtempSync(join(tmpdir(), 'moving-'))
  t.teardown(() => { rmSync(folder, { recursive: true, force: true }) })
  const upstream = await agreeingAt(t, join(folder, 's'))
  const options = { upstream: upstream.url, websocket: GOODBYE }
  const [first, second] = await Promise.all([generation(t, options), generation(t, options)])
  const { near, far } = await open(t, first.port, upstream)
  const [up, down] = [reads(far), reads(near)]
  t.same(await first.handOver(second), { moved: 1, stayed: 0 })
  near.write(masked(0x81, 'up'))
  await has(up, far, latin1(masked(0x81, 'up')))
  far.write('\x81\x04down', 'latin1')
  await has(down, near, '\x81\x04down')
})

t.test('over TLS it stays, and goes on', { skip: SKIP }, async t => {
  const upstream = await agreeing(t)
  const options = { upstream: upstream.url, websocket: GOODBYE }
  const [first, second] = await Promise.all([generation(t, options, { KEY: KEY_PEM, CERT }), generation(t, options)])
  const { near, far } = await openBy(tlsClient(t, first.port), upstream)
  const got = reads(far)
  t.same(await first.handOver(second), { moved: 0, stayed: 1 })
  near.write(masked(0x81, 'still here'))
  await has(got, far, latin1(masked(0x81, 'still here')))
  t.equal((await first.tunnels()).length, 1)
})

t.test('where the sending is refused it goes on as before', { skip: SKIP }, async t => {
  const { first, second, upstream } = await plain()
  const { near, far } = await open(t, first.port, upstream)
  const [up, down] = [reads(far), reads(near)]
  const part = masked(0x01, 'x'.repeat(100))
  near.write(part.subarray(0, 50))
  await has(up, far, latin1(part.subarray(0, 50)))
  first.accepts = () => false
  t.same(await first.handOver(second), { moved: 0, stayed: 1 })
  const last = Buffer.concat([part.subarray(50), masked(0x80, 'end')])
  near.write(last)
  await has(up, far, latin1(last))
  far.write('\x81\x02ok', 'latin1')
  await has(down, near, '\x81\x02ok')
  t.match((await first.tunnels())[0]!.received, { messages: 1, bytes: part.length + masked(0x80, 'end').length })
  first.accepts = () => true
  t.same(await first.handOver(second), { moved: 1, stayed: 0 }, 'and may move later')
})

t.test('a record that is not valid in the other process is refused, and the WebSocket stays', { skip: SKIP }, async t => {
  const { first, upstream } = await plain()
  const elsewhere = await generation(t, { upstream: upstream.url, prefix: '/elsewhere' })
  const { near, far } = await open(t, first.port, upstream)
  t.same(await first.handOver(elsewhere), { moved: 0, stayed: 1 })
  t.same(elsewhere.refused, ['FST_ARR_PROXY_INVALID_RECORD'])
  const got = reads(far)
  near.write(masked(0x81, 'a'))
  await has(got, far, latin1(masked(0x81, 'a')))
})

t.test('a side that leaves while it is on its way', { skip: SKIP }, async t => {
  for (const who of ['client', 'upstream'] as const) {
    const { first, second, upstream } = await plain()
    const { near, far } = await open(t, first.port, upstream)
    const [leaver, left] = who === 'client' ? [near, far] : [far, near]
    left.resume()
    const ended = once(left, 'end')
    // It is stopped, and neither process reads it.
    first.accepts = () => { leaver.end(); return true }
    t.same(await first.handOver(second), { moved: 1, stayed: 0 })
    await ended
    left.end()
    await once(left, 'close')
    while ((await second.tunnels()).length > 0) { /* its end is on its way */ }
    t.pass(`the other side of a ${who} that has left is told`)
  }
})

t.test('without a hold in the process between, what it reads is lost', { skip: SKIP }, async t => {
  for (const holds of [true, false]) {
    const { first, second, upstream } = await plain()
    const { near, far } = await open(t, first.port, upstream)
    const got = reads(far)
    const frame = masked(0x81, 'numbered')
    const { hold } = first
    first.hold = socket => {
      if (holds) t.equal(hold(socket), true)
    }
    // The client sends while its socket is in the process between, and that takes a while to send it on.
    first.lingers = async () => {
      near.write(frame)
      await new Promise(resolve => setTimeout(resolve, 200))
    }
    t.same(await first.handOver(second), { moved: 1, stayed: 0 })
    near.write(masked(0x81, '.'))
    await has(got, far, latin1(masked(0x81, '.')))
    t.equal(got.text.includes(latin1(frame)), holds, holds ? 'nothing is lost where it is held still' : 'it is lost where it is not')
  }
})

t.test('a tunnel that is closed while it is on its way is closed where it stays', { skip: SKIP }, async t => {
  const { first, second, upstream } = await plain()
  const { near } = await open(t, first.port, upstream)
  first.accepts = () => false
  first.lingers = async () => { await first.order('closeAll') }
  t.same(await first.handOver(second), { moved: 0, stayed: 1 })
  t.equal(await until(near, text => text.length >= 4), '\x88\x02\x0f\xa0')
})
