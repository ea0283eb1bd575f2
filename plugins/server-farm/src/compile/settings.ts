// What do the options come to? The compiled form, which is all that the other parts read.
import type { FarmServerState } from '@fastify-arr/facts'
import type { AffinitySettings } from '../affinity/compile-affinity.ts'
import type { HashSettings } from '../choosing/hash-source.ts'
import type { DnsSettings } from '../discovery/compile-dns.ts'
import type { HealthSettings } from '../health/compile-health.ts'

/** The algorithms by the names that they have here. */
export type AlgorithmName = 'leastLoad' | 'weightedRoundRobin' | 'leastTunnels' | 'leastResponseTime' | 'powerOfTwoChoices' | 'random' | 'requestHash'

export interface ServerLimits {
  /** 0 for no limit. */
  readonly tunnels: number
  readonly handshakes: number
}

export interface ServerSettings {
  readonly name: string
  readonly address: string
  readonly httpPort: number
  readonly httpsPort: number
  /** Its origins. */
  readonly http: string
  readonly https: string
  readonly weight: number
  readonly host: string | null
  readonly state: FarmServerState
  readonly healthHost: string | undefined
  readonly healthPort: number | undefined
  readonly limits: ServerLimits
}

export interface RetrySettings {
  readonly attempts: number
  readonly connect: boolean
  readonly reset: boolean
  readonly timeout: boolean
  readonly statuses: ReadonlySet<number>
  readonly budget: number
}

export interface GoodbyeSettings {
  readonly code: number
  readonly reason: string
  readonly window: number
  readonly deadline: number
}

export interface RebalanceSettings {
  readonly threshold: number
  readonly after: number
  readonly perSecond: number
}

export interface FarmSettings {
  readonly name: string
  readonly servers: readonly ServerSettings[]
  /** Null where the servers are written. */
  readonly dns: DnsSettings | null
  /** What a server has where it does not say it itself. */
  readonly serverLimits: ServerLimits
  readonly algorithm: AlgorithmName
  readonly hash: HashSettings | null
  readonly affinity: AffinitySettings | null
  readonly health: HealthSettings
  /** What the health is compiled from, as a text: where it stays the same, health is kept. */
  readonly healthText: string
  readonly dnsText: string
  readonly retry: RetrySettings | null
  /** ms, and how many. */
  readonly wait: number
  readonly waiting: number
  readonly slowStart: number
  readonly goodbye: GoodbyeSettings
  readonly onUnhealthy: 'keep' | 'close'
  readonly rebalance: RebalanceSettings | null
  readonly minServers: number
  readonly whenAllDown: 'all' | 'none'
}
