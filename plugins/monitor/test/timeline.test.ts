// What do the charts say, whatever the clock does? With made time.
import t from 'tap'
import { Chart } from '../src/gathering/chart.ts'
import { RecentCounts } from '../src/gathering/recent-counts.ts'
import { Spread } from '../src/gathering/spread.ts'
import { Timeline } from '../src/gathering/timeline.ts'

const START = Date.UTC(2026, 0, 1)

/** A sequence of numbers below 1 that is the same in each run. */
function random (seed: number): () => number {
  return () => {
    seed = Math.imul(seed ^ seed >>> 15, seed | 1)
    seed ^= seed + Math.imul(seed ^ seed >>> 7, seed | 61)
    return ((seed ^ seed >>> 14) >>> 0) / 4_294_967_296
  }
}

const sum = (values: readonly number[]): number => values.reduce((all, one) => all + one, 0)
const rising = (values: readonly number[]): boolean => values.every((value, index) => index === 0 || value > (values[index - 1] as number))

t.test('quantiles are within 5 % of those of the sorted times', async t => {
  const next = random(7)
  const kinds: ReadonlyArray<readonly [string, () => number]> = [
    ['evenly up to a second', () => next() * 1000],
    ['many short ones and some long ones', () => next() < 0.9 ? 0.5 + next() * 5 : 1000 + next() * 60_000],
    ['over all magnitudes', () => 10 ** (next() * 9 - 2)],
    ['all alike', () => 42]
  ]
  for (const [name, time] of kinds) {
    for (const count of [1, 2, 10, 999, 20_000]) {
      const spread = new Spread()
      const times = Array.from({ length: count }, time)
      for (const one of times) spread.record(one)
      times.sort((a, b) => a - b)
      for (const share of [0.5, 0.95, 0.99]) {
        const exact = times[Math.max(1, Math.ceil(share * count)) - 1] as number
        const told = spread.quantile(share) as number
        t.ok(Math.abs(told - exact) <= Math.max(exact * 0.05, 0.01), `${name}, ${share} of ${count}: ${told} for ${exact}`)
      }
    }
  }
})

t.test('times that are 0, negative, enormous or no number are taken', async t => {
  const spread = new Spread()
  for (const time of [0, -5, 1e300, Infinity, NaN]) spread.record(time)
  t.equal(spread.total, 5)
  t.type(spread.quantile(0.5), 'number')
  spread.clear()
  t.equal(spread.quantile(0.5), null)
})

t.test('24 hours and more: 300 seconds and 1,440 minutes stay, and what is counted is what they say', async t => {
  const timeline = new Timeline(START, 0)
  const seconds = 26 * 3600
  for (let second = 1; second <= seconds; second++) {
    timeline.now.requests += 10
    timeline.now.received += 1000
    timeline.times.record(second % 60)
    timeline.tick(START + second * 1000 + 5, second * 1000 + 5, 3)
  }
  const { seconds: fine, minutes } = timeline.history
  t.equal(fine.at.length, 300)
  t.equal(minutes.at.length, 1441, 'with the one that goes on')
  for (const columns of [fine, minutes]) {
    t.ok(rising(columns.at))
    t.ok(columns.requests.every(rate => rate === 10))
    t.ok(columns.received.every(rate => rate === 1000))
    t.ok(columns.open.every(open => open === 3))
    t.ok(columns.p50.every(time => time !== null))
    for (const values of Object.values(columns)) t.equal(values.length, columns.at.length)
  }
  t.equal(fine.at.at(-1), START + (seconds - 1) * 1000)
  t.equal(minutes.at.at(-1), START + seconds * 1000 - 60_000)
  const p50 = minutes.p50.at(-2) as number
  t.ok(p50 > 28 && p50 < 31, `the median of a minute is that of its times, not of its seconds: ${p50}`)
})

t.test('a process that was held up has counted for all seconds until then', async t => {
  const timeline = new Timeline(START, 0)
  timeline.now.requests = 12
  t.ok(timeline.tick(START + 4005, 4005, 0))
  t.same(timeline.history.seconds.requests, [3, 3, 3, 3])
  t.same(timeline.history.seconds.at, [0, 1000, 2000, 3000].map(at => START + at))
  t.equal(sum(timeline.history.seconds.requests), 12)
})

t.test('a machine that slept, or a clock that was set forward, leaves a gap', async t => {
  const timeline = new Timeline(START, 0)
  timeline.tick(START + 1005, 1005, 0)
  timeline.now.requests = 5
  timeline.tick(START + 8 * 3_600_000, 2005, 0)
  const { seconds, minutes } = timeline.history
  t.same(seconds.requests, [0, 5])
  t.same(seconds.at, [START, START + 8 * 3_600_000 - 1000])
  t.same(minutes.at, [START, START + 8 * 3_600_000 - 60_000])
  t.same(minutes.requests, [0, 5])
})

