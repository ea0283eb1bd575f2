// How servers are chosen: by weight, by load, by hash, and never one that a visit has had while there is another.
import t from 'tap'
import type { Algorithm, FarmOptions } from '../src/index.ts'
import { ask, choose, counts, isChoice, open, openNow, REFUSED, visitOf, worldOf } from './world.ts'

const WEIGHTS = [100, 50, 200, 10, 40]
const weighted = WEIGHTS.map((weight, index) => ({ address: `10.0.0.${index + 1}`, weight }))
const TOTAL = WEIGHTS.reduce((sum, weight) => sum + weight, 0)

const many = (count: number): string[] => Array.from({ length: count }, (_, index) => `10.0.${index >> 8}.${index & 255}`)

function farm (options: Partial<FarmOptions>): FarmOptions[] {
  return [{ name: 'chat', servers: weighted, liveTraffic: false, ...options }]
}

for (const algorithm of ['weightedRoundRobin', 'weightedTotalTraffic', 'leastLoad', 'leastRequests', 'leastTunnels', 'powerOfTwoChoices', 'random', 'requestHash'] as const) {
  t.test(`${algorithm}: a hundred thousand choices are within two percent of the weights`, async t => {
    const { farms } = worldOf(farm({ algorithm, hash: { header: 'key', boundedLoad: 0 } }))
    const names: string[] = []
    for (let index = 0; index < 100_000; index++) {
      const choice = choose(farms, { headers: { key: `client ${index}` } }, 'request')
      names.push(choice.name)
      choice.ended(null)
    }
    for (const [name, count] of counts(names)) {
      const weight = WEIGHTS[Number(name.split('.')[3]) - 1] as number
      const share = 100_000 * weight / TOTAL
      t.ok(Math.abs(count - share) <= 2000, `${name}: ${count} of ${Math.round(share)}`)
    }
    t.equal(openNow(farms), 0)
  })
}

for (const algorithm of ['leastLoad', 'leastTunnels', 'powerOfTwoChoices', 'leastResponseTime'] as const) {
  t.test(`${algorithm}: what stays open is spread by weight`, async t => {
    const world = worldOf(farm({ algorithm }))
    for (let index = 0; index < 4000; index++) open(world)
    for (const { name, tunnels, weight } of world.farms.get('chat')?.servers ?? []) {
      t.ok(Math.abs(tunnels - 4000 * weight / TOTAL) <= (algorithm === 'powerOfTwoChoices' ? 120 : 10), `${name}: ${tunnels} for ${weight}`)
    }
  })
}

t.test('smooth weighted round robin has the order of nginx', async t => {
  const world = worldOf([{ name: 'chat', algorithm: 'weightedRoundRobin', servers: [{ address: 'a', weight: 5 }, { address: 'b', weight: 1 }, { address: 'c', weight: 1 }] }])
  const names: string[] = []
  for (let index = 0; index < 70; index++) names.push(choose(world.farms).name)
  // It may begin anywhere in its round.
  t.match(names.join('').slice(0, 28), /aabacaa|aacabaa/)
  t.same([...counts(names)].sort(), [['a', 50], ['b', 10], ['c', 10]])
})

t.test('a visit takes no server twice as long as there is another one', async t => {
  for (const algorithm of ['weightedRoundRobin', 'leastLoad', 'leastTunnels', 'leastResponseTime', 'powerOfTwoChoices', 'random', 'requestHash'] satisfies Algorithm[]) {
    for (const servers of [3, 40]) {
      const { farms } = worldOf([{ name: 'chat', algorithm, hash: { header: 'key' }, servers: many(servers), liveTraffic: false, retry: { attempts: 100 } }])
      const visit = visitOf(farms)
      const names = new Set<string>()
      for (let index = 0; index < servers; index++) {
        const answer = ask(visit)
        if (!isChoice(answer)) throw new Error('no server')
        names.add(answer.name)
        answer.ended(REFUSED)
      }
      t.equal(names.size, servers, `${algorithm}, ${servers}`)
      t.ok(isChoice(ask(visit)), 'and then one of them again')
    }
  }
})

t.test('weight 0 gets nothing as long as another can', async t => {
  const world = worldOf([{ name: 'chat', servers: [{ address: 'a', weight: 0 }, 'b', { address: 'c', weight: 0 }] }])
  for (let index = 0; index < 100; index++) t.equal(choose(world.farms).name, 'b')
  world.farms.farm('chat').setState('b', 'draining')
  t.same(new Set(Array.from({ length: 10 }, () => choose(world.farms).name)), new Set(['a', 'c']))
})

