// Where do connections come in? `fastify.listeners`, written by listeners.
import type { IncomingMessage } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import type { Socket } from 'node:net'

/** One address that is listened on. A listener on `localhost` has two. */
export interface ListenerAddress {
  /** The listener's name. */
  readonly name: string
  readonly label: string | null
  readonly protocol: 'http' | 'https'
  /** The IP address, or the socket's path. */
  readonly address: string
  /** Null for a unix socket. */
  readonly port: number | null
  /** As a client writes it, e.g. `https://127.0.0.1:8443`. */
  readonly url: string
}

/** A certificate that is served. */
export interface ServedCertificate {
  /** The name of the listener that serves it. */
  readonly listener: string
  /** The hosts that it is for, e.g. `*.example.com`. */
  readonly names: readonly string[]
  readonly validTo: Date
  /** Given in the options, made by this machine's development authority, or issued by a CA. */
  readonly source: 'given' | 'development' | 'acme'
}

/** A name whose certificate is ordered from a CA. */
export interface AcmeName {
  readonly name: string
  /** The end of its certificate; null where it has none yet. */
  readonly validTo: Date | null
  /** When the next certificate is ordered. */
  readonly nextTry: Date
  /** How many tries have failed since the last certificate. */
  readonly failures: number
  /** Why the last one failed; null where none has. */
  readonly lastError: string | null
}

/** `fastify.listeners`, as far as others read it. */
export interface ListenersFact {
  /** The certificates of all listeners, as they are served now. */
  readonly certificates: readonly ServedCertificate[]
  /** The names whose certificates are ordered from a CA. */
  readonly acme: readonly AcmeName[]
  /** Where the listeners listen; empty until they do. */
  readonly addresses: readonly ListenerAddress[]
}

/** What the channel `CHANNELS.listenerRefused` carries: a client that was sent away before the server could hear of it. */
export interface ListenerRefusal {
  /** The listener's name. */
  readonly listener: string
  /** The one server that the connection was for. */
  readonly server: object
  readonly socket: Socket | Http2ServerRequest['socket']
  /** The client's, which behind a load balancer is not the socket's own. */
  readonly address: string | undefined
  /** The limit that it was over, or what was not to be met: `expectation`, `method`; `protocol` for a request that is not HTTP. */
  readonly reason: 'connections' | 'connectionsPerAddress' | 'headerSize' | 'expectation' | 'method' | 'protocol'
  /** The request, where Node emits no event for it. */
  readonly request?: IncomingMessage | Http2ServerRequest
  /** What it was answered; null where it was not. */
  readonly status?: number | null
}
