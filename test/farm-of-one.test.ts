// A farm of one server behaves as that server, and as a proxy that has it as its upstream.
import { serverFarm } from '@fastify-arr/server-farm'
import { upstreamProxy } from '@fastify-arr/upstream-proxy'
import Fastify, { type FastifyInstance } from 'fastify'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { startBackend } from '../backend/src/index.ts'
import { behaviours, type Subject } from './behaviour.ts'

const backend = await startBackend({ port: 0, host: '127.0.0.1' })
t.teardown(() => backend.close())
const { port } = backend.server.address() as AddressInfo
const apps: FastifyInstance[] = []

const one: Subject = { name: 'one upstream', hostname: 'localhost', port: await proxy(`http://127.0.0.1:${port}`), secure: false }
const farm: Subject = { name: 'a farm of one', hostname: 'localhost', port: await proxy('http://chat'), secure: false }

async function proxy (upstream: string): Promise<number> {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(upstreamProxy, { upstream, hostHeader: 'preserve' })
  await app.register(serverFarm, { farms: [{ name: 'chat', servers: [{ address: '127.0.0.1', httpPort: port }] }] })
  await app.listen({ port: 0, host: '127.0.0.1' })
  apps.push(app)
  return (app.server.address() as AddressInfo).port
}

for (const behaviour of behaviours) {
  t.test(behaviour.name, async t => {
    const seen = await behaviour.observe(one)
    t.match(seen, behaviour.seen, one.name)
    t.same(await behaviour.observe(farm), seen, farm.name)
  })
}

t.test('nothing is left open at the server', async t => {
  for (const app of apps) {
    const server = () => app.farms.get('chat')?.servers[0]
    const open = (): number => (server()?.requests ?? 0) + (server()?.handshakes ?? 0) + (server()?.tunnels ?? 0)
    // An exchange is over a moment after its client has seen the end.
    for (const end = performance.now() + 20_000; open() > 0 && performance.now() < end;) await delay(10)
    t.match(server(), { requests: 0, handshakes: 0, tunnels: 0 })
  }
  t.ok(apps[1]?.farms.get('chat')?.servers[0]?.chosen, 'and the farm has chosen it')
  t.equal(apps[0]?.farms.get('chat')?.servers[0]?.chosen, 0, 'which the other proxy has not')
})
