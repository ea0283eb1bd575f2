// Did this proxy refuse by itself: a limit, an expired permission, its end?
import type { Finding } from '../../trace/trace.ts'
import { found } from '../findings.ts'
import { seen, type Story } from '../story/story.ts'

/** By the stable code of the error. */
const REFUSALS: Readonly<Record<string, readonly [says: string, remedy: string]>> = {
  FST_ARR_PROXY_TOO_MANY: ['as many WebSockets are open as may be', 'Raise `websocket.maxTunnels` of upstream-proxy, let handshakes wait (`websocket.admission`), or add a server. The system has a limit as well: `ulimit -n`.'],
  FST_ARR_PROXY_TOO_MANY_OF_CLIENT: ['this client has as many WebSockets as it may', 'Raise `websocket.maxTunnelsPer`, or let the client close those that it no longer uses.'],
  FST_ARR_PROXY_EXPIRED: ['the permission had expired before the handshake', 'Get a new token in the client before it connects; `websocket.until` says which time counts. Clocks that differ do the same.'],
  FST_ARR_PROXY_CLOSED: ['the WebSockets of this site, server or key were closed while it was under way', 'Nothing: `fastify.tunnels.closeAll` was called.'],
  FST_ARR_PROXY_DRAINING: ['the server is closing', 'Nothing, where it is a restart: the client connects again. Let the load balancer in front take the server out first.'],
  FST_ARR_PROXY_BAD_HANDSHAKE: ['the handshake is not valid', 'See the headers of the request: Sec-WebSocket-Key must be 16 bytes in base64, Sec-WebSocket-Version 13, and the method GET.'],
  FST_ARR_PROXY_BAD_TARGET: ['the request target is not valid', 'Escape the URL in the client.'],
  FST_ARR_PROXY_BAD_ROUTE: ['what a rule or `to` made of the URL is no URL of an upstream', 'Look at the URL after the rules; it must be absolute (http://host/path) or a path.'],
  FST_ARR_PROXY_BODY_TOO_LARGE: ['the body is larger than `maxBodySize`', 'Raise `maxBodySize` of upstream-proxy, or send less.'],
  FST_ARR_CLIENT_TIMEOUT: ['the client was too slow with its request', "Look at the client's network, or raise the time limit: `minBytesPerSecond`, `timeouts` of upstream-proxy, `requestTimeout` of Fastify."]
}

const CODE = /FST_ARR_[A-Z_]+/

export function proxyRefusalFindings (story: Story): Finding[] {
  const findings: Finding[] = []
  for (const { event, index } of seen(story, 'MODULE_SET_RESPONSE_ERROR_STATUS')) {
    const code = Object.values(event.data).map(value => CODE.exec(String(value))?.[0]).find(match => match !== undefined) ?? ''
    const words = Object.hasOwn(REFUSALS, code) ? REFUSALS[code] : undefined
    if (words !== undefined) findings.push(found('PROXY_REFUSED', [index], `This proxy answered ${story.trace.status ?? 'nothing'}: ${words[0]} (${code}).`, words[1]))
  }
  return findings
}
