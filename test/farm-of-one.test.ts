// A farm of one server behaves as that server, and as a proxy that has it as its upstream.
import { serverFarm } from '@fastify-arr/server-farm'
import { upstreamProxy } from '@fastify-arr/upstream-proxy'
import Fastify from 'fastify'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { startBackend } from '../backend/src/index.ts'
import { behaviours, type Subject } from './behaviour.ts'

const backend = await startBackend({ port: 0, host: '127.0.0.1' })
t.teardown(() => backend.close())
const { port } = backend.server.address() as AddressInfo

const one: Subject = { name: 'one upstream', hostname: 'localhost', port: await proxy(`http://127.0.0.1:${port}`), secure: false }
const farm: Subject = { name: 'a farm of one', hostname: 'localhost', port: await proxy('http://chat'), secure: false }

async function proxy (upstream: string): Promise<number> {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(upstreamProxy, { upstream, hostHeader: 'preserve' })
  await app.register(serverFarm, { farms: [{ name: 'chat', servers: [{ address: '127.0.0.1', httpPort: port }] }] })
  await app.listen({ port: 0, host: '127.0.0.1' })
  t.teardown(() => {
    const [server] = app.farms.get('chat')?.servers ?? []
    t.match(server, { requests: 0, handshakes: 0, tunnels: 0 }, 'nothing is left open')
  })
  return (app.server.address() as AddressInfo).port
}

for (const behaviour of behaviours) {
  t.test(behaviour.name, async t => {
    const seen = await behaviour.observe(one)
    t.match(seen, behaviour.seen, one.name)
    t.same(await behaviour.observe(farm), seen, farm.name)
  })
}
