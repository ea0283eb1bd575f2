// Who is at each end of a connection, and how many bytes did one exchange move on it?
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** What is read once per connection and kept: after a socket has closed it no longer tells its addresses. */
export interface Connection {
  readonly serverIp: string | null
  readonly serverPort: number | null
  readonly clientIp: string | null
  readonly clientPort: number | null
  readonly socket: Socket
  /** There is no network: `fastify.inject`. */
  readonly injected: boolean
  readonly secure: boolean
  /** False on HTTP/2, where exchanges share the connection and its counters tell nothing about one of them. */
  readonly counted: boolean
  /** The socket's counters at the end of the last exchange. */
  bytesRead: number
  bytesWritten: number
  /** Exchanges that have begun and not ended. */
  open: number
  /** Set by a client error while an exchange was open: that exchange's line tells it. */
  clientError: string | null
  /** When that error came, nothing had been sent since the last exchange: what the client got is the error's answer. */
  unanswered: boolean
  /** Answers that wait behind another of their pipeline, once there was one. */
  queued: Set<ServerResponse> | null
  /** The request whose hooks ran last. */
  lastSeen: IncomingMessage | null
}

interface Http2Request {
  readonly stream?: Known & { readonly session?: object }
}

// On the connection itself: a WeakMap of them would cost every collection of garbage.
const CONNECTION = Symbol('connection')

type Known = object & { [CONNECTION]?: Connection }

/** The connection a request came in on; the same object for every request of one connection. */
export function connectionOf (raw: IncomingMessage): Connection {
  const key: Known = keyOf(raw)
  const connection = key[CONNECTION] ?? meet(key, raw)
  const { stream } = raw as Http2Request
  if (stream !== undefined) stream[CONNECTION] = connection
  return connection
}

// On HTTP/2 each request's socket is a stand-in; the session is what they share, until a stream that has closed lets
// go of it. An injected WebSocket has neither.
function keyOf (raw: IncomingMessage): object {
  const { stream } = raw as Http2Request
  return stream?.session ?? stream ?? raw.socket ?? raw
}

/** The connection of a socket on which a request has come in already. */
export function knownConnection (socket: object): Connection | undefined {
  return (socket as Known)[CONNECTION]
}

/** An address as IIS writes it: an IPv4 client of a dual-stack listener is an IPv4 address. */
export function plainAddress (address: string | undefined): string | null {
  if (address === undefined) return null
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address
}

function meet (key: Known, raw: IncomingMessage): Connection {
  const socket: Socket = raw.socket ?? {}
  const injected = typeof socket.bytesRead !== 'number'
  const connection: Connection = {
    serverIp: plainAddress(socket.localAddress),
    serverPort: socket.localPort ?? null,
    clientIp: plainAddress(socket.remoteAddress),
    clientPort: socket.remotePort ?? null,
    socket,
    injected,
    secure: (socket as { encrypted?: boolean }).encrypted === true,
    counted: !injected && (raw as Http2Request).stream === undefined,
    bytesRead: 0,
    bytesWritten: 0,
    open: 0,
    clientError: null,
    unanswered: false,
    queued: null,
    lastSeen: null
  }
  key[CONNECTION] = connection
  return connection
}

/**
 * The bytes received and sent since the last call, so for one exchange when called at its end. They are the
 * connection's payload: heads and bodies of HTTP, or a WebSocket's frames, without TLS's own. The head of a
 * pipelined request counts with the exchange before it.
 */
export function takeBytes (connection: Connection): { received: number | null, sent: number | null } {
  if (!connection.counted) return { received: null, sent: null }
  const { bytesRead, bytesWritten } = connection.socket
  const received = bytesRead - connection.bytesRead
  const sent = bytesWritten - connection.bytesWritten
  connection.bytesRead = bytesRead
  connection.bytesWritten = bytesWritten
  return { received, sent }
}

/** Whether this request has come as far as the hooks. */
export function isSeen (raw: IncomingMessage): boolean {
  return (keyOf(raw) as Known)[CONNECTION]?.lastSeen === raw
}
