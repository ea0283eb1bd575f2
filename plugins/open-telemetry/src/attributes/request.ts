// What does the span of an exchange say of its request? What the conventions of HTTP ask of a server span, without the query, which may hold secrets.
import type { Attributes } from '@opentelemetry/api'
import type { FastifyRequest } from 'fastify'
import { addMethod } from './methods.ts'

const ABSOLUTE = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i

/** Known when the span begins, so that samplers may read them. */
export function requestAttributes (request: FastifyRequest): Attributes {
  const { raw, socket } = request
  const attributes: Attributes = {
    'url.path': pathOf(raw.url ?? '/'),
    'url.scheme': request.protocol,
    'client.address': request.ip,
    'network.protocol.version': raw.httpVersionMajor === 2 ? '2' : raw.httpVersion
  }
  addMethod(attributes, request.method)
  const { hostname, port } = request
  if (typeof hostname === 'string' && hostname !== '') attributes['server.address'] = hostname
  if (typeof port === 'number' && !Number.isNaN(port)) attributes['server.port'] = port
  const peer = socket?.remoteAddress
  if (peer !== undefined) {
    attributes['network.peer.address'] = peer
    if (socket.remotePort !== undefined) attributes['network.peer.port'] = socket.remotePort
  }
  const agent = request.headers['user-agent']
  if (agent !== undefined) attributes['user_agent.original'] = agent
  const { url } = request.routeOptions
  if (url !== undefined) attributes['http.route'] = url
  return attributes
}

/** Without the query, and without the host where the target is a whole URL. */
function pathOf (target: string): string {
  const end = target.search(/[?#]/)
  const bare = end === -1 ? target : target.slice(0, end)
  return bare.startsWith('/') ? bare : bare.replace(ABSOLUTE, '') || '/'
}
