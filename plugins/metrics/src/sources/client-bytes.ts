// How many bytes pass between clients and this server? Counted by connection, when somebody asks and at its end: reading a socket's counters takes almost as long as all else that an exchange costs here.
import type { Http2ServerRequest } from 'node:http2'
import type { Socket } from 'node:net'
import type { FastifyRequest } from 'fastify'
import { Chain, type Link } from '../counting/chain.ts'
import { Counter } from '../counting/counter.ts'
import { metricOf, type Metric } from '../counting/metric.ts'

const CONNECTION = Symbol('a connection whose bytes are counted')
type Known = object & { [CONNECTION]?: ClientConnection }

/** A connection of a client. */
export interface ClientConnection {
  readonly owner: ClientBytes
  readonly socket: Pick<Socket, 'bytesRead' | 'bytesWritten'>
  readonly isHttp2: boolean
  /** Its place among the open ones; null where it is counted no more. */
  place: Link<ClientConnection> | null
  /** The site of the exchange that ended last; null before the first has ended, and nothing is counted until then. */
  site: string | null
  /** What is counted already. */
  read: number
  written: number
}

/** The connections of one server. */
export class ClientBytes {
  readonly #open = new Chain<ClientConnection>()
  readonly #counted = new Counter('arr_http_bytes_total', 'Bytes that clients have sent and got, without WebSockets over HTTP/1.1.', ['site', 'direction'])

  get metric (): Metric {
    const { name, help } = this.#counted.metric
    return metricOf('counter', name, help, () => {
      for (const connection of this.#open) this.#count(connection)
      return this.#counted.samples()
    }, () => { this.#counted.metric.reset() })
  }

  /** The connection of a request that begins; null for one that is not counted: of `fastify.inject`, or on its way to be a WebSocket. */
  of ({ raw }: FastifyRequest): ClientConnection | null {
    const session = (raw as unknown as Partial<Http2ServerRequest>).stream?.session
    const key: Known | undefined = session ?? raw.socket
    if (key === undefined || key === null) return null
    const connection = key[CONNECTION] ?? this.#begin(key, session?.socket ?? raw.socket, session !== undefined)
    if (connection === null || connection.owner !== this) return null
    if (raw.headers.upgrade !== undefined && !connection.isHttp2) this.#leave(connection)
    return connection
  }

  /** An exchange of this site has ended. */
  ended (connection: ClientConnection, site: string): void {
    if (connection.site !== site) {
      // What has passed before was of another site.
      this.#count(connection)
      connection.site = site
    }
    // A session that has closed no longer has its socket.
    if (connection.isHttp2) this.#count(connection)
  }

  #begin (key: Known, socket: Socket, isHttp2: boolean): ClientConnection | null {
    if (typeof socket?.bytesRead !== 'number') return null
    const connection: ClientConnection = { owner: this, socket, isHttp2, place: null, site: null, read: 0, written: 0 }
    key[CONNECTION] = connection
    connection.place = this.#open.add(connection)
    ;(key as Socket).once('close', () => {
      connection.site ??= ''
      this.#leave(connection)
    })
    return connection
  }

  #leave (connection: ClientConnection): void {
    if (connection.place === null) return
    this.#count(connection)
    this.#open.strike(connection.place)
    connection.place = null
  }

  #count (connection: ClientConnection): void {
    const { socket, site, read, written } = connection
    if (connection.place === null || site === null) return
    try {
      connection.read = socket.bytesRead
      connection.written = socket.bytesWritten
    } catch {
      // The session has closed.
      return
    }
    if (connection.read > read) this.#counted.add([site, 'received'], connection.read - read)
    if (connection.written > written) this.#counted.add([site, 'sent'], connection.written - written)
  }
}
