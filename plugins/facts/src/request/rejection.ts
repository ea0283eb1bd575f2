// Why was a request refused before anything could answer it? `request.rejection`, written by host-routing or by request-filter, whichever refuses.

/** host-routing: the host is unknown, missing or no host name; or the request names two. In IIS, the kernel refuses these. */
export type SiteRejection = 'Hostname' | 'BadRequest'

/** request-filter: the part of its options that refuses, with IIS's name where IIS has it. */
export type FilterRejection =
  | 'ipSecurity' | 'concurrentRequests' | 'requestRate'
  | 'verbs' | 'fileExtensions' | 'hiddenSegments' | 'denyUrlSequences' | 'denyQueryStringSequences' | 'filteringRules'
  | 'allowDoubleEscaping' | 'allowHighBitCharacters' | 'maxUrl' | 'maxQueryString' | 'maxAllowedContentLength' | 'headerLimits'
  | 'origins' | 'webSocketsPerClient' | 'handshakeRate'
  /** No URL that all servers read alike; HTTP.sys refuses most of these as well. */
  | 'url'

/** The fact `request.rejection`; null where the request was not refused. Final when it is written. */
export interface Rejection {
  readonly reason: SiteRejection | FilterRejection
  /** What was answered; undefined where host-routing refused. */
  readonly statusCode?: number
  /** IIS's substatus, e.g. 8 for 404.8; undefined where the request reached no site. */
  readonly subStatusCode?: number
  /** What was found: the segment, the rule's name, the origin. For logs and traces; no client sees it. */
  readonly detail?: string
}
