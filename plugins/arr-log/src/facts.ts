// What do other plugins leave on the request for the log to read?
//
// Described here by shape only, every part optional: none of these plugins has to be registered, or even
// installed, and a fact that is missing prints `-`.

/** `request.site`: which site the request was for (host-routing). */
export interface SiteFact {
  readonly name?: string
  readonly id?: number
}

/** `request.rejection`: why a request never reached a site (host-routing). */
export interface RejectionFact {
  readonly reason?: string
}

/** `request.rewrite`: what the URL became (url-rewrite). */
export interface RewriteFact {
  readonly url?: string
  readonly rule?: string
  readonly serverVariables?: Readonly<Record<string, string>>
  readonly logRewrittenUrl?: boolean
  /** Of an answer that a rule gave itself. */
  readonly subStatusCode?: number
  /** A rule ended the connection. */
  readonly aborted?: boolean
}

/** How an exchange with the upstream failed. */
export interface UpstreamErrorFact {
  readonly code?: string
  readonly moment?: string
  readonly side?: string
  readonly statusCode?: number
  readonly systemCode?: string | null
}

/** What passed one way through a tunnel. */
export interface FlowFact {
  readonly bytes?: number
  readonly messages?: number
}

/** A WebSocket's life inside a tunnel. */
export interface TunnelFact {
  readonly http?: string
  readonly handshakeTime?: number
  readonly subprotocol?: string | null
  readonly extensions?: string | null
  readonly received?: FlowFact
  readonly sent?: FlowFact
  readonly observed?: boolean
  readonly closedBy?: string | null
  readonly closeCode?: number | null
  /** A string, maybe empty, where a Close frame was sent. */
  readonly closeReason?: string | null
  readonly ending?: string | null
}

/** `request.upstream`: the upstream's part in the exchange (upstream-proxy). */
export interface UpstreamFact {
  readonly logId?: string
  readonly server?: string
  readonly routed?: string | null
  readonly status?: number | null
  readonly cacheHit?: boolean
  readonly error?: UpstreamErrorFact | null
  readonly tunnel?: TunnelFact | null
  readonly connectTime?: number | null
  readonly firstByteTime?: number | null
}

/** The facts as they may stand on a request. */
export interface Facts {
  readonly site?: SiteFact | null
  readonly rejection?: RejectionFact | null
  readonly rewrite?: RewriteFact | null
  readonly upstream?: UpstreamFact | null
}
