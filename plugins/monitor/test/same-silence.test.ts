// When do silences agree? Never by chance, and always where a box cuts, whatever else ends meanwhile.
import fc from 'fast-check'
import t from 'tap'
import { CODES } from '../src/finding/codes.ts'
import { find, type Evidence } from '../src/finding/find.ts'
import { Ring } from '../src/finding/records/ring.ts'
import type { Ended } from '../src/finding/records/ended.ts'
import { clustersIn } from '../src/finding/silence/clusters.ts'
import { IDLE_TIMES, limitsAt } from '../src/finding/silence/idle-times.ts'
import { sameSilences } from '../src/finding/silence/same-silence.ts'
import { certificates } from '../src/finding/servers/certificates.ts'
import { farmFindings } from '../src/finding/servers/farms.ts'
import { readFileSync } from 'node:fs'

const isKnown = (ms: number): boolean => limitsAt(ms).length > 0

function ended (silence: number, more: Partial<Ended> = {}): Ended {
  return {
    id: 'x',
    at: 1_000_000 + silence,
    life: silence + 1_000,
    silence,
    client: '192.0.2.1',
    site: 'Shop',
    upstream: 'http://10.0.0.1',
    closedBy: 'client',
    closeCode: null,
    ending: 'reset',
    limit: null,
    openedAt: 0,
    closed: false,
    observed: true,
    messages: 1,
    pings: 0,
    ...more
  }
}

