// Which sites, listeners, certificates and rules are there?
import type { ServerFacts, Told } from '@fastify-arr/facts'
import type { FarmsView, SitesView } from '../../messages/index.ts'
import type { RuleCounts } from './rule-counts.ts'

const DAY = 86_400_000

export function sites ({ sites, listeners }: Told<Pick<ServerFacts, 'sites' | 'listeners'>>, rules: RuleCounts, now: number): SitesView {
  return {
    sites: sites === undefined ? [] : [...sites as Iterable<SitesView['sites'][number]>],
    listeners: [...(listeners?.addresses ?? []) as SitesView['listeners']],
    certificates: ((listeners?.certificates ?? []) as NonNullable<ServerFacts['listeners']>['certificates']).map(({ listener, names, validTo }) => ({
      listener,
      names,
      validTo: validTo.getTime(),
      daysLeft: daysLeft(validTo.getTime(), now)
    })),
    rules: rules.rows()
  }
}

export function farms ({ farms }: Pick<ServerFacts, 'farms'>): FarmsView {
  return { farms: farms === undefined ? [] : [...farms] }
}

/** Whole days; negative for one that has expired. */
export function daysLeft (validTo: number, now: number): number {
  return Math.floor((validTo - now) / DAY)
}
