// Farms are replaced while the server runs: all or nothing, and what stays is not touched.
import t from 'tap'
import type { FarmOptions } from '../src/index.ts'
import { choose, open, openNow, REFUSED, Tunnel, worldOf } from './world.ts'

const farms = (...servers: Array<FarmOptions['servers']>): FarmOptions[] => servers.map((some, index) => ({ name: ['chat', 'shop'][index] as string, servers: some }))

t.test('servers that stay keep counts, health and tunnels; those that go say goodbye', async t => {
  const one = worldOf([{ name: 'chat', servers: ['a', 'b', 'c'], liveTraffic: { failures: 1, out: 300_000 } }])
  const tunnels = Array.from({ length: 9 }, () => open(one))
  const failing = choose(one.farms)
  failing.ended(REFUSED)
  const before = new Map(one.farms.get('chat')?.servers.map(server => [server.name, server]))
  const gone = ['a', 'b', 'c'].find(name => name !== failing.name) as string
  const rest = ['a', 'b', 'c'].filter(name => name !== gone)
  one.farms.replace([{ name: 'Chat', servers: [...rest, { address: 'd', weight: 7 }], liveTraffic: { failures: 1, out: 300_000 }, algorithm: 'random' }])
  const info = one.farms.get('chat')
  t.match(info, { name: 'Chat', algorithm: 'random' })
  for (const name of rest) t.same(info?.servers.find(server => server.name === name), before.get(name))
  t.match(info?.servers.at(-1), { name: 'd', weight: 7, tunnels: 0 })
  one.clock.pass(10_000)
  t.same(new Set(tunnels.filter(({ closed }) => closed?.code === 1012).map(({ choice }) => choice.name)), new Set([gone]))
  t.equal(tunnels.filter(({ closed }) => closed !== null).length, 3)
})

t.test('a mistake in one farm leaves all as they are', async t => {
  const one = worldOf(farms(['a', 'b'], ['c']))
  const tunnel = open(one)
  const before = [...one.farms]
  t.throws(() => one.farms.replace([{ name: 'chat', servers: ['x'] }, { name: 'new', servers: ['c'], minServers: -1 }]), {
    code: 'FST_ARR_FARM_INVALID_OPTIONS', message: 'server-farm: `farms[1].minServers` must be a whole number, 0 or more'
  })
  t.same([...one.farms], before)
  one.clock.pass(100_000)
  t.equal(tunnel.closed, null)
})

t.test('a farm that goes says goodbye to its tunnels, and its name is no farm any more', async t => {
  const one = worldOf(farms(['a', 'b'], ['c']))
  const tunnels = Array.from({ length: 4 }, () => open(one))
  one.farms.replace([{ name: 'shop', servers: ['c'] }])
  t.equal(one.farms.size, 1)
  t.equal(one.farms.get('chat'), undefined)
  t.equal(one.farms.visit('chat', { request: {} as never, secure: false, kind: 'request' }), null)
  one.clock.pass(10_000)
  t.ok(tunnels.every(({ closed }) => closed?.code === 1012))
  for (const tunnel of tunnels) tunnel.end()
  t.equal(one.clock.timers, 0)
})

t.test('a server that comes back while it says goodbye is the same again', async t => {
  const one = worldOf(farms(['a', 'b']))
  const tunnels = Array.from({ length: 20 }, () => open(one))
  one.farms.replace(farms(['b']))
  one.clock.pass(500)
  one.farms.replace(farms(['a', 'b']))
  const told = tunnels.filter(({ closed }) => closed !== null).length
  t.ok(told > 0 && told < 5, `${told}`)
  t.same(one.farms.get('chat')?.servers.map(server => server.tunnels), [10, 10])
  one.clock.pass(100_000)
  t.equal(tunnels.filter(({ closed }) => closed !== null).length, told)
})

t.test('a state that was set by hand stays, unless the options say another one than before', async t => {
  const one = worldOf(farms(['a', 'b']))
  one.farms.farm('chat').setState('a', 'draining')
  one.farms.replace(farms(['a', 'b', 'c']))
  t.equal(one.farms.get('chat')?.servers[0]?.state, 'draining')
  one.farms.replace(farms([{ address: 'a', state: 'unavailableGracefully' }, 'b']))
  t.equal(one.farms.get('chat')?.servers[0]?.state, 'unavailableGracefully')
  one.farms.replace(farms(['a', 'b']))
  t.equal(one.farms.get('chat')?.servers[0]?.state, 'available')
})

t.test('two servers with one address have their ports behind it, and stay the same when one goes', async t => {
  const one = worldOf(farms([{ address: 'a', httpPort: 81 }, { address: 'a', httpPort: 82 }]))
  t.same(one.farms.get('chat')?.servers.map(({ name }) => name), ['a:81', 'a:82'])
  const tunnels = [open(one), open(one)]
  one.farms.replace(farms([{ address: 'a', httpPort: 82 }]))
  t.match(one.farms.get('chat')?.servers, [{ name: 'a', httpPort: 82, tunnels: 1 }])
  one.clock.pass(10_000)
  t.same(tunnels.map(({ choice, closed }) => [choice.name, closed === null]).sort(), [['a:81', false], ['a:82', true]])
})

t.test('an exchange that is under way when its server goes is counted to its end', async t => {
  const one = worldOf(farms(['a']))
  const [handshake, request] = [choose(one.farms), choose(one.farms, {}, 'request')]
  one.farms.replace(farms(['b']))
  const tunnel = new Tunnel(handshake, one.clock)
  one.clock.pass(10_000)
  t.equal(tunnel.closed?.code, 1012)
  request.ended(null)
  tunnel.end()
  t.equal(choose(one.farms, {}, 'request').name, 'b')
  t.equal(openNow(one.farms), 1)
  t.equal(one.clock.timers, 0)
})

t.test('a thousand servers are replaced without touching a tunnel', async t => {
  const servers = Array.from({ length: 1000 }, (_, index) => `10.0.${index >> 8}.${index & 255}`)
  const one = worldOf(farms(servers))
  const tunnels = Array.from({ length: 100 }, () => open(one))
  one.farms.replace(farms([...servers, 'new']))
  one.clock.pass(100_000)
  t.ok(tunnels.every(({ closed }) => closed === null))
  t.equal(openNow(one.farms), 100)
})
