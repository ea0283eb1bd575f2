// How much a server takes, and who waits for a place: in order, not for ever, and never more than may wait.
import type { FarmChoice, FarmRefusal } from '@fastify-arr/facts'
import t from 'tap'
import { arrValue } from '../src/affinity/arr-cookie.ts'
import type { FarmOptions } from '../src/index.ts'
import { type Asked, ask, choose, isChoice, open, openNow, REFUSED, RESET, Tunnel, visitOf, type World, worldOf } from './world.ts'

function world (options: Partial<FarmOptions> = {}): World {
  return worldOf([{ name: 'chat', servers: ['a', 'b'], ...options }])
}

interface Question {
  answer: FarmChoice | FarmRefusal | null
  readonly cancel: () => void
}

function wait ({ farms }: World, asked?: Asked): Question {
  const question: { answer: Question['answer'] } = { answer: null }
  const cancel = visitOf(farms, asked).ask(answer => { question.answer = answer })
  return Object.assign(question, { cancel })
}

const waiting = ({ farms }: World): number => farms.get('chat')?.waiting ?? NaN

t.test('a server takes as many handshakes and tunnels as its limits say, the rest goes to the others', async t => {
  const one = world({ servers: ['a', { address: 'b', limits: { tunnels: 5, handshakes: 2 } }], limits: { tunnels: 20, wait: 0 } })
  const all = Array.from({ length: 25 }, () => open(one))
  t.same(one.farms.get('chat')?.servers.map(({ tunnels }) => tunnels), [20, 5])
  t.match(ask(visitOf(one.farms)), { reason: 'busy' })
  t.ok(isChoice(ask(visitOf(one.farms, {}, 'request'))), 'requests have no limit')
  all[0]?.end()
  t.ok(isChoice(ask(visitOf(one.farms))))
})

t.test('where all are full, handshakes wait, and get the places that become free in their order', async t => {
  const one = world({ limits: { handshakes: 1 } })
  const [first, second] = [choose(one.farms), choose(one.farms)]
  const queue = [wait(one), wait(one), wait(one), wait(one)]
  t.equal(waiting(one), 4)
  first.ended(REFUSED)
  t.same(queue.map(({ answer }) => answer !== null), [true, false, false, false])
  const tunnel = new Tunnel(second, one.clock)
  t.same(queue.map(({ answer }) => answer !== null), [true, true, false, false], 'an opened handshake is none any more')
  const late = wait(one);
  (queue[0]?.answer as FarmChoice).ended(null)
  t.ok(queue[2]?.answer)
  t.notOk(late.answer);
  (queue[1]?.answer as FarmChoice).ended(null);
  (queue[2]?.answer as FarmChoice).ended(null)
  t.ok(queue[3]?.answer)
  t.ok(late.answer)
  tunnel.end();
  (queue[3]?.answer as FarmChoice).ended(null);
  (late.answer as unknown as FarmChoice).ended(null)
  t.equal(openNow(one.farms), 0)
  t.equal(one.clock.timers, 0)
})

t.test('who has waited long enough is told to come later, each client at another time', async t => {
  const one = world({ limits: { handshakes: 1, wait: 500 } })
  const held = [choose(one.farms), choose(one.farms)]
  const queue = Array.from({ length: 50 }, () => wait(one))
  one.clock.pass(300)
  const later = wait(one)
  one.clock.pass(200)
  t.ok(queue.every(({ answer }) => answer !== null && !isChoice(answer) && answer.reason === 'busy'))
  t.equal(later.answer, null)
  const after = queue.map(({ answer }) => (answer as FarmRefusal).retryAfter)
  t.ok(after.every(seconds => Number.isInteger(seconds) && seconds >= 1))
  t.ok(new Set(after).size >= 4, `${[...new Set(after)]}`)
  one.clock.pass(300)
  t.match(later.answer, { reason: 'busy' })
  for (const choice of held) choice.ended(null)
  t.equal(openNow(one.farms), 0)
})

