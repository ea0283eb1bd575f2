// What becomes of an attempt to reach a server? Told to onlookers on channels; every text and list is as it is on the wire.
import type { FastifyRequest } from 'fastify'
import type { Moment } from '../request/upstream.ts'

/** What the channel `CHANNELS.attemptBegan` carries. */
export interface AttemptMessage {
  readonly request: FastifyRequest
  /** The origin that is asked, e.g. `http://localhost:8080`. */
  readonly server: string
}

/** How a connection was opened, in ms from the beginning of the attempt; null for what was not needed. */
export interface ConnectTimes {
  /** The name was resolved. */
  readonly lookup: number | null
  /** TCP was connected. */
  readonly connect: number | null
  /** TLS was agreed. */
  readonly secure: number | null
}

/** The TLS of a connection to an upstream. */
export interface UpstreamSession {
  /** E.g. `TLSv1.3`. */
  readonly version: string | null
  readonly cipher: string | null
}

/** What the channel `CHANNELS.attemptSent` carries. */
export interface AttemptSent extends AttemptMessage {
  /** From the request line to the empty line, with line breaks; each character is a byte. */
  readonly head: string
  /** True where the connection has served an earlier request. */
  readonly kept: boolean
  /** `address:port` of the proxy's and of the server's end, `[address]:port` for IPv6; null for a unix socket. */
  readonly local: string | null
  readonly remote: string | null
  /** Null for a kept connection, and for one that was opened before anybody listened. */
  readonly times: ConnectTimes | null
  /** Null without TLS. */
  readonly tls: UpstreamSession | null
}

/** What the channel `CHANNELS.attemptAnswered` carries. */
export interface AttemptAnswered extends AttemptMessage {
  readonly status: number
  readonly reason: string
  /** Names and values in turn, as they came: before anything is removed or rewritten. */
  readonly headers: readonly string[]
}

/** What the channel `CHANNELS.attemptFailed` carries. A client that leaves or stalls, and an error in code of the user's, are no failure of the attempt. */
export interface AttemptFailed extends AttemptMessage {
  /** The stable code, e.g. `FST_ARR_UPSTREAM_REFUSED`. */
  readonly code: string
  readonly moment: Moment
  /** The system's own word, e.g. `ECONNREFUSED`; null where there is none. */
  readonly systemCode: string | null
}

/** What the channel `CHANNELS.answerSent` carries. */
export interface AnswerSent {
  readonly request: FastifyRequest
  /** Of HTTP/1.1; a WebSocket over HTTP/2 has 200 here and 101 in `request.upstream.status`. */
  readonly status: number
  /** Names and values in turn, as they leave for the client, with what hooks have set; without those that Node adds itself (Date, Connection, Transfer-Encoding). */
  readonly headers: readonly string[]
}
