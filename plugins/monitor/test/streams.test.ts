// What does a stream tell, what may it hold, and how does it end?
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import Fastify from 'fastify'
import t, { type Test } from 'tap'
import { compile } from '../src/options.ts'
import { serve } from '../src/serving/serve.ts'
import { Streams } from '../src/streaming/streams.ts'
import type { Views } from '../src/views/views.ts'
import { ask } from './ask.ts'
import { madeUp } from './made-up.ts'
import { pageSite } from './page-site.ts'

// Nothing of the page keeps a process alive, which this one must not notice.
const alive = setInterval(() => {}, 1000)
t.teardown(() => { clearInterval(alive) })

interface Listening {
  readonly response: IncomingMessage
  /** The next event with this name. */
  next (event: string): Promise<any>
  /** All that has come. */
  text (): string
  leave (): void
}

async function listen (t: Test, url: string): Promise<Listening> {
  const asking = get(url, { agent: false }).on('error', () => {})
  t.teardown(() => { asking.destroy() })
  const [response] = await once(asking, 'response') as [IncomingMessage]
  let text = ''
  let from = 0
  response.setEncoding('utf8').on('data', part => { text += part }).on('error', () => {})
  return {
    response,
    text: () => text,
    leave () { asking.destroy() },
    async next (event) {
      for (;;) {
        const at = text.indexOf(`event: ${event}\ndata: `, from)
        const end = at === -1 ? -1 : text.indexOf('\n\n', at)
        if (end !== -1) {
          from = end
          return JSON.parse(text.slice(text.indexOf('data: ', at) + 6, end))
        }
        await once(response, 'data')
      }
    }
  }
}

t.test('a stream says hello, and then tells its view again and again', async t => {
  const url = await pageSite(t, madeUp)
  const { response, next, text } = await listen(t, `${url}events?view=now`)
  t.match(response.headers, { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'content-security-policy': /default-src 'none'/ })
  t.match(await next('hello'), { process: 4711, actions: true })
  const first = await next('now')
  t.ok((await next('now')).point.at > first.point.at)
  t.match(text(), /^retry: 1000\n/)
})

t.test('each view is told, with what was asked', async t => {
  const asked: unknown[] = []
  const views: Views = { ...madeUp, webSockets: question => { asked.push(question); return madeUp.webSockets(question) }, exchanges: filter => { asked.push(filter); return madeUp.exchanges(filter) } }
  const url = await pageSite(t, views)
  for (const [query, name] of [['now'], ['exchanges&filter=status:5xx', 'exchanges'], ['webSockets&filter=site:a&sort=silence&descending=true&limit=7', 'webSockets'], ['frames&id=t1', 'frames'], ['farms'], ['sites'], ['traces'], ['findings']] as const) {
    const stream = await listen(t, `${url}events?view=${query}`)
    t.ok(await stream.next(name ?? query), query)
    stream.leave()
  }
  t.same(asked.slice(0, 2), ['status:5xx', { filter: 'site:a', sort: 'silence', descending: true, limit: 7 }])
})

t.test('a question that is wrong is told in a sentence', async t => {
  const url = await pageSite(t, { ...madeUp, frames: () => undefined })
  for (const [query, status, sentence] of [
    ['', 400, /`view` must be one of now, /], ['view=toString', 400, /`view`/], ['view=webSockets&sort=age', 400, /`sort` must be one of/], ['view=webSockets&limit=501', 400, /`limit` must be 1 to 500/],
    ['view=webSockets&limit=0', 400, /`limit`/], ['view=webSockets&descending=1', 400, /`descending`/], [`view=exchanges&filter=${'a'.repeat(1001)}`, 400, /`filter`/], ['view=frames', 400, /`id`/], ['view=frames&id=a%0ab', 400, /`id`/], ['view=frames&id=t1', 404, /no such WebSocket/]
  ] as const) {
    const answer = await ask(`${url}events?${query}`)
    t.equal(answer.status, status, query)
    t.match(JSON.parse(answer.body).message, sentence)
  }
  t.equal((await ask(`${url}events?view=now`, { method: 'HEAD' })).status, 200, 'HEAD opens none')
})

