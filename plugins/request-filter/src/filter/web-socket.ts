// Does a request ask to become a WebSocket?
import type { FastifyRequest } from 'fastify'

/**
 * By an Upgrade header whose list has `websocket`, or by extended CONNECT over HTTP/2 (RFC 8441). Whether Connection names the header does not
 * matter: who reads next may not look there.
 */
export function isWebSocket ({ headers }: FastifyRequest['raw']): boolean {
  const { upgrade } = headers
  if (upgrade !== undefined) return /(?:^|,)[ \t]*websocket[ \t]*(?:[,/]|$)/i.test(upgrade)
  return headers[PROTOCOL] === 'websocket'
}

const PROTOCOL = ':protocol'
