// The list of open members: a removed member can be garbage collected.
import { spawnSync } from 'node:child_process'
import t from 'tap'
import { Roster, type Place } from '../src/sockets/roster.ts'

t.test('members join and leave in any order', t => {
  const roster = new Roster<number>()
  const places = new Map<number, Place<number>>()
  let seed = 1
  const random = (below: number) => (seed = seed * 48_271 % 2_147_483_647) % below
  for (let turn = 0; turn < 5000; turn++) {
    const member = random(60)
    const place = places.get(member)
    if (place === undefined) {
      places.set(member, roster.add(member))
    } else {
      roster.strike(place)
      places.delete(member)
    }
    if (turn % 100 === 0) {
      t.equal(roster.size, places.size)
      t.strictSame(roster.members().sort(), [...places.keys()].sort())
    }
  }
  t.end()
})

t.test('removing a member twice is removing it once', t => {
  const roster = new Roster<string>()
  const first = roster.add('first')
  roster.add('second')
  roster.strike(first)
  roster.strike(first)
  t.strictSame(roster.members(), ['second'])
  t.end()
})

t.test('a removed member is garbage collected where a Set would have kept it', t => {
  // Members of a kilobyte each, sixteen at a time, with minor collections as on a busy server.
  const script = `
    const { Roster } = await import(process.argv[1])
    const roster = new Roster()
    const present = []
    gc()
    const before = process.memoryUsage().heapUsed
    for (let i = 0; i < 20000; i++) {
      present.push(roster.add({ fill: new Array(128).fill(i) }))
      if (present.length > 16) roster.strike(present.shift())
      if (i % 500 === 499) gc({ type: 'minor' })
    }
    console.log(process.memoryUsage().heapUsed - before)`
  const file = new URL('../src/sockets/roster.ts', import.meta.url).href
  const { stdout, stderr } = spawnSync(process.execPath, ['--expose-gc', '--import', 'tsx', '--input-type=module', '-e', script, file], { encoding: 'utf8', timeout: 300_000 })
  t.ok(Number(stdout) < 3_000_000 && stdout !== '', `${stdout.trim()} bytes more ${stderr}`)
  t.end()
})
