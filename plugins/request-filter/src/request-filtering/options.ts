// What may be written of `<requestFiltering>`? The names are IIS's (https://learn.microsoft.com/iis/configuration/system.webserver/security/requestfiltering/).

/** `<requestFiltering>`. Texts are compared without case; none is a pattern. */
export interface RequestFilteringOptions {
  /** Lets URLs through whose path is encoded twice, or has a `+` (404.11). Each step of decoding is looked at then. Defaults to false. */
  readonly allowDoubleEscaping?: boolean
  /** Lets URLs through whose path has characters that are not ASCII (404.12). Defaults to true. */
  readonly allowHighBitCharacters?: boolean
  /** Looks at queries as they came and decoded; with false only as they came. Defaults to true. */
  readonly unescapeQueryString?: boolean
  readonly requestLimits?: RequestLimits
  /** Methods by name: true lets in, false refuses (404.6). */
  readonly verbs?: { readonly allowUnlisted?: boolean, readonly verbs?: Readonly<Record<string, boolean>> }
  /** The ends of paths, each from its last dot on: true lets in, false refuses (404.7). `.` is a path without one. */
  readonly fileExtensions?: { readonly allowUnlisted?: boolean, readonly fileExtensions?: Readonly<Record<string, boolean>> }
  /** Whole segments that no path may have (404.8). Defaults to none. */
  readonly hiddenSegments?: readonly string[]
  /** What no path may have anywhere (404.5). Defaults to none. */
  readonly denyUrlSequences?: readonly string[]
  /** Whole paths that `denyUrlSequences` does not refuse. Defaults to none. */
  readonly alwaysAllowedUrls?: readonly string[]
  /** What no query may have anywhere (404.18). Defaults to none. */
  readonly denyQueryStringSequences?: readonly string[]
  /** Whole queries, without `?`, that `denyQueryStringSequences` does not refuse. Defaults to none. */
  readonly alwaysAllowedQueryStrings?: readonly string[]
  /** Defaults to none. */
  readonly filteringRules?: readonly FilteringRule[]
}

/** `<requestLimits>`, in bytes. */
export interface RequestLimits {
  /** The longest body that may be announced (413.1). Defaults to 30000000. */
  readonly maxAllowedContentLength?: number
  /** The longest path, as it came (404.14). Defaults to 4096. */
  readonly maxUrl?: number
  /** The longest query, as it came (404.15). Defaults to 2048. */
  readonly maxQueryString?: number
  /** The longest value by the header's name (431). Defaults to none. */
  readonly headerLimits?: Readonly<Record<string, number>>
}

/** `<filteringRule>`: what is refused with 404.19. */
export interface FilteringRule {
  /** For logs and traces. */
  readonly name: string
  /** Looks at the path. Defaults to false. */
  readonly scanUrl?: boolean
  /** Looks at the query. Defaults to false. */
  readonly scanQueryString?: boolean
  /** Looks at all headers, as `Name: value`. Defaults to false. */
  readonly scanAllRaw?: boolean
  /** Looks at the values of these headers. Defaults to none. */
  readonly scanHeaders?: readonly string[]
  /** Looks only at requests whose path has one of these extensions. Defaults to all requests. */
  readonly appliesTo?: readonly string[]
  /** Refuses where a percent sign in what is looked at begins no percent sequence. Defaults to true, as in IIS. */
  readonly denyUnescapedPercent?: boolean
  /** What may not be in what is looked at. */
  readonly denyStrings: readonly string[]
}

type Keys<Options> = Readonly<Record<keyof Options, true>>

// Records, so that the compiler misses the key that is left out.
const FILTERING: Keys<RequestFilteringOptions> = {
  allowDoubleEscaping: true,
  allowHighBitCharacters: true,
  unescapeQueryString: true,
  requestLimits: true,
  verbs: true,
  fileExtensions: true,
  hiddenSegments: true,
  denyUrlSequences: true,
  alwaysAllowedUrls: true,
  denyQueryStringSequences: true,
  alwaysAllowedQueryStrings: true,
  filteringRules: true
}
const LIMITS: Keys<RequestLimits> = { maxAllowedContentLength: true, maxUrl: true, maxQueryString: true, headerLimits: true }
const RULE: Keys<FilteringRule> = { name: true, scanUrl: true, scanQueryString: true, scanAllRaw: true, scanHeaders: true, appliesTo: true, denyUnescapedPercent: true, denyStrings: true }

export const FILTERING_KEYS = Object.keys(FILTERING)
export const LIMIT_KEYS = Object.keys(LIMITS)
export const RULE_KEYS = Object.keys(RULE)
