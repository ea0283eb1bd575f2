// Who looks at exchanges as they happen: with and without rules, and what it costs those that nobody looks at.
import { channel } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { CHANNELS, type TracedExchange, type TraceFollower } from '@fastify-arr/facts'
import type { FastifyRequest } from 'fastify'
import t from 'tap'
import { WebSocket } from 'ws'
import { Followers, MOST_ASKED, MOST_RECORDED } from '../src/following/followers.ts'
import type { Trace } from '../src/index.ts'
import { names, proxyTo, serve, upstream } from './serving.ts'

/** A follower that wants all, and whose traces can be waited for. */
class Seen implements TraceFollower {
  readonly traces: Trace[] = []
  #wake = () => {}

  wants (): boolean {
    return true
  }

  traced (_request: FastifyRequest, trace: TracedExchange): void {
    this.traces.push(trace as Trace)
    this.#wake()
  }

  async count (count: number): Promise<Trace[]> {
    while (this.traces.length < count) await new Promise<void>(resolve => { this.#wake = resolve })
    return this.traces
  }
}

for (const [words, rules] of [['without a rule', []], ['beside a rule that keeps little', [{ statusCodes: '500', areas: { WebSocket: 'General' as const } }]]] as const) {
  t.test(`${words}, a follower gets the whole story of an exchange, and nothing is written`, async t => {
    const up = await upstream(t, (_, response) => { response.writeHead(200, { 'X-Own': 'yes' }).end('fine') })
    const server = await serve(t, { rules }, proxyTo(up.port))
    await (await fetch(`http://127.0.0.1:${server.port}/before`)).text()
    const seen = new Seen()
    const stop = server.app.traces.follow(seen)
    await (await fetch(`http://127.0.0.1:${server.port}/a?token=abcdef`, { headers: { authorization: 'Bearer topsecret' } })).text()
    const [trace] = await seen.count(1)
    t.match(trace, { id: '', status: 200, failureReason: 'FOLLOWED', verb: 'GET' })
    for (const name of ['GENERAL_REQUEST_HEADERS', 'ARR_REQUEST_HEADERS_START', 'ARR_RESPONSE_HEADERS_END', 'GENERAL_RESPONSE_HEADERS', 'GENERAL_REQUEST_END']) t.ok(names(trace!).includes(name), name)
    t.notMatch(JSON.stringify(trace), /topsecret|abcdef/)
    t.match(server.app.traces.html(trace!), /<html/)
    stop()
    await (await fetch(`http://127.0.0.1:${server.port}/after`)).text()
    t.equal(seen.traces.length, 1)
    t.equal(server.app.traces.size, 0)
    t.equal(channel(CHANNELS.attemptSent).hasSubscribers, rules.length > 0, 'nobody listens any more')
  })
}

t.test('a WebSocket is told when it is open, and again at its end', async t => {
  const up = await upstream(t, () => {}, socket => { socket.on('message', data => { socket.send(data) }) })
  const server = await serve(t, {}, proxyTo(up.port))
  const seen = new Seen()
  server.app.traces.follow(seen)
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}/chat`)
  await once(socket, 'open')
  const [open] = await seen.count(1)
  t.match(open, { status: 101, findings: [] })
  t.ok(names(open!).includes('WEBSOCKET_OPEN'))
  t.notOk(names(open!).includes('WEBSOCKET_CLOSED'), 'it goes on')
  t.match(server.app.traces.html(open!), /<html/)
  t.equal(channel(CHANNELS.tunnelClose).hasSubscribers, true)
  socket.send('hello')
  await once(socket, 'message')
  socket.close(4001, 'bye')
  const [, ended] = await seen.count(2)
  t.match(names(ended!).filter(name => name === 'WEBSOCKET_CLOSED'), ['WEBSOCKET_CLOSED'])
  t.match(ended!.events.find(({ name }) => name === 'WEBSOCKET_CLOSED')?.data, { CloseCode: 4001, MessagesFromClient: 1 })
})

t.test('a rule writes what it wants, whoever follows', async t => {
  const up = await upstream(t, (_, response) => { response.writeHead(500).end() })
  const server = await serve(t, { rules: [{ statusCodes: '500', areas: { RequestRouting: 'Verbose' } }] }, proxyTo(up.port))
  await (await fetch(`http://127.0.0.1:${server.port}/a`)).text()
  const [alone] = await server.written(1)
  const seen = new Seen()
  server.app.traces.follow(seen)
  await (await fetch(`http://127.0.0.1:${server.port}/a`)).text()
  const [beside] = await server.written(2)
  t.same(names(beside!), names(alone!))
  await seen.count(1)
})

t.test('a follower that throws is in the log, and harms nobody', async t => {
  const up = await upstream(t, (_, response) => { response.end('fine') })
  const server = await serve(t, {}, proxyTo(up.port))
  server.app.traces.follow({ wants () { throw new Error('no idea') }, traced () {} })
  const seen = new Seen()
  server.app.traces.follow({ wants: () => true, traced () { throw new Error('no hands') } })
  server.app.traces.follow(seen)
  t.equal(await (await fetch(`http://127.0.0.1:${server.port}/a`)).text(), 'fine')
  await seen.count(1)
  t.ok(server.lines.some(line => JSON.stringify(line).includes('no idea')))
})

t.test('of a second, so many are recorded among so many, and then nobody listens', async t => {
  let now = 0
  const heard: boolean[] = []
  const followers = new Followers(isWanted => { heard.push(isWanted) }, () => {}, () => now)
  const request = {} as FastifyRequest
  t.equal(followers.wanting(request), null)
  let wanted = true
  const stop = followers.add({ wants: () => wanted, traced () {} })
  const followed = Array.from({ length: MOST_RECORDED }, () => followers.wanting(request))
  t.notOk(followed.includes(null))
  t.equal(followers.wanting(request), null, 'the second is full')
  t.same(heard, [true], 'those under way are heard to their end')
  for (const one of followed) one?.heard()
  t.same(heard, [true, false])
  now += 1_000
  wanted = false
  t.equal(Array.from({ length: MOST_ASKED }, () => followers.wanting(request)).every(one => one === null), true)
  t.same(heard, [true, false, true])
  wanted = true
  t.equal(followers.wanting(request), null)
  t.same(heard, [true, false, true, false])
  now += 1_000
  t.not(followers.wanting(request), null)
  stop()
  t.equal(followers.wanting(request), null)
})
