// The four states of a server, and how its tunnels are told goodbye.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { CHANNELS, type FarmChanged } from '@fastify-arr/facts'
import t from 'tap'
import type { FarmOptions, FarmServerState } from '../src/index.ts'
import { ask, choose, isChoice, open, openNow, REFUSED, Tunnel, visitOf, type World, worldOf } from './world.ts'

function world (options: Partial<FarmOptions> = {}): World {
  return worldOf([{ name: 'chat', servers: ['a', 'b'], ...options }])
}

/** As many tunnels at each server, each with another last activity: the later ones were silent for longer. */
function tunnels (one: World, count: number): Tunnel[] {
  return Array.from({ length: count }, (_, index) => open(one, {}, 1000 - index))
}

const at = (all: readonly Tunnel[], name: string): Tunnel[] => all.filter(({ choice }) => choice.name === name)

t.test('a server that is not available gets nothing new, and keeps what is open while it drains', async t => {
  for (const state of ['draining', 'unavailableGracefully', 'unavailableImmediately'] satisfies FarmServerState[]) {
    const one = world()
    const all = tunnels(one, 10)
    one.farms.farm('Chat').setState('A', state)
    t.match(one.farms.get('chat')?.servers[0], { state, tunnels: 5 })
    for (let index = 0; index < 20; index++) t.equal(choose(one.farms).name, 'b')
    if (state === 'draining') t.ok(at(all, 'a').every(({ closed }) => closed === null))
    one.farms.farm('chat').setState('a', 'available')
    t.equal(choose(one.farms).name, 'a')
  }
})

t.test('unavailableGracefully spreads the goodbyes over the window, the idle ones first, and the others do not notice', async t => {
  const one = world()
  const all = tunnels(one, 40)
  one.farms.farm('chat').setState('a', 'unavailableGracefully')
  one.clock.pass(2500)
  const some = at(all, 'a').filter(({ closed }) => closed !== null).length
  t.ok(some >= 4 && some <= 7, `${some} of 20 after a quarter`)
  one.clock.pass(7500)
  const closed = at(all, 'a').map(one => one.closed)
  t.ok(closed.every(one => one?.code === 1012 && one.reason === ''))
  const times = closed.map(one => one?.at as number)
  t.same(times, [...times].sort((x, y) => y - x), 'the one that was silent for the longest is the first')
  t.equal(new Set(times).size, 20)
  t.ok(at(all, 'b').every(({ closed }) => closed === null))
})

t.test('unavailableImmediately closes all at once', async t => {
  const one = world({ goodbye: { code: 4000, reason: 'moved' } })
  const all = tunnels(one, 10)
  one.farms.farm('chat').setState('a', 'unavailableImmediately')
  t.ok(at(all, 'a').every(({ closed }) => closed?.code === 4000 && closed.reason === 'moved' && closed.at === 0))
  t.ok(at(all, 'b').every(({ closed }) => closed === null))
})

t.test('a goodbye of the call goes before that of the farm; the deadline is the latest', async t => {
  const one = world({ goodbye: { window: 50_000 } })
  const all = tunnels(one, 10)
  one.farms.farm('chat').setState('a', 'unavailableGracefully', { code: 1001, deadline: 1000 })
  one.clock.pass(1000)
  t.ok(at(all, 'a').every(({ closed }) => closed?.code === 1001))
})

t.test('a handshake that becomes a tunnel meanwhile is told goodbye as well', async t => {
  for (const [state, time] of [['unavailableGracefully', 10_000], ['unavailableImmediately', 0]] as const) {
    const one = world()
    const choices = [choose(one.farms), choose(one.farms)]
    one.farms.farm('chat').setState('a', state)
    const [tunnel] = choices.map(choice => new Tunnel(choice, one.clock)).filter(({ choice }) => choice.name === 'a')
    one.clock.pass(time)
    t.equal(tunnel?.closed?.code, 1012)
  }
})

t.test('a server that is available again says no more goodbyes', async t => {
  const one = world()
  const all = tunnels(one, 40)
  one.farms.farm('chat').setState('a', 'unavailableGracefully')
  one.clock.pass(1000)
  one.farms.farm('chat').setState('a', 'available')
  const told = all.filter(({ closed }) => closed !== null).length
  one.clock.pass(60_000)
  t.equal(all.filter(({ closed }) => closed !== null).length, told)
  t.equal(one.clock.timers, 0)
})

