import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect as connectTcp, type AddressInfo, type Socket } from 'node:net'
import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { WebSocket } from 'ws'
import { backend, startBackend, type BackendOptions } from '../src/index.ts'

async function start (t: Test, options: BackendOptions = {}): Promise<{ server: FastifyInstance, host: string }> {
  const server = await startBackend({ port: 0, ...options })
  t.teardown(() => server.close())
  return { server, host: `localhost:${(server.server.address() as { port: number }).port}` }
}

/** A socket whose messages can be awaited one by one, from the first on. */
function connect (t: Test, host: string): { socket: WebSocket, next: () => Promise<string> } {
  const socket = new WebSocket(`ws://${host}/`)
  t.teardown(() => socket.terminate())
  const waiting: string[] = []
  const takers: Array<(text: string) => void> = []
  socket.on('message', message => {
    const take = takers.shift()
    if (take) take(String(message)); else waiting.push(String(message))
  })
  return { socket, next: async () => waiting.shift() ?? await new Promise(resolve => takers.push(resolve)) }
}

t.test('a GET of / is the page, with the backend\'s port in a cookie', async t => {
  const { server, host } = await start(t)
  const page = readFileSync(new URL('../public/index.html', import.meta.url), 'utf8')
  for (const path of ['/', '/index.html']) {
    const response = await fetch(`http://${host}${path}`)
    t.equal(response.status, 200)
    t.match(response.headers.get('content-type'), /^text\/html/)
    t.equal(await response.text(), page)
    t.match(response.headers.get('set-cookie'), `backend-port=${(server.server.address() as { port: number }).port};`)
  }
  t.equal((await fetch(`http://${host}/nothing`)).status, 404)
})

t.test('an upgrade of / is the endpoint: a ping at once, then one at each interval', async t => {
  const { host } = await start(t, { pingInterval: 10 })
  const { next } = connect(t, host)
  for (let count = 1; count <= 3; count++) t.equal(await next(), `ping ${count}`)
})

t.test('a message is echoed, text as text and binary as binary', async t => {
  const { host } = await start(t)
  const { socket, next } = connect(t, host)
  t.equal(await next(), 'ping 1')
  socket.send('grüß dich')
  t.equal(await next(), 'grüß dich')
  socket.send(Buffer.from([0, 1, 255]))
  const [message, isBinary] = await once(socket, 'message') as [Buffer, boolean]
  t.same([...message], [0, 1, 255])
  t.ok(isBinary)
})

t.test('every client gets 1001 when the server closes', async t => {
  const { server, host } = await start(t)
  const { socket, next } = connect(t, host)
  await next()
  const closed = once(socket, 'close')
  await server.close()
  t.equal((await closed)[0], 1001)
})

t.test('a client that never answers the Close frame does not delay the close', async t => {
  const { server, host } = await start(t)
  const { socket, next } = connect(t, host)
  await next()
  socket.pause()
  await server.close()
  t.pass('closed')
})

t.test('a connection without a request, or with half of one, does not delay the close', async t => {
  const { server, host } = await start(t)
  for (const bytes of ['', 'GET / HTTP/1.1\r\nHost: local', 'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nhalf']) {
    const accepted = once(server.server, 'connection') as Promise<[Socket]>
    const client = connectTcp(Number(host.split(':')[1]), (server.addresses()[0] as AddressInfo).address)
    client.on('error', () => {})
    t.teardown(() => client.destroy())
    const [socket] = await accepted
    client.write(bytes)
    while (socket.bytesRead < bytes.length) await new Promise(resolve => setImmediate(resolve))
  }
  await server.close()
  t.pass('closed')
})

t.test('the endpoint stops reading from a client that sends and does not read, until it reads', async t => {
  const { server, host } = await start(t)
  const { socket, next } = connect(t, host)
  await next()
  socket.pause()
  const [peer] = server.websocketServer.clients as Set<WebSocket>
  const chunk = randomBytes(512 * 1024) // which deflate cannot compress
  let sent = 0
  while (!peer!.isPaused && sent < 200) {
    socket.send(chunk)
    sent++
    while (socket.bufferedAmount > 0 && !peer!.isPaused) await new Promise(resolve => setImmediate(resolve))
  }
  t.ok(peer!.isPaused)
  t.ok(peer!.bufferedAmount < 4 * chunk.length, 'what waits for it is bounded')
  const all = new Promise<void>(resolve => {
    let echoed = 0
    socket.on('message', () => { if (++echoed === sent) resolve() })
  })
  socket.resume()
  await all
})

t.test('it is a plugin for an existing server', async t => {
  const fastify = Fastify()
  t.teardown(() => fastify.close())
  await fastify.register(backend)
  fastify.get('/mine', async () => 'mine')
  t.equal((await fastify.inject('/mine')).body, 'mine')
  t.equal((await fastify.inject('/')).statusCode, 200)
})

t.test('an invalid interval is refused by name', async t => {
  for (const pingInterval of [0, -1, 1.5, NaN, 2 ** 31]) {
    await t.rejects(startBackend({ port: 0, pingInterval }), /`pingInterval`/)
  }
})

t.test('an unknown option is refused by name, with the nearest', async t => {
  await t.rejects(startBackend({ port: 0, pingIntervall: 5, bogus: 1, pingInterval: 0 } as never), /backend: `pingIntervall` is no option; the nearest is `pingInterval`; `bogus` is no option; there are pingInterval; `pingInterval` must/)
  const fastify = Fastify()
  t.teardown(() => fastify.close())
  // @fastify/autoload 6.5.0, index.js: register(plugin, { ...autoConfig, ...options, prefix }); `prefix` may be undefined.
  await fastify.register(backend, { prefix: '/app', logLevel: 'info', logSerializers: {} })
})

t.test('a port in use rejects the start and leaves nothing open', async t => {
  const { server } = await start(t)
  const { port } = server.server.address() as { port: number }
  await t.rejects(startBackend({ port }), { code: 'EADDRINUSE' })
})
