// Which server will answer first? The time of late, times what is open there.
import type { Asker, Candidate, Chooser, Pool } from './candidate.ts'
import { drawOne } from './random.ts'

const FEW = 32
const SUSPICION = 1e6

export function leastResponseTime (random: () => number): Chooser {
  return {
    choose: (pool, asker) => pool.members[pool.members.length <= FEW ? ofAll(pool, asker, random) : ofTwo(pool, asker, random)] ?? null
  }
}

function cost (candidate: Candidate, weight: number, time: number, now: number): number {
  const load = candidate.requests + candidate.handshakes + candidate.tunnels + 1
  // A thousandth of a millisecond more, so that what is open counts also where there is no time yet.
  return (time + 0.001) * (candidate.suspectUntil > now ? load + SUSPICION : load) / weight
}

/** One that has not answered yet counts as the mean of the others. */
function ofAll<Member extends Candidate> ({ members, weights }: Pool<Member>, asker: Asker<Member>, random: () => number): number {
  let sum = 0
  let measured = 0
  for (let index = 0; index < members.length; index++) {
    const time = (members[index] as Member).responseTime.expected(asker.now)
    if (Number.isNaN(time)) continue
    sum += time
    measured++
  }
  const mean = measured === 0 ? 0 : sum / measured
  let best = -1
  let least = Infinity
  let tied = 0
  for (let index = 0; index < members.length; index++) {
    const member = members[index] as Member
    if (asker.isRestricted && !asker.may(member)) continue
    const time = member.responseTime.expected(asker.now)
    const own = cost(member, weights[index] as number, Number.isNaN(time) ? mean : time, asker.now)
    if (own < least) {
      best = index
      least = own
      tied = 1
    } else if (own === least && random() * ++tied < 1) {
      best = index
    }
  }
  return best
}

function ofTwo<Member extends Candidate> (pool: Pool<Member>, asker: Asker<Member>, random: () => number): number {
  const first = drawOne(pool, asker, random)
  const second = first === -1 ? -1 : drawOne(pool, asker, random)
  if (second === -1 || second === first) return first
  const { members, weights } = pool
  const [a, b] = [members[first] as Member, members[second] as Member]
  const [timeA, timeB] = [a.responseTime.expected(asker.now), b.responseTime.expected(asker.now)]
  const costA = cost(a, weights[first] as number, firstNumber(timeA, timeB), asker.now)
  return cost(b, weights[second] as number, firstNumber(timeB, timeA), asker.now) < costA ? second : first
}

function firstNumber (one: number, other: number): number {
  return Number.isNaN(one) ? Number.isNaN(other) ? 0 : other : one
}