t.test('the spread of Retry-After grows with the queue', async t => {
  const most = (queue: number): number => {
    const one = world({ servers: ['a'], limits: { handshakes: 1, waiting: queue } })
    choose(one.farms)
    for (let index = 0; index < queue; index++) wait(one)
    return Math.max(...Array.from({ length: 200 }, () => (ask(visitOf(one.farms)) as FarmRefusal).retryAfter))
  }
  t.equal(most(0), 5)
  t.equal(most(1000), 15)
  t.equal(most(10_000), 61)
})

t.test('no more wait than may; the others are busy at once', async t => {
  const one = world({ limits: { handshakes: 1, waiting: 3 } })
  choose(one.farms)
  choose(one.farms)
  const queue = Array.from({ length: 5 }, () => wait(one))
  t.equal(waiting(one), 3)
  t.same(queue.map(({ answer }) => answer === null), [true, true, true, false, false])
})

t.test('a question can be taken back; its place in the line goes to the next', async t => {
  const one = world({ servers: ['a'], limits: { handshakes: 1 } })
  const first = choose(one.farms)
  const [gone, next] = [wait(one), wait(one)]
  gone.cancel()
  gone.cancel()
  t.equal(waiting(one), 1)
  first.ended(null)
  t.equal(gone.answer, null)
  t.ok(next.answer)
  next.cancel()
  t.equal(one.farms.get('chat')?.servers[0]?.handshakes, 1, 'after the answer it takes back nothing')
})

t.test('a bound client waits for its server, and the places there go by age', async t => {
  const one = world({ affinity: { cookie: 'c' }, limits: { handshakes: 1 } })
  const asked = { headers: { cookie: `c=${arrValue('a')}` } }
  const [onA, onB] = [choose(one.farms, asked), choose(one.farms)]
  t.same([onA.name, onB.name], ['a', 'b'])
  const free = wait(one)
  one.clock.pass(1)
  const bound = wait(one, asked)
  onB.ended(null)
  t.match(free.answer, { name: 'b' })
  t.equal(bound.answer, null)
  const younger = wait(one)
  one.clock.pass(1)
  onA.ended(null)
  t.match(bound.answer, { name: 'a' }, 'it came earlier')
  t.equal(younger.answer, null)
})

t.test('a client that waits for a server that goes finds another one', async t => {
  const one = world({ affinity: { cookie: 'c' }, limits: { handshakes: 1 } })
  const asked = { headers: { cookie: `c=${arrValue('a')}` } }
  const first = choose(one.farms, asked)
  const bound = wait(one, asked)
  one.farms.farm('chat').setState('a', 'unavailableGracefully')
  t.match(bound.answer, { name: 'b' })
  first.ended(null)
  const two = worldOf([{ name: 'chat', servers: ['a', 'b'], affinity: { cookie: 'c', onLost: 'refuse' }, limits: { handshakes: 1 } }])
  choose(two.farms, asked)
  const refused = wait(two, asked)
  two.farms.farm('chat').remove('a')
  t.match(refused.answer, { reason: 'lost' })
})

t.test('a bound client waits no longer because its server changes meanwhile', async t => {
  const one = world({ affinity: { cookie: 'c' }, limits: { handshakes: 1, wait: 1000 } })
  const asked = { headers: { cookie: `c=${arrValue('a')}` } }
  choose(one.farms, asked)
  const bound = wait(one, asked)
  const chat = one.farms.farm('chat')
  for (let changes = 0; changes < 4; changes++) {
    one.clock.pass(300)
    chat.setState('a', changes % 2 === 0 ? 'draining' : 'available')
  }
  t.match(bound.answer, { reason: 'busy' })
  t.equal(openNow(one.farms), 1)
})

