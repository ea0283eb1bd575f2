// The life of a tunnel: its limits, its list, and the goodbye when the server closes.
import { channel } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import WebSocket from 'ws'
import type { OpenTunnel, UpstreamProxyOptions } from '../src/index.ts'
import { compile } from '../src/options.ts'
import { clock, LIMIT } from './clock.ts'
import { ask, client, echo, eventually, frame, handshake, MASK, proxy, rest, shakeHands, tcpUpstream, until, type Proxy } from './parts.ts'
import { AT_ONCE } from './tunnel-subjects.ts'

/** A proxy before an upstream that speaks as a test wants, and a way to open a tunnel with two bare ends. */
async function tunnels (t: Test, options: UpstreamProxyOptions = {}): Promise<Proxy & { open: () => Promise<{ near: Socket, far: Socket }> }> {
  const waiting: Array<(socket: Socket) => void> = []
  const { url } = await tcpUpstream(t, socket => waiting.shift()?.(socket))
  const subject = await proxy(t, { upstream: url, ...options })
  return {
    ...subject,
    open: async () => {
      const connected = new Promise<Socket>(resolve => { waiting.push(resolve) })
      const near = client(t, subject.port)
      return { near, far: await shakeHands(near, connected) }
    }
  }
}

const KEEP_ALIVE = '02'

/** Which timer runs on a connection of this machine, as Linux tells it; an empty string where there is no such connection. */
function timerOf (own: number, other: number): string {
  const hex = (port: number) => port.toString(16).toUpperCase().padStart(4, '0')
  const line = readFileSync('/proc/net/tcp', 'utf8').split('\n').map(line => line.trim().split(/\s+/))
    .find(([, local, remote]) => local?.endsWith(`:${hex(own)}`) && remote?.endsWith(`:${hex(other)}`))
  return line?.[5]?.slice(0, 2) ?? ''
}

/** The Close frame in what a side has read, unmasked. */
function closeIn (text: string, masked: boolean): { code: number, reason: string } {
  const bytes = Buffer.from(text, 'latin1')
  const length = (bytes[1] as number) & 0x7f
  if (bytes[0] !== 0x88 || ((bytes[1] as number) >> 7 === 1) !== masked) throw new Error(`no Close frame: ${bytes.toString('hex')}`)
  const payload = Buffer.from(bytes.subarray(masked ? 6 : 2, (masked ? 6 : 2) + length))
  if (masked) for (let i = 0; i < length; i++) payload[i] = (payload[i] as number) ^ (bytes[2 + (i & 3)] as number)
  return { code: payload.readUInt16BE(0), reason: payload.toString('utf8', 2) }
}

t.test('a tunnel without traffic ends after the idle timeout, and any frame of either side is traffic', async t => {
  const goOn = clock(t)
  const { open, closed, app } = await tunnels(t, { websocket: { idleTimeout: LIMIT } })
  // The quiet one is the youngest: whatever would end it for its age would end the others with it.
  const pinging = await open()
  const ponged = await open()
  const quiet = await open()
  for (const { near, far } of [pinging, ponged, quiet]) {
    near.resume()
    far.resume()
  }
  goOn(LIMIT * 2 / 3)
  pinging.near.write(frame(9, '', { mask: MASK }))
  ponged.far.write(frame(10, ''))
  const has = (told: (tunnel: OpenTunnel) => number) => [...app.tunnels].some(tunnel => told(tunnel) > 0)
  await eventually(() => has(({ received }) => received.pings) && has(({ sent }) => sent.pongs), 'there is traffic')
  t.equal(closed.length, 0)
  goOn(LIMIT * 2 / 3)
  await eventually(() => closed.length > 0, 'the quiet one ends')
  t.equal(closed.length, 1)
  t.match(closed[0]!.tunnel, { closedBy: 'proxy', ending: 'timeout', closeCode: 1001, limit: 'idle', received: { bytes: 0 }, sent: { bytes: 0 } })
  const others = [...app.tunnels]
  t.equal(others.length, 2, 'the others were looked at as well, and go on')
  t.ok(others.some(({ received, sent }) => received.pings > 0 && sent.bytes === 0))
  t.ok(others.some(({ received, sent }) => sent.pongs > 0 && received.bytes === 0))
  goOn(LIMIT)
  await eventually(() => closed.length === 3, 'without traffic they end too')
})

