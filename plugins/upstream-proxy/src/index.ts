// upstream-proxy: sends a request to its upstream and the answer back to the client. This file registers it with Fastify.
import type { ServerFacts, Upstream, UpstreamsFact } from '@fastify-arr/facts'
import httpProxy from '@fastify/http-proxy'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { Dispatcher } from './dispatch/dispatcher.ts'
import { guardEntrance } from './entrance/entrance.ts'
import { furtherServers } from './entrance/further-servers.ts'
import { replyLast } from './dispatch/last-answer.ts'
import { isWebSocket } from './dispatch/protocols.ts'
import { upgradeOf } from './dispatch/upgrade.ts'
import { Carriers } from './farm/carriers.ts'
import { InvalidOptions } from './errors.ts'
import { answerError } from './forward/error-answer.ts'
import { Upstreams } from './forward/pool/upstreams.ts'
import { deferContinue } from './forward/request/continue.ts'
import { compile, type Settings, type UpstreamProxyOptions } from './options.ts'
import type { NextRoute } from './route/attempts.ts'
import { AnswerWays, hasErrorHandler } from './route/answer-way.ts'
import { takeAnyType } from './route/any-type.ts'
import { answerBrowsers } from './route/error-page.ts'
import { Neighbours } from './route/beside/neighbours.ts'
import { ownRoutes } from './route/own-routes.ts'
import { routeOf } from './route/route.ts'
import { sameRoutes } from './route/same-routes.ts'
import { withHooks } from './route/route-options.ts'
import { Sender } from './route/sender.ts'
import { descriptorLimit, limitWarning } from './sockets/descriptor-limit.ts'
import { tellShortage } from './sockets/shortage.ts'
import { showShapes } from './sockets/socket-shapes.ts'
import { farewell } from './tunnel/ending/farewell.ts'
import { OpenTunnels } from './tunnel/register/open-tunnels.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The upstream's part in this exchange; null until an upstream is chosen. */
    upstream: Upstream | null
  }
  interface FastifyInstance {
    /** The open WebSockets of all proxies of this server. */
    tunnels: OpenTunnels
    /** The connections for requests of all proxies of this server, by upstream. */
    upstreams: UpstreamsFact
  }
}

const SHORTAGE = 'upstream-proxy: the process has no file descriptor left. New clients are cut off, and `count` connections to upstreams were not opened. Raise its limit (`ulimit -n`, systemd\'s LimitNOFILE), or lower `connections.max` and `websocket.maxTunnels`'
const NO_LOCAL_PORT = 'upstream-proxy: the system has no local port left towards an upstream, or no local address for it; `count` connections were not opened. Add addresses or ports of the upstream, such as servers of a farm, or widen the range (net.ipv4.ip_local_port_range)'

async function plugin (fastify: FastifyInstance, options: UpstreamProxyOptions): Promise<void> {
  const settings = compile(options, fastify)
  showShapes()
  if (!fastify.hasRequestDecorator('upstream')) fastify.decorateRequest('upstream', null)
  if (!fastify.hasDecorator('tunnels')) fastify.decorate('tunnels', OpenTunnels.of(fastify.server))
  const upstreams = Upstreams.of(fastify.server)
  if (!fastify.hasDecorator('upstreams')) fastify.decorate('upstreams', upstreams)
  guardServers(fastify)
  const own = ownRoutes(options)
  const taken = own === undefined ? sameRoutes(fastify, settings) : null
  if (taken !== null) throw new InvalidOptions(taken)
  // Own routes have chosen the server themselves, and nobody can be asked for another one.
  const next: NextRoute | null = own === undefined ? request => routeOf(request, settings) : null
  const carriers = new Carriers(settings, own?.tunnels(settings) ?? settings, fastify.tunnels, next, fastify)
  upstreams.join(() => carriers.pools())
  const sender = new Sender(fastify, settings, carriers)
  deferContinue(fastify.server)
  for (const { tunnels } of carriers.all) fastify.addHook('preClose', farewell(fastify.server, tunnels))
  const shortage = tellShortage(count => fastify.log.error({ count }, SHORTAGE), count => fastify.log.error({ count }, NO_LOCAL_PORT))
  const tooFew = limitWarning(settings.tunnel.maxTunnels, descriptorLimit())
  if (tooFew !== null) fastify.log.warn(tooFew)
  const ways = new AnswerWays()
  // Only now are all hooks known.
  let alone = (): void => {}
  fastify.addHook('onReady', async () => {
    ways.decide(hasErrorHandler(fastify), settings.forward.rewriteResponse !== null)
    alone = carriers.together((fastify as ServerFacts).workers)
  })
  fastify.addHook('onClose', () => {
    shortage()
    alone()
    return carriers.close()
  })

  // @fastify/http-proxy provides the routes, the pass-through of bodies and the dispatch of upgrades.
  // A preHandler in its scope takes the request over before http-proxy would forward it.
  const before = new Set(fastify.server.listeners('upgrade'))
  await fastify.register(async function proxiedRoutes (scope) {
    if (own !== undefined) {
      return await own.declare(scope, {
        fastify,
        settings,
        forwarder: carriers.own.forwarder,
        wayOf: (scope, route) => ways.add(scope, route),
        send: (...sent) => { sender.send(...sent) }
      })
    }
    // Bodies are not parsed: without parsers of its own, the scope uses that of http-proxy, which reads nothing.
    scope.removeAllContentTypeParsers()
    takeAnyType(scope)
    const { methods, config, constraints, log } = settings.route
    for (const method of methods) {
      if (!scope.supportedMethods.includes(method)) scope.addHttpMethod(method)
    }
    answerBrowsers(scope, fastify)
    scope.addHook('onRoute', withHooks(settings.route, (scope, route) => sender.takeOver(ways.add(scope, route))))
    Neighbours.of(fastify).claim(scope, settings)
    await scope.register(httpProxy, {
      // A slash alone would be added to the scope's prefix, and a scope at `/api` would get `/api/` only.
      prefix: options.prefix === '/' ? '' : options.prefix ?? '',
      // A wildcard includes its folder: a route for `/` would take it from a wildcard that was declared before.
      routes: settings.prefix === '/' ? ['/*'] : ['', '/*'],
      upstream: '',
      websocket: !settings.upgrades.none,
      httpMethods: [...methods],
      replyOptions: { getUpstream: () => settings.upstream?.name ?? '' },
      config,
      constraints,
      ...log
    } as Parameters<typeof httpProxy>[1] & { prefix: string })
  })
  if (!settings.upgrades.none) {
    dispatchUpgrades(fastify, settings, fastify.server.listeners('upgrade').filter(listener => !before.has(listener)))
  }
}

