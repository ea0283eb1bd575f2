// Does a request ask to become a WebSocket? By an Upgrade header (RFC 6455 §4.1), or by extended CONNECT over HTTP/2 (RFC 8441 §4).
import type { IncomingHttpHeaders } from 'node:http'

const WEBSOCKET = 'websocket'

/**
 * True where a WebSocket is among the protocols that are asked for, in any case and with or without a version: what is refused here must
 * be all that an upstream could take for a handshake. An extended CONNECT has come to the hooks as a GET.
 */
export function asksForWebSocket (headers: IncomingHttpHeaders & { readonly ':protocol'?: unknown }): boolean {
  const { upgrade } = headers
  if (upgrade === undefined) {
    const protocol = headers[':protocol']
    return typeof protocol === 'string' && protocol.toLowerCase() === WEBSOCKET
  }
  return upgrade === WEBSOCKET || upgrade.split(',').some(protocol => (protocol.split('/', 1)[0] as string).trim().toLowerCase() === WEBSOCKET)
}
