// url-rewrite: what does the URL become? IIS URL Rewrite rules as a Fastify plugin; writes `request.rewrite`.

import { channel } from 'node:diagnostics_channel'
import { pipeline, Readable } from 'node:stream'
import fp from 'fastify-plugin'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { answer, headersOf, setHeaders } from './answer.ts'
import { FileWanted } from './conditions.ts'
import { InvalidOptionsError, NoProxyError } from './errors.ts'
import { storyteller, type Explanation, type Storyteller } from './explain.ts'
import { kindOf } from './files.ts'
import { compileOptions } from './options.ts'
import { exchangeOf, imagine, originForm } from './request-facts.ts'
import { underUrl } from './reroute.ts'
import { rewriteResponse, type ResponseChange, type ResponseHead } from './response.ts'
import { run, stateAfter, type Outcome, type Rewrite } from './run.ts'
import type { RuleSet } from './compiled-rule.ts'
import type { Exchange, FileKind } from './exchange.ts'
import type { OutboundRules, PathRules, RewriteMap, Rule } from './rules.ts'

export type * from './rules.ts'
export type { Outcome, Rewrite } from './run.ts'
export type { Exchange } from './exchange.ts'
export type { ConditionStep, Explanation, RuleStep } from './explain.ts'
export type { ResponseChange, ResponseHead } from './response.ts'

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
  /**
   * Whether a request rewritten to a path is routed again, so that the route of the new path answers it; the hooks run again, then.
   * A proxy needs no such thing: it reads `request.rewrite`. Default: `true` where no upstream-proxy is registered.
   */
  readonly reroute?: boolean
  /** Whether rewritten requests bring the upstream the path that was asked for as `X-Original-URL`, as in IIS. Default: `false`. */
  readonly originalUrlHeader?: boolean
  /** The directory that `IsFile`, `IsDirectory` and `{REQUEST_FILENAME}` are about. Default: none; a rule that needs it is an error. */
  readonly documentRoot?: string | ((request: FastifyRequest) => string | undefined)
}

/** What other plugins are handed, as `fastify.urlRewrite`. */
export interface UrlRewrite {
  /**
   * Runs the outbound rules on a response that does not pass Fastify's own `onSend`: one that a proxy writes itself.
   * Undefined where nothing changes. Made for the option `rewriteResponse` of upstream-proxy.
   */
  rewriteResponse (request: FastifyRequest, response: ResponseHead): ResponseChange | undefined
  /**
   * Says which rules are tried for a request, what matches and what comes out, without carrying anything out.
   * Takes a request that came, or a few words on one that might: `{ url: '/a?b', headers: { host: 'example.com' } }`.
   */
  explain (request: FastifyRequest | Imagined): Promise<Explanation>
}

/** A request that never came; what is not given is a plain `GET /` for `localhost` on port 80. */
export type Imagined = Partial<Exchange>

/** What is published on the `diagnostics_channel` named `fastify-arr:rewrite`, for each request, where somebody listens. */
export interface RewriteMessage {
  readonly request: FastifyRequest
  readonly explanation: Explanation
}

declare module 'fastify' {
  interface FastifyInstance {
    urlRewrite: UrlRewrite
  }
  interface FastifyRequest {
    /** What the rules made of this request; null where none matched. */
    rewrite: Rewrite | null
  }
}

const onlookers = channel('fastify-arr:rewrite')

/** What the rules said, with its story where somebody wants it. */
interface Told {
  readonly outcome: Outcome | null
  readonly explanation: Explanation | null
}

