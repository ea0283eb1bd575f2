// What the traffic tells of a server: when it is put out, for how long, and how many of a farm may be.
import t from 'tap'
import { clock } from './health-clock.ts'
import { httpServer, hurried, REFUSED, RESET, watched, type Watched } from './health-parts.ts'
import type { LiveTrafficOptions } from '../src/options.ts'

const OUT = 10_000

const started = (t: Parameters<typeof watched>[0], liveTraffic: false | LiveTrafficOptions = {}, more: Parameters<typeof watched>[3] = {}): Watched => {
  const one = watched(t, { liveTraffic: liveTraffic === false ? false : { out: OUT, ...liveTraffic } }, {}, more)
  one.health.start()
  return one
}
const fail = ({ health }: Watched, times: number): void => { for (let i = 0; i < times; i++) health.failed(REFUSED) }

t.test('three failures in a row put a server out, and it comes back by itself', async t => {
  const advance = clock(t)
  const one = started(t, {}, { size: 10 })
  fail(one, 2)
  t.same(one.changes, [])
  one.health.failed(RESET)
  const why = 'live traffic: 3 failures in a row, the last: FST_ARR_UPSTREAM_RESET'
  t.same(one.changes, [{ healthy: false, why }])
  t.same([one.health.healthy, one.health.why, one.health.outUntil], [false, why, Date.now() + OUT])
  const { outUntil } = one.health
  fail(one, 5)
  t.equal(one.health.outUntil, outUntil)
  advance(OUT - 1)
  t.equal(one.changes.length, 1)
  advance(1)
  t.same(one.changes[1], { healthy: true, why: null })
  t.same([one.health.healthy, one.health.why, one.health.outUntil], [true, null, null])
  fail(one, 2)
  t.equal(one.health.healthy, true, 'failures while it was out do not count')
})

t.test('a success in between starts anew', async t => {
  const one = started(t)
  fail(one, 2)
  one.health.answered(503)
  fail(one, 2)
  t.same(one.changes, [], 'and any answer is one, where no status is a failure')
  fail(one, 1)
  t.equal(one.health.healthy, false)
})

t.test('statuses are failures where the options say so, also where they came before another attempt', async t => {
  const one = started(t, { statusCodes: '500-', failures: 4 })
  one.health.answered(500)
  one.health.answered(503)
  one.health.failed({ code: 'FST_ARR_UPSTREAM_STATUS', moment: 'headers', status: 502 })
  t.equal(one.health.healthy, true)
  one.health.answered(599)
  t.equal(one.health.why, 'live traffic: 4 failures in a row, the last: status 599')
})

t.test('an answer that breaks off in its body is no failure: its status came', async t => {
  const one = started(t, { failures: 1 })
  one.health.failed({ code: 'FST_ARR_UPSTREAM_RESET', moment: 'body', status: 200 })
  t.equal(one.health.healthy, true)
})

t.test('within a period failures count whatever comes between them, and older ones do not', async t => {
  const advance = clock(t)
  const one = started(t, { failures: 3, period: 1000 })
  fail(one, 2)
  advance(1001)
  fail(one, 2)
  one.health.answered(200)
  t.equal(one.health.healthy, true)
  advance(1000)
  fail(one, 1)
  t.equal(one.health.why, 'live traffic: 3 failures within 1000 ms, the last: FST_ARR_UPSTREAM_REFUSED')
})

t.test('the time out is doubled each time up to the most, and halved for each that it has been well as long', async t => {
  const advance = clock(t)
  const one = started(t, { failures: 1, maxOut: 50_000 })
  const goes = (): number => {
    fail(one, 1)
    const time = (one.health.outUntil as number) - Date.now()
    advance(time)
    t.equal(one.health.healthy, true)
    return time
  }
  t.same([goes(), goes(), goes(), goes(), goes()], [10_000, 20_000, 40_000, 50_000, 50_000])
  advance(49_999)
  t.equal(goes(), 50_000)
  advance(50_000)
  t.equal(goes(), 50_000, 'one step back from there is the most still')
  advance(50_000 + 40_000)
  t.equal(goes(), 40_000)
  advance(1_000_000)
  t.equal(goes(), 10_000)
})

for (const [size, atMost, most] of [[1, 0.5, 0], [2, 0.5, 1], [3, 0.5, 1], [4, 0.5, 2], [10, 0.3, 3], [100, 0.29, 29], [2, 0, 0], [1, 1, 1], [5, 1, 5]] as const) {
  t.test(`of ${size} servers at most ${most} are out, where the share is ${atMost}`, async t => {
    const first = started(t, { failures: 1, atMost }, { size })
    const all = [first, ...Array.from({ length: size - 1 }, () => started(t, { failures: 1, atMost }, { ejections: first.ejections }))]
    for (const one of all) fail(one, 1)
    t.equal(all.filter(({ health }) => !health.healthy).length, most)
  })
}

