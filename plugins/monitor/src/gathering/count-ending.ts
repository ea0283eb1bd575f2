// What else is counted when an exchange ends? Its rule, and a WebSocket that was refused, for the findings.
import type { RequestFacts, Told } from '@fastify-arr/facts'
import type { SocketCounts } from '../views/socket-views.ts'
import type { Ending } from './exchanges.ts'

let refusals = 0

/** To be called for each exchange that is told of. */
export function countEnding ({ rules, refused }: SocketCounts, { request, time, status, kind, isOver }: Ending): void {
  if (!isOver) return
  const { rewrite, site, rejection, upstream } = request as Told<RequestFacts>
  if (typeof rewrite?.rule === 'string') rules.count(rewrite.rule, Date.now())
  if (kind !== 'refused') return
  refused.add({
    id: `refused-${++refusals}`,
    at: Date.now() - time,
    status,
    client: request.ip,
    site: site?.name ?? null,
    rejection: rejection?.reason ?? null,
    upstream: upstream?.server ?? null,
    error: upstream?.error?.code ?? null
  })
}
