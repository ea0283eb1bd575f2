// Tunnels are moved from full servers to empty ones: few at a time, the idlest first, and only what is over.
import t from 'tap'
import type { FarmOptions } from '../src/index.ts'
import { open, type Tunnel, type World, worldOf } from './world.ts'

/** Two servers with so many tunnels each, then a third one that is empty; every tunnel that is told goodbye comes back at once, as a client does. */
function full (each: number, options: Partial<FarmOptions> = {}): { one: World, tunnels: Tunnel[], settle: () => number } {
  const one = worldOf([{ name: 'chat', algorithm: 'leastTunnels', servers: ['a', 'b'], ...options }])
  const tunnels = Array.from({ length: 2 * each }, (_, index) => open(one, {}, 10_000 - index))
  one.farms.farm('chat').add('c')
  return {
    one,
    tunnels,
    settle () {
      const gone = tunnels.filter(({ closed }) => closed !== null)
      for (const tunnel of gone) {
        tunnels.splice(tunnels.indexOf(tunnel), 1)
        tunnel.end()
        tunnels.push(open(one, {}, 1_000_000))
      }
      return gone.length
    }
  }
}

const spread = ({ farms }: World): number[] => farms.get('chat')?.servers.map(({ tunnels }) => tunnels) ?? []

t.test('servers that are full for long enough give tunnels away, a few a second, until the threshold is reached', async t => {
  const { one, settle, tunnels } = full(30, { rebalance: { after: 5000, perSecond: 3, threshold: 0.2 } })
  one.clock.pass(5900)
  t.equal(settle(), 0, 'not yet')
  one.clock.pass(1000)
  t.same(tunnels.filter(({ closed }) => closed !== null).map(({ closed }) => closed?.code), [1012, 1012, 1012])
  t.equal(settle(), 3)
  for (let second = 0; second < 30; second++) {
    one.clock.pass(1000)
    t.ok(settle() <= 3)
  }
  const [a = 0, b = 0, c = 0] = spread(one)
  t.ok(a <= 24 && b <= 24 && c >= 12, `${a} ${b} ${c}`)
  t.equal(a + b + c, 60)
})

t.test('the idlest of the fullest are the first', async t => {
  const { one, tunnels } = full(10, { rebalance: { after: 0, perSecond: 2 } })
  one.clock.pass(1000)
  const told = tunnels.filter(({ closed }) => closed !== null)
  t.same(told.map(({ choice }) => choice.name).sort(), ['a', 'b'])
  t.same(told.map(tunnel => tunnels.indexOf(tunnel)), [18, 19], 'those that were silent for the longest')
})

t.test('those that were told goodbye and are still open count as gone: never more than are over', async t => {
  const { one, tunnels } = full(15, { rebalance: { after: 0, perSecond: 100, threshold: 0 } })
  one.clock.pass(60_000)
  // Clients that never leave: ten of each server's fifteen are its share, and less of what stays.
  const left = [...'ab'].map(name => tunnels.filter(({ choice, closed }) => choice.name === name && closed === null).length)
  t.ok(left.every(count => count >= 1), `${left}`)
})

t.test('with weights, the share is that of the weight', async t => {
  const one = worldOf([{ name: 'chat', algorithm: 'leastTunnels', servers: [{ address: 'a', weight: 300 }, { address: 'b', weight: 100 }], rebalance: { after: 0 } }])
  const tunnels = Array.from({ length: 40 }, () => open(one))
  t.same(spread(one), [30, 10])
  one.clock.pass(60_000)
  t.ok(tunnels.every(({ closed }) => closed === null))
})

t.test('by hand it begins at once, and ends when all is even', async t => {
  const { one, settle } = full(30)
  t.equal(one.farms.farm('chat').rebalance({ perSecond: 7 }), 20)
  t.equal(settle(), 7)
  for (let second = 0; second < 10; second++) {
    one.clock.pass(1000)
    settle()
  }
  t.same(spread(one), [20, 20, 20])
  t.equal(one.clock.timers, 0)
  t.equal(one.farms.farm('chat').rebalance(), 0)
  t.throws(() => one.farms.farm('chat').rebalance({ perSecond: 0 }), { code: 'FST_ARR_FARM_INVALID_OPTIONS', message: 'server-farm: `perSecond` must be a whole number, 1 or more' })
})

t.test('it is off by default', async t => {
  const { one, tunnels } = full(30)
  one.clock.pass(1_000_000)
  t.ok(tunnels.every(({ closed }) => closed === null))
})
