// How much may one client ask? Open requests and rates, which are counted exactly however requests end.
import { once } from 'node:events'
import { request, type ClientRequest } from 'node:http'
import { createServer, type Socket } from 'node:net'
import websocket from '@fastify/websocket'
import type { FastifyInstance, FastifyReply } from 'fastify'
import t, { type Test } from 'tap'
import upstreamProxy from '../../upstream-proxy/src/index.ts'
import type { DynamicIpSecurityOptions } from '../src/addresses/options.ts'
import type { RequestFilterOptions } from '../src/index.ts'
import { ask, door, eventually, get, handshake, http2For, portOf, proxied, raw, session, withoutAddresses } from './doors.ts'

const HOUR = 3_600_000

/** A server with a page, and one whose answers wait until the test sends them. */
async function site (t: Test, dynamicIpSecurity: DynamicIpSecurityOptions, server: object = {}, before?: (app: FastifyInstance) => unknown) {
  const waiting: FastifyReply[] = []
  const made = await door(t, { dynamicIpSecurity }, {
    server,
    ...(before === undefined ? {} : { before }),
    after: app => {
      app.get('/', async () => 'page')
      app.get('/wait', (_, reply) => { waiting.push(reply) })
      app.get('/hijack', (_, reply) => { waiting.push(reply.hijack()) })
      app.get('/fail', async () => { throw new Error('failed') })
      app.post('/', async () => 'posted')
    }
  })
  return { ...made, waiting }
}

const concurrent = (maxConcurrentRequests: number, more: Partial<DynamicIpSecurityOptions> = {}): DynamicIpSecurityOptions => ({ denyByConcurrentRequests: { maxConcurrentRequests }, ...more })

/** A request that waits at the server. */
function wait (port: number, path = '/wait', from = '127.0.0.1'): ClientRequest {
  return request({ port, host: '127.0.0.1', path, agent: false, localAddress: from }).on('error', () => {}).end()
}

t.test('one more than may be open is 403.501, until one has ended', async t => {
  const { port, waiting, rejections } = await site(t, concurrent(2))
  const open = [wait(port), wait(port)]
  await eventually(() => waiting.length === 2)
  t.equal((await get(port)).statusCode, 403)
  t.same(rejections, [{ reason: 'concurrentRequests', statusCode: 403, subStatusCode: 501, detail: '127.0.0.1' }])
  waiting[0]!.send('done')
  await once(open[0]!, 'response')
  await eventually(async () => (await get(port)).statusCode === 200)
  waiting[1]!.send('done')
})

t.test('each client has its own count', { skip: withoutAddresses }, async t => {
  const { port, waiting } = await site(t, concurrent(1))
  wait(port)
  await eventually(() => waiting.length === 1)
  t.equal((await get(port)).statusCode, 403)
  t.equal((await get(port, { from: '127.0.0.2' })).statusCode, 200)
})

t.test('an IPv6 client is a /64', async t => {
  const { port, rejections } = await site(t, { denyByRequestRate: { maxRequests: 1, requestIntervalInMilliseconds: HOUR } }, { trustProxy: true })
  const from = async (address: string) => (await get(port, { headers: { 'X-Forwarded-For': address } })).statusCode
  t.equal(await from('2001:db8::1'), 200)
  t.equal(await from('2001:db8::2:1'), 403)
  t.equal(await from('2001:db8:0:1::1'), 200)
  t.equal(await from('192.0.2.1'), 200)
  t.equal(await from('::ffff:192.0.2.1'), 403)
  t.same(rejections.map(({ detail }) => detail), ['2001:db8::2:1', '::ffff:192.0.2.1'])
  t.equal(await from('unknown'), 200)
  t.equal(await from('unknown'), 200, 'what is no address has no limit')
})

