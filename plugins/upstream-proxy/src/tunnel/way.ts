// How do bytes get from one side to the other? Untouched, counted, and no faster than the other side takes them.
import type { Http2Stream } from 'node:http2'
import type { Duplex } from 'node:stream'
import { type Late, leaveTogether } from '../leave-together.ts'
import { canReset, isTcp } from '../reset.ts'
import type { Flow, Side } from '../upstream.ts'
import { FrameReader } from './frames.ts'
import { dropBuffer, giveBack, readInto, shareBuffer, takeBuffer } from './read-buffer.ts'
import type { Tunnel } from './tunnel.ts'

/** From this size on a read is bulk: copying it would cost more than a buffer of its own. */
const BULK = 8192

// RFC 8441 §5, RFC 9113 §7
const CANCEL = 8

const WAY = Symbol('way')

type Socket = Duplex & { [WAY]: Way, encrypted?: boolean }

/** One direction of a tunnel. The sockets' listeners are shared functions that find it on their socket: no closure per tunnel. */
export class Way implements Late {
  readonly tunnel: Tunnel
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

  constructor (tunnel: Tunnel, side: Side, from: Duplex, to: Duplex, flow: Flow, masked: boolean, rsv: number) {
    this.tunnel = tunnel
    this.side = side
    this.from = from
    this.to = to
    this.flow = flow
    this.reader = new FrameReader(flow, masked, rsv)
  }

  start (): void {
    const from = this.from as Socket
    from[WAY] = this
    // TLS has half-open connections as TCP has, but Node's https server would not let them be.
    if (from.encrypted === true) from.allowHalfOpen = true
    // The log's line is written on 'close' too, by a listener that is there already: the facts come first.
    from.prependListener('close', onClose)
    from.on('error', onError)
    from.on('end', onEnd)
    from.on('drain', onDrain)
    // A reset with NO_ERROR is no error, and no 'close' before all that was sent is read.
    if (isHttp2(from)) from.on('aborted', onAborted)
    if (from.destroyed) {
      onClose.call(from)
      return
    }
    // What was read before the tunnel began comes first.
    for (let chunk = from.read(); chunk !== null; chunk = from.read()) this.pass(chunk)
    if (!readInto(from, onRead)) from.on('data', onData)
    if (!this.to.writableNeedDrain) from.resume()
  }

  /** Passes bytes that lie in a reused buffer. False where no more may be read for now. */
  read (bytes: Buffer): boolean {
    if (bytes.length < BULK || (this.from as Socket).encrypted === true) {
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
      tunnel.fact.observed = false
      tunnel.opening.onUnreadable(tunnel, this.side)
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

function onRead (this: Duplex, bytes: Buffer): boolean {
  return (this as Socket)[WAY].read(bytes)
}

function onData (this: Duplex, chunk: Buffer): void {
  if (!(this as Socket)[WAY].pass(chunk)) this.pause()
}

function onDrain (this: Duplex): void {
  const { reverse, tunnel } = (this as Socket)[WAY]
  // Who takes what has waited for him is alive.
  tunnel.fact.lastActivity = Date.now()
  reverse.from.resume()
}

function onEnd (this: Duplex): void {
  const way = (this as Socket)[WAY]
  way.tunnel.halfClosedAt ||= Date.now()
  way.tunnel.ended(way.side, 'end')
  const to = way.to as Socket
  // Where the other side has ended too and nothing is left, closing says it; TLS has a word of its own to say first.
  if (to.readableEnded && to.writableLength === 0 && isTcp(to)) to.destroy()
  else to.end()
}

function onAborted (this: Duplex): void {
  // With any other code Node destroys it, or we close it ourselves.
  if ((this as Http2Stream).rstCode === 0) this.destroy()
}

function onError (this: Duplex): void {
  const way = (this as Socket)[WAY]
  way.tunnel.ended(way.side, 'reset')
  const to = way.to as Socket
  // What came before the reset, a Close frame say, is owed to the other side; `halfCloseTimeout` bounds its patience.
  way.tunnel.halfClosedAt ||= Date.now()
  // Where the other side's end is under way already, it closes when all has left.
  if (to.writableLength === 0) reset(to)
  else if (to.writable) to.end(() => reset(to))
}

/** A reset is passed on as one, where the transport has it. */
function reset (to: Socket): void {
  if (canReset(to)) to.resetAndDestroy()
  else if (isHttp2(to)) to.close(CANCEL)
  else to.destroy()
}

function isHttp2 (socket: Duplex): socket is Http2Stream {
  return 'rstCode' in socket
}

function onClose (this: Duplex): void {
  const way = (this as Socket)[WAY]
  if (way.over) return
  way.over = true
  const { tunnel, to } = way
  tunnel.ended(way.side, 'end')
  // Both directions had ended in order: what the other side has not taken yet is still on its way.
  // An `end` of the other side that is under way flushes it, and closes it then; what that still says, nobody would hear.
  if (!to.writableEnded || (!to.readableEnded && to.writableFinished)) {
    to.destroy()
  } else if (!to.readableEnded) {
    to.pause()
    to.once('finish', () => { to.destroy() })
  }
  tunnel.sideClosed()
}
