// What holds for the health of a farm's servers? The options, compiled.
import type { FarmProbe } from '@fastify-arr/facts'
import type { StatusRanges } from './status-ranges.ts'

/** What holds for all servers of a farm. */
export interface HealthSettings {
  /** Null where no server is probed. */
  readonly probes: ProbeSettings | null
  /** Null where the traffic puts no server out. */
  readonly liveTraffic: LiveTrafficSettings | null
}

/** How a server is probed. Times are in ms. */
export interface ProbeSettings {
  readonly secure: boolean
  /** The host of the URL, with its port where it has one; null where the URL is a path, and each server is asked under its own host. */
  readonly host: string | null
  /** With the query. */
  readonly path: string
  readonly interval: number
  readonly timeout: number
  readonly retries: number
  readonly successes: number
  readonly statusCodes: StatusRanges
  readonly contains: Buffer | null
  readonly webSocket: boolean | 'ping'
  readonly rejectUnauthorized: boolean
}

/** What puts a server out, and for how long. Times are in ms. */
export interface LiveTrafficSettings {
  readonly statusCodes: StatusRanges | null
  readonly failures: number
  readonly period: number
  readonly out: number
  readonly maxOut: number
  readonly atMost: number
}

/** A server whose health is of interest. */
export interface HealthTarget {
  readonly address: string
  readonly httpPort: number
  readonly httpsPort: number
  /** The Host header that the server gets. A probe whose URL is a path sends it, too; else the probe sends the address. */
  readonly hostName?: string | undefined
  /** What is probed in the place of the address and the port. */
  readonly healthHost?: string | undefined
  readonly healthPort?: number | undefined
  /** The farm's name. */
  readonly farm: string
}

/** What is known by probes, as one process tells another. */
export interface ProbingState {
  readonly last: FarmProbe
  /** Why it is out; null where it is not. */
  readonly why: string | null
  /** How many in a row said the contrary. */
  readonly contrary: number
}
