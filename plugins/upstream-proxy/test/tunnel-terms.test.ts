// `until` and `key`: a tunnel ends when what opened it does, and belongs to somebody.
import { once } from 'node:events'
import fastifyJwt from '@fastify/jwt'
import t from 'tap'
import build from 'pino-test'
import WebSocket from 'ws'
import { compile } from '../src/options.ts'
import { ask, echo, eventually, handshake, httpUpstream, proxy } from './parts.ts'
import { agreeing, AT_ONCE, ask as askStream, http2Proxy, session } from './tunnel-subjects.ts'

t.test('a WebSocket ends when the token that opened it does', async t => {
  const upstream = await echo(t)
  const { app, port, closed } = await proxy(t, {
    upstream: upstream.url,
    onRequest: async (request, reply) => {
      try {
        await request.jwtVerify()
      } catch {
        return reply.code(401).send()
      }
    },
    websocket: {
      until: { at: request => (request.user as { exp: number }).exp * 1000, reason: 'the token has expired' },
      key: request => (request.user as { sub: string }).sub
    }
  }, { before: app => app.register(fastifyJwt, { secret: 'a secret of the test' }) })
  const exp = Math.floor(Date.now() / 1000) + 3
  const token = app.jwt.sign({ sub: 'ann', exp })
  t.match(await ask(t, port, handshake()), /^HTTP\/1\.1 401 /, 'without one there is none')
  const ws = new WebSocket(`ws://127.0.0.1:${port}/`, { headers: { authorization: `Bearer ${token}` } })
  await once(ws, 'open')
  await eventually(() => app.tunnels.size === 1, 'it is open')
  t.match([...app.tunnels][0], { key: 'ann', until: exp * 1000 })
  const [code, reason] = await once(ws, 'close') as [number, Buffer]
  t.ok(Date.now() >= exp * 1000, 'not before')
  t.equal(`${code} ${String(reason)}`, '3000 the token has expired')
  await eventually(() => closed.length === 2, 'it is over')
  t.match(closed[1]!.tunnel, { closedBy: 'proxy', closeCode: 3000, limit: 'until', ending: 'end' })
})

for (const [what, given, until] of [
  ['null', null, null],
  ['Infinity', Infinity, null],
  ['a time in a thousand years', 4_102_444_800_000 * 10, 4_102_444_800_000 * 10],
  ['the last Date there is', new Date(8.64e15), 8.64e15]
] as const) {
  t.test(`with ${what} for its end a tunnel stays open, past every timer and check`, async t => {
    const upstream = await echo(t)
    const { app, port } = await proxy(t, { upstream: upstream.url, websocket: { ...AT_ONCE, until: () => given } })
    const ws = new WebSocket(`ws://127.0.0.1:${port}/`)
    await once(ws, 'open')
    await eventually(() => app.tunnels.size === 1, 'it is open')
    t.equal([...app.tunnels][0]!.until, until)
    await new Promise(resolve => setTimeout(resolve, 1500))
    const echoed = once(ws, 'message')
    ws.send('still here')
    t.equal(String((await echoed)[0]), 'still here')
    ws.terminate()
  })
}

t.test('an end is on the system\'s clock: set forward, it is reached', async t => {
  const upstream = await echo(t)
  const { app, port } = await proxy(t, { upstream: upstream.url, websocket: { until: () => Date.now() + 3_600_000, idleTimeout: 3_000_000 } })
  const ws = new WebSocket(`ws://127.0.0.1:${port}/`)
  await once(ws, 'open')
  await eventually(() => app.tunnels.size === 1, 'it is open')
  const { now } = Date
  t.teardown(() => { Date.now = now })
  Date.now = () => now() + 3_600_001
  t.equal((await once(ws, 'close'))[0], 3000)
})

for (const [what, until] of [['a Date', () => new Date(Date.now() - 1)], ['a number', () => 0], ['minus Infinity', () => -Infinity]] as const) {
  t.test(`an end that is past, as ${what}, is a 401 before the upstream is asked`, async t => {
    let asked = 0
    const { url } = await httpUpstream(t, () => asked++)
    const { port, closed } = await proxy(t, { upstream: url, websocket: { until } })
    const answer = await ask(t, port, handshake())
    t.match(answer, /^HTTP\/1\.1 401 [^]*FST_ARR_PROXY_EXPIRED/)
    t.match(answer, /\r\nwww-authenticate: Bearer error="invalid_token"\r\n/i)
    await eventually(() => closed.length === 1, 'reply.raw closes')
    t.match(closed[0], { status: null, error: { code: 'FST_ARR_PROXY_EXPIRED', moment: 'connect', side: 'client', statusCode: 401 } })
    t.equal(asked, 0)
  })
}

t.test('over HTTP/2 it is a 401 as well', async t => {
  const upstream = await agreeing(t)
  const { port } = await http2Proxy(t, { upstream: upstream.url, websocket: { until: () => 0 } })
  const [headers] = await once(askStream(await session(t, port)), 'response') as [Record<string, unknown>]
  t.match(headers, { ':status': 401, 'www-authenticate': 'Bearer error="invalid_token"' })
  t.equal(upstream.sockets.length, 0)
})