async function plugin (fastify: FastifyInstance, options: UrlRewriteOptions): Promise<void> {
  const { rules, documentRoot } = options
  const mistakes: string[] = []
  const tell = (mistake: string): void => { mistakes.push(mistake) }
  const complain = (): void => {
    if (mistakes.length > 0) throw new InvalidOptionsError(mistakes.splice(0).map(mistake => `- ${mistake}`).join('\n'))
  }
  const compiled = compileOptions(options, documentRoot !== undefined, tell)
  const fixed = typeof rules === 'function' || rules === undefined ? null : compiled.compileMore(rules, tell)
  complain()

  const seen = new WeakMap<readonly Rule[], RuleSet>()
  const rulesOf = (request: FastifyRequest): RuleSet | null => {
    if (typeof rules !== 'function') return fixed
    const list = rules(request)
    if (list === undefined) return null
    let set = seen.get(list)
    if (set === undefined) {
      const more = compiled.compileMore(list, tell)
      complain()
      seen.set(list, set = more as RuleSet)
    }
    return set
  }
  const rootOf = typeof documentRoot === 'function' ? documentRoot : () => documentRoot

  /** What the rules say, at once; where one asks about a file, the disk is asked and the rules begin again. */
  const outcomeOf = (exchange: Exchange, own: RuleSet | null, teller: (() => Storyteller) | null, files: Map<string, FileKind> | null): Told | Promise<Told> => {
    const sets = compiled.setsFor(exchange.siteName, own)
    const story = teller?.()
    try {
      const outcome = sets.length === 0 ? null : run(sets, exchange, files, story)
      return { outcome, explanation: story?.tell(exchange, outcome) ?? null }
    } catch (error) {
      if (!(error instanceof FileWanted)) throw error
      const known = files ?? new Map<string, FileKind>()
      return kindOf(error.path).then(kind => outcomeOf(exchange, own, teller, known.set(error.path, kind)))
    }
  }

  const explain = async (request: FastifyRequest | Imagined): Promise<Explanation> => {
    const own = isRequest(request) ? rulesOf(request) : fixed
    const exchange = isRequest(request) ? exchangeOf(request, rootOf(request) ?? '') : imagine(request, typeof documentRoot === 'string' ? documentRoot : '')
    return (await outcomeOf(exchange, own, storyteller, null)).explanation as Explanation
  }

  let proxied = false
  let reroute = false
  // What the rules made of requests that are on their second way through the router.
  const rerouted = new WeakMap<object, Rewrite>()

  const conclude = ({ outcome, explanation }: Told, request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void): void => {
    if (explanation !== null) onlookers.publish({ request, explanation } satisfies RewriteMessage)
    if (outcome === null) return done()
    if (outcome.type !== 'Rewrite') return answer(outcome, request, reply)
    const rewrite = options.originalUrlHeader === true ? withOriginalUrl(outcome.rewrite, request) : outcome.rewrite
    request.rewrite = rewrite
    const { url, rule } = rewrite
    if (!url.startsWith('/')) return done(proxied ? undefined : new NoProxyError(`rule "${rule}"`))
    if (!reroute || url === originForm(request.raw.url ?? '/')) return done()
    rerouted.set(reply.raw, rewrite)
    reply.hijack()
    fastify.routing(underUrl(request.raw, url), reply.raw)
  }

  const limit = options.outboundBufferLimit ?? 4_194_304
  const rewriteAnswer = (request: FastifyRequest, response: ResponseHead): ResponseChange | undefined => {
    const exchange = exchangeOf(request, rootOf(request) ?? '')
    const outbound = compiled.outboundFor(exchange.siteName)
    if (outbound.length === 0) return undefined
    const state = stateAfter(exchange, request.rewrite)
    if (state === null) return undefined
    const passed = (why: string): void => request.log.warn({ url: request.url }, `outbound rules could not look into a body: ${why}`)
    return rewriteResponse(outbound, state, response, { method: request.method, limit, passed })
  }

  fastify.decorate('urlRewrite', { rewriteResponse: rewriteAnswer, explain })
  fastify.decorateRequest('rewrite', null)

  fastify.addHook('onRequest', (request, reply, done) => {
    const before = rerouted.get(reply.raw)
    if (before !== undefined) {
      request.rewrite = before
      return done()
    }
    const told = outcomeOf(exchangeOf(request, rootOf(request) ?? ''), rulesOf(request), onlookers.hasSubscribers ? storyteller : null, null)
    if (told instanceof Promise) told.then(result => conclude(result, request, reply, done)).catch(done)
    else conclude(told, request, reply, done)
  })

  if (options.outboundRules !== undefined || options.siteOutboundRules !== undefined) {
    fastify.addHook('onSend', async (request, reply, payload) => {
      const change = rewriteAnswer(request, { status: reply.statusCode, headers: headersOf(reply) })
      if (change?.headers !== undefined) setHeaders(reply, change.headers)
      const readable = typeof payload === 'string' || Buffer.isBuffer(payload) ? Readable.from([Buffer.from(payload)]) : payload
      if (change?.body === undefined || !(readable instanceof Readable)) return payload
      return pipeline(readable, change.body, () => {})
    })
  }

  fastify.addHook('onReady', async () => {
    proxied = fastify.hasRequestDecorator('upstream')
    reroute = options.reroute ?? !proxied
    const rule = compiled.firstAbsolute(fixed)
    if (rule !== undefined && !proxied) throw new NoProxyError(rule)
  })
}

const isRequest = (request: FastifyRequest | Imagined): request is FastifyRequest => 'raw' in request

/** The upstream is told what was asked for; a rule's own word on it counts. */
const withOriginalUrl = (rewrite: Rewrite, { raw }: FastifyRequest): Rewrite =>
  ({ ...rewrite, headers: { 'x-original-url': originForm(raw.url ?? '/'), ...rewrite.headers } })

export const urlRewrite = fp(plugin, { fastify: '5.x', name: '@fastify-arr/url-rewrite' })
export default urlRewrite
