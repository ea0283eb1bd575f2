// Which transports have a reset to pass on, and when may it be sent?
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/** True for plain TCP. TLS says itself when it was cut; a unix socket has no reset, nor an address. */
export function canReset (socket: Duplex | null): socket is Socket {
  return isTcp(socket) && socket.remoteAddress !== undefined
}

/** The same without asking the system, for whom a unix socket is as good. */
export function isTcp (socket: Duplex | null): socket is Socket {
  return socket !== null && 'resetAndDestroy' in socket && !('encrypted' in socket)
}

/**
 * Resets a connection where its transport and its state allow that, and closes it otherwise.
 * libuv refuses a reset while a shutdown is under way (EINVAL). Node has given up the handle by then: the socket never
 * emits 'close', and its descriptor stays open for as long as the process runs.
 */
export function reset (socket: Duplex): void {
  const isShuttingDown = socket.writableEnded && !socket.writableFinished
  if (canReset(socket) && !isShuttingDown) socket.resetAndDestroy()
  else socket.destroy()
}