t.test('a server that comes back, or is added, takes those that wait', async t => {
  const one = world({ servers: ['a', { address: 'b', state: 'draining' }], limits: { handshakes: 1 } })
  choose(one.farms)
  const queue = [wait(one), wait(one), wait(one)]
  one.farms.farm('chat').setState('b', 'available')
  t.match(queue[0]?.answer, { name: 'b' })
  one.farms.farm('chat').add('c')
  t.match(queue[1]?.answer, { name: 'c' })
  t.equal(queue[2]?.answer, null)
  one.farms.replace([{ name: 'chat', servers: ['a', 'b', 'c'] }])
  t.ok(queue[2]?.answer, 'there is no limit any more')
})

t.test('whoever has had a server that is free does not hold up those behind', async t => {
  const one = world({ limits: { handshakes: 1 }, liveTraffic: false })
  const [first, second] = [choose(one.farms), choose(one.farms)]
  const visit = visitOf(one.farms)
  let again: FarmChoice | FarmRefusal | null = null
  visit.ask(answer => { again = answer })
  second.ended(null)
  const failed = again as unknown as FarmChoice
  t.equal(failed.name, second.name)
  const behind = wait(one)
  failed.ended(REFUSED)
  t.match(behind.answer, { name: second.name })
  again = null
  visit.ask(answer => { again = answer })
  const last = wait(one);
  (behind.answer as unknown as FarmChoice).ended(null)
  t.equal(again, null, 'it has had that one')
  t.match(last.answer, { name: second.name });
  (last.answer as unknown as FarmChoice).ended(null)
  const newcomer = wait(one)
  t.match(newcomer.answer, { name: second.name }, 'nor those that come')
  first.ended(null)
  t.match(again, { name: first.name })
})

t.test('however many of those there are', async t => {
  const one = world({ limits: { handshakes: 1 }, liveTraffic: false, retry: { budget: 1 } })
  const isA = (choice: FarmChoice): boolean => choice.name === 'a'
  const held = [choose(one.farms), choose(one.farms)]
  const [onA, onB] = [held.find(isA), held.find(choice => !isA(choice))] as [FarmChoice, FarmChoice]
  onA.ended(null)
  for (let count = 0; count < 40; count++) {
    const visit = visitOf(one.farms)
    const first = ask(visit) as FarmChoice
    t.equal(visit.mayTryAgain(RESET), true)
    first.ended(RESET)
    t.equal(ask(visit), null, 'it has had a, and waits for b')
  }
  const last = choose(one.farms)
  const fresh = wait(one)
  last.ended(null)
  t.match(fresh.answer, { name: 'a' })
  onB.ended(null)
  t.equal(one.farms.get('chat')?.waiting, 39)
})

t.test('those that fail as soon as they have a place do not recurse', async t => {
  const one = world({ servers: ['a'], liveTraffic: false, limits: { handshakes: 1, waiting: 20_000 } })
  const first = choose(one.farms)
  let failed = 0
  for (let index = 0; index < 20_000; index++) {
    visitOf(one.farms).ask(answer => {
      failed++
      if (isChoice(answer)) answer.ended(REFUSED)
    })
  }
  first.ended(null)
  t.equal(failed, 20_000)
  t.equal(openNow(one.farms), 0)
})

t.test('an error of whoever asks is his own: nothing stays counted', async t => {
  const one = world({ servers: ['a'], limits: { handshakes: 1 } })
  t.throws(() => visitOf(one.farms).ask(() => { throw new Error('mine') }), { message: 'mine' })
  t.equal(openNow(one.farms), 0)
})

t.test('when the server closes, nobody waits any more', async t => {
  const one = world({ servers: ['a'], limits: { handshakes: 1 } })
  choose(one.farms)
  const queue = [wait(one), wait(one)]
  one.farms.stop()
  t.ok(queue.every(({ answer }) => (answer as FarmRefusal | null)?.reason === 'none'))
  t.equal(one.clock.timers, 0)
})
