// A supervisor and its workers: who gets the connections, who comes back, and how all end.
import { once } from 'node:events'
import t from 'tap'
import { BackOff } from '../src/supervisor/back-off.ts'
import { isThere, longConnection, startSite } from './site.ts'

t.beforeEach(() => { t.setTimeout(120_000) })

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  t.test(`${signal} ends all workers, and the supervisor with code 0`, { skip: process.platform === 'win32' }, async t => {
    const site = await startSite(t, { version: '1' })
    await site.started()
    const { generations } = await site.status()
    await longConnection(t, site.port)
    site.process.kill(signal)
    t.same(await site.exit, { code: 0, signal: null })
    t.same(generations.flatMap(({ workers }) => workers).map(({ pid }) => [isThere(pid), site.hasClosed(pid)]), [[false, true], [false, true]])
  })
}

t.test('a worker that is killed is started anew after its back-off, the log says how many tunnels ended with it, and the other one goes on', async t => {
  const site = await startSite(t, { version: '1' }, { backOff: { first: 20, most: 50 } })
  await site.started()
  const [one, other] = (await site.status()).generations[0]!.workers
  process.kill(one!.pid, 'SIGKILL')
  const about = await site.logs(/^warn: worker 1 has ended, and 0 tunnels with it; it is started anew in 20 ms$/)
  t.equal(about.signal, 'SIGKILL')
  await site.logs(/^info: worker 1 is back$/)
  const answered = new Set<number>()
  while (answered.size < 2) answered.add(((await (await fetch(site.url, { headers: { connection: 'close' } })).json()) as { pid: number }).pid)
  t.ok(answered.has(other!.pid) && !answered.has(one!.pid))
  const again = (await site.status()).generations[0]!.workers
  t.same(again.map(({ starts }) => starts), [2, 1])
  process.kill(again[0]!.pid, 'SIGKILL')
  await site.logs(/^warn: worker 1 has ended, .* in 40 ms$/)
})

t.test('the first generation that does not start ends the supervisor with code 1', async t => {
  const site = await startSite(t, { version: '1', broken: 'throws' })
  t.same(await site.exit, { code: 1, signal: null })
  t.match(site.logged.map(({ log }) => log).join('\n'), /^error: no worker has started: it ended with code 1$/m)
  t.match(site.stderr(), 'this version is broken')
})

t.test('workers whose supervisor is killed close in order', async t => {
  const site = await startSite(t, { version: '1' })
  await site.started()
  const { generations } = await site.status()
  const { socket } = await longConnection(t, site.port)
  const closed = once(socket, 'close')
  site.process.kill('SIGKILL')
  await closed
  // Tap's time limit ends the test where they stay.
  while (generations.some(({ workers }) => workers.some(({ pid }) => isThere(pid)))) await new Promise(resolve => setTimeout(resolve, 20))
  t.same(generations.flatMap(({ workers }) => workers).map(({ pid }) => site.hasClosed(pid)), [true, true])
})

t.test('the back-off doubles up to its limit, and begins anew after a long life', async t => {
  const backOff = new BackOff({ first: 10, most: 35, reset: 60_000 })
  backOff.started()
  t.same([backOff.died(), backOff.died(), backOff.died(), backOff.died()], [10, 20, 35, 35])
  const well = new BackOff({ first: 10, most: 35, reset: 0 })
  t.same([well.died(), well.died()], [10, 10])
})
