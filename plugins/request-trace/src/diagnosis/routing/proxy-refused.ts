// Did this proxy refuse by itself: a limit, an expired permission, its end?
import type { Finding } from '../../trace/trace.ts'
import { EVENTS, isEventName } from '../../trace/events.ts'
import { numberOf, textOf } from '../story/event-values.ts'
import { found } from '../findings.ts'
import { seen, type Story } from '../story/story.ts'

type Words = readonly [says: string, remedy: string]

/** By the stable code of the error, where the event has it. */
const REFUSALS: Readonly<Record<string, Words>> = {
  FST_ARR_PROXY_TOO_MANY: ['as many WebSockets are open as may be', 'Raise `websocket.maxTunnels` of upstream-proxy, let handshakes wait (`websocket.admission`), or add a server. The system has a limit as well: `ulimit -n`.'],
  FST_ARR_PROXY_TOO_MANY_OF_CLIENT: ['this client has as many WebSockets as it may', 'Raise `websocket.maxTunnelsPer`, or let the client close those that it no longer uses.'],
  FST_ARR_PROXY_EXPIRED: ['the permission had expired before the handshake', 'Get a new token in the client before it connects; `websocket.until` says which time counts. Clocks that differ do the same.'],
  FST_ARR_PROXY_CLOSED: ['the WebSockets of this site, server or key were closed while it was under way', 'Nothing: `fastify.tunnels.closeAll` was called.'],
  FST_ARR_PROXY_DRAINING: ['the server is closing', 'Nothing, where it is a restart: the client connects again. Let the load balancer in front take the server out first.'],
  FST_ARR_PROXY_BAD_HANDSHAKE: ['the handshake, or the request target, is not valid', 'See the headers of the request: Sec-WebSocket-Key must be 16 bytes in base64, Sec-WebSocket-Version 13, and the method GET. Escape the URL in the client.'],
  FST_ARR_PROXY_BODY_TOO_LARGE: ['the body is larger than `maxBodySize`', 'Raise `maxBodySize` of upstream-proxy, or send less.'],
  FST_ARR_CLIENT_TIMEOUT: ['the client was too slow with its request', "Look at the client's network, or raise the time limit: `minBytesPerSecond`, `timeouts` of upstream-proxy, `requestTimeout` of Fastify."]
}

/** By the status, where it has not. */
const STATUSES: Readonly<Record<number, keyof typeof REFUSALS>> = {
  400: 'FST_ARR_PROXY_BAD_HANDSHAKE',
  401: 'FST_ARR_PROXY_EXPIRED',
  403: 'FST_ARR_PROXY_CLOSED',
  408: 'FST_ARR_CLIENT_TIMEOUT',
  413: 'FST_ARR_PROXY_BODY_TOO_LARGE',
  429: 'FST_ARR_PROXY_TOO_MANY_OF_CLIENT',
  503: 'FST_ARR_PROXY_TOO_MANY'
}

const CODE = /FST_ARR_[A-Z_]+/
/** HRESULT_FROM_WIN32 of 995: the operation was ended because the server closes. */
const ABORTED = 0x800703e3

export function proxyRefusalFindings (story: Story): Finding[] {
  // In a trace of IIS, ARR's own statuses have other reasons.
  const ours = story.events.some(({ name }) => isEventName(name) && EVENTS[name].provider === 'ours')
  const asked = seen(story, 'ATTEMPT_START').length > 0
  return seen(story, 'MODULE_SET_RESPONSE_ERROR_STATUS').flatMap(({ event, index }) => {
    const told = Object.values(event.data).map(value => CODE.exec(String(value))?.[0]).find(match => match !== undefined)
    const byStatus = ours && !asked && textOf(event, 'ModuleName') === 'ApplicationRequestRouting' ? numberOf(event, 'HttpStatus') === 503 && numberOf(event, 'ErrorCode') === ABORTED ? 'FST_ARR_PROXY_DRAINING' : STATUSES[numberOf(event, 'HttpStatus') ?? 0] : undefined
    const code = told ?? byStatus ?? ''
    const words = Object.hasOwn(REFUSALS, code) ? REFUSALS[code] : undefined
    if (words === undefined || seen(story, 'FARM_CHOICE').length > 0) return []
    return [found('PROXY_REFUSED', [index], `This proxy answered ${story.trace.status ?? 'nothing'}: ${words[0]} (${code}).`, words[1])]
  })
}
