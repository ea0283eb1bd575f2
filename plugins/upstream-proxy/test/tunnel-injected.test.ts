// Whatever passes, however it is cut, and whenever the proxy adds a ping or a Close frame: no frame is torn, and none is lost.
import { randomBytes } from 'node:crypto'
import { duplexPair, type Duplex } from 'node:stream'
import type { Flow, TunnelFact } from '@fastify-arr/facts'
import fc from 'fast-check'
import t from 'tap'
import { PING_PAYLOAD } from '../src/tunnel/frames/control-frame.ts'
import type { WayLimits } from '../src/tunnel/frames/limits.ts'
import { Tunnel } from '../src/tunnel/tunnel.ts'
import { framesIn, type OneFrame } from './frames-in.ts'
import { frame } from './parts.ts'

const NO_FLOW: Flow = { bytes: 0, messages: 0, text: 0, binary: 0, pings: 0, pongs: 0, lastActivity: 0 }
const DEFLATED = 0x40

const size = fc.oneof(fc.integer({ min: 0, max: 130 }), fc.constantFrom(125, 126, 127, 65_535, 65_536, 70_000))
const control = fc.record({ opcode: fc.constantFrom(9, 10), size: fc.integer({ min: 0, max: 125 }) })
const message = fc.record({
  opcode: fc.constantFrom(1, 2),
  rsv: fc.constantFrom(0, DEFLATED),
  fragments: fc.array(size, { minLength: 1, maxLength: 4 }),
  between: fc.array(control, { maxLength: 2 })
})
const direction = fc.record({
  messages: fc.array(message, { maxLength: 6 }),
  cuts: fc.array(fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 21, max: 90_000 })), { minLength: 1, maxLength: 12 }),
  says: fc.boolean()
})
const injections = fc.array(fc.record({ step: fc.nat(30), what: fc.constantFrom('ping up', 'ping down', 'close') }), { maxLength: 8 })
type Direction = typeof direction extends fc.Arbitrary<infer D> ? D : never

/** The frames of a direction, with a Close frame of its own at the end where it says goodbye. */
function framesOf ({ messages, says }: Direction, masked: boolean): Buffer[] {
  const options = () => masked ? { mask: randomBytes(4) } : {}
  const frames = messages.flatMap(({ opcode, rsv, fragments, between }) => fragments.flatMap((length, i) => [
    frame(i === 0 ? opcode : 0, randomBytes(length), { ...options(), rsv: i === 0 ? rsv : 0, fin: i === fragments.length - 1 }),
    ...between.map(({ opcode, size }) => frame(opcode, randomBytes(size), options()))
  ]))
  return says ? [...frames, frame(8, Buffer.from([0x03, 0xe8]), options())] : frames
}

function * pieces (bytes: Buffer, cuts: readonly number[]): Generator<Buffer> {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const piece = Buffer.from(bytes.subarray(at, at + (cuts[turn % cuts.length] as number)))
    at += piece.length
    yield piece
  }
}

function tunnelBetween (client: Duplex, upstream: Duplex, limits: WayLimits | null): Tunnel {
  const now = Date.now()
  const fact: TunnelFact = {
    id: 'x',
    http: '1.1',
    protocol: 'websocket',
    openedAt: now,
    handshakeTime: 0,
    subprotocol: null,
    extensions: null,
    received: { ...NO_FLOW },
    sent: { ...NO_FLOW },
    lastActivity: now,
    observed: true,
    closedBy: null,
    closeCode: null,
    closeReason: null,
    ending: null,
    limit: null
  }
  return new Tunnel(client, upstream, {
    request: {} as never, proxy: { prefix: '/', place: 0, farm: null }, counted: null, fact, site: null, upstream: '', remoteAddress: '', key: null, until: Infinity, rsv: DEFLATED, limits: { received: limits, sent: limits }, onEnd () {}, onUnreadable () {}
  })
}

