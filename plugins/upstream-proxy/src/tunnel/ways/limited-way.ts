// How do bytes get from one side to the other where their messages or their number are limited? What is over a limit ends the tunnel, or waits here.
import type { Duplex } from 'node:stream'
import type { Flow, TunnelLimit } from '@fastify-arr/facts'
import { Bucket } from '../frames/bucket.ts'
import { closeFrame } from '../frames/close-frame.ts'
import { Gate, type Refusal } from '../frames/gate.ts'
import type { Rate, WayLimits } from '../frames/limits.ts'
import { Way } from './way.ts'
import type { WayOwner, WaySide } from './way-owner.ts'

/** Bytes that wait before the socket is no longer read. With fewer, its end is seen at once. */
const MOST = 16_384
/** Bytes that may pass with the last token, so that a frame's header is never longer than what may pass. */
const LEAST = 64
/** The time between two looks at a bucket, ms: rare enough to cost nothing, and far below every time limit of a tunnel. */
const SHORTEST = 20
const LONGEST = 500

/** One direction whose messages or bytes are limited. Its reads are copied: what waits must not be overwritten. */
export class LimitedWay extends Way {
  readonly #limits: WayLimits
  /** For whoever moves the tunnel. */
  readonly gate: Gate | null
  readonly bytes: Bucket | null
  /** What has arrived and not passed, in order, and its length. */
  queue: Buffer[] = []
  queued = 0
  /** Runs while bytes are held back by a rate. */
  timer: NodeJS.Timeout | undefined
  /** What has to happen once nothing is held back, in order: the socket's end, and its close. */
  #afterwards: Array<() => void> = []
  /** True once too many bytes have ended the tunnel, while a frame is passed to its end. */
  isClosing = false
  /** True once a limit has ended this direction: nothing passes any more. */
  isOver = false

  constructor (tunnel: WayOwner, side: WaySide, from: Duplex, to: Duplex, flow: Flow, masked: boolean, rsv: number, limits: WayLimits) {
    const now = performance.now()
    const gate = tunnel.fact.observed && (limits.maxSize > 0 || limits.messages !== null)
      ? new Gate(limits.maxSize || Infinity, bucket(limits.messages, now))
      : null
    super(tunnel, side, from, to, flow, masked, rsv, gate)
    this.#limits = limits
    this.gate = gate
    this.bytes = bucket(limits.bytes, now)
  }

  override read (bytes: Buffer): boolean {
    return this.pass(Buffer.from(bytes))
  }

  override get isUnread (): boolean {
    return this.timer !== undefined || super.isUnread
  }

  override resume (): void {
    if (this.queued < MOST) super.resume()
  }

  override postpones (then: () => void): boolean {
    if (this.timer !== undefined) {
      this.#afterwards.push(then)
      return true
    }
    // The start of a header, of a frame that will never be complete.
    if (this.queued > 0 && !this.saidClose) this.send(this.#take(), -1)
    return false
  }

  override closed (): void {
    super.closed()
    clearTimeout(this.timer)
    this.timer = undefined
    this.#take()
  }

  override pass (chunk: Buffer): boolean {
    this.flow.bytes += chunk.length
    this.flow.lastActivity = this.tunnel.fact.lastActivity = Date.now()
    if (this.isOver || this.saidClose) return true
    this.queue.push(chunk)
    this.queued += chunk.length
    const more = this.timer !== undefined || this.#passQueue()
    return more && this.queued < MOST
  }

  /** Passes what may pass now. False where the other side must read before more is sent. */
  #passQueue (): boolean {
    let more = true
    let rest = this.#take()
    // Nobody is left to hold it back for.
    if (!this.to.writable) return true
    while (rest.length > 0 && !this.saidClose && !this.isOver) {
      const room = this.#room(rest.length)
      if (this.isOver) return more
      if (room === 0) {
        this.#hold(rest, (this.bytes as Bucket).wait(Math.min(rest.length, (this.bytes as Bucket).rate / 10)))
        return more
      }
      const piece = room < rest.length ? rest.subarray(0, room) : rest
      const { reader } = this
      const boundary = reader.valid && reader.closed === null ? this.observe(piece) : -1
      const passed = piece.length - reader.unread
      if (passed > 0) {
        this.bytes?.take(passed)
        more = this.send(piece.subarray(0, passed), boundary)
      }
      rest = rest.subarray(passed)
      if (reader.unread === 0) continue
      const refusal = (this.gate as Gate).refusal
      if (refusal === 'rate' && this.#limits.messages?.over === 'hold') {
        this.#hold(rest, (this.gate?.messages as Bucket).wait(1))
        return more
      }
      if (refusal !== null) {
        this.#refuse(refusal)
      } else if (piece.length - passed === rest.length) {
        // The start of a header: the rest of it is still to come.
        this.#keep(rest)
        return more
      }
    }
    return more
  }

  /** How many of so many bytes may pass now. */
  #room (queued: number): number {
    if (this.bytes === null) return queued
    // A frame that is on its way still passes to its end, at the rate, and the Close frame follows it.
    const wanted = this.isClosing ? Math.min(queued, this.reader.left || queued) : queued
    const tokens = this.bytes.at(performance.now())
    if (tokens >= wanted) return wanted
    if (this.#limits.bytes?.over === 'close' && !this.isClosing) {
      this.isClosing = true
      this.#end('byteRate', 1008, 'too many bytes')
      return this.#room(queued)
    }
    return tokens < 1 ? 0 : Math.min(wanted, Math.max(LEAST, Math.floor(tokens)))
  }

  #refuse (refusal: Refusal): void {
    if (refusal === 'size') this.#end('messageSize', 1009, 'message too large')
    else if (refusal === 'rate') this.#end('messageRate', 1008, 'too many messages')
    else this.#unreadable()
    this.isOver = true
  }

  /** What cannot be read cannot be limited. */
  #unreadable (): void {
    this.tunnel.watch?.unreadable(this.side)
    this.#end(this.#limits.maxSize > 0 ? 'messageSize' : 'messageRate', 1002, 'invalid frame')
  }

  #end (limit: TunnelLimit, code: number, reason: string): void {
    this.tunnel.end(limit, code, reason)
    // A tunnel that was ending already sends no Close frame for a limit: this direction needs one all the same.
    this.inject(closeFrame(code, reason, this.masked))
    this.isOver = this.saidClose || !this.reader.valid || this.reader.closed !== null
  }

  #hold (rest: Buffer, wait: number): void {
    this.#keep(rest)
    this.timer = setTimeout(() => {
      this.timer = undefined
      this.release()
    }, Math.min(LONGEST, Math.max(SHORTEST, wait))).unref()
  }

  /** Passes what was held back. */
  release (): void {
    // A tunnel that holds bytes back is not idle.
    this.tunnel.fact.lastActivity = Date.now()
    const more = this.#passQueue()
    if (more && !this.to.writableNeedDrain) this.resume()
    if (this.timer !== undefined) return
    for (const then of this.#afterwards.splice(0)) then()
  }

  /** Puts back what did not pass. */
  #keep (rest: Buffer): void {
    this.queue.push(rest)
    this.queued += rest.length
  }

  #take (): Buffer {
    const queue = this.queue
    if (queue.length === 0) return EMPTY
    this.queue = []
    this.queued = 0
    return queue.length === 1 ? queue[0] as Buffer : Buffer.concat(queue)
  }
}

const EMPTY = Buffer.alloc(0)

function bucket (rate: Rate | null, now: number): Bucket | null {
  return rate === null ? null : new Bucket(rate.rate, rate.burst, now)
}
