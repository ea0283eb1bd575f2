// What the list of open WebSockets tells: whose they are, what passes per second, the first ones by an order, and those that a filter names.
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import hostRouting from '@fastify-arr/host-routing'
import urlRewrite from '@fastify-arr/url-rewrite'
import serverFarm from '@fastify-arr/server-farm'
import fc from 'fast-check'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import t from 'tap'
import type { WebSocketQuestion } from '../src/messages/index.ts'
import { RefusedHandshakes } from '../src/finding/records/refused.ts'
import { RuleCounts } from '../src/views/configuration/rule-counts.ts'
import { socketViews } from '../src/views/socket-views.ts'
import { topOf } from '../src/views/web-sockets/top.ts'
import { backend, client, eventually, madeTime, proxied } from './proxied.ts'

const all: WebSocketQuestion = { filter: '', sort: 'since', descending: false, limit: 100 }

t.test('a row has the site, the rule, the farm and its server, the path without its query, and whose it is', async t => {
  const { port } = await backend(t, { handleProtocols: () => 'chat.v2' })
  const subject = await proxied(t, { to: request => request.rewrite?.url, websocket: { key: request => request.headers['x-user'] as string ?? null } }, async app => {
    await app.register(hostRouting, { sites: [{ name: 'Shop', bindings: [{ host: 'shop.example' }] }] })
    await app.register(urlRewrite, { rules: [{ name: 'to the farm', match: { url: '(.*)' }, action: { type: 'Rewrite', url: 'http://chat/{R:1}' } }] })
    await app.register(serverFarm, { farms: [{ name: 'chat', servers: [{ address: '127.0.0.1', httpPort: port }] }] })
  })
  const ws = await client(t, subject.port, '/room?token=secret', { host: 'shop.example', 'x-user': 'ann' }, ['chat.v2'])
  ws.send('hello')
  await once(ws, 'message')
  const { open, matching, rows } = subject.views.webSockets(all)
  t.same([open, matching, rows.length], [1, 1, 1])
  t.match(rows[0], {
    id: [...subject.app.tunnels][0]?.id as string,
    client: '127.0.0.1',
    site: 'Shop',
    host: 'shop.example',
    path: '/room?…',
    rule: 'to the farm',
    upstream: `http://127.0.0.1:${port}`,
    farm: 'chat',
    server: '127.0.0.1',
    protocol: 'websocket',
    subprotocol: 'chat.v2',
    http: '1.1',
    key: 'ann',
    received: { messages: 1 },
    sent: { messages: 1 }
  })
  t.notMatch(JSON.stringify(rows), 'secret')
})

t.test('what passes per second is what has passed since the last look', async t => {
  const clock = madeTime(t)
  const { url } = await backend(t)
  const subject = await proxied(t, { upstream: url })
  const ws = await client(t, subject.port)
  t.match(subject.views.webSockets(all).rows[0]?.received, { bytes: 0, bytesPerSecond: 0, messagesPerSecond: 0 })
  for (let i = 0; i < 4; i++) {
    ws.send('hello')
    await once(ws, 'message')
  }
  clock.ahead += 2_000
  const [row] = subject.views.webSockets(all).rows
  t.match(row, { received: { bytes: 44, messages: 4 }, sent: { bytes: 28, messages: 4 } })
  const span = 44 / (row?.received.bytesPerSecond ?? 0)
  t.ok(span >= 2 && span < 12, `over the time between the two looks: ${span} s`)
  t.equal(Math.round((row?.sent.messagesPerSecond ?? 0) * span * 1_000), 4_000)
  t.ok((row?.silence ?? 0) >= 2_000, 'nothing passed in the made time')
  t.same(subject.views.webSockets(all).rows[0]?.sent, row?.sent, 'who asks in the same second gets the same')
  clock.ahead += 1_000
  t.match(subject.views.webSockets(all).rows[0]?.sent, { bytes: 28, bytesPerSecond: 0 })
})

t.test('an order, a filter and a limit give the first of those that are meant', async t => {
  const { url } = await backend(t)
  const subject = await proxied(t, { upstream: url })
  const sockets = []
  for (const path of ['/a', '/b', '/c']) sockets.push(await client(t, subject.port, path))
  sockets[1]?.send('x'.repeat(1_000))
  await once(sockets[1]!, 'message')
  sockets[2]?.send('y')
  await once(sockets[2]!, 'message')
  const paths = (question: Partial<WebSocketQuestion>) => subject.views.webSockets({ ...all, ...question }).rows.map(({ path }) => path)
  t.same(paths({ sort: 'received', descending: true }), ['/b', '/c', '/a'])
  t.same(paths({ sort: 'received', descending: false, limit: 2 }), ['/a', '/c'])
  t.same(paths({ sort: 'messages', descending: true, limit: 1 }).length, 1)
  t.same(paths({ sort: 'client' }), ['/a', '/b', '/c'], 'between equal ones, the oldest first')
  t.same(paths({ filter: 'path:/b' }), ['/b'])
  t.same(paths({ filter: '-path:/b', sort: 'upstream' }), ['/a', '/c'])
  t.match(subject.views.webSockets({ ...all, filter: 'path:/nowhere' }), { open: 3, matching: 0, rows: [] })
  t.same(paths({ limit: -1 }), [])
  t.same(paths({ limit: NaN }).length, 3)
})