const isPing = ({ opcode, payload }: OneFrame) => opcode === 9 && payload === PING_PAYLOAD.toString()
const isGoodbye = ({ opcode, reason }: OneFrame) => opcode === 8 && reason === 'bye'
const turn = () => new Promise(setImmediate)

for (const [name, limits, numRuns] of [
  ['without limits', null, 50],
  ['with limits that nothing reaches', { maxSize: 10_000_000, messages: { rate: 1e9, burst: 1e9, over: 'close' }, bytes: { rate: 1e12, burst: 1e12, over: 'close' } }, 50],
  ['with messages held back', { maxSize: 0, messages: { rate: 400, burst: 2, over: 'hold' }, bytes: null }, 8],
  ['with bytes held back', { maxSize: 10_000_000, messages: null, bytes: { rate: 4_000_000, burst: 1000, over: 'hold' } }, 8]
] as const satisfies ReadonlyArray<readonly [string, WayLimits | null, number]>) {
  t.test(`${name}, what arrives is what was sent, with the proxy's frames at boundaries`, async t => {
    await fc.assert(fc.asyncProperty(direction, direction, injections, async (up, down, injected) => {
      const [near, client] = duplexPair()
      const [far, upstream] = duplexPair()
      const tunnel = tunnelBetween(client, upstream, limits)
      const sent = { up: framesOf(up, true), down: framesOf(down, false) }
      const got = { up: [] as Buffer[], down: [] as Buffer[] }
      const pings = { up: 0, down: 0 }
      far.on('data', (chunk: Buffer) => got.up.push(chunk))
      near.on('data', (chunk: Buffer) => got.down.push(chunk))
      tunnel.start(Buffer.alloc(0), Buffer.alloc(0))
      const upward = pieces(Buffer.concat(sent.up), up.cuts)
      const downward = pieces(Buffer.concat(sent.down), down.cuts)
      for (let step = 0, left = true; left || step <= 30; step++) {
        for (const { what } of injected.filter(one => one.step === step)) {
          if (what === 'close') tunnel.close(1001, 'bye')
          else if (what === 'ping up') pings.up += Number(tunnel.up.ping())
          else pings.down += Number(tunnel.down.ping())
        }
        const [one, other] = [upward.next(), downward.next()]
        if (one.value !== undefined) near.write(one.value)
        if (other.value !== undefined) far.write(other.value)
        left = one.done !== true || other.done !== true
        await turn()
      }
      for (const way of ['up', 'down'] as const) {
        const wanted = Buffer.concat(sent[way])
        const passed = () => framesIn(Buffer.concat(got[way]))
        const own = () => passed().filter(one => !isPing(one) && !isGoodbye(one))
        for (let i = 0; i < 2000 && !passed().some(isGoodbye) && own().length < sent[way].length; i++) await new Promise(resolve => setTimeout(resolve, 5))
        const all = passed()
        const raw = Buffer.concat(own().map(one => one.raw))
        const said = all.findIndex(isGoodbye)
        if (all.some(({ masked }) => masked !== (way === 'up'))) throw new Error(`${way}: a mask`)
        if (Buffer.concat(all.map(one => one.raw)).length !== Buffer.concat(got[way]).length) throw new Error(`${way}: a torn frame at the end`)
        if (said === -1 ? !raw.equals(wanted) : !raw.equals(wanted.subarray(0, raw.length))) throw new Error(`${way}: not what was sent`)
        if (said !== -1 && said !== all.length - 1) throw new Error(`${way}: something follows the goodbye`)
        const pinged = all.filter(isPing).length
        // One that waits for a boundary gives way to a Close frame.
        if (pinged > pings[way] || (pinged < pings[way] - 1) || (said === -1 && pinged < pings[way] && sent[way].length === 0)) throw new Error(`${way}: ${pinged} of ${pings[way]} pings`)
      }
      for (const stream of [near, far, client, upstream]) stream.destroy()
      await turn()
    }), { numRuns, endOnFailure: true })
    t.pass()
  })
}
