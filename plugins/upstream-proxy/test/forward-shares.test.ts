// Who gets the next connection where several clients want more than there are? Clients are told apart by X-Forwarded-For here.
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { UpstreamProxyOptions } from '../src/index.ts'
import { networkOf } from '../src/forward/pool/client-of.ts'
import { clock, LIMIT } from './clock.ts'
import { answering, proxy, rawUpstream, type Proxy } from './forward-subjects.ts'
import { client, eventually, until } from './parts.ts'

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const POST = (path: string, who: string) => `POST ${path} HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: ${who}\r\nContent-Length: 1000\r\n\r\nabc`
const LONG = { timeouts: { connect: 0, firstByte: 0, idle: 0 } }
const turn = () => new Promise(resolve => setImmediate(resolve))

interface Poll {
  readonly path: string
  readonly socket: Socket
  readonly answer: Promise<string>
}

interface Subject extends Proxy {
  /** The paths that are being asked for at the upstream, in order. */
  readonly asked: string[]
  /** All that ever were. */
  readonly seen: string[]
  /** Asks, on a connection of its own; the request is with the proxy then. */
  ask (who: string, path: string): Promise<Poll>
  /** Has the upstream answer. */
  answer (path: string): void
}

/** A proxy in front of an upstream that answers when it is told to, and `/now` at once. */
async function subject (t: Test, options: UpstreamProxyOptions): Promise<Subject> {
  const asked: string[] = []
  const seen: string[] = []
  const sockets = new Map<string, Socket>()
  const backend = await rawUpstream(t, (socket, head) => {
    const path = head.split(' ')[1] as string
    if (path === '/now') {
      socket.write(OK)
      return
    }
    asked.push(path)
    seen.push(path)
    sockets.set(path, socket)
  })
  const one = await proxy(t, { upstream: backend.url, ...LONG, ...options }, { trustProxy: true })
  return {
    ...one,
    asked,
    seen,
    async ask (who, path) {
      const count = one.requests.length
      const socket = client(t, one.port)
      const answer = until(socket, text => text.endsWith('ok') || text.includes('"code"'))
      answer.catch(() => {})
      socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: ${who}\r\n\r\n`)
      await eventually(() => one.requests.length > count, `${path} has arrived`)
      return { path, socket, answer }
    },
    answer (path) {
      asked.splice(asked.indexOf(path), 1)
      sockets.get(path)!.write(OK)
    }
  }
}

const A = '192.0.2.1'
const B = '192.0.2.2'

t.test('a client has its share of the connections; its surplus waits, others do not', async t => {
  const { asked, ask, answer } = await subject(t, { connections: { max: 8, perClient: 3 } })
  const polls: Poll[] = []
  for (let i = 0; i < 8; i++) polls.push(await ask(A, `/a${i}`))
  t.match(await (await ask(B, '/now')).answer, /^HTTP\/1\.1 200 /)
  t.same(asked, ['/a0', '/a1', '/a2'])
  // Served in order, as its places come free.
  for (let i = 0; i < 8; i++) {
    answer(`/a${i}`)
    t.match(await polls[i]!.answer, /^HTTP\/1\.1 200 /)
    const now = ['/a0', '/a1', '/a2', '/a3', '/a4', '/a5', '/a6', '/a7'].slice(i + 1, i + 4)
    await eventually(() => asked.length === now.length, 'the next is asked for')
    t.same(asked, now)
    t.match(await (await ask(B, '/now')).answer, /^HTTP\/1\.1 200 /)
  }
})

t.test('unless it is told, a client has half of the connections', async t => {
  const { asked, ask } = await subject(t, { connections: { max: 5 } })
  for (let i = 0; i < 4; i++) await ask(A, `/a${i}`)
  t.match(await (await ask(B, '/now')).answer, /^HTTP\/1\.1 200 /)
  t.same(asked, ['/a0', '/a1', '/a2'])
})

t.test('a client may have all of the connections where there is no limit', async t => {
  const { asked, ask } = await subject(t, { connections: { max: 5, perClient: 0 } })
  for (let i = 0; i < 6; i++) await ask(A, `/a${i}`)
  await eventually(() => asked.length === 5, 'all are taken')
  t.same(asked, ['/a0', '/a1', '/a2', '/a3', '/a4'])
})

t.test('of those that wait, clients take turns, and each is served in order', async t => {
  const { seen, ask, answer } = await subject(t, { connections: { max: 1 } })
  for (const path of ['/a0', '/a1', '/a2', '/a3']) await ask(A, path)
  for (const path of ['/b0', '/b1']) await ask(B, path)
  for (const path of ['/c0']) await ask('192.0.2.3', path)
  for (let i = 0; i < 7; i++) {
    await eventually(() => seen.length === i + 1, 'the next is asked for')
    answer(seen[i]!)
  }
  t.same(seen, ['/a0', '/a1', '/b0', '/c0', '/a2', '/b1', '/a3'])
})

t.test('who waits for its share in vain gets 503, and frees no place; who leaves is not asked for', async t => {
  const goOn = clock(t)
  const { requests, asked, seen, ask, answer, facts } = await subject(t, { connections: { max: 4, perClient: 1 }, timeouts: { connect: LIMIT, firstByte: 0 } })
  const [, second, third] = [await ask(A, '/a0'), await ask(A, '/a1'), await ask(A, '/a2')]
  third!.socket.resetAndDestroy()
  t.match((await facts(2)).error, { code: 'FST_ARR_CLIENT_GONE', moment: 'connect' })
  goOn(LIMIT + 1)
  t.match(await second!.answer, /^HTTP\/1\.1 503 [^]*FST_ARR_PROXY_TOO_MANY/)
  t.match(requests[1]!.upstream!.error, { code: 'FST_ARR_PROXY_TOO_MANY', moment: 'connect', side: 'proxy' })
  await ask(A, '/a3')
  await turn()
  t.same(asked, ['/a0'])
  answer('/a0')
  await eventually(() => asked.length === 1, 'the next is asked for')
  t.same(seen, ['/a0', '/a3'])
})

t.test('neither too many nor too few, whoever asks and leaves, and when', async t => {
  const MAX = 7
  const SHARE = 3
  const { seen, asked, ask, answer, requests } = await subject(t, { connections: { max: MAX, perClient: SHARE, idle: 2 } })
  let seed = 20_220_930
  const below = (limit: number) => (seed = (seed * 48_271) % 2_147_483_647) % limit
  const all = new Map<string, Poll>()
  const gone = new Set<string>()
  const whose = (path: string) => path[1] as string
  // What has left at the proxy is told to the upstream later.
  const held = () => asked.filter(path => !gone.has(path))
  const expected = () => {
    const by = new Map<string, number>()
    for (const path of all.keys()) by.set(whose(path), (by.get(whose(path)) ?? 0) + 1)
    return Math.min(MAX, [...by.values()].reduce((sum, n) => sum + Math.min(n, SHARE), 0))
  }
  let count = 0
  for (let step = 0; step < 400; step++) {
    const choice = below(10)
    if (choice < 5 && all.size < 40) {
      const who = below(4)
      const path = `/${who}-${count++}`
      all.set(path, await ask(`192.0.2.${who + 1}`, path))
    } else if (choice < 8 && held().length > 0) {
      const path = held()[below(held().length)]!
      answer(path)
      await all.get(path)!.answer
      all.delete(path)
    } else if (all.size > 0) {
      const path = [...all.keys()][below(all.size)]!
      all.get(path)!.socket.resetAndDestroy()
      all.delete(path)
      gone.add(path)
      const index = requests.findIndex(({ url }) => url === path)
      await eventually(() => requests[index]!.upstream!.error !== null, 'it has left')
    }
    await eventually(() => held().length === expected(), `step ${step}: ${held().length} of ${expected()} are asked for`)
    for (const who of ['0', '1', '2', '3']) {
      if (held().filter(path => whose(path) === who).length > SHARE) t.fail(`step ${step}: client ${who} has too many`)
    }
  }
  for (const who of ['0', '1', '2', '3']) {
    const order = seen.filter(path => whose(path) === who).map(path => Number(path.slice(3)))
    t.same(order, [...order].sort((a, b) => a - b), 'each in order')
  }
})

t.test('a thousand bodies that do not come are one client\'s own trouble', async t => {
  const goOn = clock(t, 200)
  const { ask, port, requests, facts } = await subject(t, { connections: { max: 8 } })
  const attack = Array.from({ length: 50 }, () => client(t, port))
  const answers = attack.map(one => until(one, text => text.includes('"code"')))
  for (const one of attack) one.write(POST('/slow', A))
  await eventually(() => requests.length === attack.length, 'all are there')
  for (let gone = 0; gone < 6000; gone += 250) {
    goOn(250)
    for (let i = 0; i < 3; i++) await turn()
    if (gone % 1000 === 0) t.match(await (await ask(B, '/now')).answer, /^HTTP\/1\.1 200 /, `after ${gone} ms`)
  }
  for (const answer of answers) t.match(await answer, /^HTTP\/1\.1 408 /)
  t.match((await facts(49)).error, { code: 'FST_ARR_CLIENT_TIMEOUT', moment: 'request', side: 'client' })
  t.match(await (await ask(A, '/now')).answer, /^HTTP\/1\.1 200 /)
})

t.test('who is one client: an address of IPv4, however it is written, and a network of IPv6', t => {
  for (const [address, network] of [
    [undefined, null],
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::', '0:0:0:0'],
    ['::1', '0:0:0:0'],
    ['2001:db8::1', '2001:db8:0:0'],
    ['2001:db8:0:0:1::', '2001:db8:0:0'],
    ['2001:0DB8:0000:0000:ffff:1:2:3', '2001:db8:0:0'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:db8::2:3:4:5:6', '2001:db8:0:2'],
    ['1::', '1:0:0:0'],
    ['1:2:3:4:5:6:7::', '1:2:3:4'],
    ['fe80::1%eth0', 'fe80:0:0:0']
  ] as const) t.equal(networkOf(address), network, String(address))
  t.end()
})

t.test('two addresses of one IPv6 network are one client', async t => {
  const { asked, ask } = await subject(t, { connections: { max: 4, perClient: 1 } })
  await ask('2001:db8:1:2::1', '/a0')
  await ask('2001:db8:1:2:ffff::1', '/a1')
  await ask('2001:db8:1:3::1', '/b0')
  await eventually(() => asked.length === 2, 'both networks are asked for')
  t.same(asked, ['/a0', '/b0'])
})

t.test('the client of a unix socket has no address, and no limit', { skip: process.platform === 'win32' }, async t => {
  const backend = await rawUpstream(t, () => {})
  const subject = await proxy(t, { upstream: backend.url, ...LONG, connections: { max: 4, perClient: 1 } })
  const path = join(tmpdir(), `shares-${process.pid}.sock`)
  const behind = await proxyBehind(t, subject, path)
  for (let i = 0; i < 4; i++) behind()
  await eventually(() => backend.sockets.length === 4, 'all four are asked for')
  t.equal(backend.sockets.length, 4)
})

/** Gives what asks the proxy by a unix socket. */
async function proxyBehind (t: Test, { app }: Proxy, path: string): Promise<() => void> {
  const door = createServer(socket => { app.server.emit('connection', socket) }).listen(path)
  await new Promise(resolve => door.once('listening', resolve))
  t.teardown(() => { door.close() })
  return () => {
    const socket = connect(path)
    socket.on('error', () => {})
    t.teardown(() => { socket.destroy() })
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  }
}

t.test('mistakes in these options are told', async t => {
  for (const [options, mistake] of [
    [{ connections: { perClient: -1 } }, '`connections.perClient` must be a whole number, 0 or more'],
    [{ connections: { perClient: 1.5 } }, '`connections.perClient` must be'],
    [{ minBytesPerSecond: -1 }, '`minBytesPerSecond` must be a whole number, 0 or more'],
    [{ minBytesPerSecond: '240' }, '`minBytesPerSecond` must be']
  ] as const) {
    await t.rejects(proxy(t, { upstream: 'http://127.0.0.1:1', ...options } as never), { code: 'FST_ARR_PROXY_INVALID_OPTIONS', message: mistake }, mistake)
  }
  const { url } = await answering(t, OK)
  await t.resolves(proxy(t, { upstream: url, connections: { max: 1, perClient: 5 }, minBytesPerSecond: 0 }))
})
