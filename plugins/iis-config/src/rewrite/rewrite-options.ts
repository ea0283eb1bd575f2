// The options of url-rewrite, described by their structure: packages do not import each other.

export type PatternSyntax = 'ECMAScript' | 'Wildcard' | 'ExactMatch'

export interface Condition {
  input?: string
  matchType?: 'Pattern' | 'IsFile' | 'IsDirectory'
  pattern?: string
  ignoreCase?: boolean
  negate?: boolean
}

export interface Conditions {
  logicalGrouping?: 'MatchAll' | 'MatchAny'
  trackAllCaptures?: boolean
  add: Condition[]
}

export interface SetServerVariable {
  name: string
  value: string
  replace?: boolean
}

export type Action =
  | { type: 'Rewrite', url: string, appendQueryString?: boolean, logRewrittenUrl?: boolean }
  | { type: 'Redirect', url: string, appendQueryString?: boolean, redirectType?: 301 | 302 | 303 | 307 | 308 }
  | { type: 'CustomResponse', statusCode: number, subStatusCode?: number, statusReason?: string, statusDescription?: string }
  | { type: 'AbortRequest' }
  | { type: 'None' }

export interface Rule {
  name: string
  enabled?: boolean
  patternSyntax?: PatternSyntax
  stopProcessing?: boolean
  match: { url: string, ignoreCase?: boolean, negate?: boolean }
  conditions?: Conditions
  serverVariables?: SetServerVariable[]
  action?: Action
  useOriginalURLEncoding?: boolean
}

export interface PathRules {
  path: string
  site?: string
  remove?: string[]
  rules: Rule[]
}

export interface RewriteMap {
  name: string
  defaultValue?: string
  ignoreCase?: boolean
  entries: Record<string, string>
}

export type OutboundTag = 'A' | 'Area' | 'Base' | 'Form' | 'Frame' | 'Head' | 'IFrame' | 'Img' | 'Input' | 'Link' | 'Script' | 'CustomTags'

export interface PreCondition {
  name: string
  logicalGrouping?: 'MatchAll' | 'MatchAny'
  patternSyntax?: PatternSyntax
  add: { input: string, pattern: string, ignoreCase?: boolean, negate?: boolean }[]
}

export interface CustomTags {
  name: string
  tags: { name: string, attribute: string }[]
}

export interface OutboundRule {
  name: string
  enabled?: boolean
  preCondition?: string
  patternSyntax?: PatternSyntax
  stopProcessing?: boolean
  match: {
    pattern: string
    serverVariable?: string
    filterByTags?: OutboundTag[]
    customTags?: string
    occurrences?: number
    ignoreCase?: boolean
    negate?: boolean
  }
  conditions?: Conditions
  action?: { type: 'Rewrite', value: string, replace?: boolean } | { type: 'None' }
}

export interface OutboundRules {
  rewriteBeforeCache?: boolean
  preConditions?: PreCondition[]
  customTags?: CustomTags[]
  rules: OutboundRule[]
}

export interface PathOutboundRules extends OutboundRules {
  path: string
  site?: string
  remove?: string[]
}

export interface DocumentFolder {
  folder: string
  path?: string
  site?: string
}

/** The options of `@fastify-arr/url-rewrite`. */
export interface UrlRewriteOptions {
  globalRules?: Rule[]
  rules?: Rule[]
  siteRules?: Record<string, Rule[]>
  pathRules?: PathRules[]
  outboundRules?: OutboundRules
  siteOutboundRules?: Record<string, OutboundRules>
  pathOutboundRules?: PathOutboundRules[]
  rewriteMaps?: RewriteMap[]
  allowedServerVariables?: string[]
  documentRoot?: string | DocumentFolder[]
}