t.test('a tunnel that throws when it is closed hinders no other', async t => {
  const one = world({ servers: ['a'] })
  const choice = choose(one.farms)
  choice.answered(101, [])
  choice.opened({ lastActivity: 0, close () { throw new Error('no') } } as never)
  const tunnel = open(one)
  one.farms.farm('chat').setState('a', 'unavailableImmediately')
  t.equal(tunnel.closed?.code, 1012)
  t.same(one.warnings, ['a WebSocket of the farm chat could not be closed'])
})

t.test('onUnhealthy: close tells the tunnels of a server goodbye that is no longer well; keep does not', async t => {
  for (const onUnhealthy of ['close', 'keep'] as const) {
    const one = world({ onUnhealthy, liveTraffic: { failures: 1, out: 300_000 }, goodbye: { window: 0 } })
    const all = tunnels(one, 10)
    const choice = choose(one.farms)
    choice.ended(REFUSED)
    t.equal(at(all, choice.name).filter(({ closed }) => closed?.code === 1012).length, onUnhealthy === 'close' ? 5 : 0)
    t.equal(all.filter(({ closed }) => closed !== null).length, onUnhealthy === 'close' ? 5 : 0)
  }
})

t.test('where no server is well, all are used, or none; minServers keeps some', async t => {
  const down = (options: Partial<FarmOptions>): World => {
    const one = world({ servers: ['a', 'b', 'c'], liveTraffic: { failures: 1, atMost: 1, out: 300_000 }, ...options })
    const choices = [choose(one.farms), choose(one.farms), choose(one.farms)].sort((x, y) => x.name < y.name ? -1 : 1)
    for (const choice of choices) {
      one.clock.pass(1)
      choice.ended(REFUSED)
    }
    one.clock.pass(100_000)
    return one
  }
  const names = (one: World): Set<string> => new Set(Array.from({ length: 30 }, () => ask(visitOf(one.farms))).map(answer => isChoice(answer) ? answer.name : answer?.reason ?? ''))
  t.same(names(down({})), new Set(['a', 'b', 'c']))
  t.same(names(down({ whenAllDown: 'none' })), new Set(['none']))
  t.same(names(down({ whenAllDown: 'none', minServers: 2 })), new Set(['c', 'b']), 'those that were put out last')
})

t.test('what is unknown, or no state, is an error', async t => {
  const { farms } = world()
  t.throws(() => farms.farm('other'), { code: 'FST_ARR_FARM_UNKNOWN', message: 'server-farm: there is no farm other' })
  t.throws(() => farms.farm('chat').setState('x', 'available'), { code: 'FST_ARR_FARM_UNKNOWN', message: 'server-farm: there is no server x in the farm chat' })
  t.throws(() => farms.farm('chat').setState('a', 'gone' as never, { code: 1006, windo: 1 } as never), {
    code: 'FST_ARR_FARM_INVALID_OPTIONS',
    message: /`state` must be one of available, .*; `goodbye`: `windo` is no option; the nearest is `window`; `goodbye.code` must be a Close code/
  })
})

t.test('onlookers are told what changes', async t => {
  const told: FarmChanged[] = []
  const listen = (message: unknown): void => { told.push(message as FarmChanged) }
  subscribe(CHANNELS.farmChanged, listen)
  t.teardown(() => unsubscribe(CHANNELS.farmChanged, listen))
  const one = world({ liveTraffic: { failures: 1, out: 300_000 } })
  one.farms.farm('chat').setState('a', 'draining')
  choose(one.farms).ended(REFUSED)
  one.farms.farm('chat').add({ address: 'c', weight: 5 })
  one.farms.farm('chat').remove('a')
  t.match(told.map(({ change, server: { name } }) => `${name} ${change}`), ['a state', 'b health', 'c added', 'a removed'])
  t.match(told[1], { farm: 'chat', server: { healthy: false }, why: String })
})

t.test('all that is counted is zero when all has ended', async t => {
  const one = world()
  const all = tunnels(one, 10)
  one.farms.farm('chat').setState('a', 'unavailableImmediately')
  one.farms.farm('chat').remove('b')
  for (const tunnel of all) tunnel.end()
  t.equal(openNow(one.farms), 0)
  t.equal(one.clock.timers, 0)
})