t.test('a clock that is set ends no tunnel', async t => {
  const goOn = clock(t)
  const { open, closed, app } = await tunnels(t, { websocket: { idleTimeout: LIMIT, maxAge: 2 * LIMIT } })
  const quiet = await open()
  goOn(LIMIT * 2 / 3)
  const young = await open()
  const { now } = Date
  t.teardown(() => { Date.now = now })
  Date.now = () => now() + 3_600_000
  for (const socket of [quiet.near, quiet.far, young.near, young.far]) socket.resume()
  goOn(LIMIT / 2)
  await eventually(() => closed.length > 0, 'the quiet one ends')
  t.equal(closed.length, 1)
  t.equal(app.tunnels.size, 1, 'the other was looked at as well, and goes on')
  Date.now = () => now() - 3_600_000
  young.far.write(frame(9, ''))
  await eventually(() => [...app.tunnels].some(({ sent }) => sent.pings > 0), 'there is traffic')
  goOn(LIMIT / 2)
  const third = await open()
  goOn(LIMIT * 3 / 4)
  await eventually(() => closed.length === 2, 'without traffic it ends too')
  t.equal(app.tunnels.size, 1, 'and not the third')
  third.near.destroy()
  third.far.destroy()
  await eventually(() => closed.length === 3, 'reply.raw closes')
})

t.test('both connections of a tunnel that lasts are probed when they are quiet', { skip: !existsSync('/proc/net/tcp') && 'the system does not show its timers' }, async t => {
  const { open, port } = await tunnels(t, { websocket: { ...AT_ONCE, keepAlive: 5000 } })
  const { near, far } = await open()
  // The proxy's ends, by the two ports of each.
  const sides = [[port, near.localPort], [far.remotePort, far.localPort]] as Array<[number, number]>
  await eventually(() => sides.every(([own, other]) => timerOf(own, other) === KEEP_ALIVE), 'TCP waits to probe')
})

t.test('a tunnel ends at its maximum age, whatever passes', async t => {
  const { open, closed } = await tunnels(t, { websocket: { maxAge: 100 } })
  const { near, far } = await open()
  far.resume()
  near.resume()
  const traffic = setInterval(() => near.write(frame(1, 'x', { mask: MASK })), 10)
  t.teardown(() => clearInterval(traffic))
  await eventually(() => closed.length === 1, 'reply.raw closes')
  t.match(closed[0]!.tunnel, { closedBy: 'proxy', ending: 'timeout', closeCode: 1001, limit: 'age' })
})

t.test('over maxTunnels an upgrade gets 503 with Retry-After, until one has ended', async t => {
  const { open, port, app, closed } = await tunnels(t, { websocket: { ...AT_ONCE, maxTunnels: 1, retryAfter: 7 } })
  const { near, far } = await open()
  const answer = await ask(t, port, handshake())
  t.match(answer, /^HTTP\/1\.1 503 /)
  t.match(answer, /\r\nretry-after: 7\r\n/i)
  await eventually(() => closed.length === 1, 'reply.raw closes')
  t.match(closed[0], { error: { code: 'FST_ARR_PROXY_TOO_MANY', side: 'proxy', statusCode: 503 } })
  near.destroy()
  far.destroy()
  await eventually(() => app.tunnels.size === 0, 'the tunnel is gone')
  await open()
  t.equal(app.tunnels.size, 1)
})

