// What is behind the article's site? Its backend, on a port of its own, for as long as the site is there.
import type { AddressInfo } from 'node:net'
import { startBackend } from '@fastify-arr/backend'
import type { FastifyInstance } from 'fastify'

/** Starts the backend, and returns its URL. An error carries the variable's name, for the sentence that a failed start ends in. */
export async function bundledBackend (fastify: FastifyInstance, { backendPort, pingInterval }: { backendPort: number, pingInterval?: number }): Promise<string> {
  try {
    const backend = await startBackend({ port: backendPort, ...(pingInterval === undefined ? {} : { pingInterval }) })
    fastify.addHook('onClose', () => backend.close())
    return `http://localhost:${(backend.server.address() as AddressInfo).port}`
  } catch (error) {
    throw Object.assign(error as Error, { label: 'BACKEND_PORT' })
  }
}
