// How does a direction handle the events of its socket? The listeners are shared functions that find their `Way` on the socket: no closure per tunnel.
import type { Http2Stream } from 'node:http2'
import type { Duplex } from 'node:stream'
import { systemCodeOf } from '../../errors.ts'
import { isTcp, reset } from '../../sockets/reset.ts'
import { readInto } from './read-buffer.ts'
import type { Way } from './way.ts'

// RFC 8441 §5, RFC 9113 §7
const CANCEL = 8

const WAY = Symbol('way')

type Socket = Duplex & { [WAY]: Way }

/** Makes a direction read its socket, from the bytes that were buffered before the tunnel began to the socket's end. */
export function follow (way: Way): void {
  const from = way.from as Socket
  from[WAY] = way
  // The log line is written by an earlier listener on 'close': this one is prepended, so that the facts are final by then.
  from.prependListener('close', onClose)
  from.on('error', onError)
  from.on('end', onEnd)
  from.on('drain', onDrain)
  // A reset with NO_ERROR emits no 'error', and 'close' only when everything received has been read.
  if (isHttp2(from)) from.on('aborted', onAborted)
  if (from.destroyed) {
    onClose.call(from)
    return
  }
  for (let chunk = from.read(); chunk !== null; chunk = from.read()) way.pass(chunk)
  // A client may have ended its side before the 101.
  if (from.readableEnded) {
    onEnd.call(from)
    return
  }
  if (!readInto(from, onRead)) from.on('data', onData)
  if (!way.to.writableNeedDrain) way.resume()
}

function onRead (this: Duplex, bytes: Buffer): boolean {
  return (this as Socket)[WAY].read(bytes)
}

function onData (this: Duplex, chunk: Buffer): void {
  if (!(this as Socket)[WAY].pass(chunk)) this.pause()
}

function onDrain (this: Duplex): void {
  const { reverse, tunnel } = (this as Socket)[WAY]
  // A side that accepts waiting bytes is active.
  tunnel.fact.lastActivity = Date.now()
  reverse.resume()
}

function onEnd (this: Duplex): void {
  const way = (this as Socket)[WAY]
  if (way.postpones(() => { onEnd.call(this) })) return
  way.tunnel.halfClosedAt ||= performance.now()
  way.tunnel.ended(way.side, 'end')
  way.tunnel.watch?.ended(way.side, howOf(this), null)
  const to = way.to as Socket
  // Where the other side has ended too and no bytes wait, closing the TCP socket is enough; TLS must send close_notify first.
  if (to.readableEnded && to.writableLength === 0 && isTcp(to)) to.destroy()
  else to.end()
}

function onAborted (this: Duplex): void {
  // With any other code, Node or this module (`passReset`) closes the stream.
  if ((this as Http2Stream).rstCode === 0) this.destroy()
}

function onError (this: Duplex, error: unknown): void {
  const way = (this as Socket)[WAY]
  way.tunnel.ended(way.side, 'reset')
  way.tunnel.watch?.ended(way.side, 'reset', systemCodeOf(error))
  const to = way.to as Socket
  // Bytes that arrived before the reset, such as a Close frame, still go to the other side; `halfCloseTimeout` limits the time for that.
  way.tunnel.halfClosedAt ||= performance.now()
  // Where the other side is ending already, it closes when all bytes have left.
  if (to.writableLength === 0) passReset(way.reverse)
  else if (to.writable) to.end(() => passReset(way.reverse))
}

/** Passes a reset on as a reset, where the transport supports it. */
function passReset ({ from: to, side, tunnel }: Way): void {
  tunnel.watch?.ended(side, 'cut', null)
  if (isHttp2(to)) to.close(CANCEL)
  else reset(to)
}

/** Ends the socket where a direction begins: nothing that it sends has anywhere to go. */
function cut ({ from, side, tunnel }: Way): void {
  tunnel.watch?.ended(side, 'cut', null)
  from.destroy()
}

/** How a socket has ended that had no error. Node ends a stream that the client has reset as well. */
function howOf (socket: Duplex): 'end' | 'reset' | 'cut' {
  if (isHttp2(socket) && (socket.aborted || socket.rstCode !== 0)) return 'reset'
  return socket.readableEnded ? 'end' : 'cut'
}

function isHttp2 (socket: Duplex): socket is Http2Stream {
  return 'rstCode' in socket
}

function onClose (this: Duplex): void {
  const way = (this as Socket)[WAY]
  if (way.over) return
  way.over = true
  way.tunnel.ended(way.side, 'end')
  way.tunnel.watch?.ended(way.side, howOf(this), null)
  // Bytes that a rate holds back still pass, and the end behind them.
  if (!this.readableEnded || !way.postpones(() => { leave(way) })) leave(way)
}

function leave ({ tunnel, to, reverse }: Way): void {
  // Where both directions ended in order, bytes for the other side may still be on their way: it is not destroyed.
  // Where only its `end` is pending, it is destroyed after the flush; its input is paused, because no side is left to receive it.
  if (!to.writableEnded || (!to.readableEnded && to.writableFinished)) {
    cut(reverse)
  } else if (!to.readableEnded) {
    to.pause()
    to.once('finish', () => { cut(reverse) })
  }
  tunnel.sideClosed()
}
