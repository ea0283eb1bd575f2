// The table of clients: what it remembers, what it forgets, and that it is bounded whatever addresses come.
import fc from 'fast-check'
import t from 'tap'
import { clientOf } from '../src/addresses/client.ts'
import { Clients } from '../src/addresses/clients.ts'
import { RequestRate } from '../src/addresses/request-rate.ts'
import { HandshakeRate } from '../src/web-sockets/handshake-rate.ts'

const client = (low: number) => ({ high: 0xffffffff, low })

t.test('a client is an IPv4 address or an IPv6 /64', async t => {
  const same = (one: string, other: string) => JSON.stringify(clientOf(one)) === JSON.stringify(clientOf(other))
  t.ok(same('192.0.2.1', '::ffff:192.0.2.1'))
  t.ok(same('192.0.2.1', '192.0.2.1:8080'))
  t.notOk(same('192.0.2.1', '192.0.2.2'))
  t.ok(same('2001:db8::1', '2001:db8:0:0:ffff::2'))
  t.ok(same('fe80::1%eth0', 'fe80::2%eth1'))
  t.notOk(same('2001:db8::1', '2001:db8:0:1::1'))
  t.notOk(same('::1', '0.0.0.0'))
  t.equal(clientOf(undefined), null)
  t.equal(clientOf('unknown'), null)
  t.equal(clientOf('x'.repeat(100)), null)
})

t.test('the client that has been at rest the longest makes room, and one with something open never does', async t => {
  const clients = new Clients(Infinity, 3)
  const rows = [1, 2, 3].map(low => clients.rowOf(client(low), 0))
  for (const row of rows) clients.numbers[row * 3] = 7
  clients.hold(rows[0]!)
  clients.rowOf(client(2), 1)
  t.equal(clients.rowOf(client(4), 2), rows[2], 'the third is forgotten: the first has something open, and the second came again')
  t.equal(clients.numbers[rows[2]! * 3], 0)
  t.equal(clients.rowOf(client(1), 3), rows[0])
  t.equal(clients.numbers[rows[0]! * 3], 7)
})

t.test('clients that find no room are counted together, until there is some', async t => {
  const clients = new Clients(Infinity, 2)
  const rows = [1, 2].map(low => clients.rowOf(client(low), 0))
  for (const row of rows) clients.hold(row)
  const crowd = clients.rowOf(client(3), 0)
  t.equal(clients.rowOf(client(4), 0), crowd)
  t.notOk(rows.includes(crowd))
  clients.hold(crowd)
  clients.hold(crowd)
  t.equal(clients.open(crowd), 2)
  clients.release(rows[1]!)
  t.equal(clients.rowOf(client(5), 0), rows[1])
  clients.release(crowd)
  clients.release(crowd)
  t.equal(clients.open(crowd), 0)
  t.throws(() => clients.release(crowd), /nothing is open/)
})

t.test('a client at rest is forgotten once nothing would change by that, so that the table only grows with those that are there', async t => {
  const clients = new Clients(1000)
  for (let now = 0; now < 100_000; now++) clients.rowOf(client(now), now)
  t.equal(clients.size, 1000)
})

t.test('a table says of every client what a Map says', async t => {
  fc.assert(fc.property(fc.array(fc.tuple(fc.nat(300), fc.constantFrom('come', 'hold', 'release')), { maxLength: 2000 }), steps => {
    const clients = new Clients(Infinity, 1000)
    const model = new Map<number, number>()
    for (const [low, step] of steps) {
      const row = clients.rowOf(client(low), 0)
      const open = model.get(low) ?? 0
      if (clients.open(row) !== open) t.fail(`${clients.open(row)} instead of ${open}`)
      if (step === 'hold') clients.hold(row)
      if (step === 'release' && open > 0) clients.release(row)
      model.set(low, Math.max(0, open + (step === 'hold' ? 1 : step === 'release' ? -1 : 0)))
    }
    if (clients.size !== model.size) t.fail(`${clients.size} rows for ${model.size} clients`)
  }), { numRuns: 100 })
  t.pass()
})

