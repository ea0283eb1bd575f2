// The farms of all workers are one: one worker probes for all, and a state that is set in one is set in each.
import { EventEmitter, once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { FarmServerInfo } from '@fastify-arr/facts'
import t, { type Test } from 'tap'
import { WebSocketServer } from 'ws'
import { sharedSite, type SharedSite } from './shared-site.ts'

t.beforeEach(() => { t.setTimeout(240_000) })

type Servers = readonly FarmServerInfo[]

/** A server of a farm that knows who has probed it. */
class Probed {
  status = 200
  port = 0
  /** The processes, one for each probe. */
  readonly probes: number[] = []
  readonly #events = new EventEmitter()

  async start (t: Test): Promise<this> {
    const server = createServer((request, response) => {
      this.probes.push(Number(request.url?.split('?')[1]))
      response.statusCode = this.status
      response.end()
      this.#events.emit('probe')
    })
    const sockets = new WebSocketServer({ server })
    sockets.on('connection', socket => { socket.on('error', () => {}) })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    this.port = (server.address() as AddressInfo).port
    t.teardown(() => {
      for (const client of sockets.clients) client.terminate()
      server.closeAllConnections()
      server.close()
    })
    return this
  }

  /** The processes of the next probes. */
  async next (count: number): Promise<number[]> {
    const from = this.probes.length
    while (this.probes.length < from + count) await once(this.#events, 'probe')
    return this.probes.slice(from)
  }

  async probedBy (isIt: (pid: number) => boolean): Promise<void> {
    while (!(await this.next(1)).some(isIt));
  }
}

const farmOf = (servers: readonly Probed[], more: object): object => ({ name: 'chat', servers: servers.map(({ port }, at) => ({ address: '127.0.0.1', httpPort: port, ...at > 0 && { weight: 100 } })), ...more })
const until = async (shared: SharedSite, workers: number, isSo: (servers: Servers) => boolean): Promise<void> => {
  await shared.until<Servers>('farm', answers => answers.length === workers && answers.every(({ value }) => isSo(value)))
}

t.test('one of 4 workers probes 3 servers, and all know of it; when it is killed another one does, and the one in its place takes over', async t => {
  const servers = await Promise.all([1, 2, 3].map(async () => await new Probed().start(t)))
  const shared = await sharedSite(t, { farms: [farmOf(servers, { health: { url: '/', interval: 100, timeout: 100, retries: 2 } })] }, 4)
  await until(shared, 4, all => all.every(({ lastProbe }) => lastProbe !== null))
  const first = (await shared.site.status()).generations[0]?.workers[0]?.pid as number
  // Whoever began before it knew of the first one has ended by then.
  await servers[0]?.next(3)
  for (const server of servers) t.same([...new Set(await server.next(5))], [first])
  ;(servers[1] as Probed).status = 503
  await until(shared, 4, all => all.map(({ healthy }) => healthy).join() === 'true,false,true')
  process.kill(first, 'SIGKILL')
  for (const server of servers) await server.probedBy(pid => pid !== first)
  await shared.site.logs(/^info: worker 1 is back$/)
  const again = (await shared.site.status()).generations[0]?.workers[0]?.pid as number
  t.not(again, first)
  for (const server of servers) await server.probedBy(pid => pid === again)
  await until(shared, 4, all => all.map(({ healthy }) => healthy).join() === 'true,false,true')
  ;(servers[1] as Probed).status = 200
  await until(shared, 4, all => all.every(({ healthy }) => healthy))
  await servers[0]?.next(3)
  for (const server of servers) t.same([...new Set(await server.next(3))], [again])
  t.equal((await shared.site.reload()).ok, true)
  while ((await shared.site.status()).generations.length > 1) await new Promise(resolve => setTimeout(resolve, 20))
  const renewed = (await shared.site.status()).generations[0]?.workers[0]?.pid as number
  for (const server of servers) await server.probedBy(pid => pid === renewed)
  t.pass('and after a reload a worker of the new generation')
})

t.test('a state that is set in one worker holds in all, in one that starts later, and after a reload; of options that have changed since, it does not', async t => {
  const servers = await Promise.all([1, 2].map(async () => await new Probed().start(t)))
  const shared = await sharedSite(t, { farms: [farmOf(servers, {})] }, 3)
  const states = async (wanted: string, workers = 3): Promise<void> => { await until(shared, workers, all => all.map(({ state }) => state).join() === wanted) }
  await states('available,available')
  const [{ pid, value }] = await shared.ask<Servers>('farm') as unknown as [{ pid: number, value: Servers }]
  const server = value[1]?.name
  await shared.ask('set', { pid, server, state: 'draining' })
  await states('available,draining')
  process.kill(pid, 'SIGKILL')
  await shared.site.logs(/^info: worker \d is back$/)
  await states('available,draining')
  t.notOk((await shared.ask('farm')).some(one => one.pid === pid), 'the one in its place has heard of it')
  t.equal((await shared.site.reload()).ok, true)
  while ((await shared.site.status()).generations.length > 1) await new Promise(resolve => setTimeout(resolve, 20))
  await states('available,draining')
  const [other] = await shared.ask<Servers>('farm')
  await shared.ask('set', { pid: other?.pid, server, state: 'available' })
  await states('available,available')
  await shared.ask('set', { pid: other?.pid, server, state: 'unavailableGracefully' })
  await states('available,unavailableGracefully')
  const changed = farmOf(servers, {}) as { servers: object[] }
  shared.site.write({ farms: [{ ...changed, servers: [changed.servers[0], { ...changed.servers[1], state: 'draining' }] }] } as never)
  t.equal((await shared.site.reload()).ok, true)
  while ((await shared.site.status()).generations.length > 1) await new Promise(resolve => setTimeout(resolve, 20))
  await states('available,draining')
  t.pass('the options have another state than when it was set by hand')
})

t.test('tunnels that are evened out by hand in one worker are evened out in all', async t => {
  const servers = await Promise.all([1, 2].map(async () => await new Probed().start(t)))
  // By turns, so that both have tunnels.
  const shared = await sharedSite(t, { farms: [farmOf(servers, {})] }, 2, 0, { connections: 'round-robin' })
  const [one] = await shared.ask<Servers>('farm')
  const server = one?.value[1]?.name
  await shared.ask('set', { pid: one?.pid, server, state: 'draining' })
  await until(shared, 2, all => all[1]?.state === 'draining')
  // In turn, as the supervisor deals them: each worker gets as many as the other.
  const closed: unknown[] = []
  const events = new EventEmitter()
  for (let i = 0; i < 12; i++) {
    const socket = await shared.open()
    if (typeof socket === 'number') throw new Error(`refused with ${socket}`)
    socket.once('close', code => {
      closed.push(code)
      events.emit('closed')
    })
  }
  const before = await shared.ask<Servers>('farm')
  const over = before.reduce((sum, { value }) => sum + Math.floor((value[0]?.tunnels ?? 0) / 2), 0)
  t.ok(before.every(({ value }) => (value[0]?.tunnels ?? 0) >= 2), 'both have some')
  await shared.ask('set', { pid: one?.pid, server, state: 'available' })
  await until(shared, 2, all => all[1]?.state === 'available')
  await shared.ask('rebalance', { pid: one?.pid })
  while (closed.length < over) await once(events, 'closed')
  t.equal(closed.length, over)
})