t.test('a handshake that the upstream has not answered counts for maxTunnels, until it has failed', async t => {
  const asked: Socket[] = []
  const { url } = await tcpUpstream(t, socket => socket.on('end', () => socket.end()).once('data', () => asked.push(socket)))
  const { port, app } = await proxy(t, { upstream: url, websocket: { maxTunnels: 1 } })
  const first = ask(t, port, handshake())
  await eventually(() => asked.length === 1, 'the upstream is asked')
  t.equal(app.tunnels.size, 0)
  const answer = await ask(t, port, handshake())
  t.match(answer, /^HTTP\/1\.1 503 /)
  t.match(answer, /\r\nretry-after: 5\r\n/i)
  t.equal(asked.length, 1)
  asked[0]!.destroy()
  t.match(await first, /^HTTP\/1\.1 502 /)
  const third = client(t, port)
  third.write(handshake())
  await eventually(() => asked.length === 2, 'the place is free')
})

t.test('fastify.tunnels lists the open ones, and each can be closed with a code', async t => {
  const { open, app, closed, requests } = await tunnels(t)
  const before = Date.now()
  const { near, far } = await open()
  const opened = [...app.tunnels][0]!.since
  await eventually(() => Date.now() > opened, 'the clock goes on')
  const spoke = Date.now()
  near.write(frame(1, 'hello', { mask: MASK }))
  await until(far, text => text.length >= 11)
  const [one] = [...app.tunnels]
  t.match(one, {
    id: requests[0]!.upstream!.tunnel!.id,
    site: null,
    upstream: requests[0]!.upstream!.server,
    remoteAddress: '127.0.0.1',
    received: { messages: 1, bytes: 11 },
    sent: { messages: 0, bytes: 0 }
  })
  t.ok(one!.since === opened && opened >= before)
  t.ok(one!.lastActivity >= spoke && one!.lastActivity <= Date.now())
  t.equal(app.tunnels.get(one!.id)?.id, one!.id)
  t.equal(app.tunnels.get('none'), undefined)
  t.throws(() => one!.close(1006), { code: 'FST_ARR_PROXY_INVALID_CLOSE' })
  one!.close(4000, 'go')
  t.same(closeIn(await until(near, text => text.length >= 6), false), { code: 4000, reason: 'go' })
  t.same(closeIn(await until(far, text => text.length >= 10), true), { code: 4000, reason: 'go' })
  near.end()
  far.end()
  near.resume()
  far.resume()
  await eventually(() => closed.length === 1, 'reply.raw closes')
  t.match(closed[0]!.tunnel, { closedBy: 'proxy', closeCode: 4000, closeReason: 'go' })
  t.equal(app.tunnels.size, 0)
})

t.test('a reason too long for a Close frame is cut between two characters', async t => {
  const { open, app, closed } = await tunnels(t)
  const { near, far } = await open()
  ;[...app.tunnels][0]!.close(4000, '\u00fc'.repeat(100))
  // 123 bytes are the most, and a character takes two.
  const cut = { code: 4000, reason: '\u00fc'.repeat(61) }
  t.same(closeIn(await until(near, text => text.length >= 126), false), cut)
  t.same(closeIn(await until(far, text => text.length >= 130), true), cut)
  for (const socket of [near, far]) {
    t.equal(socket.readableLength, 0, 'and nothing follows it')
    socket.destroy()
  }
  await eventually(() => closed.length === 1, 'it is over')
  t.match(closed[0], { tunnel: { closeCode: cut.code, closeReason: cut.reason } }, 'the facts say what was sent')
})

t.test('the site is what request.site says', async t => {
  const upstream = await echo(t)
  const { port, app } = await proxy(t, { upstream: upstream.url }, {
    before: app => {
      app.decorateRequest('site', null)
      app.addHook('onRequest', async request => { (request as { site?: unknown }).site = { name: 'ReverseProxy' } })
    }
  })
  const ws = new WebSocket(`ws://127.0.0.1:${port}/`)
  await once(ws, 'open')
  t.equal([...app.tunnels][0]!.site, 'ReverseProxy')
  ws.terminate()
})