/** Numbers from 0 to 1 that look random, the same for a seed. */
function random (seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

const seed = fc.noShrink(fc.integer())

t.test('silences that are spread at random agree never, however many there are and however long they last', async t => {
  fc.assert(fc.property(seed, fc.oneof(fc.integer({ min: 5, max: 60 }), fc.integer({ min: 61, max: 2_000 })), fc.integer({ min: 8, max: 7_200 }), (seed, count, longest) => {
    const next = random(seed)
    const silences = Array.from({ length: count }, () => next() * longest * 1_000)
    t.same(sameSilences(silences.map(silence => ended(silence))).map(({ sentence }) => sentence), [])
  }), { numRuns: 300, seed: 20_221_001 })
})

t.test('five that a box cuts are found at every known limit, and at any other, among others that end at random', async t => {
  fc.assert(fc.property(seed, fc.oneof(fc.constantFrom(...IDLE_TIMES.map(({ seconds }) => seconds)), fc.integer({ min: 30, max: 3_600 })), fc.integer({ min: 0, max: 10 }), (seed, seconds, others) => {
    const next = random(seed)
    const cut = Array.from({ length: 6 }, () => ended(seconds * 1_000 + next() * 900))
    const noise = Array.from({ length: others }, () => ended(next() * 600_000))
    const [finding] = sameSilences([...cut, ...noise])
    t.ok((finding?.count ?? 0) >= 6 && (finding?.count ?? 0) <= 7, `${seconds} s, ${others} others`)
  }), { numRuns: 300, seed: 20_221_001 })
})

t.test('two boxes on one road are two findings, and one before several sites is one', async t => {
  const twice = sameSilences([60, 60.2, 60.4, 60.1, 60.3, 350, 350.1, 350.2, 350.4, 350.3].map(seconds => ended(seconds * 1_000)))
  t.same(twice.map(({ count }) => count), [5, 5])
  const sites = sameSilences([60, 60.2, 60.4, 60.1, 60.3].map((seconds, n) => ended(seconds * 1_000, { site: `site ${n}` })))
  t.match(sites, [{ count: 5, sentence: /^5 WebSockets were reset from the side of the client/, filter: 'close:none' }])
  t.match(sameSilences([60, 60.2, 60.4, 60.1, 60.3].map(seconds => ended(seconds * 1_000))), [{ sentence: /of the site Shop/, filter: 'close:none site:Shop' }])
  t.same(sameSilences([60, 60.2, 60.4, 60.1, 60.3].map((seconds, n) => ended(seconds * 1_000, { closedBy: n % 2 === 0 ? 'client' : 'upstream' }))), [], 'two sides are not one')
})

for (const [why, more] of [
  ['a limit of the proxy', { limit: 'idle', closedBy: 'proxy', ending: 'timeout' }], ['its closing', { ending: 'drain', closedBy: 'proxy' }], ['a goodbye', { closed: true, closeCode: 1000 }],
  ['a goodbye without a code', { closed: true }], ['frames that could not be read', { observed: false }]
] as const) {
  t.test(`an end by ${why} is no evidence`, async t => {
    t.same(sameSilences(Array.from({ length: 20 }, (_, n) => ended(60_000 + n, more))), [])
  })
}

t.test('equal silences, the shortest and none at all', async t => {
  t.same(clustersIn([], isKnown), [])
  t.same(clustersIn(Array<number>(2_000).fill(60_000), isKnown), [{ start: 0, end: 2_000 }])
  t.same(clustersIn(Array<number>(4).fill(60_000), isKnown), [])
  t.same(sameSilences(Array.from({ length: 50 }, () => ended(1_400))), [], 'a pause is no silence')
})

t.test('certificates and servers', async t => {
  const served = (daysLeft: number) => ({ listener: 'https', names: ['a.example', 'b.example'], validTo: 1, daysLeft })
  t.same(certificates([served(14)]), [])
  t.match(certificates([served(13), served(1), served(0), served(-3)]).map(({ sentence }) => sentence), [
    'The certificate of the listener https for a.example, b.example expires in 13 days.', /in 1 day\.$/, /expires today\.$/, /has expired\.$/
  ])
  const server = (name: string, more: object) => ({ name, state: 'available', healthy: true, why: null, lastProbe: null, ...more })
  const farm = (...servers: object[]) => ({ name: 'chat', algorithm: 'leastLoad', waiting: 0, servers }) as never
  t.same(farmFindings([farm(server('a', {}))], 7), [])
  t.match(farmFindings([farm(server('a', {}), server('b', { healthy: false, why: 'connect ECONNREFUSED', lastProbe: { at: 5 } }))], 7), [{ code: 'SERVER_OUT', sentence: 'The server b of the farm chat is not healthy (connect ECONNREFUSED).', first: 5, filter: 'farm:chat server:b' }])
  t.match(farmFindings([farm(server('a', { state: 'draining' }), server('b', { healthy: false }))], 7), [{ code: 'FARM_DOWN', sentence: 'The farm chat has no server for a new client: a is draining; b is not healthy.' }])
})

t.test('what is long ago is no news, and the worst come first', async t => {
  const evidence: Evidence = { now: 10 * 3_600_000, ended: [], refused: [], clients: [], farms: [], certificates: [] }
  t.same(find({ ...evidence, ended: Array.from({ length: 5 }, () => ended(60_000)) }), { findings: [], looked: 0 })
  const recent = Array.from({ length: 20 }, () => ended(60_000, { at: evidence.now - 1, messages: 0 }))
  t.same(find({ ...evidence, ended: recent, certificates: [{ listener: 'a', names: [], validTo: 1, daysLeft: 2 }] }).findings.map(({ severity }) => severity), ['error', 'warning', 'information'])
})

t.test('a ring keeps the newest, in their order', async t => {
  fc.assert(fc.property(fc.array(fc.nat()), fc.integer({ min: 1, max: 10 }), (items, most) => {
    const ring = new Ring<number>(most)
    for (const item of items) ring.add(item)
    t.same(ring.all(), items.slice(-most))
    t.equal(ring.size, Math.min(most, items.length))
  }), { numRuns: 100 })
})

t.test('the README has the same findings', async t => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  const section = readme.slice(readme.indexOf('## Findings'))
  const rows = [...section.matchAll(/^\| `([A-Z_]+)` \| (error|warning|information) \| (.+) \|$/gm)].map(([, code, severity, means]) => [code, severity, means])
  t.same(rows, Object.entries(CODES).map(([code, { severity, means }]) => [code, severity, means]))
})
