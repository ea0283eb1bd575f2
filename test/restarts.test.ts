// The acceptance of restarts: under WebSockets that talk and requests all the time, the processes are replaced several times, and nobody notices.
import { fork } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { WebSocketServer } from 'ws'
import { DRAIN_AFTER, freePort, startSite } from '../plugins/workers/test/site.ts'
import type { Order, Told } from './restarts/clients.ts'
import { Numbered, Talking, type Counts } from './restarts/numbered.ts'

// RESTARTS=whole: the size that is promised. Otherwise one that a busy machine carries.
const isWhole = process.env.RESTARTS === 'whole'
const [SOCKETS, RELOADS, RATE] = isWhole ? [2000, 10, 500] : [400, 4, 100]
/** Between two messages of one end, ms. */
const EVERY = 1500
/** Where nobody has got anything for so long, nothing comes any more, ms. */
const STALLED = 20_000

t.setTimeout(isWhole ? 900_000 : 480_000)

const here = (name: string): string => join(import.meta.dirname, 'restarts', name)
const pause = async (): Promise<void> => { await new Promise(resolve => setTimeout(resolve, 50)) }

/** A process of clients. */
function clients (t: Test, ...words: Array<string | number | boolean>): (order: Order) => Promise<Told> {
  const child = fork(here('clients.ts'), words.map(String), { execArgv: ['--import=tsx', '--conditions=@fastify-arr/source'], env: { ...process.env, NODE_OPTIONS: '' } })
  const answers = new EventEmitter()
  const exit = once(child, 'exit').then(() => { throw new Error('the clients have ended') })
  exit.catch(() => {})
  child.on('message', ({ id, told, error }: { id: number, told?: Told, error?: string }) => { answers.emit(String(id), told, error) })
  t.teardown(() => { child.kill('SIGKILL') })
  let next = 0
  return async order => {
    const id = next++
    child.send({ id, order })
    const [told, error] = await Promise.race([once(answers, String(id)), exit]) as [Told, string | undefined]
    if (error !== undefined) throw new Error(error)
    return told
  }
}

/** Answers requests, and talks with each WebSocket. */
async function startUpstream (t: Test): Promise<{ port: number, talking: Talking }> {
  const talking = new Talking(EVERY)
  const server = createServer((_request, response) => { response.end('well') }).listen(0, '127.0.0.1')
  const sockets = new WebSocketServer({ server, perMessageDeflate: false })
  sockets.on('connection', (socket, request) => { talking.add(new Numbered(String(request.url), socket)) })
  await once(server, 'listening')
  t.teardown(() => {
    talking.stop()
    for (const socket of sockets.clients) socket.terminate()
    server.close()
    server.closeAllConnections()
  })
  return { port: (server.address() as AddressInfo).port, talking }
}

const pathsOf = (kind: string, from: number, to: number): string[] => Array.from({ length: Math.max(0, to - from) }, (_, at) => `/${kind}/${from + at}`)
const sum = (counts: readonly Counts[], name: 'sent' | 'got'): number => counts.reduce((all, one) => all + one[name], 0)

