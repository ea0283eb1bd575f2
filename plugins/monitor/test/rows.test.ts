// What is somebody shown who follows exchanges, and what is a story?
import { once } from 'node:events'
import type { ServerFacts, TracedExchange, TraceFollower } from '@fastify-arr/facts'
import Fastify, { type FastifyRequest } from 'fastify'
import t from 'tap'
import { WebSocket } from 'ws'
import { ClientBytes } from '../src/gathering/client-bytes.ts'
import type { Ending } from '../src/gathering/exchanges.ts'
import { Rows } from '../src/gathering/rows/rows.ts'
import type { ExchangeRow, ExchangesView } from '../src/messages/index.ts'
import type { Followed } from '../src/views/views.ts'
import { open, proxySite, until } from './watched-site.ts'

/** The rows until there are so many. */
async function rowsOf (followed: Followed<ExchangesView>, count: number): Promise<ExchangeRow[]> {
  const rows: ExchangeRow[] = []
  await until(() => rows.push(...followed.read().rows) >= count)
  return rows
}

t.test('whoever follows is shown what the filter names, as it was', async t => {
  const { port, views } = await proxySite(t)
  const followed = views.exchanges('status:5xx')
  const others = views.exchanges('-status:5xx')
  await (await fetch(`http://127.0.0.1:${port}/?secret=1`, { headers: { 'user-agent': '<script>' } })).text()
  await (await fetch(`http://127.0.0.1:${port}/nowhere/?secret=2`, { method: 'POST', body: 'x' })).text()
  const [failed] = await rowsOf(followed, 1)
  t.match(failed, { method: 'POST', host: `127.0.0.1:${port}`, path: '/nowhere/?…', status: 502, client: '127.0.0.1', error: 'FST_ARR_UPSTREAM_REFUSED', webSocket: null, tunnel: null, rule: null, rejection: null, story: false })
  t.match(failed?.upstream, 'http://127.0.0.1:1')
  t.ok(Math.abs((failed?.at ?? 0) - Date.now()) < 60_000)
  const [page] = await rowsOf(others, 1)
  t.match(page, { path: '/?…', status: 200, userAgent: '<script>', error: null })
  t.not(page?.id, failed?.id)
  followed.end()
  others.end()
  t.notMatch(JSON.stringify([failed, page]), /secret/)
})

t.test('a WebSocket is shown at its opening and at its end; one that is refused once', async t => {
  const { port, views } = await proxySite(t)
  const followed = views.exchanges('ws')
  const socket = await open(t, port, '/chat?token=secret')
  const [opened] = await rowsOf(followed, 1)
  t.match(opened, { path: '/chat?…', status: 101, webSocket: 'open', closeCode: null })
  t.type(opened?.tunnel, 'string')
  t.match(views.story(opened?.id ?? '')?.tunnel, { protocol: 'websocket', closedBy: null })
  socket.send('policy')
  const [closed] = await rowsOf(followed, 1)
  t.match(closed, { status: 101, webSocket: 'closed', closeCode: 1008, tunnel: opened?.tunnel })
  t.match(views.story(closed?.id ?? ''), { tunnel: { closeCode: 1008, closedBy: 'upstream' }, page: false, findings: [] })
  const refused = new WebSocket(`ws://127.0.0.1:${port}/forbidden`)
  await once(refused, 'error')
  t.match(await rowsOf(followed, 1), [{ status: 403, webSocket: 'refused' }])
  followed.end()
})

t.test('whoever comes is shown the last ones that the filter names', async t => {
  const { port, views } = await proxySite(t)
  for (const path of ['/1', '/missing', '/2']) await (await fetch(`http://127.0.0.1:${port}${path}`)).text()
  await until(() => views.now().inFlight === 0)
  const followed = views.exchanges('status:200')
  t.match(followed.read(), { rows: [{ path: '/1' }, { path: '/2' }], skipped: 0 })
  t.same(followed.read(), { rows: [], skipped: 0 }, 'once')
  followed.end()
})

