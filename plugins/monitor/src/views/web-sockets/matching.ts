// Which open WebSockets does a filter name, all of them, now? For closing them: unlike the list, it leaves out none.
import type { RequestFacts, Told, TunnelsFact } from '@fastify-arr/facts'
import { compileFilter } from '../../filtering/compile-filter.ts'
import { Seen } from './seen.ts'

/** The ids of all that the filter names; of an empty one all. */
export function matching (tunnels: Told<TunnelsFact> | undefined, filter: string, now: number): string[] {
  const ids: string[] = []
  if (tunnels?.[Symbol.iterator] === undefined) return ids
  const passes = compileFilter(filter)
  for (const open of tunnels as TunnelsFact) {
    const tunnel = (open.request as Told<RequestFacts> | undefined)?.upstream?.tunnel
    if (tunnel !== null && tunnel !== undefined && passes(new Seen(open.request, tunnel).row(() => open, now))) ids.push(open.id)
  }
  return ids
}
