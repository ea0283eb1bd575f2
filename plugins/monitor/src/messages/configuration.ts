// Which farms, sites, listeners and rules are there? Plain data, which JSON keeps; times are ms since the epoch, durations ms.
import type { FarmInfo, ListenerAddress, SiteInfo } from '@fastify-arr/facts'

export interface FarmsView {
  readonly farms: readonly FarmInfo[]
}

export interface SitesView {
  readonly sites: readonly SiteInfo[]
  readonly listeners: readonly ListenerAddress[]
  readonly certificates: ReadonlyArray<{ readonly listener: string, readonly names: readonly string[], readonly validTo: number, readonly daysLeft: number }>
  /** Rules that have changed a request since the start, the most frequent first. */
  readonly rules: ReadonlyArray<{ readonly rule: string, readonly matches: number, readonly lastAt: number }>
}
