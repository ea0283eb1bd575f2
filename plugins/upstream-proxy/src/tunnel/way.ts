// How do bytes get from one side to the other? Untouched, counted, and no faster than the other side takes them.
import type { Duplex } from 'node:stream'
import type { Flow, Side, TunnelFact } from '@fastify-arr/facts'
import { type Late, leaveTogether } from '../sockets/leave-together.ts'
import { takenBy } from '../sockets/taken.ts'
import { FrameReader } from './frames.ts'
import { dropBuffer, giveBack, shareBuffer, takeBuffer } from './read-buffer.ts'

/** From this size on a read is bulk: copying it would cost more than a buffer of its own. */
const BULK = 8192

/** What a direction tells the tunnel it belongs to. */
export interface WayOwner {
  readonly fact: TunnelFact
  /** When the first direction ended, or what was left after that last moved; 0 while both are open. */
  halfClosedAt: number
  /** A Close frame passed. */
  saidClose (by: Side, code: number | null, reason: string): void
  /** The tunnel's own Close frame was put in. */
  saidGoodbye (): void
  /** A direction's frames stopped being readable. */
  unreadable (side: Side): void
  /** The transport ended. */
  ended (by: Side, ending: TunnelFact['ending']): void
  /** One of the sockets has closed. */
  sideClosed (): void
}

/** One direction of a tunnel. */
export class Way implements Late {
  readonly tunnel: WayOwner
  readonly side: Side
  readonly from: Duplex
  readonly to: Duplex
  readonly flow: Flow
  readonly reader: FrameReader
  reverse!: Way
  /** Told of its socket's end: by the event, or because that came before us. */
  over = false
  /** A frame of ours that waits for the end of a frame of theirs. */
  #waiting: Buffer | null = null
  #saidClose = false
  /** What was written waits in the other side's socket. */
  #gathering = false
  /** The buffer of its own, while it moves bulk. */
  #bulk: Buffer | null = null
  #written: (() => void) | undefined
  /** What the other side had taken at the last look, and since when that has not changed. */
  #taken = NaN
  #takenAt = 0

  constructor (tunnel: WayOwner, side: Side, from: Duplex, to: Duplex, flow: Flow, masked: boolean, rsv: number) {
    this.tunnel = tunnel
    this.side = side
    this.from = from
    this.to = to
    this.flow = flow
    this.reader = new FrameReader(flow, masked, rsv)
  }

  /** Passes bytes that lie in a reused buffer. False where no more may be read for now. */
  read (bytes: Buffer): boolean {
    if (bytes.length < BULK || isEncrypted(this.from)) {
      // Little, or from TLS, which would not wait: copied, so that the buffer is free again whatever becomes of the write.
      const more = this.pass(Buffer.from(bytes))
      if (this.#bulk !== null) this.#leaveBulk()
      return more
    }
    if (this.#bulk === null) {
      // Much: there will be more. It shall be read into a buffer of its own, and written from there.
      this.#bulk = takeBuffer()
      this.#written ??= () => { if (this.to.writableLength === 0) this.from.resume() }
      return this.pass(Buffer.from(bytes))
    }
    this.pass(bytes, this.#written)
    // The other socket may hold the buffer still: nothing is read until it has let go. After a goodbye it gets nothing more.
    return this.#saidClose || this.to.writableLength === 0
  }

  /** True where its socket is destroyed and has not told of its close. */
  get isLost (): boolean {
    return this.from.destroyed && !this.over
  }

  /** How long the other side has taken nothing of what waits for it, in ms; 0 where nothing waits. To be asked again and again. */
  untaken (now: number): number {
    const taken = this.to.writableLength === 0 ? NaN : takenBy(this.to)
    // NaN is never the same twice.
    if (taken !== this.#taken) {
      this.#taken = taken
      this.#takenAt = now
    }
    return now - this.#takenAt
  }

  /** Both sockets are closed. */
  closed (): void {
    if (this.#bulk !== null) dropBuffer()
    this.#bulk = null
  }

  #leaveBulk (): void {
    giveBack(this.#bulk as Buffer)
    this.#bulk = null
    shareBuffer()
  }

  /** Passes bytes on. False where the other side has enough for now. */
  pass (chunk: Buffer, written: (() => void) | undefined = undefined): boolean {
    const { flow, tunnel, reader } = this
    flow.bytes += chunk.length
    tunnel.fact.lastActivity = Date.now()
    if (this.#saidClose) return true // our Close frame was the last word this way
    const boundary = reader.valid && reader.closed === null ? this.#observe(chunk) : -1
    if (!this.to.writable) return true
    if (this.#waiting === null || reader.closed !== null || boundary === -1) {
      if (chunk.length < BULK) this.#gather()
      return this.to.write(chunk, written)
    }
    // Our Close frame goes where the last whole frame ends; what follows it could not be read any more.
    if (boundary > 0) this.to.write(Buffer.from(chunk.subarray(0, boundary)), written)
    return this.#say()
  }

  #gather (): void {
    if (this.#gathering) return
    this.#gathering = true
    this.to.cork()
    leaveTogether(this)
  }

  leave (): void {
    this.#gathering = false
    this.to.uncork()
  }

  #observe (chunk: Buffer): number {
    const { reader, tunnel } = this
    const boundary = reader.read(chunk)
    if (reader.closed !== null) {
      tunnel.saidClose(this.side, reader.closed.code, reader.closed.reason)
    } else if (!reader.valid) {
      tunnel.unreadable(this.side)
    }
    return boundary
  }

  /** Puts a Close frame in at the next boundary: the first one counts. */
  inject (frame: Buffer): void {
    if (this.reader.closed !== null || this.#saidClose || this.#waiting !== null) return
    this.#waiting = frame
    if (this.reader.atBoundary && this.to.writable) this.#say()
  }

  #say (): boolean {
    const more = this.to.write(this.#waiting, this.#written)
    this.#waiting = null
    this.#saidClose = true
    this.tunnel.saidGoodbye()
    return more
  }
}

export function isEncrypted (socket: Duplex): boolean {
  return (socket as Duplex & { readonly encrypted?: boolean }).encrypted === true
}
