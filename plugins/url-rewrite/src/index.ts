// url-rewrite: what does the URL become? The rules of IIS URL Rewrite as a Fastify plugin, which writes `request.rewrite`.

import { channel } from 'node:diagnostics_channel'
import { pipeline, Readable } from 'node:stream'
import { CHANNELS, type Explanation, type Rewrite, type RewriteMessage } from '@fastify-arr/facts'
import fp from 'fastify-plugin'
import type { FastifyInstance, FastifyReply, FastifyRequest, onSendHookHandler } from 'fastify'
import { InvalidOptionsError, NoProxyError } from './errors.ts'
import { answer } from './inbound/answer.ts'
import { underUrl } from './inbound/reroute.ts'
import { isText, streamOf, unwrapped, withoutCoding } from './outbound/payload.ts'
import { headersOf, setHeaders } from './outbound/reply-headers.ts'
import { originForm } from './request/request-target.ts'
import { Rulebook, type Imagined, type Verdict } from './rules/rulebook.ts'
import { isHere, ONCE } from './once-in-scope.ts'
import type { UrlRewriteOptions } from './options.ts'
import type { ResponseChange, ResponseHead } from './outbound/response.ts'

export type { ConditionStep, Explanation, Outcome, Rewrite, RewriteMessage, RuleStep } from '@fastify-arr/facts'
export type * from './rules/outbound-rule.ts'
export type * from './rules/rule.ts'
export type { UrlRewriteOptions } from './options.ts'
export type { ResponseChange, ResponseHead } from './outbound/response.ts'
export type { Exchange } from './request/exchange.ts'
export type { Imagined } from './rules/rulebook.ts'

/** `fastify.urlRewrite`, for other plugins. */
export interface UrlRewrite {
  /** True where there are outbound rules. */
  readonly changesAnswers: boolean
  /** The hook that runs the outbound rules on replies. By it upstream-proxy recognises that an answer which passed `rewriteResponse` does not need Fastify's reply. */
  readonly onSend: onSendHookHandler<unknown>
  /**
   * Runs the outbound rules on a response that does not pass Fastify's `onSend`, such as one that a proxy writes itself.
   * Undefined where nothing changes. For the option `rewriteResponse` of upstream-proxy. A request's `onSend` does not run them once more.
   */
  rewriteResponse (request: FastifyRequest, response: ResponseHead): ResponseChange | undefined
  /**
   * Tells which rules are tried for a request, what matches and what the outcome is, without applying it.
   * Takes a request, or a made-up one: `{ url: '/a?b', headers: { host: 'example.com' } }`.
   */
  explain (request: FastifyRequest | Imagined): Promise<Explanation>
  /**
   * Replaces all rules at once: a request runs through the old ones or the new ones, never both.
   * `reroute` and `originalUrlHeader` stay as they were registered.
   *
   * @throws FST_ARR_URL_REWRITE_INVALID_OPTIONS or FST_ARR_URL_REWRITE_NO_PROXY; then the old rules stay.
   */
  replace (options: UrlRewriteOptions): void
}

declare module 'fastify' {
  interface FastifyInstance {
    urlRewrite: UrlRewrite
  }
  interface FastifyRequest {
    /** What the rules made of this request; null where no rule matched. */
    rewrite: Rewrite | null
  }
}

const rewrites = channel(CHANNELS.rewrite)
const REWRITTEN = Symbol('the outbound rules have run')

type Answered = FastifyRequest & { [REWRITTEN]?: true }

async function plugin (fastify: FastifyInstance, options: UrlRewriteOptions): Promise<void> {
  if (isHere(fastify)) throw new InvalidOptionsError(ONCE)
  let rulebook = new Rulebook(options)
  let ready = false
  let proxied = false
  let reroute = false
  // The rewrites of requests that are being routed a second time.
  const rerouted = new WeakMap<object, Rewrite>()

  fastify.decorate('urlRewrite', {
    get changesAnswers () { return rulebook.looksAtAnswers },
    onSend,
    rewriteResponse (request: Answered, response) {
      if (rulebook.looksAtAnswers) request[REWRITTEN] = true
      return rulebook.answerOf(request, response)
    },
    explain: request => rulebook.explain(request),
    replace (next) {
      const replacement = new Rulebook(next)
      if (ready) assertProxied(replacement)
      rulebook = replacement
    }
  })
  fastify.decorateRequest('rewrite', null)

  fastify.addHook('onRequest', (request, reply, done) => {
    const before = rerouted.get(reply.raw)
    if (before !== undefined) {
      request.rewrite = before
      return done()
    }
    const verdict = rulebook.outcomeOf(request, rewrites.hasSubscribers)
    if (verdict instanceof Promise) verdict.then(result => conclude(result, request, reply, done)).catch(done)
    else conclude(verdict, request, reply, done)
  })

  fastify.addHook('onSend', onSend)

  function onSend (request: FastifyRequest, reply: FastifyReply, payload: unknown, done: (error?: Error | null, payload?: unknown) => void): void {
    if (!rulebook.looksAtAnswers || (request as Answered)[REWRITTEN] === true) return done(null, payload)
    const sent = unwrapped(payload, reply)
    // The payload and the headers of a HEAD that Fastify makes of a GET are those of the GET.
    const change = rulebook.answerOf(request, { status: reply.statusCode, headers: headersOf(reply) }, 'GET')
    if (change?.headers !== undefined) setHeaders(reply, change.headers)
    if (change?.body === undefined) return done(null, sent)
    // For a text, Fastify would set the length before rewriting after this hook.
    if (request.method === 'HEAD') return done(null, isText(sent) ? Readable.from([]) : sent)
    const source = streamOf(sent)
    if (source === null) return done(null, sent)
    change.body.once('error', () => withoutCoding(reply))
    done(null, pipeline(source, change.body, () => {}))
  }

  fastify.addHook('onReady', async () => {
    ready = true
    proxied = fastify.hasRequestDecorator('upstream')
    reroute = options.reroute ?? !proxied
    assertProxied(rulebook)
  })

  /** Throws where a rule rewrites to an absolute URL and no proxy is registered, which IIS answers with an unexplained 404. */
  function assertProxied ({ firstAbsolute }: Rulebook): void {
    if (firstAbsolute !== undefined && !proxied) throw new NoProxyError(firstAbsolute)
  }

  function conclude ({ outcome, explanation }: Verdict, request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void): void {
    if (explanation !== null) rewrites.publish({ request, explanation } satisfies RewriteMessage)
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
}

/** Adds `X-Original-URL` for the upstream; a value that a rule has set takes precedence. */
const withOriginalUrl = (rewrite: Rewrite, { raw }: FastifyRequest): Rewrite =>
  ({ ...rewrite, headers: { 'x-original-url': originForm(raw.url ?? '/'), ...rewrite.headers } })

export const urlRewrite = fp(plugin, { fastify: '5.x', name: '@fastify-arr/url-rewrite' })
export default urlRewrite
