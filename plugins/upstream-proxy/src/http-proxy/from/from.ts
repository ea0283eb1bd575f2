// How does `reply.from` send a request? With the options of @fastify/reply-from, each as a setting of this exchange.
import type { FastifyReply, FastifyRequest } from 'fastify'
import { createForwarder, type Forwarder } from '../../forward/forwarder.ts'
import type { HeaderList, RewriteRequest } from '../../forward/answer/rewrites.ts'
import { giveBody } from '../../forward/request/body-source.ts'
import type { Settings } from '../../options.ts'
import type { Journey } from '../../route/own-routes.ts'
import { isPath, type Prefixes } from '../../route/route.ts'
import { wayOf } from '../answer-ways.ts'
import { AnswerStream } from './answer-stream.ts'
import { BadDestination, checkDestination } from '../destination.ts'
import { type GivenBody, givenBody } from './given-body.ts'
import { listOf, recordOf } from './header-record.ts'
import type { FromOptions, HttpProxyOptions } from '../options/peer-options.ts'
import { searchOf } from './query.ts'

const PREFIXES = Symbol('prefixes')
// The options that are settings of an exchange.
const CHANGING = ['rewriteHeaders', 'rewriteRequestHeaders', 'method', 'retriesCount'] as const
// Each time limit of `reply.from` has connections of its own.
const MOST_LIMITS = 16

/** Says which prefix was replaced in a request's path, for its answer's Location. */
export function rememberPrefixes (request: FastifyRequest, prefixes: Prefixes): void {
  (request as { [PREFIXES]?: Prefixes })[PREFIXES] = prefixes
}

export class From {
  readonly #journey: Journey
  readonly #options: HttpProxyOptions
  /** What the routes' own handler passes on, and the settings for it. */
  readonly #usual: FromOptions
  readonly #settings: Settings
  readonly #encoded: ReadonlySet<string>
  readonly #limited = new Map<number, Forwarder>()

  /** `usual` has the registered `replyOptions`; of these `rewriteHeaders` stands for `location` and the user's own function `rewriteHeaders`. */
  constructor (journey: Journey, options: HttpProxyOptions, usual: FromOptions) {
    this.#journey = journey
    this.#options = options
    this.#usual = usual
    this.#encoded = new Set(['application/json', ...options.contentTypesToEncode ?? []])
    this.#settings = this.#settingsFor(usual)
  }

  /** Sends the request. Throws where it cannot be sent. */
  send (reply: FastifyReply, source: string | undefined, options: FromOptions): void {
    const { request } = reply
    const { upstream } = this.#options
    const base = options.getUpstream === undefined ? upstream : options.getUpstream(request as never, upstream)
    const { origin, path, search } = this.#target(source || (request.raw.url ?? '/').split('?', 1)[0] as string, base)
    const given = givenBody(request, options, this.#encoded)
    if (given !== null) giveBody(request, given.bytes)
    const own = given?.type === undefined && CHANGING.every(name => options[name] === this.#usual[name]) ? this.#settings : this.#settingsFor(options, given)
    const deliver = options.onResponse === undefined && options.onError === undefined ? null : (reply: FastifyReply) => new AnswerStream(reply, options)
    const { forward } = this.#forwarderFor(options.timeout)
    this.#journey.send(request, reply, {
      origin,
      path: path + searchOf(search, request, options.queryString),
      changes: undefined,
      paths: (request as { [PREFIXES]?: Prefixes })[PREFIXES] ?? null
    }, wayOf(request), error => {
      if (error !== undefined && !reply.sent) reply.send(error)
    }, (request, reply, route, way) => { forward(request, reply, route, way, own, deliver) })
  }

  /** Ends the connections. */
  async close (): Promise<void> {
    for (const forwarder of this.#limited.values()) await forwarder.close()
  }

  /** The origin and path of a source, which may not leave the upstream's path. Without an upstream, the source is a URL. */
  #target (source: string, base: string | undefined): { origin: ReturnType<Settings['origins']['target']>['origin'], path: string, search: string } {
    if (!base && !/^https?:/.test(source)) throw new Error('there is no upstream for this request')
    const { origins } = this.#journey.settings
    if (!base) {
      const { pathname, search, origin } = new URL(source)
      return { origin: origins.target(origin).origin, path: pathname, search }
    }
    const end = source.indexOf('?')
    const path = end === -1 ? source : source.slice(0, end)
    checkDestination(path.replace(/^\/+/, '/'))
    const start = /^[a-z+]+:\/\/[^/]*(\/[^?#]*)?/i.exec(base)?.[1] ?? '/'
    const { pathname } = path.startsWith('/') ? { pathname: path } : new URL(path, `http://upstream.invalid${start}`)
    if (start !== '/' && pathname !== start && !pathname.startsWith(start.endsWith('/') ? start : `${start}/`)) throw new Error('source must be a relative path string')
    const sent = isPath(pathname) ? pathname : new URL(`http://upstream.invalid${pathname}`).pathname
    if (!isPath(sent)) throw new BadDestination()
    return { origin: origins.target(base).origin, path: sent, search: end === -1 ? '' : source.slice(end) }
  }

  #settingsFor (options: FromOptions, given: GivenBody | null = null): Settings {
    const { settings } = this.#journey
    const { rewriteHeaders, retriesCount } = options
    const own = this.#options.replyOptions?.rewriteHeaders
    // The function that stands for both is not called where a setting says the same.
    const isOurs = rewriteHeaders === this.#usual.rewriteHeaders
    const rewrite = isOurs ? own : rewriteHeaders
    return {
      ...settings,
      forward: {
        ...settings.forward,
        retries: retriesCount ?? settings.forward.retries,
        reverseRewrite: isOurs && this.#options.internalRewriteLocationHeader !== false ? 'relative' : false,
        rewriteRequest: requestRewriter(options, given),
        rewriteResponse: rewrite === undefined ? null : (request, { headers }) => ({ headers: listOf(rewrite(recordOf(headers, false), request as never), headers) })
      }
    }
  }

  #forwarderFor (timeout: number | undefined): Forwarder {
    const { settings, forwarder } = this.#journey
    if (timeout === undefined || timeout === this.#usual.timeout) return forwarder
    let limited = this.#limited.get(timeout)
    if (limited === undefined) {
      if (this.#limited.size >= MOST_LIMITS) throw new RangeError(`reply.from has more than ${MOST_LIMITS} different values of \`timeout\``)
      limited = createForwarder({ ...settings, forward: { ...settings.forward, firstByteTimeout: timeout, idleTimeout: timeout } })
      this.#limited.set(timeout, limited)
    }
    return limited
  }
}

function requestRewriter ({ rewriteRequestHeaders, method }: FromOptions, given: GivenBody | null): RewriteRequest | null {
  const type = given?.type
  if (rewriteRequestHeaders === undefined && method === undefined && type === undefined) return null
  return (request, { out }) => {
    if (method !== undefined) out.method = method
    if (type !== undefined) out.headers = [...out.headers.filter(([name]) => name.toLowerCase() !== 'content-type'), ['Content-Type', type]]
    if (rewriteRequestHeaders !== undefined) out.headers = rewrittenHeaders(out.headers, record => rewriteRequestHeaders(request as never, record))
  }
}

function rewrittenHeaders (headers: HeaderList, rewrite: (record: ReturnType<typeof recordOf>) => object): HeaderList {
  return listOf(rewrite(recordOf(headers, true)) as Record<string, unknown>, headers)
}
