// Whose turn is it? Smooth weighted round robin, as nginx has it: servers with weights 5, 1, 1 come in the order a a b a c a a.
import type { Asker, Candidate, Chooser, Pool } from './candidate.ts'

export const weightedRoundRobin: Chooser = {
  choose<Member extends Candidate> ({ members, weights, turns, total }: Pool<Member>, asker: Asker<Member>): Member | null {
    let best = -1
    let most = -Infinity
    let sum = total
    if (!asker.isRestricted) {
      for (let index = 0; index < turns.length; index++) {
        const turn = (turns[index] as number) + (weights[index] as number)
        turns[index] = turn
        if (turn > most) {
          most = turn
          best = index
        }
      }
    } else {
      sum = 0
      for (let index = 0; index < turns.length; index++) {
        if (!asker.may(members[index] as Member)) continue
        const weight = weights[index] as number
        sum += weight
        const turn = (turns[index] as number) + weight
        turns[index] = turn
        if (turn > most) {
          most = turn
          best = index
        }
      }
    }
    if (best === -1) return null
    turns[best] = most - sum
    return members[best] as Member
  }
}
