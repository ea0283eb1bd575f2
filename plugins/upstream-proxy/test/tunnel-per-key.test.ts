// How many tunnels may one client have? Each key has its own count, which goes back to zero however a tunnel ends.
import { once } from 'node:events'
import Fastify, { type FastifyRequest } from 'fastify'
import t, { type Test } from 'tap'
import upstreamProxy from '../src/index.ts'
import { Admission } from '../src/tunnel/admission/admission.ts'
import { KeyCounts } from '../src/tunnel/admission/key-counts.ts'
import { client, eventually, handshake, proxy, rest, tcpUpstream, until } from './parts.ts'
import { agreeing, ask, AT_ONCE, http2Proxy, open, session } from './tunnel-subjects.ts'

const byUser = (request: FastifyRequest): string | undefined => request.headers['x-user'] as string | undefined
const as = (user: string, path = '/'): string => handshake(path, `X-User: ${user}\r\n`)

/** A client that has sent its handshake. */
function knock (t: Test, port: number, text: string): ReturnType<typeof client> {
  const socket = client(t, port)
  socket.write(text)
  return socket
}

t.test('over its own limit a client gets 429 with Retry-After, and others do not', async t => {
  const upstream = await agreeing(t)
  const { port, closed, app } = await proxy(t, { upstream: upstream.url, websocket: { ...AT_ONCE, retryAfter: 9, maxTunnelsPer: { key: byUser, most: 2 } } })
  const mine = []
  for (let i = 0; i < 2; i++) {
    mine.push(knock(t, port, as('a')))
    await until(mine[i]!, text => text.endsWith('\r\n\r\n'))
  }
  const answer = await rest(knock(t, port, as('a')))
  t.match(answer, /^HTTP\/1\.1 429 [^]*FST_ARR_PROXY_TOO_MANY_OF_CLIENT/)
  t.match(answer, /\r\nretry-after: 9\r\n/i)
  await eventually(() => closed.length === 1, 'reply.raw closes')
  t.match(closed[0], { error: { code: 'FST_ARR_PROXY_TOO_MANY_OF_CLIENT', moment: 'connect', side: 'client', statusCode: 429 } })
  t.match(await until(knock(t, port, as('b')), text => text.endsWith('\r\n\r\n')), /^HTTP\/1\.1 101 /)
  for (let i = 0; i < 3; i++) await open(t, port, upstream) // without a key there is no limit
  mine[0]!.resetAndDestroy()
  await eventually(() => app.tunnels.size === 5, 'one of the two has ended')
  t.match(await until(knock(t, port, as('a')), text => text.endsWith('\r\n\r\n')), /^HTTP\/1\.1 101 /)
  t.match(await rest(knock(t, port, as('a'))), /^HTTP\/1\.1 429 /)
})

t.test('the same for HTTP/2', async t => {
  const upstream = await agreeing(t)
  const { port, app } = await http2Proxy(t, { upstream: upstream.url, websocket: { ...AT_ONCE, maxTunnelsPer: { key: byUser, most: 1 } } })
  const near = await session(t, port)
  const first = ask(near, { 'x-user': 'a' })
  t.match((await once(first, 'response'))[0], { ':status': 200 })
  t.match((await once(ask(near, { 'x-user': 'a' }), 'response'))[0], { ':status': 429, 'retry-after': '5' })
  first.close()
  await eventually(() => app.tunnels.size === 0, 'the first has ended')
  const next = ask(near, { 'x-user': 'a' })
  t.match((await once(next, 'response'))[0], { ':status': 200 })
  near.destroy()
})

