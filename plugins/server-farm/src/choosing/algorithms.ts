// Which algorithm has which name?
import type { AlgorithmName } from '../compile/settings.ts'
import type { Chooser } from './candidate.ts'
import { leastLoad, leastTunnels, powerOfTwoChoices } from './least.ts'
import { leastResponseTime } from './least-response-time.ts'
import { randomByWeight } from './random.ts'
import { requestHash } from './rendezvous.ts'
import { weightedRoundRobin } from './round-robin.ts'

/** @param boundedLoad for `requestHash`. */
export function chooserOf (name: AlgorithmName, boundedLoad: number, random: () => number): Chooser {
  switch (name) {
    case 'leastLoad': return leastLoad(random)
    case 'leastTunnels': return leastTunnels(random)
    case 'leastResponseTime': return leastResponseTime(random)
    case 'powerOfTwoChoices': return powerOfTwoChoices(random)
    case 'random': return randomByWeight(random)
    case 'requestHash': return requestHash(boundedLoad)
    case 'weightedRoundRobin': return weightedRoundRobin
  }
}
