// Did this proxy refuse by itself: a limit, an expired permission, its end?
import type { Finding } from '../../trace/trace.ts'
import { numberOf } from '../story/event-values.ts'
import { found } from '../findings.ts'
import { seen, type Story } from '../story/story.ts'

type Words = readonly [says: string, remedy: string]

/** By the stable code of the error, where the event has it. */
const REFUSALS: Readonly<Record<string, Words>> = {
  FST_ARR_PROXY_TOO_MANY: ['as many WebSockets are open as may be', 'Raise `websocket.maxTunnels` of upstream-proxy, let handshakes wait (`websocket.admission`), or add a server. The system has a limit as well: `ulimit -n`.'],
  FST_ARR_PROXY_NO_LOCAL_PORT: ['no local port was left towards the upstream, or there is no local address for it', 'Add addresses or ports of the upstream, such as servers of a farm, or widen the range of local ports (`net.ipv4.ip_local_port_range`).'],
  FST_ARR_PROXY_TOO_MANY_OF_CLIENT: ['this client has as many WebSockets as it may', 'Raise `websocket.maxTunnelsPer`, or let the client close those that it no longer uses.'],
  FST_ARR_PROXY_EXPIRED: ['the permission had expired before the handshake', 'Get a new token in the client before it connects; `websocket.until` says which time counts. Clocks that differ do the same.'],
  FST_ARR_PROXY_CLOSED: ['the WebSockets of this site, server or key were closed while it was under way', 'Nothing: `fastify.tunnels.closeAll` was called.'],
  FST_ARR_PROXY_DRAINING: ['the server is closing', 'Nothing, where it is a restart: the client connects again. Let the load balancer in front take the server out first.'],
  FST_ARR_PROXY_BAD_HANDSHAKE: ['the handshake is not valid', 'See the headers of the request: Sec-WebSocket-Key must be 16 bytes in base64, Sec-WebSocket-Version 13, and the method GET.'],
  FST_ARR_PROXY_BAD_TARGET: ['the request, or what a rule has made of it, cannot be sent as valid HTTP', 'Escape the URL in the client; look at what the rules have made of it.'],
  FST_ARR_PROXY_BAD_ROUTE: ['`to` or `rewriteRequest` returned what is no URL or no request', 'The log says what it returned. Both are synchronous: a promise is none.'],
  FST_ARR_PROXY_BAD_LIMIT: ['a function of an option threw, or returned no valid limit', 'The log says which one.'],
  FST_ARR_PROXY_BODY_TAKEN: ['a hook has read the body', 'Let the hook provide a stream of what it has read.'],
  FST_ARR_PROXY_METHOD_NOT_ALLOWED: ['the method is not among those that are proxied', 'Name it in `methods` of upstream-proxy, where it is meant to pass.'],
  FST_ARR_PROXY_REWRITE_FAILED: ['`rewriteResponse` or a hook has made an answer that cannot be sent', 'The log has the error.'],
  FST_ARR_PROXY_BODY_TOO_LARGE: ['the body is larger than `maxBodySize`', 'Raise `maxBodySize` of upstream-proxy, or send less.'],
  FST_ARR_CLIENT_TIMEOUT: ['the client was too slow with its request', "Look at the client's network, or raise the time limit: `minBytesPerSecond`, `timeouts` of upstream-proxy, `requestTimeout` of Fastify."]
}

/** Of a request that asks for no WebSocket, and where the system itself has no more. */
const NO_CONNECTION: Words = ['no connection to the upstream became free in time, or this client uses its share of them', 'Find out why the upstream takes so long: each request holds its connection until its answer is complete. Or raise `connections.max` or `connections.perClient` of upstream-proxy.']
const NO_DESCRIPTOR: Words = ['the system has no file descriptor or no buffer left', 'Raise the limit of open files (`ulimit -n`, `LimitNOFILE` of systemd), or set `websocket.maxTunnels` of upstream-proxy below half of it: each WebSocket takes two.']

const CODE = /FST_ARR_[A-Z_]+/
/** HRESULT_FROM_WIN32 of 4 (too many open files) and of 10055 (no buffers). */
const SHORTAGES: readonly unknown[] = [0x80070004, 0x80072747]

export function proxyRefusalFindings (story: Story): Finding[] {
  return seen(story, 'MODULE_SET_RESPONSE_ERROR_STATUS').flatMap(({ event, index }) => {
    const code = Object.values(event.data).map(value => CODE.exec(String(value))?.[0]).find(match => match !== undefined) ?? ''
    const words = wordsOf(code, story.handshake, numberOf(event, 'ErrorCode'))
    if (words === undefined || seen(story, 'FARM_CHOICE').length > 0) return []
    return [found('PROXY_REFUSED', [index], `This proxy answered ${story.trace.status ?? 'nothing'}: ${words[0]} (${code}).`, words[1])]
  })
}

function wordsOf (code: string, handshake: boolean, errorCode: number | null): Words | undefined {
  if (code === 'FST_ARR_PROXY_TOO_MANY') {
    if (SHORTAGES.includes(errorCode)) return NO_DESCRIPTOR
    if (!handshake) return NO_CONNECTION
  }
  return Object.hasOwn(REFUSALS, code) ? REFUSALS[code] : undefined
}
