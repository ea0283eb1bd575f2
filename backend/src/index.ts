// What is behind the proxy in the article? One route that is a page for a GET and a WebSocket for an upgrade.
import { fileURLToPath } from 'node:url'
import fastifyStatic from '@fastify/static'
import websocket from '@fastify/websocket'
import Fastify, { type FastifyInstance, type FastifyListenOptions, type FastifyReply, type FastifyRequest, type FastifyServerOptions } from 'fastify'
import fp from 'fastify-plugin'
import { attend, farewell } from './endpoint.ts'
import { unknownOptions } from './known-options.ts'

/** Options of the plugin. */
export interface BackendOptions {
  /** The time between two pings of the endpoint, in ms. Defaults to 20000. */
  pingInterval?: number
}

const PUBLIC = fileURLToPath(new URL('../public/', import.meta.url))

async function plugin (fastify: FastifyInstance, options: BackendOptions): Promise<void> {
  const pingInterval = options.pingInterval ?? 20_000
  const mistakes = unknownOptions(options, ['pingInterval'] satisfies Array<keyof BackendOptions>)
  if (!Number.isInteger(pingInterval) || pingInterval < 1 || pingInterval > 2 ** 31 - 1) {
    mistakes.push('`pingInterval` must be a whole number of milliseconds, 1 or more')
  }
  if (mistakes.length > 0) throw new TypeError(`backend: ${mistakes.join('; ')}`)
  await fastify.register(websocket, {
    options: { perMessageDeflate: true, maxPayload: 1024 * 1024 },
    // ws has sent a Close frame with the fitting code by then, and closes the socket itself: destroying it here could lose that frame.
    errorHandler: (error, _socket, request) => request.log.debug({ err: error }, 'a WebSocket failed'),
    preClose: farewell
  })
  await fastify.register(fastifyStatic, { root: PUBLIC, serve: false })

  fastify.route({
    method: 'GET',
    url: '/',
    handler: page,
    wsHandler: socket => attend(socket, pingInterval)
  })
  fastify.get('/index.html', page)
}

/** Behind a proxy the page can't know the backend's own port, which the article's direct connection needs: a cookie has it. */
function page (request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return reply
    .header('set-cookie', `backend-port=${request.socket.localPort}; Path=/; SameSite=Lax`)
    .sendFile('index.html')
}

/** The page and the pinging WebSocket endpoint, both at `/`. */
export const backend = fp(plugin, { fastify: '5.x', name: '@fastify-arr/backend' })
export default backend

/** Where `startBackend` listens, and how. */
export interface StartOptions extends BackendOptions {
  /** Defaults to 8080; 0 takes a free one. */
  port?: number
  /** Defaults to `localhost`. */
  host?: string
  /** Options of its Fastify instance, e.g. the logger. Defaults to `{ forceCloseConnections: true }`. */
  fastify?: FastifyServerOptions
}

/**
 * The backend on a Fastify instance of its own, listening. An instance apart, because @fastify/websocket takes
 * every upgrade of the server it is registered in.
 */
export async function startBackend (options: StartOptions = {}): Promise<FastifyInstance> {
  const { port = 8080, host = 'localhost', fastify: server = {}, ...own } = options
  // An idle connection, as browsers open them ahead of need, would delay the close.
  const fastify = Fastify({ forceCloseConnections: true, ...server })
  try {
    await fastify.register(backend, own)
    await fastify.listen({ port, host } satisfies FastifyListenOptions)
  } catch (error) {
    await fastify.close()
    throw error
  }
  return fastify
}
