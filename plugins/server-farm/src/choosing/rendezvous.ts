// Which server is a key's? Weighted rendezvous hashing (Thaler and Ravishankar 1998; Schindelhauer and Schomaker 2005 for the weights):
// where a server comes or goes, only the keys move that are, or were, its own.
import type { Asker, Candidate, Chooser, Pool } from './candidate.ts'
import { firstWorth, worthOf } from './hash.ts'

const RANGE = 2 ** 32
const LEAST = -(2 ** 31)

/**
 * The index of a key's server; -1 where there is none.
 *
 * @param asker who may not have some of them; null for all.
 * @param bound how many times the mean load a server may have, Infinity for no bound (Mirrokni, Thorup and Zadimoghaddam 2016).
 */
export function rendezvous<Member extends Candidate> (pool: Pool<Member>, key: number, asker: Asker<Member> | null, bound: number): number {
  const { members, weights, groups: { order, seeds, ends }, total } = pool
  const mean = asker === null || bound === Infinity ? Infinity : bound * (asker.load + 1) / total
  // Made an integer once, and not for each server.
  const bits = key | 0
  let best = -1
  let highest = -Infinity
  let at = 0
  for (const end of ends) {
    // Among equal weights the highest hash wins, so that one logarithm does for all of them.
    const weight = weights[order[at] as number] as number
    const most = mean === Infinity ? Infinity : Math.ceil(mean * weight)
    let winner = -1
    let hash = LEAST
    while ((at = firstWorth(hash, seeds, at, end, bits)) < end) {
      if (asker === null || isFree(members[order[at] as number] as Member, asker, most)) {
        hash = worthOf(seeds[at] as number, bits)
        winner = order[at] as number
      }
      at++
    }
    if (winner === -1) continue
    const score = -weight / Math.log((hash - LEAST + 0.5) / RANGE)
    if (score > highest) {
      highest = score
      best = winner
    }
  }
  return best
}

function isFree<Member extends Candidate> (member: Member, asker: Asker<Member>, most: number): boolean {
  if (member.requests + member.handshakes + member.tunnels >= most) return false
  return !asker.isRestricted || asker.may(member)
}

/** @param boundedLoad how many times the mean load a server takes before the next one does; 0 for any amount. */
export function requestHash (boundedLoad: number): Chooser {
  const bound = boundedLoad === 0 ? Infinity : boundedLoad
  return {
    choose (pool, asker) {
      let index = rendezvous(pool, asker.key, asker, bound)
      // Those within the bound may all be full, or have been tried.
      if (index === -1 && bound !== Infinity) index = rendezvous(pool, asker.key, asker, Infinity)
      return pool.members[index] ?? null
    }
  }
}
