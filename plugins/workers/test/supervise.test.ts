// A supervisor and its workers: who gets the connections, who comes back, and how all end.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { BackOff } from '../src/supervisor/back-off.ts'
import { isThere, startSite } from './site.ts'

t.beforeEach(() => { t.setTimeout(120_000) })

/** Opens a connection that stays, and tells which worker has it. */
async function longConnection (t: Test, port: number): Promise<{ socket: Socket, pid: number }> {
  const socket = connect(port, '127.0.0.1')
  t.teardown(() => socket.destroy())
  socket.on('error', () => {})
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  let text = ''
  while (!text.includes('}')) text += String((await once(socket, 'data'))[0])
  return { socket, pid: JSON.parse(text.slice(text.indexOf('{'))).pid }
}

t.test('each worker gets as many connections as the others, however long they live', async t => {
  const site = await startSite(t, { version: '1' }, { workers: 3 })
  t.equal(await site.started(), true)
  const counts = new Map<number, number>()
  for (let i = 0; i < 60; i++) {
    const { pid } = await longConnection(t, site.port)
    counts.set(pid, (counts.get(pid) ?? 0) + 1)
  }
  t.same([...counts.values()], [20, 20, 20])
  const { generations, serving } = await site.status()
  t.equal(serving, 1)
  t.same(generations.map(({ number, workers }) => [number, workers.map(({ number, state }) => `${number} ${state}`)]), [[1, ['1 serving', '2 serving', '3 serving']]])
  t.same(generations[0]?.workers.map(({ pid }) => pid).sort(), [...counts.keys()].sort())
})

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
