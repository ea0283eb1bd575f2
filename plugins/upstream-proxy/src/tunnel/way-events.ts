// What do a direction's sockets tell it? The listeners are shared functions that find it on their socket: no closure per tunnel.
import type { Http2Stream } from 'node:http2'
import type { Duplex } from 'node:stream'
import { isTcp, reset } from '../sockets/reset.ts'
import { readInto } from './read-buffer.ts'
import { isEncrypted, type Way } from './way.ts'

// RFC 8441 §5, RFC 9113 §7
const CANCEL = 8

const WAY = Symbol('way')

type Socket = Duplex & { [WAY]: Way }

/** Has a direction read its socket, from what was read before the tunnel began to the socket's end. */
export function follow (way: Way): void {
  const from = way.from as Socket
  from[WAY] = way
  // TLS has half-open connections as TCP has, but Node's https server would not let them be.
  if (isEncrypted(from)) from.allowHalfOpen = true
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
  for (let chunk = from.read(); chunk !== null; chunk = from.read()) way.pass(chunk)
  if (!readInto(from, onRead)) from.on('data', onData)
  if (!way.to.writableNeedDrain) from.resume()
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
  way.tunnel.halfClosedAt ||= performance.now()
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
  way.tunnel.halfClosedAt ||= performance.now()
  // Where the other side's end is under way already, it closes when all has left.
  if (to.writableLength === 0) passReset(to)
  else if (to.writable) to.end(() => passReset(to))
}

/** A reset is passed on as one, where the transport has it. */
function passReset (to: Socket): void {
  if (isHttp2(to)) to.close(CANCEL)
  else reset(to)
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