t.test('diagnostics channels tell of opening and closing', async t => {
  const seen: string[] = []
  const listen = (name: string) => {
    const listener = (message: unknown) => {
      const { request, tunnel } = message as { request: { url: string }, tunnel: { ending: string | null } }
      seen.push(`${name} ${request.url} ${tunnel.ending}`)
    }
    channel(name).subscribe(listener)
    t.teardown(() => channel(name).unsubscribe(listener))
  }
  listen('fastify-arr:tunnel.open')
  listen('fastify-arr:tunnel.close')
  const { open } = await tunnels(t)
  const { near, far } = await open()
  near.end()
  far.end()
  near.resume()
  far.resume()
  await eventually(() => seen.length === 2, 'both are told')
  t.same(seen, ['fastify-arr:tunnel.open / null', 'fastify-arr:tunnel.close / end'])
})

t.test('closing the server says goodbye to both sides, masked toward the upstream', async t => {
  const { open, app, closed } = await tunnels(t, { websocket: { drain: { code: 1012, reason: 'restart', window: 0 } } })
  const { near, far } = await open()
  const closing = app.close()
  t.same(closeIn(await until(near, text => text.length >= 4), false), { code: 1012, reason: 'restart' })
  t.same(closeIn(await until(far, text => text.length >= 8), true), { code: 1012, reason: 'restart' })
  // Each side answers as RFC 6455 §5.5.1 asks, and the answers meet no one: the other side has had its goodbye.
  near.write(frame(8, Buffer.from([0x03, 0xf4]), { mask: MASK }))
  far.end(frame(8, Buffer.from([0x03, 0xf4])))
  t.equal(await rest(near), '')
  near.end()
  await closing
  await eventually(() => closed.length === 1, 'reply.raw closes')
  t.match(closed[0]!.tunnel, { closedBy: 'proxy', closeCode: 1012, closeReason: 'restart', ending: 'drain' })
})

for (const toward of ['client', 'upstream'] as const) {
  t.test(`the goodbye toward the ${toward} waits for the end of a frame, and is put in there`, async t => {
    const { open, app } = await tunnels(t, { websocket: { drain: { window: 0, deadline: 60_000 } } })
    const { near, far } = await open()
    const [from, to, options] = toward === 'client' ? [far, near, {}] : [near, far, { mask: MASK }]
    const own = toward === 'client' ? 4 : 8
    const message = frame(1, 'x'.repeat(1000), options)
    from.write(message.subarray(0, 500))
    const first = await until(to, text => text.length >= 500)
    t.equal(first.length, 500)
    const closing = app.close()
    await until(from, text => text.length >= 12 - own) // the other direction is at a boundary
    const last = frame(1, 'last seen', options)
    from.write(Buffer.concat([message.subarray(500), last, frame(1, 'never seen', options).subarray(0, 5)]))
    const second = await until(to, text => text.length >= message.length - 500 + last.length + own)
    t.equal(first + second.slice(0, -own), message.toString('latin1') + last.toString('latin1'))
    t.same(closeIn(second.slice(-own), toward === 'upstream'), { code: 1001, reason: '' })
    near.destroy()
    far.destroy()
    await closing
  })
}

