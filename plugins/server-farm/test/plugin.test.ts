// The plugin in a server of a user's own, which asks `fastify.farms` itself and speaks to real WebSocket servers.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { CHANNELS, type FarmChoice, type FarmChosen, type FarmRefusal, type OpenTunnel } from '@fastify-arr/facts'
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import t, { type Test } from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import { arrValue } from '../src/affinity/arr-cookie.ts'
import { serverFarm, type FarmOptions } from '../src/index.ts'

interface Backend {
  readonly port: number
  readonly server: WebSocketServer
}

async function backend (t: Test): Promise<Backend> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await once(server, 'listening')
  server.on('connection', socket => {
    socket.on('error', () => {})
    socket.on('message', message => { socket.send(`${(server.address() as AddressInfo).port}: ${message.toString()}`) })
  })
  t.teardown(() => {
    for (const client of server.clients) client.terminate()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, server }
}

async function serverOf (t: Test, farms: FarmOptions[]): Promise<FastifyInstance> {
  const fastify = Fastify()
  await fastify.register(serverFarm, { farms })
  t.teardown(() => fastify.close())
  return fastify
}

interface Opened {
  readonly choice: FarmChoice
  readonly socket: WebSocket
  readonly headers: string[]
}

/** What a proxy does, with `ws` as its client: asks, tries, and tries again. */
async function connect (fastify: FastifyInstance, request: FastifyRequest): Promise<Opened | FarmRefusal> {
  const visit = fastify.farms.visit('chat', { request, secure: false, kind: 'webSocket' })
  if (visit === null) throw new Error('there is no farm')
  for (;;) {
    const choice = await new Promise<FarmChoice | FarmRefusal>(resolve => { visit.ask(resolve) })
    if (!('name' in choice)) return choice
    const socket = new WebSocket(choice.server.replace('http', 'ws'))
    try {
      await once(socket, 'open')
    } catch {
      const failure = { code: 'FST_ARR_UPSTREAM_REFUSED', moment: 'connect', status: null } as const
      const may = visit.mayTryAgain(failure)
      choice.ended(failure)
      if (may) continue
      throw new Error('all attempts have failed')
    }
    const headers: string[] = []
    choice.answered(101, headers)
    choice.opened({ lastActivity: Date.now(), close: (code?: number, reason?: string) => { socket.close(code, reason) } } as OpenTunnel)
    socket.once('close', () => { choice.ended(null) })
    return { choice, socket, headers }
  }
}

/** A request of the server, which the test holds in its hand. */
async function requestOf (fastify: FastifyInstance, headers: Record<string, string> = {}): Promise<FastifyRequest> {
  await fastify.inject({ url: '/held', headers })
  return held as FastifyRequest
}
let held: FastifyRequest | null = null

async function echo (socket: WebSocket, text: string): Promise<string> {
  socket.send(text)
  const [message] = await once(socket, 'message') as [Buffer]
  return message.toString()
}

t.test('a user\'s own proxy: failing over, affinity, goodbye, and all counted', async t => {
  const [one, other] = [await backend(t), await backend(t)]
  const dead = await backend(t)
  dead.server.close()
  const fastify = await serverOf(t, [{
    name: 'chat',
    servers: [one, other, dead].map(({ port }) => ({ address: '127.0.0.1', httpPort: port })),
    affinity: { cookie: 'ARRAffinity' },
    goodbye: { window: 50 }
  }])
  fastify.get('/held', async request => {
    held = request
    return ''
  })

  const all: Opened[] = []
  for (let index = 0; index < 12; index++) all.push(await connect(fastify, await requestOf(fastify)) as Opened)
  t.same(fastify.farms.get('chat')?.servers.map(({ tunnels, handshakes }) => tunnels + handshakes), [6, 6, 0], 'the dead server has none, and nobody noticed')
  t.ok(fastify.farms.get('chat')?.servers[2]?.failed)

  const [first] = all as [Opened]
  const cookie = first.headers[1]?.split(';')[0] ?? ''
  t.equal(cookie, `ARRAffinity=${arrValue(first.choice.name)}`)
  for (let index = 0; index < 4; index++) {
    const again = await connect(fastify, await requestOf(fastify, { cookie })) as Opened
    t.equal(again.choice.name, first.choice.name)
    t.same(again.headers, [])
    all.push(again)
  }
  t.equal(await echo(first.socket, 'hello'), `${first.choice.server.split(':')[2]}: hello`)

  const leaving = all.filter(({ choice }) => choice.name === first.choice.name)
  const staying = all.filter(({ choice }) => choice.name !== first.choice.name)
  const closed = Promise.all(leaving.map(async ({ socket }) => await once(socket, 'close')))
  fastify.farms.farm('chat').setState(first.choice.name, 'unavailableGracefully', { reason: 'moving' })
  t.same((await closed).map(([code]) => code), leaving.map(() => 1012))
  for (const { socket, choice } of staying) t.equal(await echo(socket, 'still'), `${choice.server.split(':')[2]}: still`)

  const moved = await connect(fastify, await requestOf(fastify, { cookie })) as Opened
  t.not(moved.choice.name, first.choice.name)
  t.match(moved.headers[1], arrValue(moved.choice.name))

  const ends = Promise.all([moved, ...staying].map(async ({ socket }) => await once(socket, 'close')))
  for (const { socket } of [moved, ...staying]) socket.close()
  await ends
  t.same(fastify.farms.get('chat')?.servers.map(({ tunnels, handshakes }) => tunnels + handshakes), [0, 0, 0])
})

