// What does the monitor cost, in time of the processor? Each exchange while nobody looks and while somebody does; each look at the clients' sockets; each second.
//
//   node --expose-gc --import=tsx --conditions=@fastify-arr/source plugins/monitor/bench/gathering.ts
import { EventEmitter } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import type { FastifyReply, FastifyRequest } from 'fastify'
import Fastify from 'fastify'
import { ClientBytes } from '../src/gathering/client-bytes.ts'
import { Exchanges } from '../src/gathering/exchanges.ts'
import { RecentCounts } from '../src/gathering/recent-counts.ts'
import { Rows } from '../src/gathering/rows/rows.ts'
import { Timeline } from '../src/gathering/timeline.ts'

const ROUNDS = 200_000
const A_SECOND = 20_000

// A request as Fastify makes it.
const app = Fastify()
let sample: FastifyRequest | undefined
app.get('/api/:name', async request => { sample = request })
await app.inject({ url: '/api/orders?page=2', headers: { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64)', host: 'shop.example' } })
const request = sample as FastifyRequest
Object.assign(request, {
  site: { name: 'ReverseProxy', id: 1 },
  rejection: null,
  rewrite: { rule: 'to the backend', url: 'http://localhost:8080/api/orders?page=2' },
  upstream: { server: 'http://localhost:8080', farm: 'chat', routed: 'app1', error: null, tunnel: null, attempts: [], connectTime: 1, firstByteTime: 2 }
})

class Response extends EventEmitter {
  headersSent = true
  statusCode = 200
  socket = null
  stream = null
}

function time (name: string, run: (rounds: number) => void, rounds = ROUNDS, aSecond: number | null = A_SECOND): void {
  run(rounds / 4)
  globalThis.gc?.()
  let best = Infinity
  for (let pass = 0; pass < 5; pass++) {
    const start = process.cpuUsage()
    run(rounds)
    const { user, system } = process.cpuUsage(start)
    best = Math.min(best, (user + system) * 1000 / rounds)
  }
  console.log(`${name.padEnd(64)} ${best.toFixed(0).padStart(7)} ns${aSecond === null ? '' : `, ${(best * aSecond / 1e9 * 100).toFixed(2)} % of the CPU at ${aSecond} a second`}`)
}

function exchanges (filters: readonly string[], isCounted = true): (rounds: number) => void {
  const timeline = new Timeline(0, 0)
  const bytes = new ClientBytes()
  const rows = new Rows({}, bytes)
  const all = new Exchanges({ timeline, errors: new RecentCounts(0), closes: new RecentCounts(0), bytes, tell: ending => { rows.told(ending) } })
  const followed = filters.map(filter => rows.follow(filter))
  return rounds => {
    for (let round = 0; round < rounds; round++) {
      const raw = new Response()
      const reply = { raw, sent: true } as unknown as FastifyReply
      if (isCounted) all.begin(request, reply)
      else raw.on('close', nothing)
      raw.emit('close')
      if (round % A_SECOND === 0) rows.tick()
      if (round % (A_SECOND / 2) === 0) for (const one of followed) one.read()
    }
  }
}

function nothing (): void {}

time('the bench itself: a response, and a listener of its end', exchanges([], false))
time('an exchange while nobody looks', exchanges([]))
time('with one who follows all', exchanges(['']))
time('with one who follows status:5xx', exchanges(['status:5xx']))
time('with one who follows host:shop path:/api client:10. status:5xx', exchanges(['host:shop path:/api client:10. status:5xx']))
time('with one who looks for a word that is nowhere', exchanges(['nowhere']))
time('with five of them', exchanges(['', 'status:5xx', 'nowhere', 'path:/other', 'ua:curl']))

// Real sockets: their counters are asked for in C++.
const SOCKETS = 200
const server = createServer()
const met: Socket[] = []
server.on('connection', socket => { met.push(socket) })
await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
const clients = Array.from({ length: SOCKETS }, () => connect((server.address() as AddressInfo).port, '127.0.0.1'))
while (met.length < SOCKETS) await new Promise(resolve => { setImmediate(resolve) })
const bytes = new ClientBytes()
for (const socket of met) bytes.of({ socket } as unknown as FastifyRequest['raw'])
time('a look at the counters of one socket', rounds => { for (let left = rounds; left > 0; left -= SOCKETS) bytes.look(true) }, ROUNDS, 50_000)
for (const client of clients) client.destroy()
server.close()

const timeline = new Timeline(0, 0)
let seconds = 0
time('the end of a second', rounds => {
  for (let left = rounds; left > 0; left--) {
    timeline.times.record(5)
    seconds++
    timeline.tick(seconds * 1000, seconds * 1000, 0)
  }
}, 20_000, null)
console.log(`memory of the charts: ${(process.memoryUsage().arrayBuffers / 1024).toFixed(0)} KiB`)
