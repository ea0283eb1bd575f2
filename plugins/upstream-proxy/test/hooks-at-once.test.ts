// `onSend` hooks before a 101, whichever way each of them answers: with a callback at once, with one later, or with a promise.
import t from 'tap'
import { ask as talk, client, eventually, handshake, proxy, until } from './parts.ts'
import { agreeing, ask, AT_ONCE, http2Proxy, session } from './tunnel-subjects.ts'

type Hook = (request: unknown, reply: { header: (name: string, value: string) => unknown, raw: { statusCode: number, writableEnded: boolean } }, payload: unknown, done: (error?: Error | null) => void) => unknown

const late = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

/** Each says that it ran, on the 101 too. */
const WAYS = {
  atOnce: (ran: string[]): Hook => (_request, reply, _payload, done) => { ran.push('atOnce'); reply.header('x-at-once', 'yes'); done() },
  later: (ran: string[]): Hook => (_request, reply, _payload, done) => { setImmediate(() => { ran.push('later'); reply.header('x-later', 'yes'); done(null) }) },
  promised: (ran: string[]): Hook => async (_request, reply) => { await late(); ran.push('promised'); reply.header('x-promised', 'yes') }
}
type Way = keyof typeof WAYS

for (const order of [['atOnce'], ['atOnce', 'atOnce'], ['atOnce', 'later', 'atOnce'], ['promised', 'atOnce'], ['atOnce', 'promised', 'later'], ['later', 'promised']] as Way[][]) {
  t.test(`hooks that answer ${order.join(', ')} run in this order, each once, and what they set is in the 101`, async t => {
    const upstream = await agreeing(t)
    const ran: string[] = []
    const { port } = await proxy(t, { upstream: upstream.url, websocket: AT_ONCE }, {
      before: app => { for (const way of order) app.addHook('onSend', WAYS[way](ran) as never) }
    })
    const near = client(t, port)
    near.write(handshake())
    const head = await until(near, text => text.endsWith('\r\n\r\n'))
    t.match(head, /^HTTP\/1\.1 101 /)
    t.same(ran, order)
    for (const way of order) t.match(head, new RegExp(`x-${way === 'atOnce' ? 'at-once' : way}: yes`))
    const far = await upstream.next()
    far.write('from afar')
    t.equal(await until(near, text => text.length >= 9), 'from afar')
    near.write('from near')
    t.equal(await until(far, text => text.length >= 9), 'from near')
  })
}

const no = (): Error => Object.assign(new Error('no such thing'), { statusCode: 418 })
for (const [name, hook, isRefused] of [
  ['calls back at once with an error', (_request, _reply, _payload, done) => done(no()), true],
  ['throws at once', () => { throw no() }, true],
  ['calls back at once, then with an error', (_request, _reply, _payload, done) => { done(); done(no()) }, false],
  ['calls back at once, then throws', (_request, _reply, _payload, done) => { done(); throw no() }, false],
  ['calls back at once with an error, then without', (_request, _reply, _payload, done) => { done(no()); done() }, true],
  ['calls back at once and gives a promise that fails', (_request, _reply, _payload, done) => { done(); return Promise.reject(no()) }, false]
] as ReadonlyArray<readonly [string, Hook, boolean]>) {
  t.test(`a hook that ${name} has ${isRefused ? 'failed, and no other runs' : 'let the handshake go on'}`, async t => {
    const upstream = await agreeing(t)
    const seen: number[] = []
    const { port, closed } = await proxy(t, { upstream: upstream.url, websocket: AT_ONCE }, {
      before: app => {
        // Fastify runs the hooks again for the error's answer.
        app.addHook('onSend', ((...given) => given[1].raw.statusCode === 101 ? hook(...given) : given[3]()) satisfies Hook as never)
        app.addHook('onSend', ((_request, reply, _payload, done) => { seen.push(reply.raw.statusCode); done() }) satisfies Hook as never)
      }
    })
    if (isRefused) {
      t.match(await talk(t, port, handshake()), /^HTTP\/1\.1 418 [^]*no such thing/)
      await eventually(() => closed.length === 1, 'reply.raw closes')
      t.match(closed[0], { status: 101, tunnel: null, error: { code: 'FST_ARR_PROXY_REWRITE_FAILED' } })
      t.notOk(seen.includes(101))
    } else {
      const near = client(t, port)
      near.write(handshake())
      t.match(await until(near, text => text.endsWith('\r\n\r\n')), /^HTTP\/1\.1 101 /)
      t.same(seen, [101])
    }
  })
}

t.test('a hook that ends the client\'s connection and calls back at once leaves no tunnel, and frees the upstream', async t => {
  const upstream = await agreeing(t)
  const { app, port, closed } = await proxy(t, { upstream: upstream.url }, {
    before: app => { app.addHook('onSend', (request, _reply, _payload, done) => { request.raw.socket.destroy(); done() }) }
  })
  const near = client(t, port)
  near.write(handshake())
  await eventually(() => closed.length === 1, 'reply.raw closes')
  t.match(closed[0], { status: 101, tunnel: null, error: { code: 'FST_ARR_CLIENT_GONE' } })
  t.equal(app.tunnels.size, 0)
  await eventually(() => upstream.sockets.every(socket => socket.destroyed || (socket.resume(), socket.readableEnded)), 'the upstream is freed')
})

t.test('the hook of url-rewrite is left out of handshakes while it changes no answers, and runs as soon as it does', async t => {
  const upstream = await agreeing(t)
  let changesAnswers = false
  const statuses: number[] = []
  const onSend: Hook = (_request, reply, _payload, done) => {
    statuses.push(reply.raw.statusCode)
    reply.header('x-rewritten', 'yes')
    done()
  }
  const ran: string[] = []
  const { port } = await http2Proxy(t, { upstream: upstream.url, websocket: AT_ONCE }, app => {
    app.decorate('urlRewrite', { get changesAnswers () { return changesAnswers }, onSend } as never)
    app.addHook('onSend', onSend as never)
    app.addHook('onSend', WAYS.atOnce(ran) as never)
  })
  const near = await session(t, port)
  const open = async (): Promise<Record<string, unknown>> => await new Promise(resolve => { ask(near, { ':method': 'CONNECT', ':protocol': 'websocket', 'sec-websocket-version': '13' }).on('response', resolve) })
  const first = await open()
  t.match(first, { ':status': 200, 'x-at-once': 'yes' })
  t.equal(first['x-rewritten'], undefined)
  changesAnswers = true
  t.match(await open(), { ':status': 200, 'x-at-once': 'yes', 'x-rewritten': 'yes' })
  t.same(statuses, [200])
  t.same(ran, ['atOnce', 'atOnce'])
})
