// Which server by chance? Each as often as its weight says.
import type { Asker, Candidate, Chooser, Pool } from './candidate.ts'

/** How often a server is drawn that the asker may not have, until all are looked through. */
const DRAWS = 8

/** The index of a server by weight. */
export function draw ({ sums, total }: Pool<unknown>, random: () => number): number {
  const point = random() * total
  let low = 0
  let high = sums.length - 1
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((sums[middle] as number) > point) high = middle
    else low = middle + 1
  }
  return low
}

/** The index of a server by weight that the asker may have; -1 where there is none. */
export function drawOne<Member extends Candidate> (pool: Pool<Member>, asker: Asker<Member>, random: () => number): number {
  const { members, weights } = pool
  if (members.length === 0) return -1
  if (!asker.isRestricted) return draw(pool, random)
  for (let draws = 0; draws < DRAWS; draws++) {
    const index = draw(pool, random)
    if (asker.may(members[index] as Member)) return index
  }
  let found = -1
  let sum = 0
  for (let index = 0; index < members.length; index++) {
    if (!asker.may(members[index] as Member)) continue
    sum += weights[index] as number
    if (random() * sum < (weights[index] as number)) found = index
  }
  return found
}

export function randomByWeight (random: () => number): Chooser {
  return {
    choose: (pool, asker) => pool.members[drawOne(pool, asker, random)] ?? null
  }
}
