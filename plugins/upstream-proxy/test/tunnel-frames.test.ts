// The observer alone: whatever the chunks, it sees the same frames, and knows where they end.
import type { Flow } from '@fastify-arr/facts'
import fc from 'fast-check'
import t from 'tap'
import { FrameReader, reservedBits } from '../src/tunnel/frames/frames.ts'
import { frame, MASK } from './parts.ts'

const flow = (): Flow => ({ bytes: 0, messages: 0, text: 0, binary: 0, pings: 0, pongs: 0, lastActivity: 0 })

const message = fc.record({
  kind: fc.constantFrom('text', 'binary', 'pings', 'pongs', 'fragmented' as const),
  size: fc.oneof(fc.integer({ min: 0, max: 130 }), fc.constantFrom(125, 126, 127, 65_535, 65_536, 70_000))
})

function framesOf (kind: string, size: number, mask: Buffer | undefined): Buffer[] {
  const options = mask === undefined ? {} : { mask }
  const body = 'x'.repeat(size)
  if (kind === 'text') return [frame(1, body, options)]
  if (kind === 'binary') return [frame(2, body, options)]
  if (kind === 'pings') return [frame(9, body.slice(0, 125), options)]
  if (kind === 'pongs') return [frame(10, body.slice(0, 125), options)]
  return [frame(1, body, { ...options, fin: false }), frame(9, 'inside', options), frame(0, body, { ...options, fin: false }), frame(0, '', options)]
}

t.test('counts do not depend on how the bytes are cut', async () => {
  fc.assert(fc.property(fc.array(message, { maxLength: 8 }), fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 20 }), fc.boolean(), (messages, cuts, masked) => {
    const frames = messages.flatMap(({ kind, size }) => framesOf(kind, size, masked ? MASK : undefined))
    const bytes = Buffer.concat(frames)
    const ends = new Set<number>()
    let end = 0
    for (const one of frames) ends.add(end += one.length)
    const counted = flow()
    const reader = new FrameReader(counted, masked, 0)
    for (let at = 0, turn = 0; at < bytes.length; turn++) {
      const chunk = Buffer.from(bytes.subarray(at, at + (cuts[turn % cuts.length] as number)))
      const boundary = reader.read(chunk)
      const whole = [...ends].filter(end => end > at && end <= at + chunk.length)
      const last = whole.length === 0 ? -1 : Math.max(...whole) - at
      if (boundary !== last) throw new Error(`boundary ${boundary}, not ${last}`)
      at += chunk.length
      if (reader.atBoundary !== ends.has(at)) throw new Error(`at ${at}: ${reader.atBoundary}`)
    }
    const count = (...kinds: string[]) => messages.filter(({ kind }) => kinds.includes(kind)).length
    const expected = { text: count('text', 'fragmented'), binary: count('binary'), pings: count('pings', 'fragmented'), pongs: count('pongs') }
    for (const key of ['text', 'binary', 'pings', 'pongs'] as const) {
      if (counted[key] !== expected[key]) throw new Error(`${key}: ${counted[key]}, not ${expected[key]}`)
    }
    return reader.valid && counted.messages === expected.text + expected.binary
  }))
})

t.test('any bytes at all leave it standing', async () => {
  fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 10 }), fc.boolean(), fc.constantFrom(0, 0x40, 0x70), (chunks, masked, rsv) => {
    const reader = new FrameReader(flow(), masked, rsv)
    for (const chunk of chunks) reader.read(Buffer.from(chunk))
  }))
})

t.test('a Close frame ends the reading, with code and reason from however many pieces', async t => {
  const bytes = Buffer.concat([frame(1, 'x', { mask: MASK }), frame(8, Buffer.concat([Buffer.from([0x0f, 0xa1]), Buffer.from('über')]), { mask: MASK }), Buffer.from('garbage')])
  for (let cut = 1; cut < bytes.length; cut++) {
    const reader = new FrameReader(flow(), true, 0)
    reader.read(bytes.subarray(0, cut))
    reader.read(bytes.subarray(cut))
    t.same(reader.closed, { code: 4001, reason: 'über' })
    t.ok(reader.valid)
  }
})

t.test('extensions say which reserved bits may be set', async t => {
  t.equal(reservedBits(null), 0)
  t.equal(reservedBits(''), 0)
  t.equal(reservedBits('permessage-deflate; client_max_window_bits=15'), 0x40)
  t.equal(reservedBits('Permessage-Deflate, x-unknown'), 0x70)
})
