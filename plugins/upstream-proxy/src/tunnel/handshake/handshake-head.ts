// Which handshake is sent to the upstream? The client's own, with the changes that a proxy makes.
import type { Upstream } from '@fastify-arr/facts'
import type { FastifyRequest } from 'fastify'
import type { Upgrade } from '../../dispatch/upgrade.ts'
import { rewritten } from '../../forward/request/request-head.ts'
import { soleHost } from '../../headers/authority.ts'
import { upstreamHeaders } from '../../headers/request-headers.ts'
import type { Settings } from '../../options.ts'
import type { Route } from '../../route/route.ts'
import type { Origin } from '../../route/target.ts'
import type { ClientSide } from './client-side.ts'

/** True where the request is a WebSocket opening handshake, as far as a proxy must check (RFC 6455 §4.2.1). */
export function isHandshake (request: FastifyRequest, upgrade: Upgrade): boolean {
  const { headers, method } = request.raw
  if (method !== 'GET' || headers['transfer-encoding'] !== undefined) return false
  if (headers['content-length'] !== undefined && headers['content-length'] !== '0') return false
  if (upgrade.http === '2') return true
  // Node requires a Host (RFC 9112 §3.2), but not in an upgrade.
  return request.raw.httpVersion === '1.1' && headers.host !== undefined && headers['sec-websocket-key'] !== undefined
}

/** Builds the head, from the request line to the empty line. Throws BadTarget where it would not be valid HTTP. */
export function handshakeHead (request: FastifyRequest, route: Route, settings: Settings, client: ClientSide): { origin: Origin, host: string, text: string } {
  let { origin, path } = route
  let headers = upstreamHeaders(request, origin, settings.headers, (request.upstream as Upstream).logId, route.changes)
  const { rewriteRequest } = settings.forward
  // A changed method is ignored: a handshake is a GET.
  if (rewriteRequest !== null) ({ origin, path, headers } = rewritten(request, route, headers, rewriteRequest, settings))
  client.complete(headers)
  let text = `GET ${path} HTTP/1.1\r\n`
  for (let i = 0; i < headers.length; i += 2) text += `${headers[i] as string}: ${headers[i + 1] as string}\r\n`
  return { origin, host: headers[0] === 'Host' ? headers[1] as string : soleHost(headers), text: `${text}\r\n` }
}
