// Which routes does the drop-in have? Those of @fastify/http-proxy: its methods, its hooks, its handler, and what it adds to replies.
import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify'
import { upgradeOf } from '../dispatch/upgrade.ts'
import { rewriteRelative } from '../forward/answer/reverse-rewrite.ts'
import type { Settings } from '../options.ts'
import { takeAnyType } from '../route/any-type.ts'
import { answerBrowsers } from '../route/error-page.ts'
import { rememberWay, wayOf } from './answer-ways.ts'
import type { Journey, OwnRoutes } from '../route/own-routes.ts'
import { checkDestination, Destinations, pathWithin } from './destination.ts'
import { From, rememberPrefixes } from './from/from.ts'
import { listOf, recordOf } from './from/header-record.ts'
import type { FromOptions, HttpProxyOptions, SocketOptions } from './options/peer-options.ts'
import { callHooks } from './websocket/socket-hooks.ts'
import { handshakeRewriter, socketRoute } from './websocket/socket-route.ts'
import { socketTls } from './options/translate.ts'
import { verify, type VerifyClient } from './websocket/verify-client.ts'

/** The routes that are proxied by default. */
export const defaultRoutes: string[] = ['/', '/*']
/** The methods that are proxied by default. */
export const defaultHttpMethods: string[] = ['DELETE', 'GET', 'HEAD', 'PATCH', 'POST', 'PUT', 'OPTIONS']

const OWN = Symbol('own routes')

type Params = Readonly<Record<string, string>>

export class PeerRoutes implements OwnRoutes {
  readonly #options: HttpProxyOptions
  readonly #sockets: SocketOptions

  constructor (options: HttpProxyOptions) {
    this.#options = options
    this.#sockets = options as SocketOptions
  }

  tunnels (settings: Settings): Settings {
    const forward = { ...settings.forward, rewriteRequest: handshakeRewriter(this.#sockets) }
    // @fastify/http-proxy has answered 101 long before its upstream says anything, and its clients may listen to messages only after 'open'.
    return { ...settings, tls: socketTls(this.#options), forward, tunnel: { ...settings.tunnel, settles: true } }
  }

  async declare (scope: FastifyInstance, journey: Journey): Promise<void> {
    const { prefix = '' } = this.#options
    const { log } = journey.settings.route
    await scope.register(async routes => { this.#declare(routes, journey) }, { prefix: prefix === '/' ? '' : prefix, ...log })
  }

  #declare (scope: FastifyInstance, journey: Journey): void {
    const { preValidation, proxyPayloads, preHandler, beforeHandler, config = {}, constraints = {} } = this.#options
    const destinations = new Destinations(scope, this.#options)
    const usual: FromOptions = { ...this.#options.replyOptions, rewriteHeaders: this.#rewriteHeaders(scope, destinations) }
    const from = new From(journey, this.#options, usual)
    scope.addHook('onClose', () => from.close())
    answerBrowsers(scope, journey.fastify)
    if (preValidation !== undefined) {
      scope.addHook('preValidation', preValidation as never)
    } else if (proxyPayloads !== false) {
      scope.removeAllContentTypeParsers()
      takeAnyType(scope)
      scope.addContentTypeParser('*', (_request, payload, done) => { done(null, payload) })
    }
    scope.decorateReply('from', function (this: FastifyReply, source?: string, options: FromOptions = {}) {
      from.send(this, source, options)
      return this
    } as never)
    scope.decorateReply('fromParameters', (url: string, params: Params = {}, prefix = '/') => {
      const { path, search } = destinations.of(url, params, prefix)
      checkDestination(path)
      return { url: path + search || '/', options: usual }
    })
    this.#takeUpgrades(scope, journey)
    const handler = this.#handler(scope, journey, destinations, usual)
    rememberWay(scope, journey)
    for (const url of this.#options.routes ?? defaultRoutes) {
      scope.route({
        url,
        method: (this.#options.httpMethods ?? defaultHttpMethods) as HTTPMethods[],
        preHandler: (preHandler || beforeHandler) as never,
        config,
        constraints,
        handler
      })
    }
  }

  #handler (scope: FastifyInstance, journey: Journey, destinations: Destinations, usual: FromOptions): (request: FastifyRequest, reply: FastifyReply) => unknown {
    const options = this.#options
    const verifyClient = this.#sockets.wsServerOptions?.verifyClient as VerifyClient | undefined
    return (request, reply) => {
      const destination = destinations.of(request.url, request.params as Params, scope.prefix)
      if (journey.settings.upgrades.allowsOneOf(upgradeOf(request.raw)?.protocols)) {
        (request as { [OWN]?: unknown })[OWN] = this
        const route = socketRoute(request, destination, options, journey.settings)
        const go = () => {
          journey.send(request, reply, route, wayOf(request), error => {
            if (error !== undefined && !reply.sent) reply.send(error)
          })
        }
        if (verifyClient === undefined) go()
        else verify(verifyClient, request, reply, go)
        return reply
      }
      let own = usual
      let { upstream } = options
      if (usual.getUpstream !== undefined) {
        upstream = usual.getUpstream(request as never, upstream)
        own = { ...usual, getUpstream: () => upstream }
      }
      const path = pathWithin(destination.path, destination.prefixes.rewritePrefix, upstream || undefined)
      rememberPrefixes(request, destination.prefixes)
      return options.handler === undefined ? (reply as FastifyReply & { from: (source: string, options: FromOptions) => FastifyReply }).from(path, own) : options.handler(request, reply as never, path, own)
    }
  }

  /** What stands in `replyOptions` for `internalRewriteLocationHeader` and the user's own `rewriteHeaders`, where a handler calls it itself. */
  #rewriteHeaders (scope: FastifyInstance, destinations: Destinations): NonNullable<FromOptions['rewriteHeaders']> {
    const { internalRewriteLocationHeader = true, replyOptions } = this.#options
    const paths = { prefix: scope.prefix || '/', rewritePrefix: destinations.rewritePrefix || '/' }
    return (headers, request) => {
      const { location } = headers
      if (typeof location === 'string' && internalRewriteLocationHeader) {
        const list = ['location', location]
        rewriteRelative(list, { paths })
        headers.location = list[1]
      }
      const own = replyOptions?.rewriteHeaders?.(headers, request) ?? headers
      return recordOf(listOf(own as Record<string, unknown>, []), false)
    }
  }

  #takeUpgrades (scope: FastifyInstance, journey: Journey): void {
    if (journey.settings.upgrades.none) return
    // Node emits 'upgrade' only where something listens; the dispatcher answers in its place.
    scope.server.on('upgrade', () => {})
    const { wsHooks } = this.#sockets
    if (wsHooks !== undefined && wsHooks !== null) callHooks(scope, wsHooks, request => (request as { [OWN]?: unknown })[OWN] === this)
  }
}
