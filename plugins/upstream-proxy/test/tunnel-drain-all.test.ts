// The goodbye of a server with several proxies.
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { Socket } from 'node:net'
import Fastify, { type FastifyInstance } from 'fastify'
import t from 'tap'
import upstreamProxy from '../src/index.ts'
import { eventually, frame, MASK, portOf } from './parts.ts'
import { agreeing, hear, open } from './tunnel-subjects.ts'

const GOODBYE = '\x88\x02\x03\xe9'
const PREFIXES = ['/a', '/b', '/c']

for (const [where, scoped] of [['beside each other', false], ['each in a scope of its own', true]] as const) {
  t.test(`the proxies of a server, ${where}, say goodbye at the same time, and its closing takes one deadline`, async t => {
    const deadline = 1500
    const upstream = await agreeing(t)
    const app = Fastify()
    t.teardown(() => app.close())
    for (const prefix of PREFIXES) {
      const add = async (scope: FastifyInstance): Promise<void> => { await scope.register(upstreamProxy, { upstream: upstream.url, prefix, websocket: { drain: { window: 0, deadline } } }) }
      if (scoped) await app.register(add)
      else await add(app)
    }
    await app.listen({ port: 0, host: '127.0.0.1' })
    const clients = await Promise.all(PREFIXES.map(async prefix => {
      const { near } = await open(t, portOf(app.server), upstream, prefix)
      return { heard: hear(near), ended: once(near, 'end') }
    }))
    // Nobody answers the goodbye: each lasts until its deadline.
    let first = false
    const ends = clients.map(async ({ ended }) => {
      await ended
      first = true
    })
    const started = performance.now()
    const closing = app.close()
    await eventually(() => clients.every(({ heard }) => heard.text() === GOODBYE), 'all are said goodbye')
    t.notOk(first, 'and none was cut by then')
    await Promise.all(ends)
    await closing
    const took = performance.now() - started
    t.ok(took >= deadline - 50, 'it waits for them')
    t.ok(took < deadline * 2, `one deadline, not three: ${Math.round(took)} ms`)
  })
}

t.test('where all take their leave the closing of a server with several proxies waits for no deadline', async t => {
  const upstream = await agreeing(t)
  const app = Fastify()
  t.teardown(() => app.close())
  for (const prefix of PREFIXES) await app.register(upstreamProxy, { upstream: upstream.url, prefix, websocket: { drain: { window: 0, deadline: 60_000 } } })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const leave = (side: Socket, mask?: Buffer) => side.once('data', () => side.end(frame(8, Buffer.from([0x03, 0xe9]), mask === undefined ? {} : { mask })))
  for (const prefix of PREFIXES) {
    const { near, far } = await open(t, portOf(app.server), upstream, prefix)
    leave(near, MASK).resume()
    leave(far).resume()
  }
  await app.close()
  t.equal(app.tunnels.size, 0)
})

t.test('a server that is used again says goodbye each time', async t => {
  const upstream = await agreeing(t)
  let handler!: RequestListener
  const server = createServer((request, response) => handler(request, response))
  for (const time of ['first', 'second']) {
    const app = Fastify({
      serverFactory: own => {
        handler = own as RequestListener
        return server
      }
    })
    t.teardown(() => app.close())
    await app.register(upstreamProxy, { upstream: upstream.url, websocket: { drain: { window: 0, deadline: 1 } } })
    await app.listen({ port: 0, host: '127.0.0.1' })
    const { near } = await open(t, portOf(server), upstream)
    const heard = hear(near)
    await app.close()
    await eventually(() => heard.text() === GOODBYE, `the ${time} time`)
    t.equal(app.tunnels.size, 0)
  }
})
