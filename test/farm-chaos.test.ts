// Five servers are killed, stopped, refuse, come back, are drained, taken out and put in again, while pages and WebSockets pass.
// No idempotent request fails as long as two are left, no tunnel hangs, and at the end everything that is counted is zero and nothing is kept.
import { Agent, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { serverFarm } from '@fastify-arr/server-farm'
import { upstreamProxy } from '@fastify-arr/upstream-proxy'
import Fastify from 'fastify'
import t from 'tap'
import { WebSocket } from 'ws'
import { farmServers, type FarmServer } from './farm-servers.ts'

const ROUNDS = 40
/** Bytes. What is compiled and cached meanwhile is some megabytes; what a lost exchange keeps adds up. */
const GROWTH = 24 * 1024 * 1024

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Bytes that are in use after what can be freed was freed. */
async function heap (): Promise<number> {
  for (let i = 0; i < 3; i++) {
    collect()
    await delay(20)
  }
  return process.memoryUsage().heapUsed
}

/** Numbers that are the same in each run (mulberry32). */
function randomOf (seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let x = Math.imul(state ^ (state >>> 15), 1 | state)
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x
    return ((x ^ (x >>> 14)) >>> 0) / 4294967296
  }
}

t.test('five servers under mixed load', { timeout: 240_000 }, async t => {
  const servers = await farmServers(t, 5)
  const app = Fastify()
  t.teardown(() => app.close())
  const optionsOf = (some: readonly FarmServer[]) => [{
    name: 'chat',
    // Those that are ill get their share as well.
    algorithm: 'weightedRoundRobin' as const,
    servers: some.map(({ port }) => ({ address: '127.0.0.1', httpPort: port })),
    health: { url: '/health', interval: 1000, timeout: 1000, retries: 1 },
    liveTraffic: { failures: 2, out: 200, maxOut: 1000, atMost: 0.6 },
    retry: { attempts: 4, on: ['connect', 'reset', 'timeout', 503] as const, budget: 4 },
    goodbye: { window: 300, deadline: 1000 }
  }]
  await app.register(serverFarm, { farms: optionsOf(servers) })
  await app.register(upstreamProxy, { upstream: 'http://chat', timeouts: { connect: 2000, handshake: 2000, firstByte: 2000 }, websocket: { idleTimeout: 3000, closeGrace: 200 } })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo

  const load = { over: false, pages: 0 }
  let opened = 0
  let echoed = 0
  const failures: string[] = []
  const agent = new Agent({ keepAlive: true })
  t.teardown(() => { agent.destroy() })

  const pagesGoOn = async (): Promise<void> => {
    while (!load.over) {
      const answer = await new Promise<{ status: number, body: string }>((resolve, reject) => {
        const asked = request({ port, host: '127.0.0.1', path: '/page', agent }, response => {
          let body = ''
          response.setEncoding('utf8').on('data', (text: string) => { body += text }).on('end', () => { resolve({ status: response.statusCode ?? 0, body }) }).on('error', reject)
        })
        asked.on('error', reject)
        asked.end()
      }).catch((error: Error) => ({ status: 0, body: error.message }))
      load.pages++
      if (answer.status !== 200) failures.push(`page: ${answer.status} ${answer.body}`)
    }
  }

  const socketsGoOn = async (): Promise<void> => {
    while (!load.over) {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/`)
      const closed = new Promise<void>(resolve => { socket.on('close', () => { resolve() }) })
      socket.on('error', error => { failures.push(`WebSocket: ${error.message}`) })
      socket.on('open', () => {
        opened++
        socket.removeAllListeners('error')
        socket.on('error', () => {})
        socket.send('hello')
      })
      let own = 0
      socket.on('message', () => {
        echoed++
        if (load.over || ++own > 20) socket.close(1000)
        // Not at once: the machine has other things to do.
        else setTimeout(() => { if (socket.readyState === WebSocket.OPEN) socket.send('hello') }, 20)
      })
      await closed
    }
  }

  for (let i = 0; i < 200; i++) await fetch(`http://127.0.0.1:${port}/page`).then(answer => answer.text())
  const before = await heap()
  const loops = [...Array.from({ length: 4 }, pagesGoOn), ...Array.from({ length: 12 }, socketsGoOn)]

  const random = randomOf(20_261_129)
  /** What each server is, and how it comes back. */
  const ill = new Map<FarmServer, () => Promise<void> | void>()
  const outside = new Set<FarmServer>()
  const farm = app.farms.farm('chat')
  const told: string[] = []
  let kinds = 0
  for (let round = 0; round < ROUNDS; round++) {
    const server = servers[Math.floor(random() * servers.length)] as FarmServer
    const back = ill.get(server)
    if (back !== undefined) {
      ill.delete(server)
      await back()
      told.push(`${server.port} is back`)
    } else if (ill.size < 3) {
      const kind = kinds++ % 6
      told.push(`${server.port} ${['killed', 'hangs', '503', 'draining', 'unavailable', 'taken out'][kind] as string}`)
      if (kind === 0) {
        ill.set(server, () => server.start())
        await server.kill()
      } else if (kind === 1) {
        ill.set(server, () => { server.goOn() })
        server.hang()
      } else if (kind === 2) {
        ill.set(server, () => server.answer(200))
        await server.answer(503)
      } else if (kind === 3 || kind === 4) {
        ill.set(server, () => { farm.setState(nameOf(server), 'available') })
        farm.setState(nameOf(server), kind === 3 ? 'draining' : 'unavailableGracefully')
      } else {
        outside.add(server)
        ill.set(server, () => {
          outside.delete(server)
          app.farms.replace(optionsOf(servers.filter(one => !outside.has(one))))
        })
        app.farms.replace(optionsOf(servers.filter(one => !outside.has(one))))
      }
    }
    // A round is over when the load has noticed it, however slow the machine is.
    const enough = load.pages + 8
    do await delay(100); while (load.pages < enough)
  }
  for (const back of ill.values()) await back()
  load.over = true
  await Promise.all(loops)

  t.strictSame(failures, [], `${load.pages} pages, ${opened} WebSockets, ${echoed} messages; ${told.join(', ')}`)
  t.ok(load.pages > 100 && opened > 24 && echoed > 100, `${load.pages} pages, ${opened} WebSockets, ${echoed} messages`)
  const counts = () => [app.tunnels.size, app.farms.get('chat')?.waiting, ...(app.farms.get('chat')?.servers ?? []).map(({ requests, handshakes, tunnels }) => requests + handshakes + tunnels)]
  // The servers' ends of the tunnels close a moment later.
  for (const end = performance.now() + 20_000; counts().some(count => count !== 0) && performance.now() < end;) await delay(10)
  t.strictSame(counts(), [0, 0, 0, 0, 0, 0, 0])
  t.match(app.farms.get('chat')?.servers, Array.from({ length: 5 }, () => ({ requests: 0, handshakes: 0, tunnels: 0 })))
  agent.destroy()
  const growth = await heap() - before
  t.ok(growth < GROWTH, `the heap has grown by ${(growth / 2 ** 20).toFixed(1)} MiB`)

  function nameOf ({ port }: FarmServer): string {
    const found = app.farms.get('chat')?.servers.find(({ httpPort }) => httpPort === port)
    return found?.name ?? ''
  }
})