t.test('more than may come in an interval is 403.502', async t => {
  const { port, rejections } = await site(t, { denyByRequestRate: { maxRequests: 3, requestIntervalInMilliseconds: HOUR } })
  const found: unknown[] = []
  for (let i = 0; i < 5; i++) found.push((await get(port)).statusCode)
  t.same(found, [200, 200, 200, 403, 403])
  t.same(rejections[0], { reason: 'requestRate', statusCode: 403, subStatusCode: 502, detail: '127.0.0.1' })
})

t.test('denyAction, and the substatus is the same', async t => {
  for (const [denyAction, status] of [['NotFound', 404], ['Unauthorized', 401]] as const) {
    const { port, rejections } = await site(t, { denyByRequestRate: { maxRequests: 1, requestIntervalInMilliseconds: HOUR }, denyAction })
    await get(port)
    t.equal((await get(port)).statusCode, status)
    t.match(rejections, [{ statusCode: status, subStatusCode: 502 }])
  }
  const { port } = await site(t, { denyByRequestRate: { maxRequests: 1, requestIntervalInMilliseconds: HOUR }, denyAction: 'AbortRequest' })
  await get(port)
  await t.rejects(get(port), { code: 'ECONNRESET' })
})

t.test('enableLoggingOnlyMode: a line in the log, and the request goes on', async t => {
  const lines: string[] = []
  const logger = { level: 'warn', stream: { write: (line: string) => { lines.push(line) } } }
  const { port, rejections } = await site(t, { denyByRequestRate: { maxRequests: 1, requestIntervalInMilliseconds: HOUR }, enableLoggingOnlyMode: true }, { logger })
  t.equal((await get(port)).statusCode, 200)
  t.equal((await get(port)).statusCode, 200)
  t.same(rejections, [])
  t.match(lines.map(line => JSON.parse(line)), [{ level: 40, rejection: { reason: 'requestRate', statusCode: 403, subStatusCode: 502, detail: '127.0.0.1' } }])
})

/** Exactly `most` requests can be open: nothing is left of what was before, and nothing is below zero. */
async function isExact (t: Test, { port, waiting }: { port: number, waiting: FastifyReply[] }, most: number): Promise<void> {
  await eventually(async () => (await get(port)).statusCode === 200)
  const before = waiting.length
  const asked = Array.from({ length: most }, () => wait(port))
  await eventually(() => waiting.length === before + most)
  t.equal((await get(port)).statusCode, 403, `${most} are open, and no more`)
  for (const reply of waiting.splice(before)) reply.raw.end()
  for (const one of asked) one.destroy()
}

