// Whatever happens, in whatever order: what is counted is what is open, and at the end it is nothing.
import type { FarmChoice, FarmRefusal, FarmVisit } from '@fastify-arr/facts'
import fc from 'fast-check'
import t from 'tap'
import { arrValue } from '../src/affinity/arr-cookie.ts'
import type { Algorithm, FarmOptions, FarmServerState } from '../src/index.ts'
import { isChoice, openNow, REFUSED, RESET, visitOf, worldOf } from './world.ts'

const NAMES = ['a', 'b', 'c', 'd']
const STATES: FarmServerState[] = ['available', 'draining', 'unavailableGracefully', 'unavailableImmediately']

/** An exchange as a proxy drives it. */
interface Exchange {
  readonly visit: FarmVisit
  readonly isWebSocket: boolean
  cancel: () => void
  answer: FarmChoice | FarmRefusal | null
  stage: 'waiting' | 'asked' | 'answered' | 'open' | 'over'
}

const step = fc.record({ act: fc.constantFrom('ask', 'ask', 'ask', 'answer', 'open', 'end', 'fail', 'cancel', 'state', 'replace', 'pass', 'after the end'), pick: fc.nat(), more: fc.nat() })

const options = fc.record({
  algorithm: fc.constantFrom<Algorithm>('leastLoad', 'weightedRoundRobin', 'leastTunnels', 'leastResponseTime', 'powerOfTwoChoices', 'random', 'requestHash'),
  tunnels: fc.nat(4),
  handshakes: fc.nat(2),
  waiting: fc.nat(5),
  affinity: fc.boolean(),
  refuse: fc.boolean(),
  slowStart: fc.constantFrom(0, 5000)
})

t.test('the counts under a random script', async t => {
  fc.assert(fc.property(options, fc.array(step, { maxLength: 120 }), ({ algorithm, tunnels, handshakes, waiting, affinity, refuse, slowStart }, script) => {
    const farm = (servers: string[]): FarmOptions[] => [{
      name: 'chat',
      servers,
      algorithm,
      hash: { header: 'key' },
      slowStart,
      limits: { tunnels, handshakes, waiting, wait: 1000 },
      retry: { attempts: 5 },
      liveTraffic: false,
      goodbye: { window: 500 },
      ...affinity && { affinity: { cookie: 'c', onLost: refuse ? 'refuse' : 'redistribute' } }
    }]
    const { farms, clock } = worldOf(farm(NAMES))
    const all: Exchange[] = []
    const ask = (exchange: Exchange): void => {
      exchange.stage = 'waiting'
      exchange.cancel = exchange.visit.ask(answer => {
        if (exchange.stage !== 'waiting') throw new Error('it is answered twice')
        exchange.answer = answer
        exchange.stage = isChoice(answer) ? 'asked' : 'over'
      })
    }
    const openOf = (): number => all.filter(({ stage }) => stage !== 'over').length
    // Of servers that were removed, nothing is shown.
    const isShown = (exchange: Exchange): boolean => exchange.stage === 'waiting' || (isChoice(exchange.answer) && shown.includes(exchange.answer.name))
    let shown = NAMES

    for (const { act, pick, more } of script) {
      const some = all[pick % Math.max(1, all.length)]
      const choice = some !== undefined && isChoice(some.answer) ? some.answer : null
      if (act === 'ask') {
        const isWebSocket = more % 3 > 0
        const visit = visitOf(farms, { headers: { key: `${pick % 20}`, cookie: `c=${arrValue(NAMES[more % 4] as string)}` } }, isWebSocket ? 'webSocket' : 'request')
        const exchange: Exchange = { visit, isWebSocket, cancel: () => {}, answer: null, stage: 'waiting' }
        all.push(exchange)
        ask(exchange)
      } else if (act === 'answer' && some?.stage === 'asked') {
        choice?.answered(some.isWebSocket ? 101 : 200, [])
        some.stage = 'answered'
      } else if (act === 'open' && some?.stage === 'answered' && some.isWebSocket) {
        some.stage = 'open'
        choice?.opened({ lastActivity: pick, close () {} } as never)
      } else if (act === 'end' && some !== undefined && choice !== null && some.stage !== 'over' && some.stage !== 'waiting') {
        some.stage = 'over'
        choice.ended(null)
      } else if (act === 'fail' && some?.stage === 'asked' && choice !== null) {
        const may = some.visit.mayTryAgain(more % 2 === 0 ? REFUSED : RESET)
        some.stage = 'over'
        choice.ended(REFUSED)
        if (may) ask(some)
      } else if (act === 'cancel' && some !== undefined) {
        some.cancel()
        if (some.stage === 'waiting') some.stage = 'over'
      } else if (act === 'state') {
        const name = shown[pick % shown.length] as string
        farms.farm('chat').setState(name, STATES[more % 4] as FarmServerState)
      } else if (act === 'replace') {
        shown = NAMES.filter((_, index) => (more >> index) % 2 === 1)
        if (shown.length === 0) shown = ['a']
        farms.replace(farm(shown))
      } else if (act === 'pass') {
        clock.pass(more % 1500)
      } else if (act === 'after the end' && some?.stage === 'over' && choice !== null) {
        choice.answered(200, [])
        choice.opened({ lastActivity: 0, close () {} } as never)
        choice.ended(REFUSED)
      }
      const counted = openNow(farms)
      const expected = all.filter(exchange => exchange.stage !== 'over' && isShown(exchange)).length
      if (counted !== expected) throw new Error(`after ${act}: ${counted} are counted, ${expected} are open`)
      for (const server of farms.get('chat')?.servers ?? []) {
        if (handshakes > 0 && server.handshakes > handshakes) throw new Error('too many handshakes')
        if (tunnels > 0 && server.handshakes + server.tunnels > tunnels) throw new Error('too many tunnels')
      }
    }

    for (let round = 0; openOf() > 0 && round < 1000; round++) {
      for (const exchange of all) {
        if (exchange.stage === 'over' || !isChoice(exchange.answer) || exchange.stage === 'waiting') continue
        exchange.stage = 'over'
        exchange.answer.ended(null)
      }
      clock.pass(1000)
    }
    farms.replace(farm(NAMES))
    if (openNow(farms) !== 0) throw new Error(`${openNow(farms)} are left`)
    if (openOf() !== 0) throw new Error('somebody waits for ever')
    clock.pass(20_000)
    return clock.timers === 0
  }), { numRuns: 400 })
  t.pass('hold')
})
