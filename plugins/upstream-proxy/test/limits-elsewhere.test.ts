// What may a process let in while the others do not know of it yet?
import t from 'tap'
import { Elsewhere } from '../src/tunnel/admission/elsewhere.ts'

t.test('what could not be told for lack of time counts against this process, however long it takes', async t => {
  const own = { places: 0, keys: [], of: () => 0 }
  const told: unknown[] = []
  const limits = { maxTunnels: 12, mostOfKey: 0 }
  const elsewhere = new Elsewhere({ listen () {}, tell: (_name, data, to) => { if (to === undefined) told.push(data); return true } }, 'tunnels', own, limits, () => {})
  t.teardown(() => { elsewhere.stop() })
  for (const pid of [1, 2, 3]) elsewhere.came({ generation: 1, number: pid, pid })
  const enter = (): number => {
    let count = 0
    while (elsewhere.hasPlace) {
      elsewhere.entered()
      own.places++
      count++
      elsewhere.changed(null)
    }
    return count
  }
  t.equal(enter(), 3, 'its share of 12 for 4 processes')
  const until = performance.now() + 250
  while (performance.now() < until);
  t.same(told, [])
  t.equal(enter(), 0, 'no turn of the loop, and nothing told')
  while (told.length === 0) await new Promise(resolve => setTimeout(resolve, 5))
  t.equal(enter(), 0, 'told just now')
  while (enter() === 0) await new Promise(resolve => setTimeout(resolve, 5))
  t.ok(own.places <= 6, 'its share of the 9 that are left')
})