t.test('however a request ends, it is counted once and no longer', async t => {
  const server = await site(t, concurrent(3))
  const { port, waiting } = server
  await t.test('answered, not found, failed', async t => {
    for (const path of ['/', '/nowhere', '/fail', '/%zz']) for (let i = 0; i < 5; i++) t.not((await get(port, { path })).statusCode, 403, path)
    await isExact(t, server, 3)
  })
  await t.test('the client leaves before the answer, or within it', async t => {
    for (const path of ['/wait', '/hijack']) {
      const before = waiting.length
      const asked = [wait(port, path), wait(port, path)]
      await eventually(() => waiting.length === before + 2)
      if (path === '/hijack') for (const { raw } of waiting.slice(before)) raw.writeHead(200).write('part')
      for (const one of asked) one.destroy()
      await isExact(t, server, 3)
    }
  })
  await t.test('queued in a pipeline whose client leaves', async t => {
    const before = waiting.length
    const socket = raw(t, port)
    socket.write('GET /wait HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(3))
    await eventually(() => waiting.length === before + 3)
    t.equal((await get(port)).statusCode, 403)
    socket.destroy()
    await isExact(t, server, 3)
  })
  await t.test('queued in a pipeline and answered', async t => {
    const before = waiting.length
    const socket = raw(t, port)
    socket.resume()
    socket.write('GET /wait HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(3))
    await eventually(() => waiting.length === before + 3)
    for (const reply of waiting.slice(before)) reply.send('done')
    await isExact(t, server, 3)
    socket.destroy()
    await isExact(t, server, 3)
  })
  await t.test('a body that never ends, and one that is cut', async t => {
    const socket = raw(t, port)
    socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\nhalf')
    await eventually(async () => {
      const asked = [wait(port), wait(port)]
      const answers = await Promise.race([new Promise<boolean>(resolve => { for (const one of asked) one.on('response', response => { resolve(response.statusCode === 403) }) }), eventually(() => waiting.length >= 2).then(() => false)])
      for (const one of asked) one.destroy()
      waiting.length = 0
      return !answers
    })
    socket.destroy()
    await isExact(t, server, 3)
  })
})

t.test('a client that left while an earlier hook was at work is not counted', async t => {
  let left = 0
  const server = await site(t, concurrent(1), { trustProxy: true }, app => app.addHook('onRequest', async (request, reply) => {
    if (request.url !== '/leave') return
    left++
    await once(reply.raw, 'close')
  }))
  for (let i = 0; i < 3; i++) {
    // A closed connection has no address any more; what a proxy has said stays.
    const asked = request({ port: server.port, host: '127.0.0.1', path: '/leave', agent: false, headers: { 'X-Forwarded-For': '127.0.0.1' } }).on('error', () => {}).end()
    await eventually(() => left === i + 1)
    asked.destroy()
  }
  await isExact(t, server, 1)
})

t.test('an error thrown in a later hook ends the count', async t => {
  const server = await site(t, concurrent(2), {}, app => app.addHook('preHandler', async ({ url }) => {
    if (url.startsWith('/?fail')) throw new Error('failed')
  }))
  for (let i = 0; i < 5; i++) t.equal((await get(server.port, { path: '/?fail' })).statusCode, 500)
  await isExact(t, server, 2)
})

t.test('injected requests are counted and end', async t => {
  const { app } = await site(t, concurrent(1))
  for (let i = 0; i < 3; i++) t.equal((await app.inject('/')).statusCode, 200)
})

t.test('HTTP/2: each stream is a request; one that is reset ends', async t => {
  const server = await site(t, concurrent(2))
  const client = await session(t, await http2For(t, server.app))
  const streams = [client.request({ ':path': '/wait' }), client.request({ ':path': '/wait' })]
  for (const stream of streams) stream.on('error', () => {})
  await eventually(() => server.waiting.length === 2)
  t.equal((await ask(client, { ':path': '/' })).status, 403)
  streams[0]!.close(8)
  await eventually(async () => (await ask(client, { ':path': '/' })).status === 200)
  client.destroy()
  await isExact(t, server, 2)
})

/** The two ways in which a server opens WebSockets. */
const WAYS: Record<string, (t: Test, options: DynamicIpSecurityOptions) => Promise<{ port: number, app: FastifyInstance }>> = {
  'upstream-proxy': async (t, dynamicIpSecurity) => await proxied(t, { dynamicIpSecurity }, { after: app => app.get('/page', async () => 'page') }),
  '@fastify/websocket': async (t, dynamicIpSecurity) => await door(t, { dynamicIpSecurity }, {
    before: app => app.register(websocket),
    after: app => app.register(async scope => {
      scope.get('/', { websocket: true }, () => {})
      scope.get('/page', async () => 'page')
    })
  })
}

for (const [name, way] of Object.entries(WAYS)) {
  t.test(`${name}: an open WebSocket is no open request`, async t => {
    const { port } = await way(t, concurrent(2))
    for (let i = 0; i < 5; i++) t.equal((await handshake(t, port)).status, 101)
    t.equal((await get(port, { path: '/page' })).statusCode, 200)
  })

  t.test(`${name}: an open WebSocket is an open request with countWebSockets, until it closes`, async t => {
    const { port } = await way(t, concurrent(2, { countWebSockets: true }))
    const sockets = [(await handshake(t, port)).socket!, (await handshake(t, port)).socket!]
    t.equal((await handshake(t, port)).status, 403)
    t.equal((await get(port, { path: '/page' })).statusCode, 403)
    for (const socket of sockets) {
      socket.destroy()
      await eventually(async () => (await get(port, { path: '/page' })).statusCode === 200)
    }
  })
}

t.test('a handshake that is not answered yet is an open request', async t => {
  const pending: Socket[] = []
  const silent = createServer(socket => { pending.push(socket.on('error', () => {})) })
  silent.listen(0, '127.0.0.1')
  await once(silent, 'listening')
  t.teardown(() => {
    for (const socket of pending) socket.destroy()
    silent.close()
  })
  const { port } = await door(t, { dynamicIpSecurity: concurrent(2) }, {
    after: async app => {
      app.get('/page', async () => 'page')
      await app.register(upstreamProxy, { upstream: `http://127.0.0.1:${portOf(silent)}` })
    }
  })
  for (const socket of [raw(t, port), raw(t, port)]) {
    socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n')
  }
  await eventually(() => pending.length === 2)
  t.equal((await get(port, { path: '/page' })).statusCode, 403)
  pending[0]!.destroy()
  await eventually(async () => (await get(port, { path: '/page' })).statusCode === 200)
})

t.test('a handshake that the upstream refuses has ended', async t => {
  const { port } = await proxied(t, { dynamicIpSecurity: concurrent(1, { countWebSockets: true }) })
  for (let i = 0; i < 3; i++) {
    await eventually(async () => (await handshake(t, port, { headers: { 'Sec-WebSocket-Version': '99' } })).status === 400)
  }
  await eventually(async () => (await handshake(t, port)).status === 101)
})

t.test('HTTP/2: a WebSocket of an open stream is no open request', async t => {
  const { app } = await proxied(t, { dynamicIpSecurity: concurrent(2) }, { after: app => app.get('/page', async () => 'page') })
  const client = await session(t, await http2For(t, app))
  for (let i = 0; i < 4; i++) {
    const { status } = await ask(client, { ':method': 'CONNECT', ':protocol': 'websocket', ':scheme': 'http', ':authority': 'a', ':path': '/', 'sec-websocket-version': '13' })
    t.equal(status, 200)
  }
  t.equal((await ask(client, { ':path': '/page' })).status, 200)
})

t.test('mistakes are named, all in one error', async t => {
  const mistake = async (dynamicIpSecurity: unknown): Promise<string> => await door(t, { dynamicIpSecurity } as RequestFilterOptions).then(() => 'none', (error: Error) => error.message)
  t.equal(await mistake(1), 'request-filter: `dynamicIpSecurity` must be an object')
  t.equal(await mistake({ denyByConcurrentRequests: {}, denyByRequestRate: { maxRequests: 0, requestIntervalInMilliseconds: 1.5 }, denyAction: 1, enableLoggingOnlyMode: 1, countWebSockets: 'no', enabled: true }),
    'request-filter: `dynamicIpSecurity`: `enabled` is no option; there are denyByConcurrentRequests, denyByRequestRate, denyAction, enableLoggingOnlyMode, countWebSockets; ' +
    '`dynamicIpSecurity.denyByConcurrentRequests.maxConcurrentRequests` must be a whole number of at least 1; `dynamicIpSecurity.denyByRequestRate.maxRequests` must be a whole number of at least 1; ' +
    '`dynamicIpSecurity.denyByRequestRate.requestIntervalInMilliseconds` must be a whole number of at least 1; `dynamicIpSecurity.denyAction` must be one of AbortRequest, Unauthorized, Forbidden, NotFound; ' +
    '`dynamicIpSecurity.enableLoggingOnlyMode` must be true or false; `dynamicIpSecurity.countWebSockets` must be true or false')
})
