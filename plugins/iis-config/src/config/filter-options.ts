// The options of request-filter, as far as a file of IIS sets them. Described by their structure: packages do not import each other.

/** What a client gets that is refused. */
export type DenyAction = 'AbortRequest' | 'Unauthorized' | 'Forbidden' | 'NotFound'

/** An address or a range of addresses. */
export interface IpSecurityAddress {
  ipAddress: string
  subnetMask?: string
  allowed: boolean
}

/** A rule of `<filteringRules>`. */
export interface FilteringRule {
  name: string
  scanUrl?: boolean
  scanQueryString?: boolean
  scanAllRaw?: boolean
  scanHeaders?: string[]
  appliesTo?: string[]
  denyUnescapedPercent: boolean
  denyStrings: string[]
}

/** `<requestFiltering>`, whole. */
export interface RequestFilteringOptions {
  allowDoubleEscaping: boolean
  allowHighBitCharacters: boolean
  unescapeQueryString: boolean
  /** In bytes. */
  requestLimits: { maxAllowedContentLength: number, maxUrl: number, maxQueryString: number, headerLimits?: Record<string, number> }
  verbs?: { allowUnlisted: boolean, verbs?: Record<string, boolean> }
  fileExtensions: { allowUnlisted: boolean, fileExtensions: Record<string, boolean> }
  hiddenSegments: string[]
  denyUrlSequences?: string[]
  alwaysAllowedUrls?: string[]
  denyQueryStringSequences?: string[]
  alwaysAllowedQueryStrings?: string[]
  filteringRules?: FilteringRule[]
}

/** What may come in at one place. */
export interface FilterOptions {
  ipSecurity?: false | {
    allowUnlisted: boolean
    addresses: IpSecurityAddress[]
    denyAction: DenyAction
  }
  dynamicIpSecurity?: false | {
    denyByConcurrentRequests?: { maxConcurrentRequests: number }
    denyByRequestRate?: { maxRequests: number, requestIntervalInMilliseconds: number }
    denyAction: DenyAction
    enableLoggingOnlyMode: boolean
    countWebSockets?: boolean
  }
  requestFiltering?: RequestFilteringOptions
}

/** A site, a path or both. */
export interface FilterPlace extends FilterOptions {
  site?: string
  path?: string
}

/** The options of `@fastify-arr/request-filter`. A part of a place has all that holds there. */
export interface RequestFilterOptions extends FilterOptions {
  places?: FilterPlace[]
}
