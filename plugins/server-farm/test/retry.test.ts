// When another server is tried: after which failures, how often, and within which budget.
import type { FarmChoice, FarmFailure } from '@fastify-arr/facts'
import t from 'tap'
import type { FarmOptions, RetryOptions } from '../src/index.ts'
import { ask, choose, REFUSED, RESET, TIMEOUT, visitOf, type World, worldOf } from './world.ts'

function world (retry?: false | RetryOptions, options: Partial<FarmOptions> = {}): World {
  return worldOf([{ name: 'chat', servers: ['a', 'b', 'c', 'd'], liveTraffic: false, ...retry !== undefined && { retry }, ...options }])
}

/** Whether a failure of the first attempt leads to another one. */
function mayTry ({ farms }: World, failure: FarmFailure): boolean {
  const visit = visitOf(farms)
  const choice = ask(visit) as FarmChoice
  const may = visit.mayTryAgain(failure)
  choice.ended(failure)
  return may
}

const status = (code: number): FarmFailure => ({ code: 'FST_ARR_UPSTREAM_STATUS', moment: 'headers', status: code })
const CONNECT_TIMEOUT = { code: 'FST_ARR_UPSTREAM_CONNECT_TIMEOUT', moment: 'connect', status: null } as const

t.test('the failures that are retried are those of the option', async t => {
  const cases: Array<[false | RetryOptions | undefined, FarmFailure, boolean]> = [
    [undefined, REFUSED, true],
    [undefined, CONNECT_TIMEOUT, true],
    [undefined, RESET, true],
    [undefined, { ...RESET, moment: 'request' }, true],
    [undefined, { ...RESET, moment: 'body' }, false],
    [undefined, TIMEOUT, false],
    [undefined, status(503), false],
    [{ on: ['timeout'] }, TIMEOUT, true],
    [{ on: ['timeout'] }, REFUSED, false],
    [{ on: [503] }, status(503), true],
    [{ on: [503] }, status(502), false],
    [{ on: [503] }, RESET, false],
    [{ attempts: 0 }, REFUSED, false],
    [false, REFUSED, false]
  ]
  for (const [retry, failure, is] of cases) t.equal(mayTry(world(retry), failure), is, `${JSON.stringify(retry)} ${failure.code} ${failure.status ?? ''}`)
})

t.test('so many attempts as the option says, each at another server', async t => {
  const one = world({ attempts: 2 })
  const visit = visitOf(one.farms)
  const names = new Set<string>()
  const may = [1, 2, 3].map(() => {
    const choice = ask(visit) as FarmChoice
    names.add(choice.name)
    const is = visit.mayTryAgain(REFUSED)
    choice.ended(REFUSED)
    return is
  })
  t.same(may, [true, true, false])
  t.equal(names.size, 3)
})

t.test('where there is no other server, there is no other attempt', async t => {
  t.equal(mayTry(world(undefined, { servers: ['a'] }), REFUSED), false)
  const one = world(undefined, { servers: ['a', 'b', 'c'] })
  one.farms.farm('chat').setState('b', 'draining')
  one.farms.farm('chat').setState('c', 'unavailableGracefully')
  t.equal(mayTry(one, REFUSED), false)
})

t.test('ten attempts are free, more are a share of the exchanges of the last ten seconds', async t => {
  const one = world({ budget: 0.2 })
  t.equal(Array.from({ length: 30 }, () => mayTry(one, REFUSED)).filter(Boolean).length, 10)
  for (let index = 0; index < 970; index++) choose(one.farms).ended(null)
  t.equal(Array.from({ length: 500 }, () => mayTry(one, REFUSED)).filter(Boolean).length, 0.2 * 1500 - 10, 'a fifth of all 1500, those that ask meanwhile included')
  one.clock.pass(11_000)
  t.equal(Array.from({ length: 30 }, () => mayTry(one, REFUSED)).filter(Boolean).length, 10)
})

t.test('the budget comes back little by little', async t => {
  const one = world({ budget: 0 })
  const tries = (): number => Array.from({ length: 5 }, () => mayTry(one, REFUSED)).filter(Boolean).length
  const seen = Array.from({ length: 14 }, () => {
    const count = tries()
    one.clock.pass(1000)
    return count
  })
  t.same(seen, [5, 5, 0, 0, 0, 0, 0, 0, 0, 0, 5, 5, 0, 0])
})

t.test('a client that must stay with its server gets no other one', async t => {
  const one = world(undefined, { affinity: { header: 'x', onLost: 'refuse' } })
  const visit = visitOf(one.farms, { headers: { x: '1' } })
  ask(visit)
  t.equal(visit.mayTryAgain(REFUSED), false)
})
