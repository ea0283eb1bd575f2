// A real server with the plugin, and clients that send their bytes unchanged.
import { connect, type AddressInfo } from 'node:net'
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import type { Test } from 'tap'
import requestFilter, { type Rejection, type RequestFilterOptions } from '../src/index.ts'

export interface Server {
  readonly fastify: FastifyInstance
  readonly port: number
  /** Why requests were refused, in their order. */
  readonly rejections: Array<Rejection | null>
}

/** A server whose routes `/*` and `/` answer `let in`. */
export async function serve (t: Test, options: RequestFilterOptions, before?: (fastify: FastifyInstance) => unknown, own: FastifyServerOptions = {}): Promise<Server> {
  const fastify = Fastify({ forceCloseConnections: true, ...own })
  t.teardown(() => fastify.close())
  const rejections: Array<Rejection | null> = []
  fastify.addHook('onResponse', async request => { rejections.push(request.rejection) })
  await before?.(fastify)
  await fastify.register(requestFilter, options)
  fastify.all('/*', async () => 'let in')
  await fastify.listen({ port: 0, host: '127.0.0.1' })
  return { fastify, port: (fastify.server.address() as AddressInfo).port, rejections }
}

/** Sends these bytes and returns what the server answers until it closes; the client closes only where `ends`. */
export async function wire (port: number, bytes: string, ends = true): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  if (ends) socket.end(bytes, 'latin1')
  else socket.write(bytes, 'latin1')
  let text = ''
  for await (const chunk of socket.setEncoding('latin1')) text += chunk
  return text
}

/** A request as bytes. */
export function bytes (target: string, { method = 'GET', host = 'localhost', more = '', body = '' } = {}): string {
  return `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\n${more}Connection: close\r\n\r\n${body}`
}

/** The status of the answer to a target, sent exactly as it is written. */
export async function statusOf (port: number, target: string, asking?: Parameters<typeof bytes>[1]): Promise<number> {
  return Number((await wire(port, bytes(target, asking))).slice('HTTP/1.1 '.length, 'HTTP/1.1 200'.length))
}

export const HANDSHAKE = 'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'