t.test('a story has the attempts, the times and the URL that the rules made, and no secret', async t => {
  const { port, views } = await proxySite(t, app => {
    app.addHook('onRequest', async request => { Object.assign(request, { rewrite: { rule: 'r', url: 'http://user:password@127.0.0.1/x?secret=1' } }) })
  })
  const followed = views.exchanges('')
  await (await fetch(`http://127.0.0.1:${port}/nowhere`)).text()
  const [row] = await rowsOf(followed, 1)
  const story = views.story(row?.id ?? '')
  t.match(story, { row: { rule: 'r' }, attempts: [{ code: 'FST_ARR_UPSTREAM_REFUSED', moment: 'connect' }], rewritten: 'http://127.0.0.1/x?…', tunnel: null, page: false })
  t.notMatch(JSON.stringify(story), /secret|password/)
  t.equal(views.story('no such'), undefined)
  t.equal(views.storyPage(row?.id ?? ''), undefined)
  followed.end()
})

// Without a server, as many exchanges as one wants.
const app = Fastify()
let sample: FastifyRequest | undefined
app.get('/*', async request => { sample = request })
await app.inject('/page')
const request = sample as FastifyRequest

const bytes = new ClientBytes()
/** Another request of the same kind. */
function another (raw: object = Object.create(request.raw), own: Readonly<Record<string, unknown>> = {}): FastifyRequest {
  const values = { raw, ...own }
  return Object.create(request, Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { value }]))) as FastifyRequest
}

function exchange (rows: Rows, status = 200, of = request): void {
  rows.told({ request: of, client: bytes.of(request.raw), time: 1, status, kind: null, isOver: true } satisfies Ending)
}

t.test('a read has at most 100 rows; the others that the filter names are counted', async t => {
  const rows = new Rows({}, bytes)
  const [all, few, none] = [rows.follow(''), rows.follow('status:5xx'), rows.follow('status:404')]
  for (let i = 0; i < 20_000; i++) exchange(rows, i % 1000 === 0 ? 503 : 200)
  const read = all.read()
  t.ok(read.rows.length >= 100 && read.rows.length <= 100)
  t.equal(read.rows.length + read.skipped, 20_000)
  t.same([few.read()].map(({ rows, skipped }) => [rows.length, skipped]), [[20, 0]], 'all that are rare')
  t.same(none.read(), { rows: [], skipped: 0 })
})

t.test('a filter that costs much is not asked about all, and what it is not asked about is counted; others are', async t => {
  const rows = new Rows({}, bytes)
  const costly = rows.follow(Array.from({ length: 25 }, (_, n) => `-"nowhere ${n}"`).join(' ') + ' status:404')
  const cheap = rows.follow('status:503')
  for (let i = 0; i < 3_000; i++) exchange(rows, i % 100 === 0 ? 503 : 200)
  const { skipped } = costly.read()
  t.ok(skipped > 2_000 && skipped < 2_500, `${skipped} skipped`)
  t.match(cheap.read(), { rows: { length: 30 }, skipped: 0 })
  rows.tick()
  exchange(rows, 404)
  t.match(costly.read(), { rows: [{ status: 404 }], skipped: 0 }, 'in the next second it is asked again')
})

t.test('after the end nothing is queued, and the last ones stay few', async t => {
  const rows = new Rows({}, bytes)
  const followed = rows.follow('')
  followed.end()
  followed.end()
  for (let second = 0; second < 20; second++) {
    rows.tick()
    for (let i = 0; i < 1000; i++) exchange(rows)
  }
  t.same(followed.read().rows, [])
  t.equal(rows.follow('').read().rows.length, 100)
  t.notOk(rows.follow('nowhere').read().rows.length)
})

