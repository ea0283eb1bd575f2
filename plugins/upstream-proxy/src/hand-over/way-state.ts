// What is a direction of a tunnel in the middle of? Told in one process, and gone on with in another one.
import type { Bucket } from '../tunnel/frames/bucket.ts'
import type { Silence } from '../tunnel/ways/silence.ts'
import { LimitedWay } from '../tunnel/ways/limited-way.ts'
import type { Way } from '../tunnel/ways/way.ts'
import { sinceOf, type Since, momentOf } from './moment.ts'

/** A direction as plain data. Bytes are base64, times are ms that have passed. */
export interface WayState {
  /** Whether its frames are read. */
  readonly valid: boolean
  /** Of the current frame, how many bytes are still to come. */
  readonly left: number
  readonly fragmented: boolean
  /** The start of a header, or of a Close frame's payload. */
  readonly held: string
  readonly inClose: boolean
  /** The Close frame that has passed. */
  readonly closed: { readonly code: number | null, readonly reason: string } | null
  /** The proxy's own frame that waits for the end of the current one. */
  readonly waiting: string | null
  readonly isClose: boolean
  readonly saidClose: boolean
  /** Whether the other side was told that no more comes. */
  readonly isEnded: boolean
  readonly silence: (Pick<Silence, 'bytes' | 'isAsking'> & { readonly since: Since, readonly lookedAt: Since, readonly pingedAt: Since | null }) | null
  readonly limits: LimitState | null
}

interface LimitState {
  /** What was read and has not passed; it counts as received already. */
  readonly queue: string
  /** Payload bytes of the current message. */
  readonly size: number
  /** What is left in the buckets; null where there is none. */
  readonly messages: number | null
  readonly bytes: number | null
  readonly isClosing: boolean
  readonly isOver: boolean
}

/** What a direction is in the middle of, at a moment on `performance.now()`'s clock. What a rate holds back is held on. */
export function stateOf (way: Way, now: number): WayState {
  const { reader, silence } = way
  return {
    valid: reader.valid,
    left: reader.left,
    fragmented: reader.fragmented,
    held: reader.held.toString('base64'),
    inClose: reader.inClose,
    closed: reader.closed,
    waiting: way.waiting?.toString('base64') ?? null,
    isClose: way.isClose,
    saidClose: way.saidClose,
    isEnded: way.to.writableEnded,
    silence: silence === null
      ? null
      : {
          bytes: silence.bytes,
          isAsking: silence.isAsking,
          since: sinceOf(silence.since, now),
          lookedAt: sinceOf(silence.lookedAt, now),
          pingedAt: silence.pingedAt === 0 ? null : sinceOf(silence.pingedAt, now)
        },
    limits: way instanceof LimitedWay ? limitsOf(way, now) : null
  }
}

function limitsOf (way: LimitedWay, now: number): LimitState {
  return {
    queue: Buffer.concat(way.queue).toString('base64'),
    size: way.gate?.size ?? 0,
    messages: way.gate?.messages?.at(now) ?? null,
    bytes: way.bytes?.at(now) ?? null,
    isClosing: way.isClosing,
    isOver: way.isOver
  }
}

/** Makes a direction that has just been made go on from there. Returns what is to pass first. */
export function goOnFrom (way: Way, state: WayState, now: number): Buffer {
  const { reader } = way
  const { silence, limits } = state
  reader.valid = state.valid
  reader.left = state.left
  reader.fragmented = state.fragmented
  reader.held = Buffer.from(state.held, 'base64')
  reader.inClose = state.inClose
  reader.closed = state.closed
  way.waiting = state.waiting === null ? null : Buffer.from(state.waiting, 'base64')
  way.isClose = state.isClose
  way.saidClose = state.saidClose
  if (silence !== null) {
    const { bytes, isAsking, since, lookedAt, pingedAt } = silence
    way.silence = { bytes, isAsking, since: momentOf(since, now), lookedAt: momentOf(lookedAt, now), pingedAt: pingedAt === null ? 0 : momentOf(pingedAt, now) }
  }
  if (state.isEnded) way.to.end()
  if (limits === null) return NOTHING
  if (way instanceof LimitedWay) {
    if (way.gate !== null) way.gate.size = limits.size
    fill(way.gate?.messages ?? null, limits.messages, now)
    fill(way.bytes, limits.bytes, now)
    way.isClosing = limits.isClosing
    way.isOver = limits.isOver
  }
  const queue = Buffer.from(limits.queue, 'base64')
  // It is counted when it passes.
  way.flow.bytes -= queue.length
  return queue
}

const NOTHING = Buffer.alloc(0)

function fill (bucket: Bucket | null, tokens: number | null, now: number): void {
  if (bucket !== null && tokens !== null) bucket.take(bucket.at(now) - tokens)
}