t.test('a server that could not go goes with its next failure, once another is back or has left the farm', async t => {
  const advance = clock(t)
  const first = started(t)
  const [second, third] = [started(t, {}, { ejections: first.ejections }), started(t, {}, { ejections: first.ejections })]
  for (const one of [first, second, third]) fail(one, 3)
  t.same([first, second, third].map(({ health }) => health.healthy), [false, true, true])
  advance(OUT)
  fail(second, 1)
  t.same([first, second, third].map(({ health }) => health.healthy), [true, false, true])
  second.health.stop()
  fail(second, 3)
  fail(third, 1)
  t.equal(third.health.healthy, false)
  t.equal(second.changes.length, 1, 'nothing is told of one that has left')
})

t.test('a tunnel that ends is no failure, unless the server drops it within a second of its 101', async t => {
  const one = started(t, { failures: 1 })
  one.health.tunnelEnded(1000, null, true)
  one.health.tunnelEnded(999, null, false)
  for (const code of [1000, 1001, 1008, 1012, 4000]) one.health.tunnelEnded(5, code, true)
  one.health.tunnelEnded(3_600_000, 1011, true)
  t.same(one.changes, [])
  one.health.tunnelEnded(999, null, true)
  t.equal(one.health.why, 'live traffic: 1 failure in a row, the last: a WebSocket that ended at once without a Close')
  for (const code of [1011, 1014]) {
    const other = started(t, { failures: 1 })
    other.health.tunnelEnded(0, code, true)
    t.equal(other.health.why, `live traffic: 1 failure in a row, the last: a WebSocket that ended at once with Close ${code}`)
  }
})

t.test('a server whose tunnels all die at once fails in a row, though each had its 101', async t => {
  const advance = clock(t)
  const one = started(t)
  for (let i = 0; i < 3; i++) {
    t.equal(one.health.healthy, true)
    one.health.answered(101)
    advance(400)
    one.health.tunnelEnded(400, null, true)
  }
  t.equal(one.health.healthy, false)
})

t.test('also where they are opened together', async t => {
  const one = started(t)
  for (let i = 0; i < 3; i++) one.health.answered(101)
  for (let i = 0; i < 3; i++) one.health.tunnelEnded(0, null, true)
  t.equal(one.health.healthy, false)
})

t.test('a tunnel that has lived for a second is a success', async t => {
  const advance = clock(t)
  const one = started(t)
  fail(one, 2)
  one.health.answered(101)
  advance(999)
  one.health.answered(101)
  one.health.tunnelEnded(0, null, false)
  advance(1)
  fail(one, 2)
  t.same(one.changes, [], 'the first tunnel stands between them')
  fail(one, 1)
  t.equal(one.health.healthy, false)
})

t.test('of many handshakes a few that die are not in a row', async t => {
  const advance = clock(t)
  const one = started(t)
  for (let i = 0; i < 5000; i++) {
    one.health.answered(101)
    advance(1)
    if (i % 1500 === 1499) one.health.tunnelEnded(1, null, true)
  }
  t.same(one.changes, [])
})

t.test('where live traffic is switched off nothing puts a server out', async t => {
  const one = started(t, false)
  fail(one, 100)
  one.health.answered(500)
  one.health.tunnelEnded(0, null, true)
  t.same([one.changes, one.health.outUntil], [[], null])
})

t.test('a probe that succeeds takes a server back to which no connection came about, and no other', async t => {
  hurried(t)
  const port = await httpServer(t, (_request, response) => { response.end() })
  const options = { health: { url: '/' }, liveTraffic: { failures: 1, out: 60_000 } }
  const refused = watched(t, options, { port })
  const reset = watched(t, options, { port })
  refused.health.failed(REFUSED)
  t.equal(refused.health.healthy, true, 'before its start nothing counts')
  for (const { health } of [refused, reset]) health.start()
  refused.health.failed(REFUSED)
  reset.health.failed(RESET)
  t.same([refused.health.healthy, reset.health.healthy], [false, false])
  await refused.changed(2)
  t.equal(refused.health.healthy, true)
  await reset.probed(reset.probes.length + 2)
  t.equal(reset.health.healthy, false)
})

t.test('probes and live traffic are two verdicts: a server is back when both are', async t => {
  hurried(t)
  let status = 503
  const port = await httpServer(t, (_request, response) => { response.writeHead(status).end() })
  const one = watched(t, { health: { url: '/', retries: 1 }, liveTraffic: { failures: 1, out: 60_000 } }, { port })
  one.health.start()
  one.health.failed(RESET)
  t.match(one.health.why, /^live traffic: /)
  await one.probed(1)
  t.match(one.health.why, /^probe: /)
  t.equal(one.changes.length, 1)
  status = 200
  while (one.probes.at(-1)?.succeeded === false) await one.probed(one.probes.length + 1)
  t.match(one.health.why, /^live traffic: /)
  t.equal(one.changes.length, 1)
})