t.test('the stories of the last 500 rows can be asked for', async t => {
  const rows = new Rows({}, bytes)
  const followed = rows.follow('status:500')
  const ids: string[] = []
  for (let read = 0; read < 12; read++) {
    rows.tick()
    // Each read leaves room for as many again: these come at the beginning of a follower's life, and after it had time.
    const one = rows.follow('status:500')
    one.read()
    for (let i = 0; i < 50; i++) exchange(rows, 500)
    ids.push(...one.read().rows.map(({ id }) => id))
    one.end()
  }
  followed.end()
  t.equal(ids.length, 600)
  t.equal(ids.filter(id => rows.story(id) !== undefined).length, 500)
  t.equal(rows.story(ids[99] as string), undefined)
  t.ok(rows.story(ids[100] as string))
})

/** request-trace, as far as a follower sees it. */
function tracer (): { facts: ServerFacts, follower: () => TraceFollower | null } {
  let follower: TraceFollower | null = null
  const traces = {
    follow (one: TraceFollower) { follower = one; return () => { follower = null } },
    html: ({ url }: TracedExchange) => `<p>${url}`
  }
  return { facts: { traces } as unknown as ServerFacts, follower: () => follower }
}

const trace = (url: string, text = ''): TracedExchange => ({ id: '', siteId: 1, siteName: '', url, verb: 'GET', client: '', beganAt: 0, timeTaken: 1, status: 200, subStatus: 0, failureReason: 'FOLLOWED', findings: [{ code: 'A_CODE', severity: 'warning', sentence: text, remedy: '' }] })

t.test('while somebody follows, traces are asked for and become stories; then no longer', async t => {
  const { facts, follower } = tracer()
  const rows = new Rows(facts, bytes)
  t.equal(follower(), null)
  const followed = rows.follow('path:/page status:200')
  const other = rows.follow('path:/other method:post')
  const one = another()
  t.equal(follower()?.wants(one), true)
  t.equal(follower()?.wants(another(undefined, { originalUrl: '/elsewhere' })), false, 'what no filter can name')
  t.equal(follower()?.wants(another(undefined, { routeOptions: { config: { monitor: true } } })), false, 'nor what is for the page')
  exchange(rows, 200, one)
  t.same(followed.read().rows, [], 'a row waits for its trace')
  follower()?.traced(one, trace('http://a/page'))
  const [row] = followed.read().rows
  t.equal(row?.story, true)
  t.match(rows.story(row?.id ?? ''), { page: true, findings: [{ code: 'A_CODE' }] })
  t.equal(rows.storyPage(row?.id ?? ''), '<p>http://a/page')
  follower()?.traced(one, trace('http://a/again'))
  t.equal(rows.storyPage(row?.id ?? ''), '<p>http://a/again', 'of a WebSocket, the last one')
  followed.end()
  t.ok(follower(), 'another one follows')
  other.end()
  t.equal(follower(), null)
  t.equal(rows.storyPage(row?.id ?? ''), '<p>http://a/again')
})

t.test('at most 50 traces a second are asked for, 200 are kept, and 16 MiB', async t => {
  for (const [text, most] of [['', 200], ['x'.repeat(1024 * 1024), 15]] as const) {
    const { facts, follower } = tracer()
    const rows = new Rows(facts, bytes)
    rows.follow('')
    const ids: string[] = []
    let wanted = 0
    for (let second = 0; second < 6; second++) {
      rows.tick()
      const one = rows.follow('')
      one.read()
      for (let i = 0; i < 100; i++) {
        const asked = another()
        if (follower()?.wants(asked) !== true) continue
        wanted++
        follower()?.traced(asked, trace('http://a/', text))
        exchange(rows, 200, asked)
      }
      ids.push(...one.read().rows.map(({ id }) => id))
      one.end()
    }
    t.equal(wanted, 300)
    t.equal(ids.length, 300)
    t.equal(ids.filter(id => rows.storyPage(id) !== undefined).length, most)
    t.ok(rows.storyPage(ids.at(-1) as string), 'the newest')
    t.equal(rows.story(ids[0] as string)?.page, false)
    rows.end()
    t.equal(follower(), null)
  }
})
