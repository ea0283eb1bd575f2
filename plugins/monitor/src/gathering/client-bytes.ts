// How many bytes pass from and to clients? The counters of their sockets, whatever these carry: requests, HTTP/2, WebSockets.
import type { Http2ServerRequest } from 'node:http2'
import type { Socket } from 'node:net'
import type { FastifyRequest } from 'fastify'

/** So many sockets are looked at in a second for nothing; more than that only while somebody looks. */
const AT_ONCE = 2_000
/** In so many seconds each is looked at. */
const ROUND = 60

// A property of the socket or session: every garbage collection would have to go through a WeakMap.
const CLIENT = Symbol('the client of the monitor')

type Known = object & { [CLIENT]?: Client }

/** A connection of a client. */
export interface Client {
  /** Null for `fastify.inject`, which has no network. */
  readonly socket: Socket | null
  /** A closed socket no longer has it. */
  readonly address: string
  /** Its index among all; -1 once it has closed. */
  at: number
  /** The socket's counters when they were last read. */
  read: number
  written: number
  /** Requests for the monitor's page that are under way: while there is one, no bytes count. */
  own: number
  readonly bytes: ClientBytes
}

/** The clients of one server. */
export class ClientBytes {
  readonly #clients: Client[] = []
  #next = 0
  #behind = false
  /** Since they were taken. */
  received = 0
  sent = 0

  get size (): number {
    return this.#clients.length
  }

  /** The connection of a request; the same object for every request of one. */
  of (raw: FastifyRequest['raw']): Client {
    const { stream } = raw as unknown as Partial<Http2ServerRequest>
    // On HTTP/2 each request's socket is a proxy of its own; the streams share the session.
    const key: Known = stream?.session ?? raw.socket ?? raw
    key[CLIENT] ??= this.#meet(stream === undefined ? raw.socket : stream.session?.socket)
    return key[CLIENT]
  }

  #meet (socket: Socket | undefined): Client {
    const isReal = socket !== undefined && socket !== null && typeof socket.bytesRead === 'number' && !socket.destroyed
    // A session's socket is a proxy that ends with the session; what `on` returns is the socket itself.
    const real: Socket & Known | null = isReal ? socket.on('close', onClose) : null
    const client = { socket: real, address: plain(socket?.remoteAddress), at: real === null ? -1 : this.#clients.length, read: 0, written: 0, own: 0, bytes: this }
    if (real !== null) {
      this.#clients.push(client)
      real[CLIENT] = client
    }
    return client
  }

  /** A request for the page itself begins. */
  enterOwn (client: Client): void {
    this.count(client)
    client.own++
  }

  leaveOwn (client: Client): void {
    this.count(client)
    client.own--
  }

  /** Counts what has passed since the last time. */
  count (client: Client): void {
    const { socket } = client
    if (socket === null) return
    const { bytesRead, bytesWritten } = socket
    if (client.own === 0) {
      this.received += Math.max(0, bytesRead - client.read)
      // What was still to be written when the socket was lost is written no more.
      this.sent += Math.max(0, (bytesWritten ?? client.written) - client.written)
    }
    client.read = bytesRead
    client.written = bytesWritten ?? client.written
  }

  /** Looks at all clients, or at some of many while nobody looks. To be called about once a second. True where what was found is of the last minute. */
  look (isWatched: boolean): boolean {
    const clients = this.#clients
    if (isWatched || clients.length <= AT_ONCE) {
      for (const client of clients) this.count(client)
      const wasBehind = this.#behind
      this.#behind = false
      return wasBehind
    }
    this.#behind = true
    for (let left = Math.max(AT_ONCE, Math.ceil(clients.length / ROUND)); left > 0; left--) {
      if (this.#next >= clients.length) this.#next = 0
      this.count(clients[this.#next++] as Client)
    }
    return false
  }

  /** @internal */
  end (client: Client): void {
    if (client.at === -1) return
    this.count(client)
    const last = this.#clients.pop() as Client
    if (last !== client) {
      // The last one fills the gap.
      this.#clients[client.at] = last
      last.at = client.at
    }
    client.at = -1
  }
}

// One function for all sockets.
function onClose (this: Known): void {
  const client = this[CLIENT]
  client?.bytes.end(client)
}

/** An IPv4 client of a dual-stack listener has its IPv4 address. */
function plain (address: string | undefined): string {
  if (address === undefined) return ''
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address
}
