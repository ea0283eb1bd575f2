// A server is taken out of its farm. Clients that hear the goodbye and ignore it, that do not read, or whose server hangs, are gone after `closeGrace` all the same.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { FarmServerState } from '@fastify-arr/facts'
import { serverFarm } from '@fastify-arr/server-farm'
import { upstreamProxy } from '@fastify-arr/upstream-proxy'
import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'

t.beforeEach(() => { t.setTimeout(120_000) })

const HANDSHAKE = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n'
const ANSWER = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ICX+Yqv66kxgM0FcWaLWlFLwTAI=\r\n\r\n'
/** Close 1012 from a server. */
const GOODBYE = Buffer.from([0x88, 2, 1012 >> 8, 1012 & 255])

/** A server that opens each WebSocket, and then neither answers nor closes anything. */
async function deafServer (t: Test, after = (_: Socket): void => {}): Promise<{ port: number, sockets: Socket[] }> {
  const sockets: Socket[] = []
  const http = createServer()
  http.on('upgrade', (_request, socket: Socket) => {
    sockets.push(socket)
    socket.on('error', () => {}).resume()
    socket.write(ANSWER)
    after(socket)
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    http.close()
  })
  return { port: (http.address() as AddressInfo).port, sockets }
}

async function proxy (t: Test, httpPort: number, goodbye: object): Promise<{ app: FastifyInstance, port: number }> {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(serverFarm, { farms: [{ name: 'chat', servers: [{ address: '127.0.0.1', httpPort }], goodbye }] })
  await app.register(upstreamProxy, { upstream: 'http://chat', websocket: { closeGrace: 100 } })
  await app.listen({ port: 0, host: '127.0.0.1' })
  return { app, port: (app.server.address() as AddressInfo).port }
}

/** A client that never ends its side. `heard` has all that came. */
function stubborn (t: Test, port: number): { socket: Socket, heard: () => Buffer, closed: Promise<unknown> } {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  const parts: Buffer[] = []
  t.teardown(() => { socket.destroy() })
  socket.on('error', () => {})
  socket.on('data', part => { parts.push(part) })
  socket.write(HANDSHAKE)
  return { socket, heard: () => Buffer.concat(parts), closed: new Promise(resolve => { for (const end of ['end', 'close']) socket.on(end, resolve) }) }
}

async function until (done: () => boolean): Promise<void> { while (!done()) await delay(5) }

/** Nothing is open, at the farm and at the server. */
async function over (app: FastifyInstance, sockets: readonly Socket[]): Promise<void> {
  await until(() => app.tunnels.size === 0 && sockets.every(({ destroyed, readableEnded }) => destroyed || readableEnded))
  await until(() => app.farms.get('chat')?.servers.every(({ tunnels, handshakes }) => tunnels + handshakes === 0) ?? false)
}

const goodbyes: ReadonlyArray<readonly [string, FarmServerState, object]> = [
  ['at once', 'unavailableImmediately', {}],
  ['at the deadline, which comes before the end of the window', 'unavailableGracefully', { window: 3_600_000, deadline: 50 }]
]
for (const [when, state, goodbye] of goodbyes) {
  t.test(`told ${when}, clients that ignore the Close are gone, and so are those of a handshake that was under way`, async t => {
    let answerLast = (): void => {}
    const { port: httpPort, sockets } = await deafServer(t)
    const slow = createServer()
    slow.on('upgrade', (_request, socket: Socket) => {
      sockets.push(socket)
      socket.on('error', () => {}).resume()
      answerLast = () => { socket.write(ANSWER) }
    })
    slow.listen(0, '127.0.0.1')
    await once(slow, 'listening')
    t.teardown(() => slow.close())

    const { app, port } = await proxy(t, httpPort, goodbye)
    const clients = [stubborn(t, port), stubborn(t, port)]
    await until(() => app.farms.get('chat')?.servers[0]?.tunnels === 2)
    app.farms.farm('chat').add({ address: 'localhost', httpPort: (slow.address() as AddressInfo).port })
    // The one with the fewest open is the new one.
    const late = stubborn(t, port)
    await until(() => sockets.length === 3)
    app.farms.farm('chat').setState('127.0.0.1', state)
    app.farms.farm('chat').setState('localhost', state)
    for (const { closed } of clients) await closed
    await delay(100)
    answerLast()
    await late.closed
    for (const { heard } of [...clients, late]) t.ok(heard().includes(GOODBYE), 'it was told goodbye')
    await over(app, sockets)
    t.strictSame(app.farms.get('chat')?.servers.map(({ state, tunnels, handshakes }) => ({ state, tunnels, handshakes })), Array.from({ length: 2 }, () => ({ state, tunnels: 0, handshakes: 0 })))
  })
}

t.test('a client that does not read is gone as well, though no goodbye reaches it', async t => {
  // Unmasked binary frames without an end.
  const frame = Buffer.concat([Buffer.from([0x82, 126, 0xff, 0xff]), Buffer.alloc(65_535)])
  const { port: httpPort, sockets } = await deafServer(t, socket => {
    const write = (): void => { while (!socket.destroyed && socket.write(frame)); }
    socket.on('drain', write)
    write()
  })
  const { app, port } = await proxy(t, httpPort, {})
  const { socket, heard } = stubborn(t, port)
  await until(() => heard().includes('101'))
  socket.pause()
  // Until nothing fits any more.
  for (let before = -1; before !== sockets[0]?.bytesWritten;) {
    before = sockets[0]?.bytesWritten ?? -1
    await delay(300)
  }
  app.farms.farm('chat').setState('127.0.0.1', 'unavailableImmediately')
  await over(app, sockets)
  t.equal(app.tunnels.size, 0)
})

t.test('a server that is removed leaves in the same way, and is then forgotten', async t => {
  const { port: httpPort, sockets } = await deafServer(t)
  const { app, port } = await proxy(t, httpPort, { window: 0 })
  const { heard, closed } = stubborn(t, port)
  await until(() => app.farms.get('chat')?.servers[0]?.tunnels === 1)
  app.farms.replace([{ name: 'chat', servers: ['127.0.0.9'] }])
  await closed
  t.ok(heard().includes(GOODBYE))
  await over(app, sockets)
  t.strictSame(app.farms.get('chat')?.servers.map(({ name, tunnels }) => `${name} ${tunnels}`), ['127.0.0.9 0'])
})