t.test(`${SOCKETS} WebSockets that talk and requests all the time live through ${RELOADS} reloads: none is refused, ended, lost, doubled or disordered`, { skip: process.platform === 'win32' ? 'Windows does not pass a socket on that is in use' : false }, async t => {
  t.setTimeout(isWhole ? 900_000 : 480_000)
  const began = performance.now()
  const upstream = await startUpstream(t)
  const [http, https] = [await freePort(), await freePort()]
  const site = await startSite(t, { version: '1' }, { exec: here('worker.ts'), args: [http, https, t.testdir({}), upstream.port].map(String), drainAfter: DRAIN_AFTER }, upstream.port)
  t.equal(await site.started(), true)
  const plain = clients(t, http, false, RATE / 2, EVERY)
  const secure = clients(t, https, true, RATE / 2, EVERY)
  const all = [plain, secure]
  const each = async (order: Order): Promise<Told[]> => await Promise.all(all.map(async one => await one(order)))

  const half = SOCKETS / 2
  // Some of those over TLS open later, so that each generation has some that stay with it.
  const later = (done: number): number => Math.round(half / 2 + half / 2 * done / (RELOADS - 1))
  await Promise.all([plain({ open: pathsOf('plain', 0, half) }), secure({ open: pathsOf('secure', 0, later(0)) })])
  upstream.talking.start()
  await each({ word: 'talk' })
  await each({ word: 'ask' })
  const loaded = performance.now()
  for (let done = 0; done < RELOADS; done++) {
    const from = performance.now()
    const { ok, generation, moved, stayed, reason } = await site.reload()
    t.same([ok, generation, moved, stayed], [true, done + 2, half, later(done) - (done === 0 ? 0 : later(done - 1))], reason ?? `reload ${done + 1}`)
    t.comment(`reload ${done + 1}: ${Math.round(performance.now() - from)} ms, ${moved} moved, ${stayed} stayed`)
    if (done < RELOADS - 1) await secure({ open: pathsOf('secure', later(done), later(done + 1)) })
  }
  t.equal((await site.status()).generations.length, RELOADS + 1, 'each generation has WebSockets that could not move')

  // Every end gets a message in the place where it is now.
  const before = new Map((await each({ word: 'tell' })).flatMap(({ sockets }) => sockets).map(({ path, got }) => [path, got]))
  await stalledOr(async () => {
    const told = (await each({ word: 'tell' })).flatMap(({ sockets }) => sockets)
    return { met: told.every(({ path, got, closed }) => closed !== null || got > (before.get(path) ?? 0)), seen: sum(told, 'got') }
  })
  const took = performance.now() - loaded
  await each({ word: 'rest' })
  await settle('after all reloads')
  const asked = await each({ word: 'tell' })
  t.same(asked.flatMap(({ failed }) => failed), [], 'no request has failed, and no connection was refused')
  const answered = asked.reduce((sum, { answered }) => sum + answered, 0)
  t.comment(`${answered} requests, ${Math.round(answered * 1000 / took)} a second; ${sum(asked.flatMap(({ sockets }) => sockets), 'got') + sum(upstream.talking.counts, 'got')} messages; ${Math.round((performance.now() - began) / 1000)} s`)
  t.same(asked.flatMap(({ sockets }) => sockets).filter(({ closed }) => closed !== null), [], 'no WebSocket has ended')

  // `drainAfter` is over, for all that leave.
  await site.drain()
  await stalledOr(async () => {
    const { sockets } = await secure({ word: 'tell' })
    const closed = sockets.filter(({ closed }) => closed !== null).length
    return { met: closed === half, seen: closed }
  })
  t.same((await secure({ word: 'tell' })).sockets.filter(({ closed }) => closed !== 1012), [], 'those over TLS were told 1012')
  while ((await site.status()).generations.length > 1) await pause()
  const { serving, tunnels, generations } = await site.status()
  t.same([serving, tunnels, generations[0]?.workers.map(({ state }) => state)], [RELOADS + 1, half, ['serving', 'serving']], 'one generation lives, with all that could move')
  upstream.talking.start()
  await plain({ word: 'talk' })
  const heard = new Map((await plain({ word: 'tell' })).sockets.map(({ path, got }) => [path, got]))
  await stalledOr(async () => {
    const { sockets } = await plain({ word: 'tell' })
    return { met: sockets.every(({ path, got, closed }) => closed !== null || got > (heard.get(path) ?? 0)), seen: sum(sockets, 'got') }
  })
  await settle('in the last generation', 'plain')

  /** Nobody sends any more; when all has arrived, each end has got what the other one has sent. */
  async function settle (when: string, kind = ''): Promise<void> {
    await each({ word: 'hush' })
    upstream.talking.stop()
    const ends = async (): Promise<{ near: Counts[], far: Counts[] }> => {
      const told = (await each({ word: 'tell' })).flatMap(({ sockets }) => sockets)
      return { near: told.filter(({ path }) => path.startsWith(`/${kind}`)), far: upstream.talking.counts.filter(({ path }) => path.startsWith(`/${kind}`)) }
    }
    await stalledOr(async () => {
      const { near, far } = await ends()
      return { met: sum(near, 'got') >= sum(far, 'sent') && sum(far, 'got') >= sum(near, 'sent'), seen: sum(near, 'got') + sum(far, 'got') }
    })
    const { near, far } = await ends()
    const byPath = new Map(far.map(one => [one.path, one]))
    const unwell = near.filter(one => {
      const other = byPath.get(one.path)
      return other === undefined || one.wrong + other.wrong > 0 || one.got !== other.sent || other.got !== one.sent
    })
    t.same(unwell.map(one => [one, byPath.get(one.path)]), [], `${when} no message is lost, doubled or out of order`)
  }

  async function stalledOr (look: () => Promise<{ met: boolean, seen: number }>): Promise<void> {
    let [last, since] = [-1, performance.now()]
    for (;;) {
      const { met, seen } = await look()
      if (met) return
      if (seen !== last) since = performance.now()
      last = seen
      // What was lost does not come any more: the counts tell of it, rather than the test's time.
      if (performance.now() - since > STALLED) return
      await pause()
    }
  }
})
