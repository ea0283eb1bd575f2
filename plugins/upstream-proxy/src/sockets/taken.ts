// How many of the bytes written to a socket has its peer taken? Node has no public API for how much of a write has left.
import type { Http2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

interface Handle {
  readonly writeQueueSize?: number
}

/** A TLS socket's handle has the TCP connection's handle as its parent; the bytes that TLS has encrypted wait in that. */
type Transport = Socket & { readonly _handle?: Handle & { readonly _parent?: Handle } | null }

/**
 * Bytes of a socket that the kernel has taken, without the `unsent` ones that wait in streams above it; NaN where there is no socket.
 * The number grows with every byte that the peer makes room for.
 */
export function takenFrom (socket: Socket | null | undefined, unsent: number): number {
  if (socket === null || socket === undefined) return NaN
  const handle = (socket as Transport)._handle
  return socket.bytesWritten - ((handle?._parent ?? handle)?.writeQueueSize ?? 0) - unsent
}

/** The same for either side of a tunnel. For an HTTP/2 stream the whole connection counts: how much of one stream has left is not known. */
export function takenBy (side: Duplex): number {
  if ('rstCode' in side) return takenFrom((side as Http2Stream).session?.socket as Socket | undefined, 0)
  return takenFrom(side as Socket, side.writableLength)
}

/** How long a socket has accepted none of the bytes that wait for it. */
export class Untaken {
  /** How many bytes it had accepted at the last check, and since when that number has not changed. */
  #taken = NaN
  #takenAt = 0

  /** In ms; 0 where none wait. Must be called regularly: it compares with the last check. */
  since (socket: Duplex, now: number): number {
    const taken = socket.writableLength === 0 ? NaN : takenBy(socket)
    // NaN differs from NaN, so the time restarts at each check while nothing waits.
    if (taken !== this.#taken) {
      this.#taken = taken
      this.#takenAt = now
    }
    return now - this.#takenAt
  }
}