t.test('ties are broken in turn: after a start, not all go to the first', async t => {
  for (const algorithm of ['leastLoad', 'leastTunnels', 'leastResponseTime', 'weightedRoundRobin'] as const) {
    const firsts = Array.from({ length: 200 }, (_, seed) => choose(worldOf([{ name: 'chat', algorithm, servers: ['a', 'b', 'c', 'd'] }], seed).farms).name)
    for (const [name, count] of counts(firsts)) t.ok(count < 100, `${algorithm}: ${count} of 200 began with ${name}`)
  }
})

t.test('a server that has just come is filled: all are looked at where they are few', async t => {
  const world = worldOf([{ name: 'chat', algorithm: 'leastTunnels', servers: ['a', 'b', 'c'] }])
  for (let index = 0; index < 300; index++) open(world)
  world.farms.farm('chat').add('d')
  for (let index = 0; index < 100; index++) open(world)
  t.same(world.farms.get('chat')?.servers.map(({ tunnels }) => tunnels), [100, 100, 100, 100])
})

t.test('leastTunnels does not look at requests, leastLoad does', async t => {
  const seen = (['leastTunnels', 'leastLoad'] as const).map(algorithm => {
    const world = worldOf([{ name: 'chat', algorithm, servers: ['a', 'b'] }])
    for (let index = 0; index < 4; index++) choose(world.farms, {}, 'request')
    open(world)
    return world.farms.get('chat')?.servers.map(({ requests, tunnels }) => requests + tunnels)
  })
  t.equal(Math.max(...seen[1] as number[]), 3)
  const world = worldOf([{ name: 'chat', algorithm: 'leastTunnels', servers: ['a', { address: 'b', state: 'draining' }] }])
  for (let index = 0; index < 50; index++) choose(world.farms, {}, 'request')
  world.farms.farm('chat').setState('b', 'available')
  t.same(counts(Array.from({ length: 10 }, () => open(world).choice.name)), new Map([['a', 5], ['b', 5]]))
})

for (const algorithm of ['leastTunnels', 'leastLoad', 'leastResponseTime'] as const) {
  for (const servers of [3, 40]) {
    t.test(`${algorithm} of ${servers}: a dead server does not look empty`, async t => {
      const world = worldOf([{ name: 'chat', algorithm, servers: many(servers), liveTraffic: false, retry: { budget: 1 } }])
      let failed = 0
      for (let index = 0; index < 2000; index++) {
        world.clock.pass(1)
        const answer = ask(visitOf(world.farms))
        if (!isChoice(answer)) throw new Error('no server')
        if (answer.name === '10.0.0.0') {
          failed++
          answer.ended(REFUSED)
        } else {
          answer.answered(101, [])
          answer.opened({ lastActivity: 0, close () {} } as never)
        }
      }
      t.ok(failed > 0 && failed <= 4, `${failed} of 2000 went to it`)
    })
  }
}

t.test('leastResponseTime takes the faster server, and gives a slow one another chance', async t => {
  const { farms, clock } = worldOf([{ name: 'chat', algorithm: 'leastResponseTime', servers: ['slow', 'fast'] }])
  let isSlow = true
  const one = (): string => {
    const choice = choose(farms, {}, 'request')
    clock.pass(choice.name === 'slow' && isSlow ? 500 : 20)
    choice.answered(200, [])
    choice.ended(null)
    return choice.name
  }
  for (let index = 0; index < 10; index++) one()
  t.ok((counts(Array.from({ length: 100 }, one)).get('slow') ?? 0) <= 3)
  isSlow = false
  clock.pass(60_000)
  const again = counts(Array.from({ length: 200 }, one)).get('slow') ?? 0
  t.ok(again > 8, `${again} now that it is fast`)
})

t.test('requestHash: the same key has the same server, from every proxy', async t => {
  const options = farm({ algorithm: 'requestHash', hash: { header: 'key', boundedLoad: 0 } })
  const [one, other] = [worldOf(options, 1), worldOf(options, 2)]
  for (let index = 0; index < 500; index++) {
    const headers = { key: `key ${index}` }
    const name = choose(one.farms, { headers }).name
    t.equal(choose(one.farms, { headers }).name, name)
    t.equal(choose(other.farms, { headers }).name, name)
  }
})

