// Does a client take the answer it asked for? One that does not holds memory, its connection, and whoever is still answering.

import { constants, type ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Roster } from './roster.ts'
import type { Guarded } from './session.ts'

/** Bytes in a second that are enough, over the whole connection; HTTP.sys asks for as many (minBytesPerSecond). */
const LEAST = 240
/** No more than an answer to a PING has, TLS included. */
const PONG = 64

/** How a kind of connection is asked, and cut. */
interface Kind<T> {
  members (): readonly T[]
  /** Bytes that have left for good. */
  sentTo (member: T): number
  /** Whether something is ready to go that the client leaves no room for. */
  isOwed (member: T): boolean
  /** Ends what it does not take. */
  cut (member: T): void
}

/** Node's own names: a TLS socket knows what it was made of, and only the handle tells what has really left. */
type Wired = Duplex & { readonly _parent?: Socket | null, readonly _handle?: { readonly bytesWritten: number, readonly writeQueueSize: number } | null }

interface Wait {
  readonly since: number
  readonly sent: number
}

/** Cuts HTTP/1.1 clients that do not take their answers, after `timeout` ms; 0 is never. Returns what ends it. */
export function watchSockets (sockets: Roster<Socket>, timeout: number): () => void {
  return watch<Socket>({
    members: () => sockets.members(),
    sentTo: sentOn,
    isOwed: socket => socket.writableLength > 0,
    cut: socket => { socket.destroy() }
  }, timeout)
}

/** The same for HTTP/2, request by request: a WebSocket on the same connection may be well. */
export function watchSessions (sessions: Roster<Guarded>, timeout: number): () => void {
  const owedOn = ({ requests }: Guarded): ServerHttp2Stream[] => requests.members().filter(stream => stream.writableLength > 0)
  return watch<Guarded>({
    members: () => sessions.members(),
    // An answer to a PING is none that it waits for.
    sentTo: ({ socket, pings }) => sentOn(socket) - pings * PONG,
    isOwed: guarded => owedOn(guarded).length > 0,
    cut: guarded => { for (const stream of owedOn(guarded)) stream.close(constants.NGHTTP2_CANCEL) }
  }, timeout)
}

/**
 * Looks at the connections from time to time and cuts those that have taken next to nothing for `timeout` ms of what is waiting for them.
 * Looked at rather than timed one by one: a request costs nothing.
 */
function watch<T> (kind: Kind<T>, timeout: number): () => void {
  if (timeout === 0) return () => {}
  let waits = new Map<T, Wait>()
  const timer = setInterval(() => {
    const now = performance.now()
    const still = new Map<T, Wait>()
    for (const member of kind.members()) {
      if (!kind.isOwed(member)) continue
      const sent = kind.sentTo(member)
      const wait = waits.get(member) ?? { since: now, sent }
      const elapsed = now - wait.since
      if (elapsed < timeout) still.set(member, wait)
      else if (sent - wait.sent >= LEAST * elapsed / 1000) still.set(member, { since: now, sent })
      else kind.cut(member)
    }
    waits = still
  }, Math.max(50, Math.ceil(timeout / 4))).unref()
  return () => clearInterval(timer)
}

function sentOn (socket: Wired): number {
  const { _handle: handle } = (socket._parent ?? socket) as Wired
  return handle ? handle.bytesWritten - handle.writeQueueSize : 0
}
