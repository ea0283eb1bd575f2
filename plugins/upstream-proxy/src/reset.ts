// Which transports have a reset to pass on?
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
