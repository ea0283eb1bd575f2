// Does a client read its response? A client that does not keeps memory, a connection and the handler of its request busy.

import { constants, type ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Roster } from './roster.ts'
import type { Guarded } from './session.ts'

/** Bytes per second that a client has to read, over the whole connection; the default of HTTP.sys (minBytesPerSecond). */
const MIN_RATE = 240
/** Upper bound for the size of a PING acknowledgement, TLS included. */
const PING_ACK = 64

/** How the connections of one protocol are measured and cut. */
interface Protocol<T> {
  members (): readonly T[]
  /** Bytes that have left the process. */
  sentTo (member: T): number
  /** Whether response bytes are waiting because the client does not read. */
  isOwed (member: T): boolean
  /** Ends the responses that it does not read. */
  cut (member: T): void
}

/** Internal to Node: `_parent` is the socket beneath a TLS socket, and only the handle counts the bytes that have left the process. */
type Wired = Duplex & { readonly _parent?: Socket | null, readonly _handle?: { readonly bytesWritten: number, readonly writeQueueSize: number } | null }

interface Wait {
  readonly since: number
  readonly sent: number
}

/** Cuts HTTP/1.1 clients that do not read their responses for `timeout` ms; 0 is never. Returns a function that stops the watch. */
export function watchSockets (sockets: Roster<Socket>, timeout: number): () => void {
  return watch<Socket>({
    members: () => sockets.members(),
    sentTo: sentOn,
    isOwed: socket => socket.writableLength > 0,
    cut: socket => { socket.destroy() }
  }, timeout)
}

/** The same for HTTP/2, stream by stream: a WebSocket on the same connection may still be read. */
export function watchSessions (sessions: Roster<Guarded>, timeout: number): () => void {
  const owedOn = ({ requests }: Guarded): ServerHttp2Stream[] => requests.members().filter(stream => stream.writableLength > 0)
  return watch<Guarded>({
    members: () => sessions.members(),
    // Acknowledgements of PINGs are not counted as response bytes.
    sentTo: ({ socket, pings }) => sentOn(socket) - pings * PING_ACK,
    isOwed: guarded => owedOn(guarded).length > 0,
    cut: guarded => { for (const stream of owedOn(guarded)) stream.close(constants.NGHTTP2_CANCEL) }
  }, timeout)
}

/**
 * Checks all connections at an interval and cuts those that have read next to nothing of their waiting bytes for `timeout` ms.
 * One timer for all connections: a request needs none of its own.
 */
function watch<T> (protocol: Protocol<T>, timeout: number): () => void {
  if (timeout === 0) return () => {}
  let waits = new Map<T, Wait>()
  const timer = setInterval(() => {
    const now = performance.now()
    const still = new Map<T, Wait>()
    for (const member of protocol.members()) {
      if (!protocol.isOwed(member)) continue
      const sent = protocol.sentTo(member)
      const wait = waits.get(member) ?? { since: now, sent }
      const elapsed = now - wait.since
      if (elapsed < timeout) still.set(member, wait)
      else if (sent - wait.sent >= MIN_RATE * elapsed / 1000) still.set(member, { since: now, sent })
      else protocol.cut(member)
    }
    waits = still
  }, Math.max(50, Math.ceil(timeout / 4))).unref()
  return () => clearInterval(timer)
}

function sentOn (socket: Wired): number {
  const { _handle: handle } = (socket._parent ?? socket) as Wired
  return handle ? handle.bytesWritten - handle.writeQueueSize : 0
}
