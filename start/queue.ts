// How many connections may wait to be accepted? More than Node's 511: after a restart all clients come back at once.
import type { FastifyInstance } from 'fastify'

/** As many as Linux allows (`net.core.somaxconn`), and as the listeners have by default. A client that finds the queue full tries again after a second. */
const BACKLOG = 4096

/** The server's own port gets a longer queue, where who opens it does not say how long: fastify-cli has no option for that. */
export function queueMore (fastify: FastifyInstance): void {
  const listen = fastify.listen as (options?: unknown, ...rest: unknown[]) => unknown
  fastify.listen = ((options?: unknown, ...rest: unknown[]) => listen.call(fastify, typeof options === 'object' ? { backlog: BACKLOG, ...options } : options, ...rest)) as typeof fastify.listen
}