t.test('while it drains, new upgrades get 503, and silent peers are cut at the deadline', async t => {
  const goOn = clock(t)
  const { open, app, port, closed } = await tunnels(t, { websocket: { drain: { window: 0, deadline: LIMIT } } })
  const { near, far } = await open()
  far.resume()
  const accepted = once(app.server, 'connection')
  const kept = client(t, port)
  await accepted
  const closing = app.close()
  t.match(await until(near, text => text.length >= 4), /^\x88/)
  kept.write(handshake())
  t.match(await rest(kept), /^HTTP\/1\.1 503 /)
  kept.destroy()
  near.resume()
  goOn(LIMIT - 10_000)
  for (let i = 0; i < 20; i++) await new Promise(resolve => setImmediate(resolve))
  t.equal(app.tunnels.size, 1, 'nobody is cut before the deadline')
  goOn(10_001)
  await closing
  await eventually(() => closed.some(fact => fact?.tunnel != null), 'reply.raw closes')
  t.match(closed.find(fact => fact?.tunnel != null), { tunnel: { closedBy: 'proxy', ending: 'drain' } })
})

t.test('an upgrade that was held up until the server closes gets 503 with Retry-After, and no upstream is asked', async t => {
  const upstream = await echo(t)
  const held: Array<() => void> = []
  let drains!: () => void
  const draining = new Promise<void>(resolve => { drains = resolve })
  const { app, port, closed } = await proxy(t, { upstream: upstream.url, websocket: { retryAfter: 7 } }, {
    before: app => app.addHook('onRequest', () => new Promise<void>(resolve => { held.push(resolve) })),
    after: app => app.addHook('preClose', async () => drains())
  })
  const answer = ask(t, port, handshake())
  await eventually(() => held.length === 1, 'a hook is pending')
  const closing = app.close()
  await draining
  held[0]!()
  t.match(await answer, /^HTTP\/1\.1 503 /)
  t.match(await answer, /\r\nretry-after: 7\r\n/i)
  await closing
  await eventually(() => closed.length === 1, 'reply.raw closes')
  t.match(closed[0], { error: { code: 'FST_ARR_PROXY_DRAINING', side: 'proxy', statusCode: 503 } })
  t.equal(upstream.seen.length, 0)
})

t.test('the goodbyes are spread over the window', async t => {
  const goOn = clock(t)
  const minute = 60_000
  const { open, app } = await tunnels(t, { websocket: { drain: { window: 20 * minute, deadline: 30 * minute } } })
  let said = 0
  for (let i = 0; i < 20; i++) {
    const { near, far } = await open()
    far.resume()
    far.on('end', () => far.end())
    near.once('data', () => {
      said++
      near.end()
    })
    near.resume()
  }
  const closing = app.close()
  for (const [due, passed] of [[1, 0], [6, 5], [11, 5], [20, 10]] as const) {
    goOn(passed * minute)
    await eventually(() => said >= due, `${due} are told`)
    t.equal(said, due)
  }
  await closing
})

t.test('a handshake under way when the server closes is given up', async t => {
  let asked = 0
  const { url } = await tcpUpstream(t, socket => { socket.on('data', () => asked++).on('end', () => socket.end()) })
  const { app, port, closed } = await proxy(t, { upstream: url, websocket: { retryAfter: 7 } })
  const answer = ask(t, port, handshake())
  await eventually(() => asked === 1, 'the upstream is asked')
  await app.close()
  t.match(await answer, /^HTTP\/1\.1 503 /)
  t.match(await answer, /\r\nretry-after: 7\r\n/i)
  await eventually(() => closed.length === 1, 'reply.raw closes')
  t.match(closed[0], { error: { code: 'FST_ARR_PROXY_DRAINING' } })
})

t.test('the limits that hold where nothing is said', t => {
  const settings = compile({ upstream: 'http://localhost' })
  t.equal(settings.connectTimeout, 5000)
  t.equal(settings.handshakeTimeout, 10_000)
  t.same(settings.tunnel, {
    idle: { after: 0, code: 1001, reason: '' },
    age: { after: 0, code: 1001, reason: '' },
    until: { at: null, code: 3000, reason: '' },
    key: null,
    closeGrace: 3000,
    halfCloseTimeout: 30_000,
    keepAlive: 60_000,
    maxTunnels: 0,
    admission: { handshakes: 0, wait: 0, waiting: 10_000, per: null },
    retryAfter: 5,
    settles: false,
    ping: null,
    frames: { received: null, sent: null },
    drain: { code: 1001, reason: '', window: 1000, perSecond: 1000, pace: 'window', underway: 100, deadline: 3500 }
  })
  t.same(compile({ upstream: 'http://localhost', websocket: {} }).tunnel, settings.tunnel)
  t.ok(settings.upgrades.allows('websocket'))
  t.end()
})

