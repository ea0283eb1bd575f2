// How much is held for exchanges that are not over?
import { channel } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { CHANNELS, type AttemptAnswered, type TunnelWatch } from '@fastify-arr/facts'
import type { FastifyRequest } from 'fastify'
import t from 'tap'
import { WebSocket } from 'ws'
import { EventList } from '../src/expansion/event-list.ts'
import { FrameEvents } from '../src/expansion/frame-events.ts'
import { Budget, type Counted } from '../src/recording/budget.ts'
import { FrameLog } from '../src/recording/frame-log.ts'
import { CompiledRule } from '../src/rules/rule.ts'
import { eventsOf, names, proxyTo, serve, upstream } from './serving.ts'

class Member implements Counted {
  bytes = 0
  older: Counted | null = null
  newer: Counted | null = null
  gaveUp = false
  giveUp (): void { this.gaveUp = true }
}

t.test('the oldest is given up where all together are too much', async t => {
  const budget = new Budget(100, 60)
  const [a, b, c] = [new Member(), new Member(), new Member()] as const
  for (const member of [a, b, c]) budget.add(member)
  t.ok(budget.charge(b, 50))
  t.ok(budget.charge(a, 30))
  t.ok(budget.charge(c, 20))
  t.equal(budget.used, 100)
  t.ok(budget.charge(c, 10))
  t.same([a.gaveUp, b.gaveUp, c.gaveUp], [true, false, false], 'the oldest, not the largest')
  t.match(budget, { used: 80, lost: 1, count: 2 })
  budget.remove(b)
  budget.remove(c)
  t.match(budget, { used: 0, count: 0 })
})

t.test('one that has no room left keeps what it has', async t => {
  const budget = new Budget(100, 60)
  const member = new Member()
  budget.add(member)
  t.ok(budget.charge(member, 60))
  t.notOk(budget.charge(member, 1))
  t.match(budget, { used: 60, lost: 0 })
})

t.test('one that is alone and the oldest is given up itself', async t => {
  const budget = new Budget(100, 100)
  const [old, young] = [new Member(), new Member()]
  budget.add(old)
  budget.add(young)
  t.ok(budget.charge(young, 90))
  t.notOk(budget.charge(old, 50))
  t.ok(old.gaveUp)
  t.equal(budget.used, 90)
})

t.test('many that come and go leave nothing behind', async t => {
  const budget = new Budget(1_000_000, 1_000)
  const open: Member[] = []
  for (let i = 0; i < 10_000; i++) {
    const member = new Member()
    budget.add(member)
    budget.charge(member, i % 1_000)
    open.push(member)
    if (i % 3 !== 0) budget.remove(open.splice((i * 7) % open.length, 1)[0] as Member)
  }
  for (const member of open) if (!member.gaveUp) budget.remove(member)
  t.match(budget, { used: 0, count: 0 })
  await budget.empty(0)
})

t.test('a log of frames that may not grow counts what it does not keep', async t => {
  let room = 24 * 16 + 10
  const log = new FrameLog(bytes => { room -= bytes; return room >= 0 })
  for (let i = 0; i < 100; i++) log.add(i, 'client', 1, true, 0, 2, true)
  t.match(log, { count: 100, head: 16, tailFrom: 100, skipped: { fromClient: 84, bytesFromClient: 168 } })
  // The end of the WebSocket comes after all of them.
  const list = new EventList(new CompiledRule({}).levels)
  const frames = new FrameEvents(log, list)
  frames.upTo(100, 200)
  frames.rest(300)
  t.match(names(list), [...Array.from({ length: 16 }, () => 'WEBSOCKET_FRAME'), 'WEBSOCKET_FRAMES_SKIPPED'])
  t.match(list.events.at(-1), { time: 200, data: { FromClient: 84 } })
})

t.test('an exchange keeps no more than it may: the rest is counted in its trace', async t => {
  const server = await serve(t, { directory: null, rules: [{}], memory: { perExchange: 16_384 } }, app => {
    app.get('/', async request => {
      const headers = Array.from({ length: 100 }, (_, index) => index % 2 === 0 ? 'X-Long' : 'a'.repeat(100))
      for (let i = 0; i < 100; i++) channel(CHANNELS.attemptAnswered).publish({ request, server: 'http://a', status: 100, reason: '', headers } satisfies AttemptAnswered)
      return 'ok'
    })
  })
  await (await fetch(`http://127.0.0.1:${server.port}/`)).text()
  const [trace] = await server.written(1)
  const kept = names(trace!).filter(name => name === 'ARR_RESPONSE_HEADERS_END').length
  t.ok(kept > 0 && kept < 5, String(kept))
  t.equal(kept + trace!.lost, 100)
  t.equal(names(trace!).at(-1), 'GENERAL_REQUEST_END')
})

