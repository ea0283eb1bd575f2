// What did the URL become? `request.rewrite`, written by url-rewrite.
import type { FastifyRequest } from 'fastify'

/** The fact `request.rewrite`: what the rules made of the request's URL and headers. Final in `onRequest`; null where no rule matched. */
export interface Rewrite {
  /** The new URL, percent-encoded and with its query: absolute (`http://…`, `https://…`) or a path. The one that came, where rules only set variables. */
  readonly url: string
  /** The last rule that matched. */
  readonly rule: string
  /** Request headers for the upstream, by lower-case name; an empty value removes the header. */
  readonly headers: Readonly<Record<string, string>>
  /** Other server variables that rules have set, by upper-case name. */
  readonly serverVariables: Readonly<Record<string, string>>
  /** Whether logs are to show `url` in the place of what the client asked for. */
  readonly logRewrittenUrl: boolean
  /** For the log, where a rule answered the request by itself. */
  readonly subStatusCode?: number
  /** For the log, where a rule ended the connection: HTTP/2 does not tell that from a client's reset. */
  readonly aborted?: true
}

/** What is done with a request once the rules have run. */
export type Outcome =
  | { readonly type: 'Rewrite', readonly rewrite: Rewrite }
  | { readonly type: 'Redirect', readonly rule: string, readonly status: number, readonly location: string }
  | { readonly type: 'CustomResponse', readonly rule: string, readonly status: number, readonly subStatus: number, readonly reason: string, readonly description: string }
  | { readonly type: 'AbortRequest', readonly rule: string }
  /** The request makes no valid URL or Host where the rule puts it; with `rule` null its own target is none. */
  | { readonly type: 'BadRequest', readonly rule: string | null }

/** One condition that was tried. */
export interface ConditionStep {
  /** As written, e.g. `{HTTP_HOST}`. */
  readonly input: string
  /** What that was for this request. */
  readonly value: string
  /** As written; null where it asks for a file or a directory. */
  readonly pattern: string | null
  readonly matchType: 'Pattern' | 'IsFile' | 'IsDirectory'
  readonly negate: boolean
  readonly held: boolean
}

/** One rule that was tried. */
export interface RuleStep {
  /** Where the rule stands, e.g. `globalRules`, `siteRules.Shop`, `pathRules /app`. */
  readonly list: string
  readonly rule: string
  /** As written. */
  readonly pattern: string
  readonly patternSyntax: 'ECMAScript' | 'Wildcard' | 'ExactMatch'
  readonly negate: boolean
  /** What its pattern was tried on. */
  readonly input: string
  /** The query at that moment, without the question mark. */
  readonly query: string
  readonly logicalGrouping: 'MatchAll' | 'MatchAny'
  readonly stopProcessing: boolean
  /** Whether the pattern matched, negation counted in. */
  readonly matched: boolean
  /** Those that were tried: the rest no longer mattered. */
  readonly conditions: readonly ConditionStep[]
  /** Whether pattern and conditions held, so that the action was carried out. */
  readonly applied: boolean
  /** What it captured, where it applied: `{R:n}` and `{C:n}`. */
  readonly captures?: { readonly rule: readonly string[], readonly conditions: readonly string[] }
  /** The URL after it, where it applied. */
  readonly url?: string
  /** The headers that rules have set so far, where it applied. */
  readonly headers?: Readonly<Record<string, string>>
}

/** Which rules were tried for one request, and what came out. */
export interface Explanation {
  readonly method: string
  readonly url: string
  readonly steps: readonly RuleStep[]
  /** Null where no rule matched. */
  readonly outcome: Outcome | null
}

/** What the channel `CHANNELS.rewrite` carries, for each request that rules were tried for. */
export interface RewriteMessage {
  readonly request: FastifyRequest
  readonly explanation: Explanation
}