const wrong: Array<[string, object, RegExp]> = [
  ['an `until` that gives nothing', { until: () => undefined }, /`websocket\.until` must give a valid Date/],
  ['an `until` that gives NaN, as of a token without exp', { until: () => NaN }, /`websocket\.until` must give/],
  ['an `until` that gives an invalid Date', { until: () => new Date('never') }, /`websocket\.until` must give/],
  ['an `until` that gives a text', { until: () => '2030-01-01' }, /`websocket\.until` must give/],
  ['an `until` that gives a promise', { until: async () => { throw new Error('later') } }, /`websocket\.until` must give/],
  ['an `until` that throws', { until: () => { throw new Error('no user') } }, /`websocket\.until` threw an error/],
  ['a `key` that gives nothing', { key: () => undefined }, /`websocket\.key` must give a text/],
  ['a `key` that gives an empty text', { key: () => '' }, /`websocket\.key` must give/],
  ['a `key` that gives a number', { key: () => 7 }, /`websocket\.key` must give/],
  ['a `key` that gives a promise', { key: async () => 'ann' }, /`websocket\.key` must give/],
  ['a `key` that throws', { key: () => { throw new Error('no user') } }, /`websocket\.key` threw an error/]
]
for (const [what, websocket, line] of wrong) {
  t.test(`${what} refuses the handshake, and the log says why`, async t => {
    const upstream = await agreeing(t)
    const logged: Array<{ level: number, msg: string }> = []
    const stream = build.sink()
    stream.on('data', line => { logged.push(line as { level: number, msg: string }) })
    const { app, port, closed } = await proxy(t, { upstream: upstream.url, websocket: { ...AT_ONCE, ...websocket } }, { server: { logger: { level: 'error', stream } } as never })
    t.match(await ask(t, port, handshake()), /^HTTP\/1\.1 500 [^]*FST_ARR_PROXY_BAD_LIMIT/)
    await eventually(() => logged.some(({ msg }) => line.test(msg)), 'the log says it')
    t.equal(upstream.sockets.length, 0)
    t.equal(app.tunnels.size, 0)
    await eventually(() => closed.length === 1, 'reply.raw closes')
    t.match(closed[0], { error: { code: 'FST_ARR_PROXY_BAD_LIMIT', side: 'proxy', statusCode: 500 } })
  })
}

t.test('each is asked once for a WebSocket, after the hooks, and never for a plain request', async t => {
  const upstream = await echo(t)
  const order: string[] = []
  const { port, app } = await proxy(t, {
    upstream: upstream.url,
    preHandler: async () => { order.push('preHandler') },
    websocket: {
      ...AT_ONCE,
      until: () => {
        order.push('until')
        return null
      },
      key: () => {
        order.push('key')
        return null
      }
    }
  })
  const ws = new WebSocket(`ws://127.0.0.1:${port}/`)
  await once(ws, 'open')
  t.same(order, ['preHandler', 'until', 'key'])
  t.match(await ask(t, port, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'), /^HTTP\/1\.1 426 /)
  t.same(order, ['preHandler', 'until', 'key', 'preHandler'])
  t.equal([...app.tunnels][0]!.key, null)
  ws.terminate()
})

t.test('mistakes in these options are told at registration', t => {
  const mistakes = (websocket: object): string => {
    try {
      compile({ upstream: 'http://localhost', websocket })
      return ''
    } catch (error) {
      t.equal((error as { code: string }).code, 'FST_ARR_PROXY_INVALID_OPTIONS')
      return (error as Error).message
    }
  }
  const several = mistakes({ until: 5, key: 'ann', closeGrace: -1, idleTimeout: { after: '5', code: 1006 }, maxAge: { after: 5, reason: 7, kode: 1 } })
  for (const part of [
    '`websocket.until` must be a function, or an object', '`websocket.key` must be a function', '`websocket.closeGrace` must be a number', '`websocket.idleTimeout.after` must be a number',
    '`websocket.idleTimeout.code` must be a close code', '`websocket.maxAge.reason` must be a text', '`websocket.maxAge.kode` is no option'
  ]) t.ok(several.includes(part), `${part} in ${several}`)
  t.match(mistakes({ until: { code: 3000 } }), '`websocket.until.at` must be a function')
  t.match(mistakes({ until: { at: () => null, code: 1 } }), '`websocket.until.code` must be a close code')
  t.match(mistakes({ until: null }), '`websocket.until` must be a function')
  t.match(mistakes({ idleTimeout: '5' }), '`websocket.idleTimeout` must be a number')
  t.match(mistakes({ idleTimeout: {} }), '`websocket.idleTimeout.after` must be a number')
  t.match(mistakes({ goodbye: {} }), '`websocket.goodbye` is no option; there are idleTimeout, maxAge, until, key, closeGrace')
  t.equal(mistakes({ idleTimeout: { after: 5 }, maxAge: { after: 0, code: 4999, reason: 'x'.repeat(123) }, until: () => null, key: () => null, closeGrace: 0 }), '')
  t.end()
})
