// Who leaves, and when: clients at every moment, also such as others know nothing of, and upstreams on kept connections.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { createServer as createSecure } from 'node:https'
import { createServer as createTcp, type Socket } from 'node:net'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { generate } from 'selfsigned'
import t, { type Test } from 'tap'
import { clock, LIMIT } from './clock.ts'
import { answering, ask, proxy, rawUpstream } from './forward-subjects.ts'
import { client, eventually, listen, until } from './parts.ts'

const pems = await generate([{ name: 'commonName', value: 'localhost' }], { keySize: 2048 } as never)

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const EVENTS = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n'
const turn = () => new Promise(resolve => setImmediate(resolve))

function closed (socket: Socket): Promise<void> {
  // Not `once`: it would reject where the connection is reset.
  return new Promise<void>(resolve => {
    if (socket.closed) resolve()
    else socket.on('close', () => resolve())
  })
}

// How often each answer's 'close' was told, by the path that was asked for.
function countCloses (app: FastifyInstance): Record<string, number> {
  const closes: Record<string, number> = {}
  app.addHook('onRequest', async ({ url }, reply) => {
    closes[url] = 0
    reply.raw.on('close', () => { closes[url]!++ })
  })
  return closes
}

t.test('a client that leaves in mid-pipeline frees every upstream connection of it, and each answer is told once', async t => {
  const backend = await rawUpstream(t, (socket, head) => {
    if (head.startsWith('GET /ok ')) socket.write(OK)
    if (head.startsWith('GET /events ')) socket.write(EVENTS)
    // More than fits into what lies between.
    if (head.startsWith('GET /large ')) socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n${'x'.repeat(9_000_000)}`)
  })
  let closes: Record<string, number> = {}
  const subject = await proxy(t, { upstream: backend.url, connections: { max: 5, perClient: 0 }, timeouts: { idle: 0, firstByte: 0, connect: 0 } }, {}, app => { closes = countCloses(app) })
  const paths = ['/silent', '/events', '/large', '/silent-too', '/upload']
  const leaving = client(t, subject.port)
  leaving.write(`${paths.slice(0, 4).map(path => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`).join('')}POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\npart`)
  await eventually(() => paths.every(path => backend.received().includes(` ${path} `)) && subject.requests.slice(1, 3).every(({ upstream }) => upstream?.status === 200), 'all is under way')
  leaving.destroy()
  for (const [i, path] of paths.entries()) {
    t.match((await subject.facts(i)).error, { code: 'FST_ARR_CLIENT_GONE', side: 'client', statusCode: 499 }, path)
  }
  await Promise.all(backend.sockets.map(closed))
  t.match(await ask(subject.port, { path: '/ok' }), { status: 200, body: 'ok' }, 'there is a place for the next')
  await subject.facts(5)
  t.same(closes, { '/silent': 1, '/events': 1, '/large': 1, '/silent-too': 1, '/upload': 1, '/ok': 1 })
})

t.test('of a pipeline whose client leaves between two answers, nobody is told twice', async t => {
  const backend = await rawUpstream(t, (socket, head) => {
    if (head.startsWith('GET /first ')) socket.write(OK)
    if (head.startsWith('GET /second ')) socket.write(EVENTS)
  })
  let closes: Record<string, number> = {}
  const subject = await proxy(t, { upstream: backend.url }, {}, app => { closes = countCloses(app) })
  const leaving = client(t, subject.port)
  leaving.write(['/first', '/second', '/third'].map(path => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`).join(''))
  await until(leaving, text => text.includes('data: 1'))
  await eventually(() => backend.received().includes('GET /third '), 'the third is asked')
  t.same(closes, { '/first': 1, '/second': 0, '/third': 0 })
  leaving.destroy()
  await Promise.all(backend.sockets.slice(1).map(closed))
  t.equal((await subject.facts(0)).error, null)
  t.match((await subject.facts(1)).error, { code: 'FST_ARR_CLIENT_GONE', moment: 'body' })
  t.match((await subject.facts(2)).error, { code: 'FST_ARR_CLIENT_GONE', moment: 'headers' })
  t.match(await ask(subject.port, { path: '/first' }), { status: 200 })
  await subject.facts(3)
  t.same(closes, { '/first': 1, '/second': 1, '/third': 1 })
})

t.test('a pipeline that is answered in order tells each of its answers once, also when its client leaves', async t => {
  const waiting = new Map<string, Socket>()
  const backend = await rawUpstream(t, (socket, head) => { waiting.set(head.split(' ')[1] as string, socket) })
  let closes: Record<string, number> = {}
  const subject = await proxy(t, { upstream: backend.url }, {}, app => { closes = countCloses(app) })
  const pipelining = client(t, subject.port)
  pipelining.write(['/1', '/2', '/3'].map(path => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`).join(''))
  await eventually(() => waiting.size === 3, 'all are asked')
  // The last comes first, and has to wait for the others.
  for (const path of ['/3', '/2', '/1']) waiting.get(path)!.write(`HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n${path}`)
  const text = await until(pipelining, text => text.endsWith('/3'))
  t.same(text.match(/\/\d$|\/\d(?=HTTP)/g), ['/1', '/2', '/3'])
  await Promise.all([0, 1, 2].map(i => subject.facts(i)))
  const gone = closed(subject.requests[0]!.raw.socket)
  pipelining.destroy()
  await gone
  await turn()
  t.same(closes, { '/1': 1, '/2': 1, '/3': 1 })
  for (const i of [0, 1, 2]) t.equal((await subject.facts(i)).error, null)
})

t.test('a client that leaves while a later request of its pipeline is at a hook is not asked for, and each answer is told', async t => {
  const backend = await rawUpstream(t, (socket, head) => { if (head.startsWith('GET /next ')) socket.write(OK) })
  let closes: Record<string, number> = {}
  let release = () => {}
  const held = new Promise<void>(resolve => { release = resolve })
  const subject = await proxy(t, { upstream: backend.url }, {}, app => {
    closes = countCloses(app)
    app.addHook('preHandler', async ({ url }) => { if (url.startsWith('/held')) await held })
  })
  const leaving = client(t, subject.port)
  leaving.write('GET /first HTTP/1.1\r\nHost: a\r\n\r\nGET /held HTTP/1.1\r\nHost: a\r\n\r\nPOST /held-too HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi')
  await eventually(() => subject.requests.length === 3 && backend.received().includes('/first'), 'all came')
  const gone = closed(subject.requests[0]!.raw.socket)
  leaving.destroy()
  await gone
  release()
  for (const i of [0, 1, 2]) t.match((await subject.facts(i)).error, { code: 'FST_ARR_CLIENT_GONE', side: 'client' })
  t.match(await ask(subject.port, { path: '/next' }), { status: 200 })
  await subject.facts(3)
  t.notMatch(backend.received(), /held/)
  t.same(closes, { '/first': 1, '/held': 1, '/held-too': 1, '/next': 1 })
})

interface Silent {
  readonly url: string
  readonly sockets: Socket[]
  /** What was asked, once TLS was established. */
  readonly asked: string[]
  /** Goes on with the first connection, which was left without an answer to its ClientHello. */
  wake (): void
}

/** An https upstream that accepts its first connection and is silent on it: a dial that takes long. */
async function silentAtFirst (t: Test): Promise<Silent> {
  const sockets: Socket[] = []
  const asked: string[] = []
  const secure = createSecure({ key: pems.private, cert: pems.cert }, (request, response) => {
    asked.push(`${request.method as string} ${request.url as string}`)
    response.end('ok')
  })
  // Whoever is woken may find nobody there.
  secure.on('tlsClientError', () => {})
  const server = createTcp(socket => {
    socket.on('error', () => {})
    if (sockets.push(socket) > 1) secure.emit('connection', socket)
    else socket.pause()
  })
  t.teardown(() => { secure.closeAllConnections() })
  return { url: `https://127.0.0.1:${await listen(t, server)}`, sockets, asked, wake: () => { secure.emit('connection', sockets[0]) } }
}

const patient = { tls: { rejectUnauthorized: false }, connections: { max: 1 }, timeouts: { connect: 0, idle: 0, firstByte: 0 } }

for (const [name, text] of [
  ['GET', 'GET /left HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['POST', 'POST /left HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody'],
  ['POST of unknown length', 'POST /left HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n']
] as const) {
  t.test(`a client that leaves while its upstream is dialled frees the place, and nothing is sent (${name})`, async t => {
    const backend = await silentAtFirst(t)
    const subject = await proxy(t, { upstream: backend.url, ...patient })
    const leaving = client(t, subject.port)
    leaving.write(text)
    await eventually(() => backend.sockets.length === 1, 'it is dialled')
    leaving.destroy()
    t.match((await subject.facts()).error, { code: 'FST_ARR_CLIENT_GONE', moment: 'connect', side: 'client' })
    backend.wake()
    t.match(await ask(subject.port, { path: '/next' }), { status: 200, body: 'ok' })
    t.same(backend.asked, ['GET /next'])
  })
}

t.test('a client that leaves while its upstream is dialled has the dial given up at once', async t => {
  const backend = await silentAtFirst(t)
  const subject = await proxy(t, { upstream: backend.url, ...patient })
  const leaving = client(t, subject.port)
  leaving.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await eventually(() => backend.sockets.length === 1, 'it is dialled')
  leaving.destroy()
  const [silent] = backend.sockets as [Socket]
  silent.resume()
  // No time limit of ours is there to end it.
  await closed(silent)
  t.pass()
})

t.test('an HTTP/2 client that resets its stream while its upstream is dialled frees the place, and nothing is sent', async t => {
  const backend = await silentAtFirst(t)
  const subject = await proxy(t, { upstream: backend.url, ...patient }, { http2: true } as object)
  const session = connectHttp2(`http://127.0.0.1:${subject.port}`)
  t.teardown(() => session.destroy())
  const leaving = session.request({ ':path': '/left', ':method': 'POST' }, { endStream: false })
  leaving.on('error', () => {})
  await eventually(() => backend.sockets.length === 1, 'it is dialled')
  leaving.close(8)
  t.match((await subject.facts()).error, { code: 'FST_ARR_CLIENT_GONE', moment: 'connect' })
  backend.wake()
  const next = session.request({ ':path': '/next' })
  next.resume()
  t.match((await once(next, 'response'))[0], { ':status': 200 })
  t.same(backend.asked, ['GET /next'])
})

t.test('nobody is dialled again for a client that has left', async t => {
  const goOn = clock(t)
  const backend = await silentAtFirst(t)
  const subject = await proxy(t, { upstream: backend.url, ...patient, timeouts: { connect: LIMIT }, retries: 5 })
  const leaving = client(t, subject.port)
  leaving.write('GET /left HTTP/1.1\r\nHost: a\r\n\r\n')
  await eventually(() => backend.sockets.length === 1, 'it is dialled')
  leaving.destroy()
  await subject.facts()
  goOn(LIMIT + 1)
  const [silent] = backend.sockets as [Socket]
  silent.resume()
  await closed(silent)
  t.match(await ask(subject.port, { path: '/next' }), { status: 200 })
  t.equal(backend.sockets.length, 2)
  t.same(backend.asked, ['GET /next'])
})

// What each way of leaving looks like to the proxy.
const LEAVES: Record<string, (t: Test, port: number, method: string) => Promise<() => void>> = {
  async 'HTTP/1.1' (t, port, method) {
    const socket = client(t, port)
    socket.write(`${method} /left HTTP/1.1\r\nHost: a\r\n${method === 'POST' ? 'Content-Length: 4\r\n\r\nbody' : '\r\n'}`)
    return () => { socket.destroy() }
  },
  async 'HTTP/2' (t, port, method) {
    const session = connectHttp2(`http://127.0.0.1:${port}`)
    t.teardown(() => session.destroy())
    const stream = session.request({ ':path': '/left', ':method': method }, { endStream: method === 'GET' })
    stream.on('error', () => {})
    return () => { stream.close(8) }
  }
}

for (const [protocol, come] of Object.entries(LEAVES)) {
  for (const hook of ['onRequest', 'preHandler'] as const) {
    for (const method of ['GET', 'POST']) {
      t.test(`a client that leaves during a hook is not asked for (${protocol}, ${hook}, ${method})`, async t => {
        const backend = await answering(t, OK)
        let release = () => {}
        const held = new Promise<void>(resolve => { release = resolve })
        let over = () => {}
        const done = new Promise<void>(resolve => { over = resolve })
        let reached: FastifyReply | undefined
        const subject = await proxy(t, { upstream: backend.url, forwarded: { for: 'remove' } }, (protocol === 'HTTP/2' ? { http2: true } : {}) as object, app => {
          app.addHook(hook, async (request: FastifyRequest, reply: FastifyReply) => {
            if (request.url !== '/left') return
            reached = reply
            await held
            // Once all that follows the hook in this turn has run.
            setImmediate(over)
          })
        })
        const leave = await come(t, subject.port, method)
        await eventually(() => reached !== undefined, 'the hook runs')
        const gone = once(reached!.raw, 'close')
        leave()
        await gone
        release()
        await done
        const { upstream } = subject.requests[0] as FastifyRequest
        if (upstream !== null) t.match(upstream.error, { code: 'FST_ARR_CLIENT_GONE', moment: 'connect', side: 'client' })
        const next = protocol === 'HTTP/2'
          ? (await subject.app.inject('/next')).statusCode
          : (await ask(subject.port, { path: '/next' })).status
        t.equal(next, 200)
        t.notMatch(backend.received(), /left/)
        t.equal(backend.sockets.length, 1)
      })
    }
  }
}

t.test('a POST is not given a kept connection that is known to be dead', async t => {
  const backend = await answering(t, OK)
  // The proxy's own side of it: the moment is the one between the upstream's end and the connection's close.
  const own: Socket[] = []
  const watch = (message: unknown) => {
    const { socket } = message as { socket: Socket }
    own.push(socket)
  }
  let release = () => {}
  const held = new Promise<void>(resolve => { release = resolve })
  const subject = await proxy(t, { upstream: backend.url }, {}, app => {
    app.addHook('preHandler', async request => { if (request.url === '/held') await held })
  })
  subscribe('net.client.socket', watch)
  t.teardown(() => unsubscribe('net.client.socket', watch))
  await ask(subject.port)
  const kept = own.find(socket => socket.remotePort === Number(new URL(backend.url).port)) as Socket
  const asking = ask(subject.port, { path: '/held', method: 'POST', body: 'body' })
  await eventually(() => subject.requests.length === 2, 'it is at the hook')
  kept.once('end', release)
  backend.sockets[0]!.end()
  t.match(await asking, { status: 200, body: 'ok' })
  t.equal(backend.sockets.length, 2)
  t.equal(backend.received().match(/\/held/g)?.length, 1, 'it is asked once')
})

t.test('a request that is tried again gets a fresh connection, though it has to wait for its place', async t => {
  const seen = new Map<Socket, number>()
  const first: Socket[] = []
  const backend = await rawUpstream(t, (socket, head) => {
    const count = (seen.get(socket) ?? 0) + 1
    seen.set(socket, count)
    // Each serves one answer, as those of an upstream that was started anew.
    if (count > 1) socket.resetAndDestroy()
    else if (head.startsWith('GET /last ')) socket.write(OK)
    else first.push(socket)
  })
  const subject = await proxy(t, { upstream: backend.url, connections: { max: 2, perClient: 0 } })
  const both = [ask(subject.port), ask(subject.port)]
  await eventually(() => first.length === 2, 'both are asked')
  for (const socket of first) socket.write(OK)
  await Promise.all(both)
  t.match(await ask(subject.port, { path: '/last' }), { status: 200, body: 'ok' })
  t.equal(backend.sockets.length, 3)
})

t.test('a connection that is kept without a limit is closed when the upstream says so', async t => {
  const backend = await answering(t, 'HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1\r\nContent-Length: 2\r\n\r\nok')
  const { port } = await proxy(t, { upstream: backend.url, timeouts: { keepAlive: 0 } })
  t.match(await ask(port), { status: 200 })
  await closed(backend.sockets[0] as Socket)
  t.match(await ask(port), { status: 200 })
  t.equal(backend.sockets.length, 2)
})

t.test('a connection that is kept without a limit is used again', async t => {
  const backend = await answering(t, OK)
  const { port } = await proxy(t, { upstream: backend.url, timeouts: { keepAlive: 0 } })
  for (let i = 0; i < 3; i++) t.match(await ask(port), { status: 200 })
  t.equal(backend.sockets.length, 1)
})
