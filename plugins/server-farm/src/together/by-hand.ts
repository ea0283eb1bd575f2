// Which of two states that were set by hand is the newer one, in all processes alike?
import type { FarmServerState } from '@fastify-arr/facts'
import type { GoodbyeOptions } from '../options.ts'

/** A state that was set by hand. */
export interface ByHand {
  readonly state: FarmServerState
  readonly goodbye?: GoodbyeOptions
  /** What the options said then. */
  readonly configured: FarmServerState
  /** A count that each process takes over from the others, its generation, its number: of two that were set at once, one holds everywhere. */
  readonly stamp: readonly [count: number, generation: number, number: number]
}

export function isNewer ({ stamp }: ByHand, { stamp: other }: ByHand): boolean {
  const at = stamp.findIndex((value, index) => value !== other[index])
  return at !== -1 && (stamp[at] as number) > (other[at] as number)
}
