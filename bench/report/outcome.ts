// What came of a workload with one peer?
import type { Peer } from '../peers/kinds.ts'
import type { Sample } from '../workloads/kinds.ts'

/** The result of a peer in a workload: its samples, or why there are none. */
export interface Outcome {
  readonly peer: Peer
  readonly samples: readonly Sample[]
  readonly failure: string | null
}
