// The goodbye of a server with several proxies.
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { Socket } from 'node:net'
import Fastify, { type FastifyInstance } from 'fastify'
import t from 'tap'
import upstreamProxy from '../src/index.ts'
import { clock, LIMIT } from './clock.ts'
import { eventually, frame, MASK, portOf } from './parts.ts'
import { agreeing, hear, open } from './tunnel-subjects.ts'

const GOODBYE = '\x88\x02\x03\xe9'
const PREFIXES = ['/a', '/b', '/c']

for (const [where, scoped] of [['beside each other', false], ['each in a scope of its own', true]] as const) {
  t.test(`the proxies of a server, ${where}, say goodbye at the same time, and its closing takes one deadline`, async t => {
    const goOn = clock(t)
    const upstream = await agreeing(t)
    const app = Fastify()
    t.teardown(() => app.close())
    for (const prefix of PREFIXES) {
      const add = async (scope: FastifyInstance): Promise<void> => { await scope.register(upstreamProxy, { upstream: upstream.url, prefix, websocket: { drain: { window: 0, deadline: LIMIT } } }) }
      if (scoped) await app.register(add)
      else await add(app)
    }
    await app.listen({ port: 0, host: '127.0.0.1' })
    const clients = await Promise.all(PREFIXES.map(async prefix => {
      const { near } = await open(t, portOf(app.server), upstream, prefix)
      return { heard: hear(near), ended: once(near, 'end') }
    }))
    // Nobody answers the goodbye: each lasts until its deadline.
    let cut = 0
    let over = false
    for (const { ended } of clients) ended.then(() => cut++, () => cut++)
    app.close().then(() => { over = true }, () => {})
    await eventually(() => clients.every(({ heard }) => heard.text() === GOODBYE), 'all are said goodbye')
    goOn(LIMIT - 10_000)
    for (let i = 0; i < 20; i++) await new Promise(resolve => setImmediate(resolve))
    t.equal(cut, 0, 'it waits for them')
    // Time goes no further: a second deadline would not pass.
    goOn(10_001)
    await eventually(() => over, 'it takes one deadline, not three')
    await eventually(() => cut === PREFIXES.length, 'all are cut')
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