t.test('a clock that is set back leaves times that rise, the newest of which is right', async t => {
  const timeline = new Timeline(START, 0)
  for (let second = 1; second <= 200; second++) timeline.tick(START + second * 1000, second * 1000, 0)
  timeline.now.requests = 4
  const back = START - 3_600_000
  t.ok(timeline.tick(back + 201_000, 201_000, 0))
  for (let second = 202; second <= 300; second++) timeline.tick(back + second * 1000, second * 1000, 0)
  const { seconds, minutes } = timeline.history
  t.equal(seconds.at.at(-1), back + 299_000)
  t.ok(rising(seconds.at))
  t.ok(rising(minutes.at), minutes.at.map(at => (at - back) / 60_000).join(' '))
  t.equal(sum(seconds.requests), 4)
  t.equal(seconds.at.length, 300)
})

t.test('a clock that is set about at random never makes times that fall, or values that are none', async t => {
  const next = random(3)
  const timeline = new Timeline(START, 0)
  let [wall, steady] = [START, 0]
  for (let i = 0; i < 5000; i++) {
    const passed = next() < 0.05 ? next() * 30_000 : 990 + next() * 20
    steady += passed
    wall += passed + (next() < 0.02 ? (next() - 0.5) * 10_000_000 : (next() - 0.5) * 4)
    timeline.now.requests += 7
    timeline.tick(wall, steady, 1)
    if (i % 100 !== 0) continue
    const { seconds, minutes } = timeline.history
    if (!rising(seconds.at) || !rising(minutes.at)) t.fail(`after ${i}`)
    if (![...seconds.requests, ...minutes.requests].every(rate => Number.isFinite(rate) && rate >= 0 && rate <= 100)) t.fail(`rates after ${i}`)
  }
  t.ok(timeline.history.seconds.at.length <= 300)
  t.ok(timeline.history.minutes.at.length <= 1441)
})

t.test('a timer that comes early or late by some ms closes each second once', async t => {
  const timeline = new Timeline(START, 0)
  t.notOk(timeline.tick(START + 999, 999, 0), 'a little early')
  t.ok(timeline.tick(START + 1005, 1005, 0))
  t.notOk(timeline.tick(START + 999, 1105, 0), 'a clock that goes back a little')
  t.ok(timeline.tick(START + 2001, 2101, 0))
  t.same(timeline.history.seconds.at, [START, START + 1000])
})

t.test('bytes that were not looked for are spread over the minute before', async t => {
  const timeline = new Timeline(START, 0)
  timeline.addBefore(5, 5)
  for (let second = 1; second <= 100; second++) timeline.tick(START + second * 1000, second * 1000, 0)
  timeline.addBefore(60_000, 120_000)
  const { seconds: { received, sent } } = timeline.history
  t.equal(received[0], 5, 'where there is none before, they are of now')
  t.equal(Math.round(sum(received)), 60_005)
  t.equal(Math.round(Math.max(...received.slice(40))), 1000)
  t.equal(Math.round(Math.max(...sent.slice(40))), 2000)
  t.equal(Math.max(...received.slice(1, 40)), 0)
})

t.test('a chart keeps as many points as it has room for, null as null', async t => {
  const chart = new Chart(3)
  const point = { at: 0, requests: 1, handshakes: 0, closed: 0, received: 0, sent: 0, open: 0, p50: null, p95: 2, p99: null, clientErrors: 0, serverErrors: 0 }
  for (let at = 1; at <= 5; at++) chart.push({ ...point, at })
  t.match(chart.columns({ ...point, at: 6 }), { at: [3, 4, 5, 6], p50: [null, null, null, null], p95: [2, 2, 2, 2] })
})

t.test('counts by name are of five minutes, and their names few', async t => {
  const counts = new RecentCounts(0)
  counts.add('404')
  for (let second = 1; second <= 240; second++) counts.tick(second * 1000)
  counts.add('502')
  counts.add('502')
  t.same(counts.top(), [{ name: '502', count: 2 }, { name: '404', count: 1 }])
  counts.tick(305_000)
  t.same(counts.top(), [{ name: '502', count: 2 }])
  counts.tick(100 * 3_600_000)
  t.same(counts.top(), [], 'after a sleep')
  for (let i = 0; i < 10_000; i++) counts.add(`code ${i} ${'x'.repeat(1000)}`)
  const top = counts.top()
  t.equal(top.length, 20)
  t.equal(top[0]?.name, 'others')
  t.equal(top[0]?.count, 10_000 - 64)
  t.ok(top.every(({ name }) => name.length <= 64))
})
