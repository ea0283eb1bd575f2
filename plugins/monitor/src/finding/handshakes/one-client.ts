// Has one address most of the open WebSockets?
import type { Finding } from '../../messages/index.ts'
import { found } from '../codes.ts'
import { filterOf } from '../sentence.ts'

const LEAST = 100
const SHARE = 0.5

/** `clients` are the addresses of the open WebSockets, one for each. */
export function oneClient (clients: Iterable<string>, now: number): Finding[] {
  const counts = new Map<string, number>()
  let all = 0
  let most = ''
  for (const client of clients) {
    const count = (counts.get(client) ?? 0) + 1
    counts.set(client, count)
    all++
    if (count > (counts.get(most) ?? 0)) most = client
  }
  const count = counts.get(most) ?? 0
  if (count < LEAST || count < all * SHARE) return []
  return [found('ONE_CLIENT_WITH_MANY', { count, first: now, last: now, examples: [] },
    `${most} has ${count} of the ${all} open WebSockets.`,
    "A load balancer in front hides its clients: set Fastify's `trustProxy`. Elsewhere a program opens without closing: limit it with `websocket.maxTunnelsPer` of upstream-proxy, or `webSocketsPerClient` of request-filter.",
    filterOf({ client: most }))]
}