t.test('a filter that asks for silence is asked again as time goes on', async t => {
  const clock = madeTime(t)
  const { url } = await backend(t)
  const subject = await proxied(t, { upstream: url })
  await client(t, subject.port)
  const silent = () => subject.views.webSockets({ ...all, filter: 'silence:>30s' }).matching
  t.equal(silent(), 0)
  clock.ahead += 40_000
  t.equal(silent(), 1)
})

t.test('one that has ended is gone at the next look, and without upstream-proxy there are none', async t => {
  const clock = madeTime(t)
  const { url } = await backend(t)
  const subject = await proxied(t, { upstream: url })
  const ws = await client(t, subject.port)
  t.equal(subject.views.webSockets(all).rows.length, 1)
  ws.close()
  await eventually(() => subject.app.tunnels.size === 0, 'it is over')
  clock.ahead += 1_000
  t.same(subject.views.webSockets(all), { open: 0, matching: 0, rows: [] })
  const bare = socketViews({} as FastifyInstance, { rules: new RuleCounts(), refused: new RefusedHandshakes() })
  t.teardown(() => { bare.end() })
  t.same(bare.webSockets(all), { open: 0, matching: 0, rows: [] })
  t.equal(bare.frames('x'), undefined)
})

/** Many tunnels, as facts alone: a server in which so many are really open takes longer than a test may. */
function crowd (count: number): FastifyInstance {
  const flow = () => ({ bytes: 0, messages: 0 })
  const requests = Array.from({ length: count }, (_, n) => ({
    ip: `192.0.2.${n % 250}`,
    host: 'a',
    raw: { url: `/${n}` },
    upstream: { server: `http://10.0.0.${n % 9}`, tunnel: { id: randomUUID(), openedAt: 1_000 + (n * 7_919) % count, lastActivity: 0, received: flow(), sent: flow() } }
  }))
  return { tunnels: { size: count, get: () => undefined, requests: () => requests as unknown as FastifyRequest[] } } as unknown as FastifyInstance
}

t.test('of 20,000, no turn does all: the next second has all of them, those that a filter names too', async t => {
  const clock = madeTime(t)
  const views = socketViews(crowd(20_000), { rules: new RuleCounts(), refused: new RefusedHandshakes() })
  t.teardown(() => { views.end() })
  let turns = 0
  let more = true
  const count = (): void => {
    turns++
    if (more) setImmediate(count)
  }
  count()
  views.webSockets(all)
  await eventually(() => views.webSockets(all).matching === 20_000, 'all are looked at')
  t.equal(views.webSockets({ ...all, limit: 9_999 }).rows.length, 500, 'at most 500 are shown')
  t.equal(views.webSockets(all).rows[0]?.since, 1_000)
  const named = () => views.webSockets({ ...all, filter: 'upstream:10.0.0.3', sort: 'client' })
  t.ok(named().matching < 2_222, 'asked for the first time, some are not known yet')
  await eventually(() => named().matching === 2_222, 'all are asked')
  t.ok(named().rows.every(({ upstream }) => upstream === 'http://10.0.0.3'))
  t.ok(turns > 4, 'other work had its turns')
  more = false
  clock.ahead += 1_000
  t.equal(named().matching, 2_222, 'and nothing is missing while they are looked at again')
})

t.test('of many filters, only some are remembered, and none gets the answers of another', async t => {
  const views = socketViews(crowd(300), { rules: new RuleCounts(), refused: new RefusedHandshakes() })
  t.teardown(() => { views.end() })
  for (let round = 0; round < 2; round++) {
    for (let n = 0; n < 20; n++) t.same(views.webSockets({ ...all, filter: `path:/${100 + n}` }).rows.map(({ path }) => path), [`/${100 + n}`])
  }
})

t.test('the first of any list are those that sorting it would give', async t => {
  fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 50 })), fc.nat(60), fc.boolean(), (keys, most, descending) => {
    const sorted = keys.map((_, index) => index).sort((one, other) => ((keys[one] as number) - (keys[other] as number)) * (descending ? -1 : 1) || one - other)
    t.same(topOf(keys, most, descending, (one, other) => one - other), sorted.slice(0, most))
  }), { numRuns: 200 })
  t.same(topOf(['b', 'a', 'c'], 2, false, () => 0), [1, 0])
})
