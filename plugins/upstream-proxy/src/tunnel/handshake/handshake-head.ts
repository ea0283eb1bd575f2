// Which handshake is sent to the upstream? The client's own, with the changes that a proxy makes.
import type { AttemptHeaders, Upstream } from '@fastify-arr/facts'
import type { FastifyRequest } from 'fastify'
import { isBare, isWebSocket, type Upgrades } from '../../dispatch/protocols.ts'
import type { Upgrade } from '../../dispatch/upgrade.ts'
import { rewritten } from '../../forward/request/request-head.ts'
import { withoutReplaced } from '../../headers/attempt-headers.ts'
import { soleHost } from '../../headers/authority.ts'
import { upstreamHeaders } from '../../headers/request-headers.ts'
import type { Settings } from '../../options.ts'
import type { Route } from '../../route/route.ts'
import type { ClientSide } from './client-side.ts'
import type { Asked } from './refusal.ts'

/** The protocols that are offered to the upstream, of those that the client asks for; none where the request is no valid handshake. */
export function offerOf ({ raw }: FastifyRequest, upgrade: Upgrade, upgrades: Upgrades): readonly string[] {
  if (upgrade.http === '1.1' && !isBare(raw)) return []
  return upgrade.protocols.filter(protocol => upgrades.allows(protocol) && (!isWebSocket(protocol) || opensWebSocket(raw, upgrade)))
    .map(protocol => isWebSocket(protocol) ? 'websocket' : protocol)
}

/** True where the request is a WebSocket's opening handshake, as far as a proxy must check (RFC 6455 §4.2.1). */
function opensWebSocket ({ headers, method }: FastifyRequest['raw'], { http }: Upgrade): boolean {
  if (method !== 'GET') return false
  if (http === '1.1') return headers['sec-websocket-key'] !== undefined
  const length = headers['content-length']
  return headers['transfer-encoding'] === undefined && (length === undefined || length === '0')
}

/** What one attempt sends. */
export interface HandshakeHead extends Asked {
  /** From the request line to the empty line, but for what each attempt has of its own. */
  readonly text: string
  readonly own: AttemptHeaders | null
}

/** Builds the head, from the request line to the empty line. Throws BadTarget where it would not be valid HTTP. */
export function handshakeHead (request: FastifyRequest, route: Route, settings: Settings, client: ClientSide, offered: readonly string[]): HandshakeHead {
  let { origin, path } = route
  let headers = upstreamHeaders(request, origin, settings.headers, (request.upstream as Upstream).logId, route.changes, route.host)
  const { rewriteRequest, attemptHeaders } = settings.forward
  // A changed method is ignored: a WebSocket's handshake is a GET.
  if (rewriteRequest !== null) ({ origin, path, headers } = rewritten(request, route, headers, rewriteRequest, settings))
  const own = withoutReplaced(headers, attemptHeaders(request))
  client.complete(headers, offered)
  let text = `${request.raw.method ?? 'GET'} ${path} HTTP/1.1\r\n`
  for (let i = 0; i < headers.length; i += 2) text += `${headers[i] as string}: ${headers[i + 1] as string}\r\n`
  return { origin, host: headers[0] === 'Host' ? headers[1] as string : soleHost(headers), paths: route.paths, text: `${text}\r\n`, own }
}
