// When probes change a server's health: how many in a row, how often, and never two at a time.
import type { ServerResponse } from 'node:http'
import t from 'tap'
import { closedPort, httpServer, hurried, watched } from './health-parts.ts'

t.test('a server is healthy until so many probes in a row have failed, and back after so many that succeed', async t => {
  hurried(t)
  const answers = [503, 503, 200, 503, 503, 503, 503, 200, 200]
  const port = await httpServer(t, (_request, response) => { response.writeHead(answers.shift() ?? 200).end() })
  const { health, changes, probes, changed } = watched(t, { health: { url: '/', retries: 3, successes: 2 }, liveTraffic: false }, { port })
  t.equal(health.healthy, true)
  t.equal(health.lastProbe, null)
  health.start()
  await changed(1)
  t.same(changes, [{ healthy: false, why: 'probe: status 503 is not in 200-399' }])
  t.match([health.healthy, health.why, health.outUntil], [false, 'probe: status 503 is not in 200-399', null])
  t.equal(probes.length, 6)
  t.equal(health.lastProbe, probes.at(-1))
  await changed(2)
  t.same(changes[1], { healthy: true, why: null })
  t.equal(probes.length, 9)
  t.equal(health.healthy, true)
})

t.test('why it is out is what the last probe says', async t => {
  hurried(t)
  let status = 503
  const port = await httpServer(t, (_request, response) => { response.writeHead(status).end() })
  const { health, changes, probes, probed, changed } = watched(t, { health: { url: '/', retries: 1 } }, { port })
  health.start()
  await changed(1)
  status = 500
  await probed(probes.length + 2)
  t.equal(health.why, 'probe: status 500 is not in 200-399')
  t.equal(changes.length, 1, 'and that is no change')
})

t.test('a server is not probed again before its probe is over', async t => {
  let requests = 0
  const early: number[] = []
  const port = await httpServer(t, () => {
    requests++
    if (probes.length < requests - 1) early.push(requests)
  })
  const { health, probes, probed } = watched(t, { health: { url: '/', interval: 20, timeout: 20, retries: 1 } }, { port })
  health.start()
  await probed(5)
  t.same(early, [])
  t.ok(probes.every(({ why }) => why === 'no answer within 20 ms' || why === 'no connection within 20 ms'))
})

t.test('the time between two probes is the interval, give or take a fifth', async t => {
  const port = await httpServer(t, (_request, response) => { response.end() })
  const { health, probed } = watched(t, { health: { url: '/', interval: 30_000 } }, { port })
  const { setTimeout } = globalThis
  const waits: number[] = []
  t.teardown(() => { globalThis.setTimeout = setTimeout })
  let next = (): void => {}
  // The interval is not waited for: what it would be is asked of the timer.
  globalThis.setTimeout = ((ring: () => void, ms: number) => {
    if (ms <= 20_000 || ms === 30_000) return setTimeout(ring, ms)
    waits.push(ms)
    next = ring
    return { unref: () => {} }
  }) as never
  health.start()
  for (let i = 1; i <= 20; i++) {
    await probed(i)
    t.ok((waits.at(-1) as number) <= 36_000 && (waits.at(-1) as number) > 20_000)
    next()
  }
  t.ok(new Set(waits.map(Math.round)).size > 10, 'and differs each time')
})

t.test('stop ends a running probe, and nothing is told any more', async t => {
  let asked = (_response: ServerResponse): void => {}
  const response = new Promise<ServerResponse>(resolve => { asked = resolve })
  const port = await httpServer(t, (_request, response) => { asked(response) })
  const { health, changes, probes } = watched(t, { health: { url: '/', interval: 10, timeout: 10, retries: 1 }, liveTraffic: false }, { port })
  // The time-out must not be what ends it.
  const { setTimeout } = globalThis
  globalThis.setTimeout = ((ring: () => void, ms: number) => setTimeout(ring, ms === 10 ? 60_000 : ms)) as never
  health.start()
  const { socket } = await response
  globalThis.setTimeout = setTimeout
  const closed = new Promise(resolve => { socket?.on('close', resolve) })
  health.stop()
  await closed
  await new Promise(resolve => setImmediate(resolve))
  t.same([probes, changes], [[], []])
})

t.test('stop before the first probe, and twice, is fine', async t => {
  const { health, probes } = watched(t, { health: { url: '/', interval: 10, timeout: 10 } }, { port: await closedPort() })
  health.start()
  health.start()
  health.stop()
  health.stop()
  t.same(probes, [])
})

t.test('a stop from within what is told is the last', async t => {
  const one = watched(t, { health: { url: '/', interval: 10, timeout: 10, retries: 2 }, liveTraffic: false }, { port: await closedPort() })
  one.health.start()
  await one.probed(1)
  one.health.stop()
  const again = watched(t, { health: { url: '/', interval: 10, timeout: 10 } }, { port: await closedPort() })
  again.health.start()
  await again.probed(3)
  t.equal(one.probes.length, 1, 'the other one was probed three times meanwhile')
})
