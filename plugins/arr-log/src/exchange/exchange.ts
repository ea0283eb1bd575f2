// What happened? The record of one exchange, from which every line and entry is made.

/** The upstream's part. Times are ms from the request's arrival; null where it never came to that. */
export interface ExchangeUpstream {
  /** The GUID the upstream got as `X-ARR-LOG-ID`. */
  readonly logId: string | null
  readonly server: string | null
  /** The farm member that was picked; null where there is no farm. */
  readonly routed: string | null
  /** What the upstream answered; null if it did not. */
  readonly status: number | null
  readonly cacheHit: boolean
  readonly connectTime: number | null
  readonly firstByteTime: number | null
  readonly error: {
    readonly code: string | null
    readonly moment: string | null
    readonly side: string | null
    readonly systemCode: string | null
  } | null
}

/** How a WebSocket lived and ended. Null is what could not be known. */
export interface ExchangeWebSocket {
  /** `1.1` for an HTTP/1.1 upgrade, `2` for extended CONNECT (RFC 8441). */
  readonly http: string
  /** ms from the request's arrival to the 101. */
  readonly handshakeTime: number | null
  readonly subprotocol: string | null
  readonly extensions: string | null
  /** From the client. */
  readonly messagesReceived: number | null
  readonly bytesReceived: number | null
  /** To the client. */
  readonly messagesSent: number | null
  readonly bytesSent: number | null
  /** The code of the first Close frame, 1005 where it has none in it; null where no such frame was sent. */
  readonly closeCode: number | null
  readonly closeReason: string | null
  /** `client`, `upstream` or `proxy`. */
  readonly closedBy: string | null
  /** `end`, `reset`, `timeout` or `drain`. */
  readonly ending: string | null
}

/**
 * One exchange, HTTP or WebSocket. It is what a pino entry carries under `exchange`, and all that a line is
 * made of. It never holds the Cookie or Authorization headers.
 */
export interface Exchange {
  /** When it ended, ms since the epoch: the line's date and time. */
  readonly endedAt: number
  /** From the request's arrival to its last byte, whole ms; a WebSocket's whole life. */
  readonly timeTaken: number
  readonly requestId: string
  readonly site: string
  readonly siteId: number
  readonly method: string
  /** The Host header, or HTTP/2's `:authority`. */
  readonly host: string | null
  /** The path as it was sent, percent-encoded. */
  readonly path: string
  /** The query as it was sent, without `?`, secrets masked. */
  readonly query: string | null
  /** `HTTP/1.1`, `HTTP/2`. */
  readonly version: string
  readonly status: number
  readonly substatus: number
  readonly win32Status: number
  readonly serverIp: string | null
  readonly serverPort: number | null
  readonly clientIp: string | null
  readonly clientPort: number | null
  readonly username: string | null
  readonly userAgent: string | null
  readonly referer: string | null
  /** To the client, heads included; null where the transport does not tell. */
  readonly bytesSent: number | null
  /** From the client, heads included; null where the transport does not tell. */
  readonly bytesReceived: number | null
  /** `open`: this tells that a WebSocket has opened; its end will be told as well. Only with `logOpening`. */
  readonly event?: 'open'
  /** The rewrite rule that matched last. */
  readonly rule?: string
  readonly upstream?: ExchangeUpstream
  readonly websocket?: ExchangeWebSocket
  /** Why the request never reached a site; such an exchange goes to the httperr log. */
  readonly rejection?: string
  /** The custom fields, by their `logFieldName`, those made of secret headers left out. */
  readonly custom?: Readonly<Record<string, string | null>>
  /** Cookies and secret custom fields: not enumerable, so in a line where they were asked for, in an entry never. */
  readonly hidden?: Readonly<Record<string, string | null>>
}
