// Servers found by DNS: the answers of a real name server change while pages and WebSockets pass, and no request notices.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Resolver } from 'node:dns/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { serverFarm } from '@fastify-arr/server-farm'
import { upstreamProxy } from '@fastify-arr/upstream-proxy'
import Fastify from 'fastify'
import t from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import { freePort } from './site.ts'

const DNSMASQ = '/usr/sbin/dnsmasq'
const skip = existsSync(DNSMASQ) || process.env.CI === 'true' ? false : 'dnsmasq is not installed'

t.test('addresses that come and go', { skip, timeout: 120_000 }, async t => {
  const port = await freePort(t)
  for (const address of ['127.0.0.2', '127.0.0.3', '127.0.0.4']) {
    const server = createServer((_request, response) => { response.end(address) })
    const sockets = new WebSocketServer({ server })
    sockets.on('connection', socket => { socket.on('error', () => {}); socket.send(address) })
    server.listen(port, address)
    await once(server, 'listening')
    t.teardown(() => { server.close(); server.closeAllConnections() })
  }

  const dnsPort = await freePort(t)
  let dns: ChildProcess | null = null
  t.teardown(() => dns?.kill('SIGKILL'))
  const resolve = async (addresses: readonly string[]): Promise<void> => {
    if (dns !== null) {
      const ended = once(dns, 'exit')
      dns.kill('SIGKILL')
      await ended
    }
    dns = spawn(DNSMASQ, ['--no-daemon', '--conf-file=/dev/null', '--no-resolv', '--no-hosts', '--local-ttl=1', '--listen-address=127.0.0.1', '--bind-interfaces', `--port=${dnsPort}`, '--pid-file', ...process.getuid?.() === 0 ? ['--user=root'] : [], ...addresses.map(address => `--host-record=chat.example,${address}`)], { stdio: 'ignore' })
    const resolver = new Resolver({ timeout: 200, tries: 1 })
    resolver.setServers([`127.0.0.1:${dnsPort}`])
    for (;;) if (await resolver.resolve4('chat.example').then(() => true, error => error.code === 'ENOTFOUND' || error.code === 'ENODATA')) break
  }
  await resolve(['127.0.0.2', '127.0.0.3'])

  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(serverFarm, {
    farms: [{
      name: 'chat',
      servers: { dns: 'chat.example', type: 'A', resolvers: [`127.0.0.1:${dnsPort}`], minInterval: 200, server: { httpPort: port } },
      goodbye: { window: 0 }
    }]
  })
  await app.register(upstreamProxy, { upstream: 'http://chat' })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const url = `127.0.0.1:${(app.server.address() as AddressInfo).port}`

  const seen = new Map<string, number>()
  const load = { over: false }
  const loop = (async () => {
    while (!load.over) {
      const answer = await fetch(`http://${url}/`)
      const body = await answer.text()
      t.equal(answer.status, 200, body)
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
  seen.clear()
  await until(() => seen.size === 2)
  t.strictSame([...seen.keys()].sort(), ['127.0.0.3', '127.0.0.4'])
  t.equal(staying.readyState, WebSocket.OPEN, 'the others notice nothing')

  await resolve([])
  const before = [...seen.values()].reduce((a, b) => a + b)
  await until(() => [...seen.values()].reduce((a, b) => a + b) > before + 20)
  await delay(1500)
  t.equal(app.farms.get('chat')?.servers.length, 2, 'a name that is gone keeps its last servers')
  load.over = true
  await loop
  staying.terminate()
})