t.test('equal questions are answered once for all who ask, and what does not change is not told again', async t => {
  let reads = 0
  const url = await pageSite(t, { ...madeUp, farms: () => ({ farms: [], reads: ++reads }) as never, sites: () => { reads++; return madeUp.sites() } })
  const all = await Promise.all(Array.from({ length: 5 }, async () => await listen(t, `${url}events?view=farms`)))
  for (const one of all) await one.next('farms')
  const next = await Promise.all(all.map(async one => await one.next('farms')))
  t.equal(new Set(next.map(({ reads }) => reads)).size, 1)
  for (const one of all) one.leave()
  const sites = await listen(t, `${url}events?view=sites`)
  await sites.next('sites')
  const before = reads
  const now = await listen(t, `${url}events?view=now`)
  const isReadTwice = () => reads >= before + 2
  while (!isReadTwice()) await now.next('now')
  t.equal(sites.text().split('event: sites').length, 2, 'once')
})

t.test('who comes later hears what there was before, and nothing is told twice or not at all', async t => {
  const told: number[] = []
  const followers: number[] = []
  const views: Views = {
    ...madeUp,
    exchanges: () => {
      const me = followers.push(0) - 1
      return { read: () => { const rows = told.slice(followers[me]); followers[me] = told.length; return { rows: rows as never, skipped: 0 } }, end () {} }
    }
  }
  told.push(1, 2)
  const url = await pageSite(t, views)
  const first = await listen(t, `${url}events?view=exchanges`)
  t.same((await first.next('exchanges')).rows, [1, 2])
  told.push(3)
  const second = await listen(t, `${url}events?view=exchanges`)
  t.same((await second.next('exchanges')).rows, [1, 2, 3])
  t.same((await first.next('exchanges')).rows, [3])
  told.push(4)
  const rest = async ({ next }: Listening): Promise<number[]> => { for (;;) { const { rows } = await next('exchanges'); if (rows.length > 0) return rows } }
  t.same(await Promise.all([rest(first), rest(second)]), [[4], [4]])
})

t.test('nobody is followed whom nobody looks at', async t => {
  let ended = 0
  let isOver: () => void = () => {}
  const over = new Promise<void>(resolve => { isOver = resolve })
  const url = await pageSite(t, { ...madeUp, frames: id => ({ read: () => madeUp.frames(id)?.read() as never, end () { if (++ended === 2) isOver() } }) })
  const [one, other] = [await listen(t, `${url}events?view=frames&id=t1`), await listen(t, `${url}events?view=frames&id=t1`)]
  await other.next('frames')
  t.equal(ended, 1, 'the one that told the second what there was')
  one.leave()
  other.leave()
  await over
  t.pass('and the one for both')
})

t.test('a browser that has left before it may listen is not followed', async t => {
  let followed = 0
  let answer: (may: boolean) => void = () => {}
  let asked: () => void = () => {}
  const isAsked = new Promise<void>(resolve => { asked = resolve })
  const app = Fastify()
  t.teardown(() => app.close())
  const gone = new Promise<void>(resolve => { app.addHook('onRequest', async (_request, reply) => { reply.raw.once('close', resolve) }) })
  const places = await serve(app, compile({ path: '/monitor', authorize: async () => { asked(); return await new Promise(resolve => { answer = resolve }) } }), { ...madeUp, exchanges: filter => { followed++; return madeUp.exchanges(filter) } })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const asking = get(`${places.url}events?view=exchanges`, { agent: false }).on('error', () => {})
  await isAsked
  asking.destroy()
  await gone
  answer(true)
  await new Promise(resolve => { setImmediate(resolve) })
  t.equal(followed, 0)
})

t.test('a view that fails ends no stream, and nothing else', async t => {
  let fails = true
  const url = await pageSite(t, { ...madeUp, farms: () => { if (fails) throw new Error('broken'); return madeUp.farms() } })
  const { next } = await listen(t, `${url}events?view=farms`)
  await next('hello')
  fails = false
  t.equal((await next('farms')).farms.length, 1)
})

