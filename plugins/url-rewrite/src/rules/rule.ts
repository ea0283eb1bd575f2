// What may be written in an inbound rule? Types only: plain, serialisable objects, named as in IIS's `<rewrite>` section.

import type { PatternSyntax } from '../expressions/pattern.ts'

export type { PatternSyntax } from '../expressions/pattern.ts'
export type { RewriteMap } from '../expressions/rewrite-map.ts'

/** The pattern for the URL, tried first. */
export interface Match {
  /** The pattern for the decoded path, which has no leading slash and no query. */
  readonly url: string
  /** Default: `true`. */
  readonly ignoreCase?: boolean
  /** Whether the rule applies where the pattern does not match; there is no `{R:n}` then. Default: `false`. */
  readonly negate?: boolean
}

/** One further check. */
export interface Condition {
  /** What the pattern is tried on, e.g. `{HTTP_HOST}`. Default: `{REQUEST_FILENAME}` for `IsFile` and `IsDirectory`, else it must be given. */
  readonly input?: string
  /** Default: `'Pattern'`. `IsFile` and `IsDirectory` need the option `documentRoot`. */
  readonly matchType?: 'Pattern' | 'IsFile' | 'IsDirectory'
  /** Needed where `matchType` is `Pattern`. */
  readonly pattern?: string
  /** Default: `true`. */
  readonly ignoreCase?: boolean
  /** Default: `false`. */
  readonly negate?: boolean
}

/** The conditions that are tried after the URL has matched. */
export interface Conditions {
  /** Default: `'MatchAll'`. */
  readonly logicalGrouping?: 'MatchAll' | 'MatchAny'
  /** One numbering of `{C:n}` over all conditions instead of those of the last that matched. Default: `false`, in outbound rules `true`. */
  readonly trackAllCaptures?: boolean
  readonly add: readonly Condition[]
}

/** A server variable to set; `HTTP_X_Y` is the request header `x-y` that the upstream gets. */
export interface SetServerVariable {
  readonly name: string
  /** Expanded like an action's URL. An empty value removes the header. */
  readonly value: string
  /** Whether a value that is already there is replaced. Default: `true`. */
  readonly replace?: boolean
}

/** The request's URL becomes another one, which later rules see. */
export interface RewriteAction {
  readonly type: 'Rewrite'
  /** A path, or an absolute `http(s)://` URL that upstream-proxy takes the request to. */
  readonly url: string
  /** Whether the request's query is joined to the new URL's. Default: `true`. */
  readonly appendQueryString?: boolean
  /** Whether logs show the new URL in the place of what the client asked for. Default: `false`. */
  readonly logRewrittenUrl?: boolean
}

/** The client is redirected. */
export interface RedirectAction {
  readonly type: 'Redirect'
  readonly url: string
  /** Default: `true`. */
  readonly appendQueryString?: boolean
  /** 301, 302, 303 or 307 as in IIS; 308 is an addition. Default: `301`. */
  readonly redirectType?: 301 | 302 | 303 | 307 | 308
}

/** The client is answered at once. */
export interface CustomResponseAction {
  readonly type: 'CustomResponse'
  /** Any status from 200 to 599, redirects (300 to 308) aside. */
  readonly statusCode: number
  /** For the log, 0 to 999. Default: `0`. */
  readonly subStatusCode?: number
  /** The reason phrase; HTTP/2 has none. Default: Node's own for the status. */
  readonly statusReason?: string
  /** The body, as text. Default: the reason phrase. */
  readonly statusDescription?: string
}

/** The connection is dropped without an answer. */
export interface AbortRequestAction {
  readonly type: 'AbortRequest'
}

/** The URL stays; server variables are set and `stopProcessing` is honoured. */
export interface NoneAction {
  readonly type: 'None'
}

/** What a rule does when everything matched. */
export type Action = RewriteAction | RedirectAction | CustomResponseAction | AbortRequestAction | NoneAction

/** One inbound rule. */
export interface Rule {
  /** Unique within its list; errors and traces name the rule by it. */
  readonly name: string
  /** A rule that is switched off is not compiled: mistakes in it are reported once it is on. Default: `true`. */
  readonly enabled?: boolean
  /** Default: `'ECMAScript'`. */
  readonly patternSyntax?: PatternSyntax
  /** Whether a match ends the rules: in `globalRules` those, elsewhere all lists behind, which are one set as in IIS. Default: `false`. */
  readonly stopProcessing?: boolean
  readonly match: Match
  readonly conditions?: Conditions
  /** Set before the action's URL is expanded, so that the URL can contain them. */
  readonly serverVariables?: readonly SetServerVariable[]
  /** Default: `{ type: 'None' }`. */
  readonly action?: Action
  /** The option of the same name, for this rule alone; in IIS it is an attribute of the list. Default: the option. */
  readonly useOriginalURLEncoding?: boolean
}

/** Rules for one directory: those of a `web.config` in it. */
export interface PathRules {
  /** The directory's URL path, e.g. `/app`; the rules' input is what follows it. Case does not matter. */
  readonly path: string
  /** The name of the one site they are for. Default: every site. */
  readonly site?: string
  /** Names of rules from above (`rules`, `siteRules`, outer directories) that do not run in this directory, as IIS's `<remove>`. Case does not matter. Default: none. */
  readonly remove?: readonly string[]
  readonly rules: readonly Rule[]
}

/** The folder of a directory: where `IsFile`, `IsDirectory` and `{REQUEST_FILENAME}` look for what is below it. */
export interface DocumentFolder {
  readonly folder: string
  /** The directory's URL path, e.g. `/app`. Case does not matter. Default: `/`. */
  readonly path?: string
  /** The name of the one site it is for. Default: every site. */
  readonly site?: string
}