t.test('onlookers are told who was chosen, and of whom', async t => {
  const fastify = await serverOf(t, [{ name: 'chat', servers: ['a', 'b', { address: 'c', state: 'draining' }], algorithm: 'random' }])
  const told: FarmChosen[] = []
  const listen = (message: unknown): void => { told.push(message as FarmChosen) }
  const request = { headers: {}, originalUrl: '/' } as FastifyRequest
  const ask = (): FarmChoice | FarmRefusal | null => {
    let answer: FarmChoice | FarmRefusal | null = null
    fastify.farms.visit('CHAT', { request, secure: true, kind: 'request' })?.ask(chosen => { answer = chosen })
    return answer
  }
  const before = ask() as FarmChoice
  t.match(before.server, /^https:\/\/[ab]$/)
  t.equal(before.host, null)
  before.ended(null)
  subscribe(CHANNELS.farmChosen, listen)
  t.teardown(() => unsubscribe(CHANNELS.farmChosen, listen))
  const choice = ask() as FarmChoice
  t.match(told, [{ farm: 'chat', server: choice.name, algorithm: 'random', why: 'algorithm' }])
  t.equal(told[0]?.request, request)
  t.match(told[0]?.candidates.map(({ name, state, requests }) => ({ name, state, requests })), [{ name: 'a', requests: 0 }, { name: 'b', requests: 0 }, { name: 'c', state: 'draining' }])
  for (const name of ['a', 'b']) fastify.farms.farm('chat').setState(name, 'unavailableImmediately')
  t.match(ask(), { reason: 'none' })
  t.match(told[1], { server: null, why: 'none' })
})

t.test('the farms can be iterated, and are told by size and by name', async t => {
  const fastify = await serverOf(t, [{ name: 'Chat', servers: [{ address: '::1', httpPort: 8080, hostName: 'inner' }], algorithm: 'leastRequests' }, { name: 'shop', servers: [] }])
  t.equal(fastify.farms.size, 2)
  t.same([...fastify.farms].map(({ name }) => name), ['Chat', 'shop'])
  t.match(fastify.farms.get('CHAT'), { name: 'Chat', algorithm: 'leastLoad', waiting: 0, servers: [{ name: '::1', address: '::1', httpPort: 8080, httpsPort: 443, weight: 100, healthy: true, why: null }] })
  t.equal(fastify.farms.get('other'), undefined)
  let answer: FarmChoice | FarmRefusal | null = null
  fastify.farms.visit('chat', { request: { headers: {} } as FastifyRequest, secure: false, kind: 'request' })?.ask(chosen => { answer = chosen })
  t.match(answer, { name: '::1', server: 'http://[::1]:8080', host: 'inner' })
})

t.test('a server that closes lets nobody wait', async t => {
  const fastify = await serverOf(t, [{ name: 'chat', servers: ['a'], limits: { handshakes: 1, wait: 600_000 } }])
  await fastify.ready()
  const request = { headers: {} } as FastifyRequest
  const answers: Array<FarmChoice | FarmRefusal> = []
  for (let index = 0; index < 2; index++) fastify.farms.visit('chat', { request, secure: false, kind: 'webSocket' })?.ask(answer => { answers.push(answer) })
  t.equal(answers.length, 1)
  await fastify.close()
  t.match(answers[1], { reason: 'none' })
})