t.test('at most fifty streams are open', async t => {
  const url = await pageSite(t, madeUp)
  const all = await Promise.all(Array.from({ length: 50 }, async () => await listen(t, `${url}events?view=sites`)))
  const late = await ask(`${url}events?view=sites`)
  t.equal(late.status, 503)
  t.equal(JSON.parse(late.body).code, 'FST_ARR_MONITOR_TOO_MANY_STREAMS')
  all[0]?.leave()
  // The place is free when the server has heard of it.
  for (;;) {
    const next = await listen(t, `${url}events?view=sites`)
    if (next.response.statusCode === 200) break
  }
  t.pass('a place that is left is taken')
})

t.test('for a browser that does not read a bounded amount waits, and at last it is cut', { timeout: 60_000 }, async t => {
  const big = 'x'.repeat(300_000)
  let n = 0
  const app = Fastify()
  t.teardown(() => app.close())
  const streams = new Streams({ ...madeUp, frames: () => ({ read: () => ({ rows: [], webSocket: null, n: n++, big }) as never, end () {} }) }, () => {})
  // Four signs of life that do not go through are enough.
  streams.outlive(1000)
  let most = 0
  const over = new Promise<void>(resolve => {
    app.get('/', (_request, reply) => {
      reply.hijack()
      const watch = setInterval(() => { most = Math.max(most, reply.raw.writableLength) }, 20)
      reply.raw.on('close', () => { clearInterval(watch); resolve() })
      streams.open(new URLSearchParams('view=frames&id=t1'), () => { reply.raw.writeHead(200); return reply.raw })
    })
  })
  const { port } = new URL(await app.listen({ port: 0, host: '127.0.0.1' }))
  const socket = connect(Number(port), '127.0.0.1').on('error', () => {}).pause()
  t.teardown(() => { socket.destroy() })
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await over
  t.ok(n > 5, `${n} messages were made`)
  t.ok(most < 600_000, `${most} bytes waited, less than two messages`)
  t.equal(streams.size, 0)
})

t.test('one message that is longer than what may wait cuts who does not read', { timeout: 60_000 }, async t => {
  const url = await pageSite(t, { ...madeUp, farms: () => ({ farms: [], big: 'x'.repeat(30_000_000) }) as never })
  const socket = connect(Number(new URL(url).port), '127.0.0.1').on('error', () => {})
  t.teardown(() => { socket.destroy() })
  socket.write(`GET /events?view=farms HTTP/1.1\r\nHost: ${new URL(url).host}\r\n\r\n`)
  await once(socket, 'close')
  t.ok(socket.bytesRead < 30_000_000)
})

for (const place of ['own listener', 'path'] as const) {
  t.test(`at its close the server says goodbye to all streams, within a second: ${place}`, async t => {
    const app = Fastify()
    t.teardown(() => app.close())
    const places = await serve(app, compile(place === 'path' ? { path: '/monitor', authorize: () => true } : { listen: { port: 0 } }), madeUp)
    await app.listen({ port: 0, host: '127.0.0.1' })
    const all = await Promise.all(Array.from({ length: 10 }, async () => await listen(t, `${places.url}events?view=sites`)))
    for (const one of all) await one.next('sites')
    const ends = all.map(async ({ response }) => { await once(response, 'close') })
    const began = performance.now()
    await app.close()
    await Promise.all(ends)
    t.ok(performance.now() - began < 1000, 'it does not wait for them')
    for (const { text } of all) t.match(text(), /event: bye\ndata: \{\}\n\n$/)
  })
}

t.test('a time limit of the server for silent connections does not cut a stream', async t => {
  const app = Fastify({ connectionTimeout: 1000, requestTimeout: 1000, keepAliveTimeout: 500 })
  t.teardown(() => app.close())
  // Its first message is its last.
  const places = await serve(app, compile({ path: '/monitor', authorize: () => true }), { ...madeUp, sites: () => ({ sites: [], listeners: [], certificates: [], rules: [] }) })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { response, text } = await listen(t, `${places.url}events?view=sites`)
  while (text().split('\n:\n').length < 6) await once(response, 'data')
  t.pass('longer than the limit')
})
