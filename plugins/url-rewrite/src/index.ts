// url-rewrite: what does the URL become? IIS URL Rewrite rules as a Fastify plugin; writes `request.rewrite`.

import { STATUS_CODES } from 'node:http'
import fp from 'fastify-plugin'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { BadTargetError, InvalidOptionsError, NoProxyError } from './errors.ts'
import { compileOptions } from './options.ts'
import { run, type Outcome, type Rewrite } from './run.ts'
import type { RuleSet } from './compiled-rule.ts'
import type { Exchange } from './exchange.ts'
import type { OutboundRules, PathRules, RewriteMap, Rule } from './rules.ts'

export type * from './rules.ts'
export type { Rewrite } from './run.ts'

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

declare module 'fastify' {
  interface FastifyRequest {
    /** What the rules made of this request; null where none matched. */
    rewrite: Rewrite | null
  }
}

async function plugin (fastify: FastifyInstance, options: UrlRewriteOptions): Promise<void> {
  const mistakes: string[] = []
  const compiled = compileOptions(options, options.documentRoot !== undefined, mistake => mistakes.push(mistake))
  const { rules } = options
  const fixed = Array.isArray(rules) ? compiled.compileMore(rules as readonly Rule[], mistake => mistakes.push(mistake)) : null
  if (mistakes.length > 0) throw new InvalidOptionsError(mistakes.map(mistake => `- ${mistake}`).join('\n'))

  const given = new WeakMap<readonly Rule[], RuleSet>()
  const rulesOf = typeof rules === 'function'
    ? (request: FastifyRequest): RuleSet | null => {
        const list = rules(request)
        if (list === undefined) return null
        let set = given.get(list)
        if (set === undefined) {
          set = compiled.compileMore(list, mistake => mistakes.push(mistake))
          if (mistakes.length > 0) throw new InvalidOptionsError(mistakes.splice(0).map(mistake => `- ${mistake}`).join('\n'))
          given.set(list, set)
        }
        return set
      }
    : () => fixed

  fastify.decorateRequest('rewrite', null)

  fastify.addHook('onRequest', (request, reply, done) => {
    const exchange = exchangeOf(request)
    const sets = compiled.setsFor(exchange.siteName, rulesOf(request))
    const outcome = sets.length === 0 ? null : run(sets, exchange, null)
    if (outcome === null) return done()
    if (outcome.type !== 'Rewrite') return answer(outcome, request, reply)
    request.rewrite = outcome.rewrite
    done()
  })

  fastify.addHook('onReady', async () => {
    const rule = compiled.firstAbsolute() ?? null
    if (rule !== null && !fastify.hasRequestDecorator('upstream')) throw new NoProxyError(rule)
  })
}

/** What host-routing says about the request's site, as far as rules ask. */
interface SiteFact { readonly site?: { readonly name?: string, readonly id?: number } | null }

/** The request as rules see it; what costs something to read is read when a rule asks. */
function exchangeOf (request: FastifyRequest): Exchange {
  const { raw } = request
  const site = (request as SiteFact).site
  return {
    method: request.method,
    url: raw.url ?? '/',
    headers: raw.headers,
    httpVersion: raw.httpVersion,
    get encrypted () { return request.protocol === 'https' },
    get remoteAddress () { return request.ip ?? '' },
    get remotePort () { return String(raw.socket.remotePort ?? '') },
    get localAddress () { return raw.socket.localAddress ?? '' },
    get localPort () { return String(raw.socket.localPort ?? '') },
    siteName: site?.name ?? '',
    siteId: site?.id === undefined ? '' : String(site.id),
    documentRoot: ''
  }
}

/** Carries out what ends a request here. */
function answer (outcome: Exclude<Outcome, { type: 'Rewrite' }>, request: FastifyRequest, reply: FastifyReply): void {
  switch (outcome.type) {
    case 'Redirect':
      reply.code(outcome.status).header('location', outcome.location).send()
      break
    case 'CustomResponse': {
      const reason = outcome.reason.replace(/[^\t\x20-\x7e]+/g, ' ')
      if (reason !== '' && request.raw.httpVersionMajor === 1) reply.raw.statusMessage = reason
      reply.code(outcome.status).type('text/plain; charset=utf-8').send(outcome.description || reason || STATUS_CODES[outcome.status] || '')
      break
    }
    case 'AbortRequest':
      reply.hijack()
      request.raw.destroy()
      break
    case 'BadRequest':
      reply.send(new BadTargetError())
  }
}

export const urlRewrite = fp(plugin, { fastify: '5.x', name: '@fastify-arr/url-rewrite' })
export default urlRewrite