t.test('100,000 clients hold less than 32 MiB, and a million of them no more', async t => {
  const used = (): number => {
    const { heapUsed, external } = process.memoryUsage()
    return heapUsed + external
  }
  const before = used()
  const clients = new Clients(Infinity)
  for (let i = 0; i < 1_000_000; i++) clients.hold(clients.rowOf({ high: 0x20010db8, low: i }, i))
  t.equal(clients.size, 100_000)
  t.ok(used() - before < 32 * 2 ** 20, 'garbage included')
})

t.test('a rate is counted in intervals; who goes over it is let in when an interval had no more than the limit', async t => {
  const clients = new Clients(2000)
  const rate = new RequestRate(clients, 3, 1000)
  const row = clients.rowOf(client(1), 5000)
  const at = (...times: readonly number[]) => times.map(now => rate.isOver(row, now))
  t.same(at(5000, 5100, 5999), [false, false, false])
  t.same(at(6000, 6500, 6600), [false, false, false], 'the next interval')
  t.same(at(6999), [true], 'the fourth')
  t.same(at(7000, 7900), [true, true], 'still blocked, since the interval before had four')
  t.same(at(8000), [false], 'the interval before had two')
  t.same(at(20_000, 20_999, 20_999, 21_000), [false, false, false, false], 'a new first interval begins with its first request')
})

t.test('a client that keeps to the limit is never refused, and none gets more than twice the limit in any interval', async t => {
  fc.assert(fc.property(fc.array(fc.nat(400), { maxLength: 200 }), fc.integer({ min: 1, max: 5 }), (gaps, most) => {
    const clients = new Clients(2000)
    const rate = new RequestRate(clients, most, 1000)
    const asked: number[] = []
    const passed: number[] = []
    let now = 12.5
    let isPolite = true
    for (const gap of gaps) {
      now += gap
      asked.push(now)
      isPolite &&= asked.filter(time => time > now - 1000).length <= most
      // As the plugin asks: the row may have been forgotten meanwhile.
      const isOver = rate.isOver(clients.rowOf(client(1), now), now)
      if (isPolite && isOver) t.fail('refused though it keeps to the limit')
      if (!isOver) passed.push(now)
      if (passed.filter(time => time > now - 1000).length > 2 * most) t.fail('more than twice the limit')
    }
  }), { numRuns: 500 })
  t.pass()
})

t.test('a bucket of tokens: as many handshakes as it holds at once, then evenly; who waits as long as it is told is let in', async t => {
  const clients = new Clients(1000)
  const rate = new HandshakeRate(clients, 4, 1000)
  const row = clients.rowOf(client(1), 50)
  t.same([50, 50, 50, 50].map(now => rate.take(row, now)), [0, 0, 0, 0])
  t.equal(rate.take(row, 50), 250)
  t.equal(Math.round(rate.take(row, 150)), 150)
  t.equal(rate.take(row, 300), 0)
  t.equal(Math.round(rate.take(row, 300)), 250)
  t.same([10_000, 10_000, 10_000, 10_000].map(now => rate.take(row, now)), [0, 0, 0, 0], 'it holds no more than four')
  t.equal(Math.round(rate.take(row, 10_000)), 250)
  fc.assert(fc.property(fc.array(fc.double({ min: 0, max: 500, noNaN: true }), { maxLength: 50 }), fc.integer({ min: 1, max: 7 }), (gaps, most) => {
    const rate = new HandshakeRate(clients, most, 1000)
    clients.numbers.fill(0)
    let now = 0
    for (const gap of gaps) {
      now += gap
      const wait = rate.take(row, now)
      if (wait === 0) continue
      now += wait
      if (rate.take(row, now) !== 0) t.fail('it has waited')
    }
  }))
})
