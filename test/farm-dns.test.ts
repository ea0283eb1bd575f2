// Servers found by DNS: the answers of a real name server change while pages and WebSockets pass, and no request notices.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { serverFarm } from '@fastify-arr/server-farm'
import { upstreamProxy } from '@fastify-arr/upstream-proxy'
import Fastify from 'fastify'
import t from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import { dnsmasq, withoutDnsmasq } from '../plugins/server-farm/test/dnsmasq.ts'
import { freePort } from './site.ts'

t.test('addresses that come and go', { skip: withoutDnsmasq, timeout: 120_000 }, async t => {
  const port = await freePort(t)
  for (const address of ['127.0.0.2', '127.0.0.3', '127.0.0.4']) {
    const server = createServer((_request, response) => { response.end(address) })
    const sockets = new WebSocketServer({ server })
    sockets.on('connection', socket => { socket.on('error', () => {}); socket.send(address) })
    server.listen(port, address)
    await once(server, 'listening')
    t.teardown(() => { server.close(); server.closeAllConnections() })
  }

  const dns = await dnsmasq(t)
  const resolve = async (addresses: readonly string[]): Promise<void> => { await dns.hosts(...addresses.map(address => `${address} chat.test`)) }
  await resolve(['127.0.0.2', '127.0.0.3'])

  const logged: string[] = []
  const app = Fastify({ logger: { level: 'warn', stream: { write: (line: string) => { logged.push(line) } } } })
  t.teardown(() => app.close())
  await app.register(serverFarm, {
    farms: [{
      name: 'chat',
      servers: { dns: 'chat.test', type: 'A', resolvers: [dns.address], minInterval: 200, server: { httpPort: port } },
      algorithm: 'weightedRoundRobin',
      goodbye: { window: 0 }
    }]
  })
  await app.register(upstreamProxy, { upstream: 'http://chat' })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const url = `127.0.0.1:${(app.server.address() as AddressInfo).port}`

  const seen = new Map<string, number>()
  const failures: string[] = []
  const load = { over: false }
  const loop = (async () => {
    while (!load.over) {
      const answer = await fetch(`http://${url}/`)
      const body = await answer.text()
      if (answer.status !== 200) failures.push(`${answer.status} ${body}`)
      seen.set(body, (seen.get(body) ?? 0) + 1)
    }
  })()
  const open = async (address: string): Promise<WebSocket> => {
    for (;;) {
      const socket = new WebSocket(`ws://${url}/`)
      const [message] = await once(socket, 'message')
      if (String(message) === address) return socket
      socket.terminate()
    }
  }
  const until = async (done: () => boolean): Promise<void> => { while (!done()) await delay(10) }

  await until(() => seen.size === 2)
  t.strictSame([...seen.keys()].sort(), ['127.0.0.2', '127.0.0.3'])
  const staying = await open('127.0.0.3')
  const leaving = await open('127.0.0.2')
  const left = once(leaving, 'close')
  await resolve(['127.0.0.3', '127.0.0.4'])
  const [code] = await left
  t.equal(code, 1012, 'the client of the server that went is told goodbye')
  // The answer that was under way may be the old server's.
  await until(() => seen.has('127.0.0.4'))
  seen.clear()
  await until(() => seen.size === 2)
  t.strictSame([...seen.keys()].sort(), ['127.0.0.3', '127.0.0.4'])
  t.equal(staying.readyState, WebSocket.OPEN, 'the others notice nothing')

  await resolve([])
  await until(() => logged.some(line => line.includes('chat.test (A) is not resolved')))
  seen.clear()
  await until(() => seen.size === 2)
  t.equal(app.farms.get('chat')?.servers.length, 2, 'a name that is gone keeps its last servers')
  load.over = true
  await loop
  t.strictSame(failures, [])
  staying.terminate()
})
