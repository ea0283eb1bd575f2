// How do bytes get from one side to the other? Unchanged, counted, and no faster than the other side accepts them.
import type { Duplex } from 'node:stream'
import type { Flow } from '@fastify-arr/facts'
import { type Late, leaveTogether } from '../../sockets/leave-together.ts'
import { Untaken } from '../../sockets/taken.ts'
import { pingFrame } from '../frames/control-frame.ts'
import { FrameReader } from '../frames/frames.ts'
import type { Gate } from '../frames/gate.ts'
import { dropBuffer, giveBack, shareBuffer, takeBuffer } from './read-buffer.ts'
import type { Silence } from './silence.ts'
import type { WayOwner, WaySide } from './way-owner.ts'

/** A read of this size or more, in bytes, is bulk: copying it would cost more than a buffer for this direction. */
const BULK = 8192

/** One direction of a tunnel. */
export class Way implements Late {
  readonly tunnel: WayOwner
  readonly side: WaySide
  readonly from: Duplex
  readonly to: Duplex
  readonly flow: Flow
  readonly reader: FrameReader
  /** True where frames are masked: toward the upstream (RFC 6455 §5.1). */
  readonly masked: boolean
  reverse!: Way
  /** True once the close of `from` was handled: by the event, or because the socket was destroyed before the tunnel listened. */
  over = false
  /** Null where nothing is pinged. */
  silence: Silence | null = null
  /** The proxy's Close frame or ping, while it waits for the end of the current frame. */
  waiting: Buffer | null = null
  isClose = false
  /** True once the proxy's Close frame was written: nothing may follow it (RFC 6455 §5.5.1). */
  saidClose = false
  /** True while nothing may be read, because the tunnel is about to move. */
  still = false
  /** True while writes are collected in the other side's corked socket. */
  #gathering = false
  /** This direction's own read buffer, while it moves bulk. */
  #bulk: Buffer | null = null
  #written: (() => void) | undefined
  readonly #untaken = new Untaken()

  constructor (tunnel: WayOwner, side: WaySide, from: Duplex, to: Duplex, flow: Flow, masked: boolean, rsv: number, gate: Gate | null = null) {
    this.tunnel = tunnel
    this.side = side
    this.from = from
    this.to = to
    this.flow = flow
    this.masked = masked
    this.reader = new FrameReader(flow, masked, rsv, gate)
  }

  /** Passes bytes of a reused buffer. False where reading must pause. */
  read (bytes: Buffer): boolean {
    if (bytes.length < BULK || isEncrypted(this.from)) {
      // A small read, or TLS, which does not stop reading at once: the bytes are copied, so the buffer is free again even if the write is not done.
      const more = this.pass(Buffer.from(bytes))
      if (this.#bulk !== null) this.#leaveBulk()
      return more
    }
    if (this.#bulk === null) {
      // The first bulk read: more will follow. Those are read into a buffer of this direction and written from it without a copy.
      this.#bulk = takeBuffer()
      this.#written ??= () => { if (this.to.writableLength === 0) this.resume() }
      return this.pass(Buffer.from(bytes))
    }
    this.pass(bytes, this.#written)
    // The other socket may still use the buffer: nothing is read until it has written all. After the proxy's Close frame it gets nothing more.
    return this.saidClose || this.to.writableLength === 0
  }

  /** True where its socket is destroyed and has not emitted 'close'. */
  get isLost (): boolean {
    return this.from.destroyed && !this.over
  }

  /** True where the proxy's Close frame can still be sent in this direction. */
  get canClose (): boolean {
    return this.reader.valid && this.reader.closed === null && !this.saidClose && this.to.writable
  }

  /** How long the other side has accepted none of the bytes that wait for it, in ms; 0 where none wait. Must be called regularly: it compares with the last check. */
  untaken (now: number): number {
    return this.#untaken.since(this.to, now)
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

  /** Reads the socket again after a pause. */
  resume (): void {
    if (!this.still) this.from.resume()
  }

  /** True where bytes of this direction may not have been read yet, so that the silence of its side says nothing. */
  get isUnread (): boolean {
    return this.to.writableLength > 0
  }

  /** The socket has ended. True where bytes have to pass first: `then` is called after them. */
  postpones (_then: () => void): boolean {
    return false
  }

  /** Passes bytes on. False where the other side must read before more is sent. */
  pass (chunk: Buffer, written: (() => void) | undefined = undefined): boolean {
    const { flow, tunnel, reader } = this
    flow.bytes += chunk.length
    flow.lastActivity = tunnel.fact.lastActivity = Date.now()
    if (this.saidClose) return true
    return this.send(chunk, reader.valid && reader.closed === null ? this.observe(chunk) : -1, written)
  }

  /** Writes bytes that were read and observed. */
  protected send (chunk: Buffer, boundary: number, written: (() => void) | undefined = undefined): boolean {
    if (!this.to.writable) return true
    if (this.waiting === null || this.reader.closed !== null || boundary === -1) {
      if (chunk.length < BULK) this.#gather()
      return this.to.write(chunk, written)
    }
    // The proxy's frame is inserted after the last complete frame. What follows a Close frame is dropped.
    if (boundary > 0) this.to.write(Buffer.from(chunk.subarray(0, boundary)), written)
    const more = this.#say()
    return this.saidClose || boundary === chunk.length ? more : this.to.write(Buffer.from(chunk.subarray(boundary)), written)
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

  /** Reads the frames of a chunk. */
  protected observe (chunk: Buffer): number {
    const { reader, tunnel } = this
    const boundary = reader.read(chunk)
    if (reader.closed !== null) {
      tunnel.saidClose(this.side, reader.closed.code, reader.closed.reason)
    } else if (!reader.valid) {
      tunnel.unreadable(this.side)
    }
    return boundary
  }

  /** Inserts a Close frame at the next frame boundary; later calls are ignored. */
  inject (frame: Buffer): void {
    if (this.reader.closed !== null || this.saidClose || this.isClose) return
    this.isClose = true
    this.#insert(frame)
  }

  /** Inserts a ping at the next frame boundary. False where that is not possible: frames cannot be read, the side accepts nothing, or a Close frame has passed. */
  ping (): boolean {
    if (!this.reader.valid || this.reader.closed !== null || this.saidClose || this.waiting !== null || !this.to.writable) return false
    this.#insert(pingFrame(this.masked))
    return true
  }

  /** True while a frame of the proxy's waits for a boundary. */
  get isWaiting (): boolean {
    return this.waiting !== null
  }

  #insert (frame: Buffer): void {
    this.waiting = frame
    if (this.reader.atBoundary && this.to.writable) this.#say()
  }

  #say (): boolean {
    this.tunnel.watch?.own(this.waiting as Buffer)
    const more = this.to.write(this.waiting, this.#written)
    this.waiting = null
    if (this.isClose) {
      this.saidClose = true
      this.tunnel.saidGoodbye()
    }
    return more
  }
}

export function isEncrypted (socket: Duplex): boolean {
  return (socket as Duplex & { readonly encrypted?: boolean }).encrypted === true
}
