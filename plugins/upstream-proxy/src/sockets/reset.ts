// Which transports can be reset, and when?
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/** True for plain TCP. TLS reports a truncated connection by itself; a unix socket has no reset (and no address, which tells it apart). */
function canReset (socket: Duplex | null): socket is Socket {
  return isTcp(socket) && socket.remoteAddress !== undefined
}

/** True for plain TCP and for unix sockets: needs no system call for the address. */
export function isTcp (socket: Duplex | null): socket is Socket {
  return socket !== null && 'resetAndDestroy' in socket && !('encrypted' in socket)
}

/**
 * Resets a connection where its transport and state allow it, and closes it otherwise.
 * libuv refuses a reset while a shutdown is under way (EINVAL). By then Node has released the handle: the socket never
 * emits 'close', and its descriptor stays open until the process ends.
 */
export function reset (socket: Duplex): void {
  const isShuttingDown = socket.writableEnded && !socket.writableFinished
  if (canReset(socket) && !isShuttingDown) socket.resetAndDestroy()
  else socket.destroy()
}
