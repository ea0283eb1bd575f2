// What is the upstream's part in an exchange? `request.upstream`, written by upstream-proxy.

/** When an exchange failed: while dialling, sending the request, awaiting the answer's head, or streaming its body. How a tunnel ended is its own fact. */
export type Moment = 'connect' | 'request' | 'headers' | 'body'

/** Whose fault a failure was. */
export type Side = 'client' | 'upstream' | 'proxy'

/** How an exchange with the upstream failed. */
export interface UpstreamError {
  /** The stable code, e.g. `FST_ARR_UPSTREAM_REFUSED`. */
  readonly code: string
  readonly moment: Moment
  readonly side: Side
  /** The status the client got, or would have got; 499 for a client that left. */
  readonly statusCode: number
  /** The system's own word, e.g. `ECONNREFUSED`. For logs only: it never reaches a client. */
  readonly systemCode: string | null
  readonly cause: unknown
}

/** What passed one way through a tunnel. Messages are counted by their first frame; bytes are those on the wire. */
export interface Flow {
  bytes: number
  messages: number
  text: number
  binary: number
  pings: number
  pongs: number
  /** When bytes last came this way, ms since the epoch; the opening where none has. */
  lastActivity: number
}

/** The limit of a tunnel because of which the proxy ends it; each is an option of upstream-proxy. */
export type TunnelLimit = 'idle' | 'age' | 'until' | 'ping' | 'halfClose' | 'send' | 'messageSize' | 'messageRate' | 'byteRate'

/** The life of a WebSocket, or of another protocol that was upgraded to, inside the tunnel. */
export interface TunnelFact {
  /** Names the tunnel in `fastify.tunnels`. */
  readonly id: string
  /** How the client speaks: HTTP/1.1 Upgrade, or extended CONNECT on HTTP/2 (RFC 8441). */
  readonly http: '1.1' | '2'
  /** What the tunnel speaks, as the upstream's 101 says, in lower case: `websocket`, `tcp`, `spdy/3.1`. */
  readonly protocol: string
  /** When it opened, ms since the epoch. */
  readonly openedAt: number
  /** From the request's arrival to the 101, ms. */
  readonly handshakeTime: number
  /** The sub-protocol the upstream chose, or null. */
  readonly subprotocol: string | null
  /** The extensions the upstream agreed to, as its header says, or null. */
  readonly extensions: string | null
  /** Client to upstream. */
  readonly received: Flow
  /** Upstream to client. */
  readonly sent: Flow
  /** ms since the epoch; any frame counts, pings too. */
  lastActivity: number
  /** False where the frames could not be read, or the protocol is no WebSocket: the bytes still flow, the counts by kind stop. */
  observed: boolean
  /** Who ended it first; null while it is open. */
  closedBy: Side | null
  /** The code of the first Close frame; null where none was sent (RFC 6455 §7.1.5: 1005 or 1006 is for the reader to infer). */
  closeCode: number | null
  closeReason: string | null
  /** How the transport ended: an orderly end, a reset or error, a time limit, or the server's drain; null while it is open. */
  ending: 'end' | 'reset' | 'timeout' | 'drain' | null
  /** The limit that it reached, because of which the proxy ended it; null where it reached none. */
  limit: TunnelLimit | null
}

/** An attempt that has failed: its connection did not come about or, where a farm tries again for that, was lost or answered with an error. */
export interface UpstreamAttempt {
  /** The origin that was asked, e.g. `http://localhost:8080`. */
  readonly server: string
  /** The stable code, e.g. `FST_ARR_UPSTREAM_REFUSED`. */
  readonly code: string
  /** What the server answered, where its answer was the failure. */
  readonly status?: number
  readonly moment: Moment
  /** How long it took, ms. */
  readonly time: number
}

/** The upstream's part in one exchange. Written by upstream-proxy alone, while the exchange goes on. */
export interface Upstream {
  /** The GUID sent as `X-ARR-LOG-ID`. */
  readonly logId: string
  /** The origin that was asked, e.g. `http://localhost:8080`; of several attempts, that of the last. Where a farm has chosen none yet, the origin by which the URL names the farm. */
  readonly server: string
  /** The attempts that have failed, in their order, also the last one where that is the error. Without a farm, those whose connections did not come about. Empty where the first attempt was the last. */
  readonly attempts: readonly UpstreamAttempt[]
  /** The farm whose server was asked, or null where there is no farm. */
  readonly farm: string | null
  /** The farm's server that was asked, as the farm names it (its address); of several attempts, that of the last. Null where there is no farm. */
  readonly routed: string | null
  /** The status the upstream answered (101 for a WebSocket); null until it did. */
  status: number | null
  error: UpstreamError | null
  /** The headers of the upstream's answer as the client got them, names and values in turn; null until they are known. Those of a 101 are without what hooks have set on the reply. */
  answerHeaders: readonly string[] | null
  tunnel: TunnelFact | null
  /** ms from the request's arrival until connected; 0 on a kept-alive connection; null until then. */
  connectTime: number | null
  /** ms from the request's arrival until the answer's head; null until then. */
  firstByteTime: number | null
}
