// A drop-in for @fastify/http-proxy 11: its option names and their meaning, on this package's forwarding and tunnels.
import type httpProxy from '@fastify/http-proxy'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { upstreamProxy } from '../index.ts'
import { compile } from '../options.ts'
import { withOwnRoutes } from '../route/own-routes.ts'
import { mistakesIn } from './options/mistakes.ts'
import { InvalidHttpProxyOptions, type HttpProxyOptions } from './options/peer-options.ts'
import { defaultHttpMethods, defaultRoutes, PeerRoutes } from './peer-routes.ts'
import { leavesUnverified, translate } from './options/translate.ts'

const UNVERIFIED = 'upstream-proxy: the upstream\'s certificate is not verified, as in @fastify/http-proxy. `http: { requestOptions: { rejectUnauthorized: true } }` verifies it; with false, this line is not written'

async function plugin (fastify: FastifyInstance, options: HttpProxyOptions): Promise<void> {
  const mistakes = mistakesIn(options)
  const own = translate(options)
  try {
    compile(own, fastify)
  } catch (error) {
    mistakes.push((error as Error).message.replace(/^upstream-proxy: /, ''))
  }
  if (mistakes.length > 0) throw new InvalidHttpProxyOptions(mistakes.join('; '))
  if (/^(?:https|wss):/i.test(options.upstream) && leavesUnverified(options)) fastify.log.warn(UNVERIFIED)
  await fastify.register(upstreamProxy, withOwnRoutes(own, new PeerRoutes(options)))
}

/** The reverse proxy, with the options of @fastify/http-proxy. Throws `FST_ARR_PROXY_INVALID_OPTIONS` for options that have no meaning here. */
export const fastifyHttpProxy = Object.assign(
  fp(plugin as never, { fastify: '5.x', name: '@fastify-arr/upstream-proxy/http-proxy' }) as typeof httpProxy,
  { defaultRoutes, defaultHttpMethods }
)
Object.assign(fastifyHttpProxy, { fastifyHttpProxy })
export default fastifyHttpProxy
// What `require` returns: the plugin itself, as @fastify/http-proxy does.
export { fastifyHttpProxy as 'module.exports', defaultHttpMethods, defaultRoutes }

export type { HttpProxyOptions } from './options/peer-options.ts'
export type { FastifyHttpProxyOptions } from '@fastify/http-proxy'
