// What does an algorithm see of a server, and of the one that asks?
import type { ResponseTime } from './response-time.ts'

export interface Candidate {
  /** A hash of its name. */
  readonly seed: number
  /** Open now. */
  readonly requests: number
  readonly handshakes: number
  readonly tunnels: number
  /** Until when it counts as loaded because its last attempts have failed, on the clock of `Asker.now`. */
  readonly suspectUntil: number
  readonly responseTime: ResponseTime
  /** Its share at a moment: less than configured while it starts slowly. */
  weightAt (now: number): number
  /** When it has its whole share. */
  readonly warmAt: number
}

export interface Asker<Member> {
  /** ms, of a clock that only goes forward. */
  readonly now: number
  /** Whether `may` has to be asked. */
  readonly isRestricted: boolean
  /** Whether it may have this server: it has not had it, and there is a place. */
  may (member: Member): boolean
  /** What a hash is computed from, as 32 bits. Asked by `requestHash` alone. */
  readonly key: number
  /** How much is open at all servers together. */
  readonly load: number
}

/** An algorithm. It gives null where the asker may have none of the pool. */
export interface Chooser {
  choose<Member extends Candidate> (pool: Pool<Member>, asker: Asker<Member>): Member | null
}

/** The servers that can be chosen, with their shares at the moment. */
export interface Pool<Member> {
  readonly members: readonly Member[]
  readonly weights: Float64Array
  /** The weights added up, for a choice by weight. */
  readonly sums: Float64Array
  readonly total: number
  /** For each the position in smooth weighted round robin. */
  readonly turns: Float64Array
  /** Members with equal weights are together: their indexes and seeds, and where each group ends. */
  readonly groups: { readonly order: Int32Array, readonly seeds: Int32Array, readonly ends: readonly number[] }
}
