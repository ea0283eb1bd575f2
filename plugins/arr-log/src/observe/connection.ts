// What are the addresses of a connection, and how many bytes did each exchange move on it?
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** Read once per connection and kept: a closed socket no longer has its addresses. */
export interface Connection {
  readonly serverIp: string | null
  readonly serverPort: number | null
  readonly clientIp: string | null
  readonly clientPort: number | null
  readonly socket: Socket
  /** A request of `fastify.inject`, without a network. */
  readonly injected: boolean
  readonly secure: boolean
  /** Whether the socket's counters can be used. False on HTTP/2, where concurrent exchanges share them. */
  readonly counted: boolean
  /** The socket's counters at the end of the previous exchange. */
  bytesRead: number
  bytesWritten: number
  /** Exchanges that have begun and not ended. */
  open: number
  /** The code of a client error that occurred while an exchange was open; it is logged in that exchange's line. */
  clientError: string | null
  /** Whether nothing had been sent since the previous exchange when that error occurred: the client then got the error's answer. */
  unanswered: boolean
  /** Responses queued behind another one of their pipeline; null until there is one. */
  queued: Set<ServerResponse> | null
  /** The request whose hooks ran last. */
  lastSeen: IncomingMessage | null
}

interface Http2Request {
  readonly stream?: Known & { readonly session?: object }
}

// A property of the socket or session: every garbage collection would have to scan a WeakMap.
const CONNECTION = Symbol('connection')

type Known = object & { [CONNECTION]?: Connection }

/** The connection of a request; the same object for every request of one connection. */
export function connectionOf (raw: IncomingMessage): Connection {
  const key: Known = keyOf(raw)
  const connection = key[CONNECTION] ?? createConnection(key, raw)
  const { stream } = raw as Http2Request
  if (stream !== undefined) stream[CONNECTION] = connection
  return connection
}

// On HTTP/2 each request's socket is a proxy object of its own; the streams share the session, but a closed stream no longer
// has it, so the stream is marked as well. An injected WebSocket has neither stream nor socket.
function keyOf (raw: IncomingMessage): object {
  const { stream } = raw as Http2Request
  return stream?.session ?? stream ?? raw.socket ?? raw
}

/** The connection of a socket; undefined before its first request reaches a hook. */
export function knownConnection (socket: object): Connection | undefined {
  return (socket as Known)[CONNECTION]
}

/** An address as IIS writes it: an IPv4 client of a dual-stack listener has its IPv4 address. */
export function plainAddress (address: string | undefined): string | null {
  if (address === undefined) return null
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address
}

function createConnection (key: Known, raw: IncomingMessage): Connection {
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
 * The bytes received and sent since the previous call: those of one exchange, when called at its end. They are the
 * connection's payload, heads and bodies of HTTP or a WebSocket's frames, without the overhead of TLS. The head of a
 * pipelined request is counted with the exchange before it.
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

/** Whether this request has reached the hooks. */
export function isSeen (raw: IncomingMessage): boolean {
  return (keyOf(raw) as Known)[CONNECTION]?.lastSeen === raw
}