/** Refuses what is no request for a web server, on every address that Fastify listens on. */
function guardServers (fastify: FastifyInstance): void {
  const leave = [guardEntrance(fastify.server, fastify.log)]
  fastify.addHook('onListen', async () => {
    for (const server of furtherServers(fastify)) leave.push(guardEntrance(server, fastify.log))
  })
  fastify.addHook('onClose', async () => {
    for (const one of leave) one()
  })
}

/** Puts the server's one dispatcher in place of http-proxy's listener, and hands upgrades that no route takes to the server's other listeners. */
function dispatchUpgrades (fastify: FastifyInstance, settings: Settings, routers: unknown[]): void {
  const dispatcher = Dispatcher.of(fastify.server, fastify.routing)
  dispatcher.ignore(routers)
  dispatcher.tunnel(settings.upgrades)
  dispatcher.leave(settings.localUpgrades, settings.handshakeTimeout)
  fastify.addHook('preClose', async () => dispatcher.declineAll())
  fastify.addHook('onClose', async () => dispatcher.release())
  fastify.addHook('onRequest', (request, reply, done) => {
    const upgrade = request.is404 ? upgradeOf(request.raw) : undefined
    if (upgrade?.http === '1.1' && upgrade.protocols.some(isWebSocket)) {
      const { socket, head } = upgrade
      const decline = () => {
        replyLast(reply, socket)
        answerError(request, reply, 'NoUpstream')
      }
      if (dispatcher.handOver(request.raw, socket, head, settings.handshakeTimeout, decline)) reply.hijack()
    }
    done()
  })
}

/** The reverse proxy: HTTP forwarding and a transparent WebSocket tunnel. */
export const upstreamProxy = fp(plugin, { fastify: '5.x', name: '@fastify-arr/upstream-proxy' })
export default upstreamProxy

export type { UpstreamProxyOptions, RewrittenRequest } from './options.ts'
export type { ForwardingOptions, ForwardingPolicy } from './headers/forwarding-headers.ts'
export { OWNED_HEADERS, type OwnedHeadersOptions } from './headers/owned-headers.ts'
export type { ProxyRouteOptions } from './route/route-options.ts'
export type { UpstreamTls } from './sockets/dial.ts'
export type { FarmProxyOptions, FarmTunnelOptions } from './farm/farm-options.ts'
export type { ForwardOptions, ForwardTimeouts } from './forward/options.ts'
export type { MaxBodySize } from './forward/request/body-limit.ts'
export type { HeaderList, RewritableRequest, RewriteRequest, RewriteResponse, RewrittenResponse } from './forward/answer/rewrites.ts'
export { holdStill } from './hand-over/hold-still.ts'
export type { OpenTunnels } from './tunnel/register/open-tunnels.ts'
export type { BothWays, FrameOptions, Goodbye, PingOptions, RateOptions, TimedGoodbye, TunnelOptions, AdmissionOptions, MaxTunnelsPer } from './tunnel/options.ts'
export type { Flow, Moment, OpenTunnel, Side, TunnelFact, Upstream, UpstreamAttempt, UpstreamError } from '@fastify-arr/facts'