t.test('of many exchanges under way the oldest is given up, counted, and not named by its request', async t => {
  const requests: FastifyRequest[] = []
  let go = () => {}
  const all = new Promise<void>(resolve => { go = resolve })
  let arrived = () => {}
  const server = await serve(t, { directory: null, rules: [{}], memory: { perExchange: 16_384, total: 16_384 } }, app => {
    app.get('/', async request => {
      requests.push(request)
      arrived()
      await all
      return 'ok'
    })
  })
  const answers = []
  for (let i = 0; i < 40; i++) {
    const came = new Promise<void>(resolve => { arrived = resolve })
    answers.push(fetch(`http://127.0.0.1:${server.port}/`, { headers: { 'x-number': String(i) } }).then(async answer => await answer.text()))
    await came
  }
  t.ok(server.app.traces.lost > 0)
  go()
  t.same(new Set(await Promise.all(answers)), new Set(['ok']))
  await server.app.close()
  const { written, lost } = server.app.traces
  t.equal(written + lost, 40)
  t.same(requests.map(({ trace }) => trace === null), requests.map((_, index) => index < lost), 'the oldest')
})

t.test('a WebSocket whose recording was given up goes on, and its frames cost nothing', async t => {
  let watch: TunnelWatch | undefined
  let go = () => {}
  const done = new Promise<void>(resolve => { go = resolve })
  let arrived = () => {}
  const came = new Promise<void>(resolve => { arrived = resolve })
  const server = await serve(t, { directory: null, rules: [{}], memory: { perExchange: 16_384, total: 16_384 } }, app => {
    app.get('/tunnel', async request => {
      channel(CHANNELS.tunnelOpen).publish({ request, tunnel: { http: '1.1', subprotocol: null, extensions: null, handshakeTime: 1 }, watch: (one: TunnelWatch) => { watch = one } })
      arrived()
      await done
      return 'ok'
    })
    app.get('/', async () => 'ok')
  })
  const tunnel = fetch(`http://127.0.0.1:${server.port}/tunnel`).then(async answer => await answer.text())
  await came
  // One that is under way takes all the room.
  await (await fetch(`http://127.0.0.1:${server.port}/`, { headers: { 'x-long': 'a'.repeat(14_000) } })).text()
  t.equal(server.app.traces.lost, 1)
  for (let i = 0; i < 1_000; i++) watch!.frame('client', 1, true, 0, 5, true)
  watch!.close('client', 1000, '')
  watch!.ended('client', 'end', null)
  go()
  t.equal(await tunnel, 'ok')
  await server.app.close()
  t.equal(server.app.traces.written, 1)
})

t.test('a WebSocket whose payloads have filled its room has its frames and its end in the trace', async t => {
  const up = await upstream(t, () => {}, socket => {
    let count = 0
    socket.on('message', message => {
      if (++count < 40) socket.send(message)
      else socket.close(1011, 'broken')
    })
  })
  const server = await serve(t, { directory: null, rules: [{ path: '/chat', payloads: { maxBytes: 65_536 } }], memory: { perExchange: 32_768 } }, proxyTo(up.port))
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}/chat`)
  socket.on('message', message => { socket.send(message) })
  await once(socket, 'open')
  socket.send('x'.repeat(4_000))
  await once(socket, 'close')
  const [trace] = await server.written(1)
  t.match(eventsOf(trace!, 'WEBSOCKET_CLOSE_FRAME').map(({ data }) => data), [{ From: 'upstream', Code: 1011, Reason: 'broken' }, { From: 'client', Code: 1011 }])
  t.equal(eventsOf(trace!, 'WEBSOCKET_SOCKET_END').length, 2)
  const frames = eventsOf(trace!, 'WEBSOCKET_FRAME').map(({ data }) => data)
  t.equal(frames.length, 40 + 39 + 2)
  t.ok(frames[0]?.Payload !== undefined && frames.at(-3)?.Payload === undefined, 'the first payloads')
})

t.test('what is left for the end of an exchange is bounded, too', async t => {
  const budget = new Budget(1_000, 100)
  const member = new Member()
  budget.add(member)
  t.ok(budget.charge(member, 70, 30))
  t.notOk(budget.charge(member, 1, 30))
  t.ok(budget.charge(member, 30))
  t.notOk(budget.charge(member, 1))
  t.ok(budget.charge(member, 20, -20))
  t.notOk(budget.charge(member, 1, -20))
})
