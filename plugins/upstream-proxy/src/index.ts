// upstream-proxy: take a request to its upstream and bring back the answer.
import { randomUUID } from 'node:crypto'
import { METHODS as KNOWN } from 'node:http'
import httpProxy from '@fastify/http-proxy'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { createForwarder } from './forward/forwarder.ts'
import { compile, type UpstreamProxyOptions } from './options.ts'
import { routeOf } from './route.ts'
import type { Upstream } from './upstream.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The upstream's part in this exchange; null until one is asked. */
    upstream: Upstream | null
  }
}

// CONNECT is no request for a resource: Node hands it to a listener of its own.
const METHODS = KNOWN.filter(method => method !== 'CONNECT')

async function plugin (fastify: FastifyInstance, options: UpstreamProxyOptions): Promise<void> {
  const settings = compile(options)
  const forwarder = createForwarder(settings)
  fastify.addHook('onClose', () => forwarder.close())
  if (!fastify.hasRequestDecorator('upstream')) fastify.decorateRequest('upstream', null)

  // @fastify/http-proxy gives the routes, the pass-through of bodies and the dispatch of upgrades;
  // the request is taken over in its scope, before its own relay would answer.
  await fastify.register(async scope => {
    // Bodies are not ours to understand: without parsers of its own, the scope leaves them to http-proxy's, which reads nothing.
    scope.removeAllContentTypeParsers()
    for (const method of METHODS) {
      if (!scope.supportedMethods.includes(method)) scope.addHttpMethod(method)
    }
    await scope.register(httpProxy, {
      prefix: settings.prefix,
      upstream: '',
      websocket: settings.websocket,
      httpMethods: [...scope.supportedMethods],
      replyOptions: { getUpstream: () => settings.base ?? '' },
      preHandler: takeOver
    } as Parameters<typeof httpProxy>[1] & { prefix: string })
  })

  function takeOver (request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void): void {
    try {
      forward(request, reply)
    } catch (error) {
      done(error as Error)
      return
    }
    done()
  }

  function forward (request: FastifyRequest, reply: FastifyReply): void {
    const route = routeOf(request, settings)
    request.upstream = {
      logId: randomUUID(),
      server: route.origin.name,
      routed: null,
      status: null,
      error: null,
      tunnel: null,
      connectTime: null,
      firstByteTime: null
    }
    forwarder.forward(request, reply, route)
  }
}

/** The reverse proxy: HTTP forwarding and a transparent WebSocket tunnel. */
export const upstreamProxy = fp(plugin, { fastify: '5.x', name: '@fastify-arr/upstream-proxy' })
export default upstreamProxy

export type { UpstreamProxyOptions, RewrittenRequest } from './options.ts'
export type { Flow, Moment, Side, TunnelFact, Upstream, UpstreamError } from './upstream.ts'
