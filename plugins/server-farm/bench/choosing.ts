// What does a choice cost, in time of the processor? Run with: node --expose-gc --import=tsx --conditions=@fastify-arr/source plugins/server-farm/bench/choosing.ts
import type { FastifyRequest } from 'fastify'
import { chooserOf } from '../src/choosing/algorithms.ts'
import { ServerPool } from '../src/choosing/server-pool.ts'
import { compileFarms } from '../src/compile/compile-farms.ts'
import { compileServers } from '../src/compile/compile-servers.ts'
import type { AlgorithmName } from '../src/compile/settings.ts'
import { Farms } from '../src/farm/farms.ts'
import { Server } from '../src/farm/server.ts'

const ALGORITHMS: AlgorithmName[] = ['leastLoad', 'leastTunnels', 'weightedRoundRobin', 'leastResponseTime', 'powerOfTwoChoices', 'random', 'requestHash']
const ROUNDS = 200_000
const addresses = (count: number): string[] => Array.from({ length: count }, (_, index) => `10.0.${index >> 8}.${index & 255}`)

function time (rounds: number, run: (round: number) => void): { ns: number, bytes: number } {
  for (let round = 0; round < rounds / 4; round++) run(round)
  globalThis.gc?.()
  let best = Infinity
  const before = process.memoryUsage().heapUsed
  for (let pass = 0; pass < 3; pass++) {
    const start = process.cpuUsage()
    for (let round = 0; round < rounds; round++) run(round)
    best = Math.min(best, process.cpuUsage(start).user * 1000 / rounds)
  }
  return { ns: best, bytes: Math.max(0, process.memoryUsage().heapUsed - before) / rounds / 3 }
}

console.log('the algorithm alone, ns a choice')
for (const algorithm of ALGORITHMS) {
  const row = [3, 10, 100, 1000].map(count => {
    const servers = compileServers(addresses(count), { tunnels: 0, handshakes: 0 }, 'servers', []).map(one => new Server(one))
    for (const [index, server] of servers.entries()) {
      server.requests = index % 7
      server.responseTime.observe(5 + index % 11, 0)
    }
    const pool = new ServerPool(servers, 0, null, Math.random)
    const chooser = chooserOf(algorithm, 1.25, Math.random)
    const asker = { now: 1, isRestricted: false, may: () => true, key: 0, load: count * 3 }
    return time(count === 1000 ? ROUNDS / 4 : ROUNDS, round => {
      asker.key = Math.imul(round, 0x9e3779b1)
      chooser.choose(pool, asker)
    }).ns.toFixed(0).padStart(7)
  })
  console.log(algorithm.padEnd(20), ...row)
}

console.log('\na whole visit, from the question to the end: ns (3, 10, 100, 1000 servers), and bytes with 10 and with 1000')
const request = { headers: { key: 'x' }, originalUrl: '/chat', ip: '192.0.2.1' } as unknown as FastifyRequest
for (const algorithm of ALGORITHMS) {
  const row = [3, 10, 100, 1000].map(count => {
    const farms = new Farms(compileFarms([{ name: 'chat', servers: addresses(count), algorithm, hash: { header: 'key' } }]), () => {})
    return time(ROUNDS / 4, () => {
      farms.visit('chat', { request, secure: false, kind: 'webSocket' })?.ask(choice => { if ('name' in choice) choice.ended(null) })
    })
  })
  console.log(algorithm.padEnd(20), ...row.map(({ ns }) => ns.toFixed(0).padStart(7)), ...[row[1], row[3]].map(one => one?.bytes.toFixed(0).padStart(7)))
}
