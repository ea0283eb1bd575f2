// What does a rule cost that does not fire? CPU of this process per proxied GET, with and without; the upstream and the client are other processes.
//
//   node --import=tsx --conditions=@fastify-arr/source plugins/request-trace/bench/recording.ts
import { type ChildProcess, fork } from 'node:child_process'
import { Agent, createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { upstreamProxy } from '@fastify-arr/upstream-proxy'
import fastify from 'fastify'
import { requestTrace, type RequestTraceOptions } from '../src/index.ts'

const REQUESTS = 15_000
const ROUNDS = 3
const CONNECTIONS = 16
const HEADERS = { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64)', accept: 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8', 'accept-language': 'en-US,en;q=0.5', 'accept-encoding': 'gzip, deflate, br', referer: 'http://shop.example/list?page=2' }
const SECRETS = { ...HEADERS, cookie: 'sid=0123456789abcdef0123456789abcdef; lang=de', authorization: 'Bearer 0123456789abcdef0123456789abcdef' }

const [, , part, port, kind] = process.argv
if (part === 'upstream') serveUpstream()
else if (part === 'client') await drive(Number(port), kind === 'secrets' ? SECRETS : HEADERS)
else await measure()

function serveUpstream (): void {
  const server = createServer((_, response) => { response.setHeader('Content-Type', 'text/plain'); response.end('hello') })
  server.listen(0, '127.0.0.1', () => { process.send?.((server.address() as AddressInfo).port) })
}

async function drive (port: number, headers: Record<string, string>): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })
  let left = REQUESTS
  const one = (): Promise<void> => new Promise((resolve, reject) => {
    request({ port, host: '127.0.0.1', path: '/a?b=c', headers, agent }, answer => { answer.resume().on('end', resolve) }).on('error', reject).end()
  })
  await Promise.all(Array.from({ length: CONNECTIONS }, async () => { while (left-- > 0) await one() }))
  agent.destroy()
  process.disconnect()
}

function another (...parts: string[]): ChildProcess {
  return fork(fileURLToPath(import.meta.url), parts)
}

async function measure (): Promise<void> {
  const worker = another('upstream')
  const upstream = await new Promise<number>(resolve => { worker.once('message', message => { resolve(Number(message)) }) })
  const silent = { directory: null, rules: [{ statusCodes: '500-599' }] }
  const cases: ReadonlyArray<readonly [string, RequestTraceOptions | null, Record<string, string>]> = [
    ['without', null, HEADERS],
    ['no rules', {}, HEADERS],
    ['a rule', silent, HEADERS],
    ['a rule, General alone', { ...silent, rules: [{ statusCodes: '500-599', areas: { General: 'Information' } }] }, HEADERS],
    ['without, secrets', null, SECRETS],
    ['a rule, secrets', silent, SECRETS]
  ]
  const best = new Map<string, number>()
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, options, headers] of cases) {
      const app = fastify()
      if (options !== null) await app.register(requestTrace, options)
      await app.register(upstreamProxy, { upstream: `http://127.0.0.1:${upstream}` })
      await app.listen({ port: 0, host: '127.0.0.1' })
      const client = another('client', String((app.server.address() as AddressInfo).port), headers === SECRETS ? 'secrets' : 'plain')
      const before = process.cpuUsage()
      await new Promise(resolve => { client.once('exit', resolve) })
      const used = process.cpuUsage(before)
      const each = (used.user + used.system) / REQUESTS
      best.set(name, Math.min(best.get(name) ?? Infinity, each))
      await app.close()
    }
  }
  for (const [name, each] of best) console.log(`${name.padEnd(24)} ${each.toFixed(1)} µs of CPU per request, the best of ${ROUNDS}`)
  worker.kill()
}