t.test('however a handshake or tunnel ends, its key has its place again', async t => {
  const sockets: Array<{ path: string, socket: import('node:net').Socket }> = []
  const { url } = await tcpUpstream(t, socket => {
    until(socket, text => text.endsWith('\r\n\r\n')).then(head => {
      sockets.push({ path: head.split(' ')[1] as string, socket })
      socket.on('end', () => socket.end())
      socket.resume()
    }, () => {})
  })
  const { port, closed } = await proxy(t, {
    to: request => request.url === '/dead' ? 'http://127.0.0.1:1' : request.url === '/bad-target' ? `${url}/\u00ff` : url + (request.url as string),
    rewriteRequest (request, { out }) { if (request.url === '/spoilt') out.headers.push(['X-Bad', 'line\r\nbreak']) },
    timeouts: { handshake: 700 },
    websocket: { ...AT_ONCE, maxTunnelsPer: { key: byUser, most: 1 } }
  })
  const ways: Record<string, () => Promise<unknown>> = {
    async 'a dead server' () { t.match(await rest(knock(t, port, as('a', '/dead'))), /^HTTP\/1\.1 502 /) },
    async 'a head that cannot be sent' () { t.match(await rest(knock(t, port, as('a', '/spoilt'))), /^HTTP\/1\.1 400 /) },
    async 'a refusal' () {
      const near = knock(t, port, as('a', '/refused'))
      await eventually(() => sockets.at(-1)?.path === '/refused', 'it is asked')
      sockets.at(-1)!.socket.end('HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n')
      t.match(await rest(near), /^HTTP\/1\.1 401 /)
    },
    async 'nonsense' () {
      const near = knock(t, port, as('a', '/nonsense'))
      await eventually(() => sockets.at(-1)?.path === '/nonsense', 'it is asked')
      sockets.at(-1)!.socket.end('nonsense\r\n\r\n')
      t.match(await rest(near), /^HTTP\/1\.1 502 /)
    },
    async 'silence' () { t.match(await rest(knock(t, port, as('a', '/silent'))), /^HTTP\/1\.1 504 /) },
    async 'a client that leaves' () {
      const before = closed.length
      const near = knock(t, port, as('a', '/left'))
      await eventually(() => sockets.at(-1)?.path === '/left', 'it is asked')
      near.resetAndDestroy()
      await eventually(() => closed.length > before, 'it is noticed')
    },
    async 'no handshake' () { t.match(await rest(knock(t, port, as('a', '/none').replace(/Sec-WebSocket-Key: .*\r\n/, ''))), /^HTTP\/1\.1 400 /) }
  }
  for (const [name, way] of Object.entries(ways)) {
    await way()
    const held = knock(t, port, as('a', '/held'))
    await eventually(() => sockets.at(-1)?.path === '/held', `after ${name} there is a place`)
    t.match(await rest(knock(t, port, as('a', '/second'))), /^HTTP\/1\.1 429 /, `after ${name} there is one place only`)
    sockets.at(-1)!.socket.destroy()
    await rest(held)
    held.destroy()
  }
})

t.test('one that waits counts for its key, until it leaves; one that is refused never waits', async t => {
  const upstream = await agreeing(t)
  const { port, app, closed, requests } = await proxy(t, { upstream: upstream.url, websocket: { ...AT_ONCE, maxTunnels: 1, admission: { wait: 60_000 }, maxTunnelsPer: { key: byUser, most: 1 } } })
  const { near } = await open(t, port, upstream)
  const waiting = knock(t, port, as('a'))
  await eventually(() => requests.length === 2, 'it waits')
  t.match(await rest(knock(t, port, as('a'))), /^HTTP\/1\.1 429 /)
  waiting.resetAndDestroy()
  await eventually(() => closed.length === 2, 'it has left')
  const next = knock(t, port, as('a'))
  await eventually(() => requests.length === 4, 'the next one waits')
  near.resetAndDestroy()
  t.match(await until(next, text => text.endsWith('\r\n\r\n')), /^HTTP\/1\.1 101 /)
  await eventually(() => app.tunnels.size === 1, 'the other one has ended')
})

for (const [what, key, line] of [
  ['throws', () => { throw new Error('no key') }, /threw an error/],
  ['gives a promise', () => Promise.reject(new Error('later')) as never, /must give a string/],
  ['gives a number', () => 7 as never, /must give a string/]
] as const) {
  t.test(`a key function that ${what} is a 500, and the log tells why`, async t => {
    const lines: string[] = []
    const app = Fastify({ logger: { level: 'error', stream: { write: (line: string) => { lines.push(line) } } } })
    await app.register(upstreamProxy, { upstream: 'http://127.0.0.1:1', websocket: { maxTunnelsPer: { key, most: 1 } } })
    await app.listen({ port: 0, host: '127.0.0.1' })
    t.teardown(() => app.close())
    t.match(await rest(knock(t, (app.server.address() as { port: number }).port, handshake())), /^HTTP\/1\.1 500 [^]*FST_ARR_PROXY_BAD_LIMIT/)
    t.match(lines.join(''), line)
  })
}

t.test('a key without tunnels is not remembered', t => {
  const counts = new KeyCounts({ key: () => null, most: 2 })
  for (let i = 0; i < 1000; i++) counts.take(`key ${i}`)
  t.equal(counts.size, 1000)
  t.ok(counts.take('key 1'))
  t.notOk(counts.take('key 1'))
  for (let i = 0; i < 1000; i++) counts.release(`key ${i}`)
  t.equal(counts.size, 1)
  counts.release('key 1')
  t.equal(counts.size, 0)
  t.end()
})

t.test('a key may be the name of a property of objects', t => {
  const names = ['__proto__', 'constructor', '']
  const admission = new Admission({ handshakes: 0, wait: 0, waiting: 0, per: { key: request => (request as unknown as { key: string }).key, most: 1 } }, 0)
  const told: string[] = []
  for (const key of [...names, ...names]) {
    admission.admit({ request: { key } as never, early: null as never, isAnswered: false, owner: null, enter: () => told.push('in'), refused: reason => told.push(String(reason)) })
  }
  t.same(told, ['in', 'in', 'in', 'TooManyOfKey', 'TooManyOfKey', 'TooManyOfKey'])
  t.end()
})
