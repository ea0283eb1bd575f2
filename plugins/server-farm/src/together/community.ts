// What does a farm ask and tell the farms of the other processes?
import type { FarmServerState } from '@fastify-arr/facts'
import type { Server } from '../farm/server.ts'
import type { GoodbyeOptions, RebalanceOptions } from '../options.ts'

/** What a farm has to do with the other processes. */
export interface Community {
  /** Whether this process probes. */
  readonly probes: boolean
  /** A probe of this process is over. */
  probed (farm: string, server: Server): void
  /** A state was set by hand in this process. */
  stateSet (farm: string, server: Server, state: FarmServerState, goodbye: GoodbyeOptions | undefined): void
  /** The tunnels are evened out by hand in this process. Gives what part of `perSecond` is this one's. */
  rebalanced (farm: string, options: RebalanceOptions | undefined): number
}