for (const [what, end] of [
  ['whose server closes', (app: FastifyInstance) => { app.close() }],
  ['that `close` was called for', (app: FastifyInstance) => { [...app.tunnels][0]!.close(1001, 'bye') }]
] as const) {
  t.test(`no close code is told of a tunnel ${what} where no Close frame found a place`, async t => {
    const { open, app, closed } = await tunnels(t, { websocket: { halfCloseTimeout: 300, drain: { window: 0, deadline: 300 } } })
    const { near, far } = await open()
    near.write(frame(2, Buffer.alloc(1000), { mask: MASK }).subarray(0, 500))
    await until(far, text => text.length === 500)
    far.write('no frames')
    await until(near, text => text === 'no frames')
    end(app)
    t.equal(await rest(near), '')
    await eventually(() => closed.length === 1, 'reply.raw closes')
    t.match(closed[0]!.tunnel, { closedBy: 'proxy', closeCode: null, closeReason: null })
  })
}

t.test('the reason that is told of is the one that was sent', async t => {
  const { open, app, closed } = await tunnels(t)
  const { near, far } = await open()
  ;[...app.tunnels][0]!.close(1000, 'half a \ud83d')
  const text = await until(near, text => text.endsWith('\xbd'))
  t.same(closeIn(text, false), { code: 1000, reason: 'half a \ufffd' })
  near.destroy()
  far.destroy()
  await eventually(() => closed.length === 1, 'reply.raw closes')
  t.match(closed[0]!.tunnel, { closeCode: 1000, closeReason: 'half a \ufffd' })
})

t.test('all mistakes in the options come out in one error', async t => {
  const { default: Fastify } = await import('fastify')
  const { default: upstreamProxy } = await import('../src/index.ts')
  const app = Fastify()
  app.register(upstreamProxy, {
    upstream: 'nonsense',
    localUpgrades: ['socket.io'],
    timeouts: { connect: 2 ** 31, handshake: Number.MAX_SAFE_INTEGER },
    websocket: { idleTimeout: -1, maxTunnels: Number.NaN, retryAfter: 2.5, drain: { code: 1005, reason: 'x'.repeat(124), window: 2 ** 31 } }
  })
  const error = await (app.ready() as unknown as Promise<void>).then(() => null, (error: Error & { code: string }) => error)
  t.equal(error?.code, 'FST_ARR_PROXY_INVALID_OPTIONS')
  for (const part of ['upstream', 'localUpgrades', 'websocket.idleTimeout', 'websocket.maxTunnels', 'websocket.retryAfter', 'timeouts.connect', 'timeouts.handshake', 'drain.code', 'drain.reason', 'drain.window']) {
    t.match(error?.message, part)
  }
})

t.test('a `drain` or its reason of another type is such a mistake too', async t => {
  const { default: Fastify } = await import('fastify')
  const { default: upstreamProxy } = await import('../src/index.ts')
  for (const [drain, mistake] of [[{ reason: 5 }, 'drain.reason'], ['soon', 'websocket.drain']] as const) {
    const app = Fastify()
    app.register(upstreamProxy, { upstream: 'nonsense', websocket: { drain: drain as never } })
    const error = await (app.ready() as unknown as Promise<void>).then(() => null, (error: Error & { code: string }) => error)
    t.equal(error?.code, 'FST_ARR_PROXY_INVALID_OPTIONS')
    t.match(error?.message, mistake)
    t.match(error?.message, 'upstream')
  }
})
