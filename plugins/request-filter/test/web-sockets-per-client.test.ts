// How many WebSockets may one client have, and how fast may it ask for them?
import { once } from 'node:events'
import websocket from '@fastify/websocket'
import t from 'tap'
import type { RequestFilterOptions } from '../src/index.ts'
import { ask, door, eventually, get, handshake, http2For, proxied, session, withoutAddresses } from './doors.ts'

const HOUR = 3_600_000

t.test('one more than may be open is 429, until one has closed', async t => {
  const { port, rejections } = await proxied(t, { webSocketsPerClient: { most: 2 } })
  const first = (await handshake(t, port)).socket!
  t.equal((await handshake(t, port)).status, 101)
  const refused = await handshake(t, port)
  t.equal(refused.status, 429)
  t.equal(refused.headers['retry-after'], undefined, 'nobody knows when one closes')
  t.same(rejections, [{ reason: 'webSocketsPerClient', statusCode: 429, subStatusCode: 0, detail: '127.0.0.1' }])
  first.destroy()
  await eventually(async () => (await handshake(t, port)).status === 101)
  t.equal((await handshake(t, port)).status, 429)
})

t.test('the upstream\'s end and a refused handshake end the count too', async t => {
  const { port, backend } = await proxied(t, { webSocketsPerClient: { most: 1 } })
  for (let i = 0; i < 3; i++) t.equal((await handshake(t, port, { headers: { 'Sec-WebSocket-Version': '99' } })).status, 400)
  for (let i = 0; i < 3; i++) {
    await eventually(async () => (await handshake(t, port)).status === 101)
    await eventually(() => backend.clients.size > 0)
    for (const client of backend.clients) client.terminate()
  }
})

t.test('each client has its own, and requests have none', { skip: withoutAddresses }, async t => {
  const { port } = await proxied(t, { webSocketsPerClient: { most: 1, handshakes: { most: 1, per: HOUR } } }, { after: app => app.get('/page', async () => 'page') })
  t.equal((await handshake(t, port)).status, 101)
  t.equal((await handshake(t, port)).status, 429)
  t.equal((await handshake(t, port, { from: '127.0.0.2' })).status, 101)
  for (let i = 0; i < 3; i++) t.equal((await get(port, { path: '/page' })).statusCode, 200)
})

t.test('more handshakes than there are tokens are 429 with Retry-After', async t => {
  const { port, rejections } = await proxied(t, { webSocketsPerClient: { handshakes: { most: 2, per: HOUR } } })
  for (let i = 0; i < 2; i++) {
    const { status, socket } = await handshake(t, port)
    t.equal(status, 101)
    socket!.destroy()
  }
  const { status, headers } = await handshake(t, port)
  t.equal(status, 429)
  t.equal(headers['retry-after'], '1800', 'one of two comes back in half an hour')
  t.same(rejections, [{ reason: 'handshakeRate', statusCode: 429, subStatusCode: 0, detail: '127.0.0.1' }])
})

t.test('over HTTP/2 the WebSockets of all streams count', async t => {
  const { app } = await proxied(t, { webSocketsPerClient: { most: 2 } })
  const client = await session(t, await http2For(t, app))
  const open = async () => await ask(client, { ':method': 'CONNECT', ':protocol': 'websocket', ':scheme': 'http', ':authority': 'a', ':path': '/', 'sec-websocket-version': '13' })
  const { status, stream } = await open()
  t.equal(status, 200)
  t.equal((await open()).status, 200)
  t.equal((await open()).status, 429)
  stream.close(8)
  await eventually(async () => (await open()).status === 200)
})

t.test('@fastify/websocket alone: its WebSockets count until they close', async t => {
  const { port } = await door(t, { webSocketsPerClient: { most: 1 } }, {
    before: app => app.register(websocket),
    after: app => app.register(async scope => { scope.get('/', { websocket: true }, socket => { socket.send('hello') }) })
  })
  const { status, socket } = await handshake(t, port)
  t.equal(status, 101)
  t.equal((await handshake(t, port)).status, 429)
  socket!.destroy()
  await once(socket!, 'close')
  await eventually(async () => (await handshake(t, port)).status === 101)
})

t.test('mistakes are named, all in one error', async t => {
  const mistake = async (webSocketsPerClient: unknown): Promise<string> => await door(t, { webSocketsPerClient } as RequestFilterOptions).then(() => 'none', (error: Error) => error.message)
  t.equal(await mistake(5), 'request-filter: `webSocketsPerClient` must be an object')
  t.equal(await mistake({ most: 0, handshakes: { most: '1', time: 1 } }), 'request-filter: `webSocketsPerClient.most` must be a whole number of at least 1; `webSocketsPerClient.handshakes`: `time` is no option; there are most, per; ' +
    '`webSocketsPerClient.handshakes.most` must be a whole number of at least 1; `webSocketsPerClient.handshakes.per` must be a whole number of ms, at least 1')
  t.equal(await mistake({ handshakes: 1 }), 'request-filter: `webSocketsPerClient.handshakes` must be an object')
})
