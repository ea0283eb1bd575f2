// What does the span of a WebSocket say at its end? Who ended it and how, and what has passed.
import { SpanStatusCode, type Attributes, type Span } from '@opentelemetry/api'
import type { TunnelFact } from '@fastify-arr/facts'
import type { FastifyRequest } from 'fastify'
import { add, addPlace, type Facts } from './place.ts'

/** Close codes that are no errors: the purpose is fulfilled, an end goes away, none was given (RFC 6455 §7.4.1). */
const FINE: ReadonlySet<number> = new Set([1000, 1001, 1005])
const WAYS = ['received', 'sent'] as const

/** Says how it has ended. `tunnel` is final. */
export function tellEnd (span: Span, request: FastifyRequest, tunnel: TunnelFact): void {
  const attributes: Attributes = { 'network.protocol.name': tunnel.protocol }
  addPlace(attributes, request as Facts)
  add(attributes, 'fastify_arr.websocket.http_version', tunnel.http)
  add(attributes, 'fastify_arr.websocket.subprotocol', tunnel.subprotocol)
  add(attributes, 'fastify_arr.websocket.close_code', tunnel.closeCode)
  add(attributes, 'fastify_arr.websocket.closed_by', tunnel.closedBy)
  add(attributes, 'fastify_arr.websocket.ending', tunnel.ending)
  add(attributes, 'fastify_arr.websocket.limit', tunnel.limit)
  for (const way of WAYS) {
    const { bytes, messages } = tunnel[way]
    attributes[`fastify_arr.websocket.${way}.bytes`] = bytes
    if (tunnel.observed) attributes[`fastify_arr.websocket.${way}.messages`] = messages
  }
  const error = errorOf(tunnel)
  add(attributes, 'error.type', error)
  span.setAttributes(attributes)
  // What a client does is no error of the server's, as with a 4xx.
  if (error !== null && tunnel.closedBy === 'upstream') span.setStatus({ code: SpanStatusCode.ERROR })
}

/** The limit, the close code, or 1006 for a WebSocket that ended without a Close frame (RFC 6455 §7.1.5); null for a good end. */
function errorOf ({ protocol, observed, limit, closeCode, ending }: TunnelFact): string | null {
  if (limit !== null) return limit
  if (closeCode !== null) return FINE.has(closeCode) || closeCode >= 3000 ? null : String(closeCode)
  if (protocol === 'websocket' && observed) return '1006'
  return ending === 'reset' || ending === 'timeout' ? ending : null
}
