// url-rewrite: what does the URL become? IIS URL Rewrite rules as a Fastify plugin; writes `request.rewrite`.

import type { FastifyRequest } from 'fastify'
import type { OutboundRules, PathRules, RewriteMap, Rule } from './rules.ts'

export type * from './rules.ts'

/** The plugin's options: rule sets as IIS has them, as plain objects. */
export interface UrlRewriteOptions {
  /** Tried first, for every site. Their input is the whole path without its leading slash. Default: none. */
  readonly globalRules?: readonly Rule[]
  /** Tried next. A function gives each request its own list; it must return the same arrays again and again, since each is compiled once. Default: none. */
  readonly rules?: readonly Rule[] | ((request: FastifyRequest) => readonly Rule[] | undefined)
  /** Tried next: the rules of one site, by the name in `request.site`. Default: none. */
  readonly siteRules?: Readonly<Record<string, readonly Rule[]>>
  /** Tried last, the outer directory before the inner: rules whose input is relative to their path. Default: none. */
  readonly pathRules?: readonly PathRules[]
  /** Rules for responses. Default: none. */
  readonly outboundRules?: OutboundRules
  /** Rules for the responses of one site, tried after `outboundRules`, by the name in `request.site`. Default: none. */
  readonly siteOutboundRules?: Readonly<Record<string, OutboundRules>>
  /** The largest body, in bytes after decompression, that a rule without tags may hold to search it; a larger one passes unchanged, with a warning in the log. Default: `4194304`. */
  readonly outboundBufferLimit?: number
  /** The tables for `{Name:key}`. Default: none. */
  readonly rewriteMaps?: readonly RewriteMap[]
  /** The server variables that rules other than global ones may set. Default: `'*'`, any. */
  readonly allowedServerVariables?: readonly string[] | '*'
  /**
   * How what was captured from a path gets into a new URL. `true` is IIS: decoded, then encoded anew, so that `%2F` comes out as `/`.
   * `false` keeps it as the client sent it, byte for byte. Default: `false`.
   */
  readonly useOriginalURLEncoding?: boolean
  /**
   * What happens to a pattern that a client could make run for seconds. `'linear'` runs it under an engine
   * whose time grows with the input alone, and refuses it where that engine cannot; `'refuse'` refuses each. Default: `'linear'`.
   */
  readonly riskyPatterns?: 'linear' | 'refuse'
  /** The directory that `IsFile`, `IsDirectory` and `{REQUEST_FILENAME}` are about. Default: none; a rule that needs it is an error. */
  readonly documentRoot?: string | ((request: FastifyRequest) => string | undefined)
}
