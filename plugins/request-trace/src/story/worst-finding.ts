// Which finding matters most?
import type { Finding, Trace } from '../trace/trace.ts'

const RANKS: Readonly<Record<Finding['severity'], number>> = { error: 0, warning: 1, information: 2 }

/** The findings, the worst first; those that are equally bad as they stand. */
export function byWeight ({ findings }: Pick<Trace, 'findings'>): Finding[] {
  return findings.toSorted((a, b) => RANKS[a.severity] - RANKS[b.severity])
}

/** The first of the worst; undefined where nothing was found. */
export function worstFinding (trace: Pick<Trace, 'findings'>): Finding | undefined {
  return byWeight(trace)[0]
}
