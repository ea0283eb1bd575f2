// What is recorded of one exchange? Every line and entry is made from this record.

/** The upstream's part. Times are ms from the request's arrival, null where that point was not reached. */
export interface ExchangeUpstream {
  /** The GUID sent to the upstream as `X-ARR-LOG-ID`. */
  readonly logId: string | null
  readonly server: string | null
  /** The farm member that was picked; null where there is no farm. */
  readonly routed: string | null
  /** The upstream's status; null if it did not answer. */
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

/** A WebSocket's traffic and its end. Null where a value is not known. */
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
  /** How long nothing had come from the client when it ended, ms. */
  readonly idleReceived: number | null
  /** How long nothing had come from the upstream when it ended, ms. */
  readonly idleSent: number | null
  /** The code of the first Close frame, 1005 for a frame without a code; null where no Close frame was sent. */
  readonly closeCode: number | null
  readonly closeReason: string | null
  /** `client`, `upstream` or `proxy`. */
  readonly closedBy: string | null
  /** `end`, `reset`, `timeout` or `drain`. */
  readonly ending: string | null
  /** The proxy's limit that it reached, and was ended for: `idle`, `age`, `messageSize` …; null where it reached none. */
  readonly limit: string | null
}

/**
 * One exchange, HTTP or WebSocket: what a log entry has under `exchange`, and the only input of a line. The Cookie and
 * Authorization headers are never in its enumerable properties.
 */
export interface Exchange {
  /** When it ended, ms since the epoch: the line's date and time. */
  readonly endedAt: number
  /** From the request's arrival to the answer's last byte, whole ms; for a WebSocket, until it closed. */
  readonly timeTaken: number
  readonly requestId: string
  readonly site: string
  readonly siteId: number
  readonly method: string
  /** The Host header, or HTTP/2's `:authority`. */
  readonly host: string | null
  /** The path as it was sent, percent-encoded. */
  readonly path: string
  /** The query as it was sent, without `?`, with secrets masked. */
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
  /** To the client, heads included; null where the transport does not count. */
  readonly bytesSent: number | null
  /** From the client, heads included; null where the transport does not count. */
  readonly bytesReceived: number | null
  /** `open`: the record of a WebSocket's opening; its end gets a record of its own. Only with `logOpening`. */
  readonly event?: 'open'
  /** The process that has served it. Only where a line has the column `x-process`. */
  readonly process?: string
  /** A WebSocket was asked for, and none opened. */
  readonly attempt?: true
  /** The rewrite rule that matched last. */
  readonly rule?: string
  readonly upstream?: ExchangeUpstream
  readonly websocket?: ExchangeWebSocket
  /** Why the request reached no site; such an exchange goes to the httperr log. */
  readonly rejection?: string
  /** Why a filter has refused the request: the part of the filter, and what it found. */
  readonly refused?: { readonly reason: string, readonly detail: string | null }
  /** The custom fields by `logFieldName`, without those of secret headers. */
  readonly custom?: Readonly<Record<string, string | null>>
  /** Cookies and secret custom fields. Not enumerable: a line has them where they were chosen, an entry never. */
  readonly hidden?: Readonly<Record<string, string | null>>
}
