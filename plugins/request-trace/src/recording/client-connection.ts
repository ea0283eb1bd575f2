// Which connection did a request come by? Read once per connection and kept: a closed socket no longer has its addresses.
import type { Http2ServerRequest } from 'node:http2'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { FastifyRequest } from 'fastify'

/** A connection of a client. */
export interface ClientConnection {
  /** Counted from 1 in this process. */
  readonly id: number
  readonly socket: Socket
  /** A request of `fastify.inject`, without a network. */
  readonly injected: boolean
  readonly remoteAddress: string
  readonly remotePort: number
  readonly localAddress: string
  readonly localPort: number
  /** Null without TLS. */
  readonly tls: ClientTls | null
  /** The socket's counters at the end of the exchange before, where that is known; the bytes of streams of HTTP/2 are not. */
  read: number
  written: number
  /** Whether `read` and `written` are those of the exchange before. */
  exact: boolean
  /** Responses behind another one of their pipeline; null until there is one. */
  queued: Set<object> | null
}

/** The TLS of a client's connection. */
export interface ClientTls {
  readonly version: string | null
  readonly cipher: string | null
  readonly sni: string | null
  readonly alpn: string | null
}

// A property of the socket or session: every garbage collection would have to go through a WeakMap.
const CONNECTION = Symbol('the connection in traces')

type Known = object & { [CONNECTION]?: ClientConnection }

let last = 0

/** The connection of a request; the same object for every request of one connection. */
export function connectionOf (raw: FastifyRequest['raw']): ClientConnection {
  const { stream } = raw as unknown as Partial<Http2ServerRequest>
  // On HTTP/2 each request's socket is a proxy of its own; the streams share the session.
  const key: Known = stream?.session ?? raw.socket ?? raw
  key[CONNECTION] ??= read(raw.socket ?? {}, stream !== undefined)
  return key[CONNECTION]
}

function read (socket: Socket, isHttp2: boolean): ClientConnection {
  const injected = typeof socket.bytesRead !== 'number'
  return {
    id: ++last,
    socket,
    injected,
    remoteAddress: plain(socket.remoteAddress),
    remotePort: socket.remotePort ?? 0,
    localAddress: plain(socket.localAddress),
    localPort: socket.localPort ?? 0,
    tls: (socket as Partial<TLSSocket>).encrypted === true ? tlsOf(socket as TLSSocket) : null,
    read: 0,
    written: 0,
    exact: !injected && !isHttp2,
    queued: null
  }
}

function tlsOf (socket: TLSSocket): ClientTls {
  const { servername, alpnProtocol } = socket as unknown as { readonly servername?: string | false, readonly alpnProtocol?: string | false }
  return {
    version: socket.getProtocol(),
    cipher: socket.getCipher()?.standardName ?? null,
    sni: typeof servername === 'string' && servername !== '' ? servername : null,
    alpn: typeof alpnProtocol === 'string' && alpnProtocol !== '' ? alpnProtocol : null
  }
}

/** The bytes of the exchange that ends now: those since the end of the one before. Null where that is not known, as on HTTP/2. */
export function takeBytes (connection: ClientConnection, isHttp2: boolean): { received: number | null, sent: number | null } {
  const { socket, injected, exact, read, written } = connection
  if (injected || isHttp2) return { received: null, sent: null }
  connection.read = socket.bytesRead
  connection.written = socket.bytesWritten
  connection.exact = true
  return exact ? { received: socket.bytesRead - read, sent: socket.bytesWritten - written } : { received: null, sent: null }
}

/** An IPv4 client of a dual-stack listener has its IPv4 address. */
function plain (address: string | undefined): string {
  if (address === undefined) return ''
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address
}

/** `address:port`, with brackets around IPv6. */
export function endpoint (address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}