t.test('requestHash: adding a server moves at most 1.2 / n of the keys, and all of them to it', async t => {
  for (const servers of [many(9), many(9).map((address, index) => ({ address, weight: 50 + 10 * index }))]) {
    const { farms } = worldOf([{ name: 'chat', algorithm: 'requestHash', hash: { header: 'key', boundedLoad: 0 }, servers }])
    const names = (): string[] => Array.from({ length: 20_000 }, (_, key) => choose(farms, { headers: { key: `${key}` } }).name)
    const before = names()
    farms.farm('chat').add({ address: 'new', weight: typeof servers[0] === 'string' ? 100 : 90 })
    const moved = names().filter((name, index) => name !== before[index])
    t.ok(moved.length <= 1.2 / 10 * 20_000 && moved.length > 0.8 / 10 * 20_000, `${moved.length} have moved`)
    t.ok(moved.every(name => name === 'new'))
  }
})

t.test('requestHash: no server takes more than the bound says, and what is over goes to the next', async t => {
  const world = worldOf([{ name: 'chat', algorithm: 'requestHash', hash: { header: 'key', boundedLoad: 1.25 }, servers: many(4) }])
  for (let index = 0; index < 400; index++) open(world, { headers: { key: 'the same' } })
  const tunnels = world.farms.get('chat')?.servers.map(one => one.tunnels) ?? []
  t.ok(Math.max(...tunnels) <= Math.ceil(1.25 * 400 / 4), `${tunnels}`)
  t.equal(tunnels.filter(count => count === 125).length, 3)
})

t.test('requestHash: what has ended is no load', async t => {
  const { farms } = worldOf([{ name: 'chat', algorithm: 'requestHash', hash: { header: 'key' }, servers: many(4) }])
  for (let index = 0; index < 1000; index++) choose(farms, { headers: { key: `${index}` } }).ended(null)
  const names = Array.from({ length: 8 }, () => choose(farms, { headers: { key: 'the same' } }).name)
  t.ok(Math.max(...counts(names).values()) <= 3, `${names}`)
})

t.test('what is hashed: the first that the request has, and the client where it has none', async t => {
  const hashes: Array<[FarmOptions['hash'], object, object]> = [
    [{ header: 'X-Key' }, { headers: { 'x-key': 'one' } }, { headers: { 'x-key': 'two' } }],
    [{ cookie: 'key' }, { headers: { cookie: 'a=b; key=one' } }, { headers: { cookie: 'key=two; a=b' } }],
    [{ queryStringNames: ['Room', 'user'] }, { url: '/?user=a&room=1' }, { url: '/?room=2&user=a' }],
    [{ queryStringNames: ['*'] }, { url: '/?a' }, { url: '/?b' }],
    [{ serverVariable: 'URL' }, { url: '/a?x' }, { url: '/b?x' }],
    [{ serverVariable: 'HTTP_X_KEY' }, { headers: { 'x-key': 'one' } }, { headers: { 'x-key': 'two' } }],
    [{ of: request => request.originalUrl }, { url: '/a' }, { url: '/b' }],
    [{ of: () => { throw new Error('no') } }, { ip: '192.0.2.1' }, { ip: '192.0.2.2' }],
    [{ header: 'x-none' }, { ip: '192.0.2.1' }, { ip: '192.0.2.2' }]
  ]
  for (const [hash, one, other] of hashes) {
    const { farms } = worldOf([{ name: 'chat', algorithm: 'requestHash', hash: { ...hash, boundedLoad: 0 }, servers: many(997) }])
    t.equal(choose(farms, one).name, choose(farms, one).name)
    t.not(choose(farms, one).name, choose(farms, other).name, Object.keys(hash ?? {}).join())
  }
})

t.test('a server that has come begins with a tenth of its share', async t => {
  const { farms, clock } = worldOf([{ name: 'chat', algorithm: 'weightedRoundRobin', slowStart: 10_000, servers: ['a', 'b'] }])
  const share = (): number => counts(Array.from({ length: 2000 }, () => choose(farms).name)).get('c') ?? 0
  farms.farm('chat').add('c')
  const begin = share()
  t.ok(Math.abs(begin - 2000 * 0.1 / 2.1) < 20, `${begin}`)
  clock.pass(5000)
  const half = share()
  t.ok(Math.abs(half - 2000 * 0.5 / 2.5) < 40, `${half}`)
  clock.pass(5100)
  t.ok(Math.abs(share() - 2000 / 3) < 10)
})

t.test('a server that is available again starts slowly, too', async t => {
  const { farms } = worldOf([{ name: 'chat', algorithm: 'weightedRoundRobin', slowStart: 10_000, servers: ['a', 'b'] }])
  farms.farm('chat').setState('b', 'unavailableGracefully')
  farms.farm('chat').setState('b', 'available')
  const names = counts(Array.from({ length: 1100 }, () => choose(farms).name))
  t.ok(Math.abs((names.get('b') ?? 0) - 100) < 10, `${names.get('b')}`)
})
