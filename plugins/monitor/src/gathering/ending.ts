// What did a client ask for, and what did it get?
import type { RequestFacts, Told } from '@fastify-arr/facts'
import type { FastifyReply, FastifyRequest } from 'fastify'

export type Facts = Told<RequestFacts>

/** `tunnel`: through the proxy; `own`: accepted by this server itself, as @fastify/websocket does; `refused`; null where none was asked for. */
export type WebSocketKind = 'tunnel' | 'own' | 'refused' | null

/** What became of a request for a WebSocket. */
export function webSocketKind (request: FastifyRequest, reply: FastifyReply): WebSocketKind {
  const { upstream } = request as Facts
  if (upstream?.tunnel !== null && upstream?.tunnel !== undefined) return 'tunnel'
  if (!asksForWebSocket(request.raw.headers)) return null
  // A handler has taken the socket over: what it wrote is not known.
  return reply.sent && !reply.raw.headersSent && (upstream === null || upstream === undefined) ? 'own' : 'refused'
}

export function asksForWebSocket (headers: FastifyRequest['raw']['headers']): boolean {
  return headers[':protocol'] === 'websocket' || (headers.upgrade !== undefined && /(?:^|,)\s*websocket\s*(?:,|$)/i.test(headers.upgrade))
}

/** What the client got; null where it got nothing, or what is not known. */
export function answeredStatus (reply: FastifyReply, kind: WebSocketKind): number | null {
  if (kind === 'tunnel') return 101
  return reply.raw.headersSent ? reply.raw.statusCode : null
}
