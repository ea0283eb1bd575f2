// A proxy beside routes of others at its own paths, for the tests of both.
import { once } from 'node:events'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Test } from 'tap'
import WebSocket from 'ws'
import type { UpstreamProxyOptions } from '../src/index.ts'
import { httpUpstream, proxy, type Proxy } from './parts.ts'
import { switchFor } from './tunnel-subjects.ts'

export interface Asked {
  readonly url: string
  /** The requests that arrived, e.g. `GET /x`. */
  readonly arrived: string[]
}

/** An upstream for HTTP and WebSockets that tells its name, and records its requests. */
export async function asked (t: Test, name = 'upstream'): Promise<Asked> {
  const arrived: string[] = []
  const { server, url } = await httpUpstream(t, (request, socket) => {
    arrived.push(`upgrade ${request.url}`)
    socket.on('error', () => {})
    socket.on('end', () => socket.end())
    socket.resume()
    socket.write(switchFor(`Sec-WebSocket-Key: ${request.headers['sec-websocket-key']}\r\n`, `X-Name: ${name}\r\n`))
  })
  server.on('request', (request, response) => {
    arrived.push(`${request.method} ${request.url}`)
    request.resume()
    response.setHeader('x-name', name).end(name)
  })
  return { url, arrived }
}

export const ORDERS = ['before', 'after'] as const
export type Order = typeof ORDERS[number]

/** A proxy, and others that are registered before or after it. */
export function beside (t: Test, order: Order, others: (app: FastifyInstance) => unknown, options: UpstreamProxyOptions, more: Parameters<typeof proxy>[2] = {}): Promise<Proxy> {
  return proxy(t, options, { ...more, [order]: others })
}

/** Answers like a folder with one page: anything else is not found. */
export async function folder (request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  // A folder looks before it answers.
  await new Promise(resolve => setImmediate(resolve))
  return request.url.endsWith('/page') ? 'a page' : reply.callNotFound()
}

/** The status of an upgrade, and the name of the upstream that took it. */
export async function upgraded (port: number, path: string, headers: Record<string, string> = {}): Promise<[number, string | undefined]> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { headers })
  socket.on('error', () => {})
  const [response] = await Promise.race([once(socket, 'upgrade'), once(socket, 'unexpected-response').then(([, response]) => [response])])
  socket.terminate()
  return [response.statusCode, response.headers['x-name']]
}
