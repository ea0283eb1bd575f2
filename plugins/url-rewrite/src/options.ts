// What may be written in the plugin's options, and are their names and words right?

import { unknownOptions } from './known-options.ts'
import type { FastifyRequest } from 'fastify'
import type { OutboundRules, PathOutboundRules } from './rules/outbound-rule.ts'
import type { DocumentFolder, PathRules, RewriteMap, Rule } from './rules/rule.ts'

/** The plugin's options: rule sets as IIS has them, as plain objects. */
export interface UrlRewriteOptions {
  /** Rules tried first, for every site. Their input is the whole path without its leading slash. Default: none. */
  readonly globalRules?: readonly Rule[]
  /** Rules tried next. A function gives each request its own list; it must return the same few arrays, since each is compiled once. Default: none. */
  readonly rules?: readonly Rule[] | ((request: FastifyRequest) => readonly Rule[] | undefined)
  /** Rules tried next: those of one site, by the name in `request.site`. Default: none. */
  readonly siteRules?: Readonly<Record<string, readonly Rule[]>>
  /** Rules tried last, the outer directory before the inner; their input is relative to their path. Default: none. */
  readonly pathRules?: readonly PathRules[]
  /** Rules for responses. Default: none. */
  readonly outboundRules?: OutboundRules
  /** Rules for the responses of one site, tried after `outboundRules`, by the name in `request.site`. Default: none. */
  readonly siteOutboundRules?: Readonly<Record<string, OutboundRules>>
  /** Rules for the responses to one directory, tried last, the outer directory before the inner. Default: none. */
  readonly pathOutboundRules?: readonly PathOutboundRules[]
  /** The largest body, in bytes after decompression, that a rule without tags may hold to search it; a larger one passes unchanged, with a warning in the log. Default: `4194304`. */
  readonly outboundBufferLimit?: number
  /** The tables for `{Name:key}`. Default: none. */
  readonly rewriteMaps?: readonly RewriteMap[]
  /** The server variables that rules other than global ones may set. Default: `'*'`, any. */
  readonly allowedServerVariables?: readonly string[] | '*'
  /**
   * How captures of a path are written into a new URL. `true`, as in IIS: decoded, then encoded anew, so that `%2F` becomes `/`.
   * `false`: byte for byte as the client sent them. Default: `false`.
   */
  readonly useOriginalURLEncoding?: boolean
  /**
   * What happens to a pattern that a client could make run for seconds. `'linear'` runs it under an engine that takes time in
   * proportion to the input, and refuses what that engine can't run; `'refuse'` refuses each. Default: `'linear'`.
   */
  readonly riskyPatterns?: 'linear' | 'refuse'
  /**
   * Whether a request rewritten to a path is routed again, so that the route of the new path answers it; the hooks run again, then.
   * A proxy does not need that: it reads `request.rewrite`. Default: `true` where no upstream-proxy is registered.
   */
  readonly reroute?: boolean
  /** Whether rewritten requests tell the upstream the path that was asked for as `X-Original-URL`, as in IIS. Default: `false`. */
  readonly originalUrlHeader?: boolean
  /** The directory for `IsFile`, `IsDirectory` and `{REQUEST_FILENAME}`, or a list of them by site and path. Default: none; a rule that needs it is an error. */
  readonly documentRoot?: string | readonly DocumentFolder[] | ((request: FastifyRequest) => string | undefined)
}

// A record, so that a missing key is a compile error.
const OPTIONS: Readonly<Record<keyof UrlRewriteOptions, true>> = { globalRules: true, rules: true, siteRules: true, pathRules: true, outboundRules: true, siteOutboundRules: true, pathOutboundRules: true, outboundBufferLimit: true, rewriteMaps: true, allowedServerVariables: true, useOriginalURLEncoding: true, riskyPatterns: true, reroute: true, originalUrlHeader: true, documentRoot: true }

/** The part of the options that is compiled at registration. */
export type WrittenRules = Pick<UrlRewriteOptions, 'globalRules' | 'siteRules' | 'pathRules' | 'outboundRules' | 'siteOutboundRules' | 'pathOutboundRules' | 'rewriteMaps' | 'allowedServerVariables' | 'useOriginalURLEncoding' | 'outboundBufferLimit' | 'riskyPatterns'>

/** Reports each name that is no option. */
export function checkNames (options: UrlRewriteOptions, mistake: (message: string) => void): void {
  unknownOptions(options, Object.keys(OPTIONS)).forEach(message => mistake(message))
}

/** Reports the options that must be one of a few words, or a number, and are not. */
export function checkWords ({ riskyPatterns, outboundBufferLimit, allowedServerVariables }: WrittenRules, mistake: (message: string) => void): void {
  if (riskyPatterns !== undefined && riskyPatterns !== 'linear' && riskyPatterns !== 'refuse') mistake(`riskyPatterns is ${JSON.stringify(riskyPatterns)}, not linear or refuse`)
  if (outboundBufferLimit !== undefined && !(Number.isSafeInteger(outboundBufferLimit) && outboundBufferLimit > 0)) mistake('outboundBufferLimit must be a number of bytes above 0')
  if (allowedServerVariables !== undefined && allowedServerVariables !== '*' && !Array.isArray(allowedServerVariables)) mistake('allowedServerVariables must be a list of names, or \'*\'')
}
