// Why there is affinity: socket.io over three servers, with long polling before the WebSocket, works with it and fails without.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serverFarm, type AffinityOptions } from '@fastify-arr/server-farm'
import { upstreamProxy } from '@fastify-arr/upstream-proxy'
import Fastify from 'fastify'
import { Server } from 'socket.io'
import { io, type Socket } from 'socket.io-client'
import t, { type Test } from 'tap'

async function threeServers (t: Test): Promise<number[]> {
  return await Promise.all([1, 2, 3].map(async () => {
    const http = createServer()
    const sockets = new Server(http)
    const port = await new Promise<number>(resolve => { http.listen(0, '127.0.0.1', () => { resolve((http.address() as AddressInfo).port) }) })
    sockets.on('connection', socket => { socket.on('who', (answer: (port: number) => void) => { answer(port) }) })
    t.teardown(async () => {
      await sockets.close()
      http.closeAllConnections()
    })
    return port
  }))
}

async function proxy (t: Test, affinity: AffinityOptions | undefined): Promise<string> {
  const ports = await threeServers(t)
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(serverFarm, {
    farms: [{ name: 'chat', servers: ports.map(httpPort => ({ address: '127.0.0.1', httpPort })), algorithm: 'weightedRoundRobin', ...affinity !== undefined && { affinity } }]
  })
  await app.register(upstreamProxy, { upstream: 'http://chat' })
  await app.listen({ port: 0, host: '127.0.0.1' })
  return `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
}

function client (t: Test, url: string, options: object): Socket {
  const socket = io(url, { transports: ['polling', 'websocket'], reconnection: false, forceNew: true, ...options })
  t.teardown(() => { socket.close() })
  return socket
}

/** Through polling to the WebSocket: each request of a client must find the server that knows its session. */
async function arrives (socket: Socket): Promise<number> {
  await new Promise<void>(resolve => { socket.on('connect', resolve) })
  if (socket.io.engine.transport.name !== 'websocket') await new Promise(resolve => { socket.io.engine.on('upgrade', resolve) })
  return await socket.emitWithAck('who') as number
}

t.test('with the cookie of ARR, a client stays with its server from its first poll to its WebSocket', async t => {
  const url = await proxy(t, { cookie: 'ARRAffinity' })
  const ports = new Set<number>()
  // Of Node's clients, only those with `withCredentials` keep cookies.
  for (let i = 0; i < 6; i++) ports.add(await arrives(client(t, url, { withCredentials: true })))
  t.equal(ports.size, 3, 'and the clients are spread over all servers')
})

t.test('without affinity, a poll comes to a server that does not know the session', async t => {
  const url = await proxy(t, undefined)
  const socket = client(t, url, { withCredentials: true })
  const [error] = await new Promise<[Error | string]>(resolve => {
    socket.on('connect_error', error => { resolve([error]) })
    socket.on('disconnect', reason => { resolve([reason]) })
  })
  t.ok(error, String(error))
})

t.test('the `sid` of the requests is no affinity for long polling; a header that the client sends from the beginning is', async t => {
  const url = await proxy(t, { query: 'sid' })
  const reached = async (): Promise<string> => await new Promise(resolve => {
    const socket = client(t, url, {})
    socket.on('connect', () => { resolve('connected') })
    socket.on('connect_error', error => { resolve(error.message) })
  })
  // The first request has no sid: the server that gives it one is that which its hash names for one client in three, and not for the others.
  let ended = 'connected'
  for (let clients = 0; ended === 'connected' && clients < 30; clients++) ended = await reached()
  t.not(ended, 'connected')
  // By a header that the client sends from the beginning it works.
  const other = await proxy(t, { header: 'x-client' })
  t.type(await arrives(client(t, other, { extraHeaders: { 'x-client': 'a' } })), 'number')
})
