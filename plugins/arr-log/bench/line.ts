// What does one exchange's line cost? Run: node --import=tsx --conditions=@fastify-arr/source plugins/arr-log/bench/line.ts
//
// Prints µs per exchange: for each step alone, and for a whole server with and without the log (injected
// requests, so that no network hides the difference). Counted is the processor's time of the whole process, its
// other threads included, and of several rounds the best: so a busy machine disturbs little.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fastify, { LogController, type FastifyReply, type FastifyRequest } from 'fastify'
import { pino } from 'pino'
import { connectionOf } from '../src/observe/connection.ts'
import { settle } from '../src/options.ts'
import { compileFormat } from '../src/format/compile.ts'
import { gather, type GatherOptions } from '../src/exchange/gather.ts'
import { arrLog, type ArrLogOptions } from '../src/index.ts'
import { createLogFiles } from '../src/files/log-files.ts'

const ROUNDS = 7
const TIMES = 40_000
const directory = mkdtempSync(join(tmpdir(), 'arr-log-bench-'))
const AGENT = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36'

function cpu (): number {
  const { user, system } = process.cpuUsage()
  return user + system
}

async function measure (name: string, once: (i: number) => void, after: () => Promise<void> | void = () => {}) {
  let best = Infinity
  for (let round = 0; round < ROUNDS; round++) {
    const start = cpu()
    for (let i = 0; i < TIMES; i++) once(i)
    await after()
    best = Math.min(best, (cpu() - start) / TIMES)
  }
  console.log(`${name.padEnd(58)} ${best.toFixed(2)} µs`)
  return best
}

// A request as a proxied one looks at its end, on a socket that counts.
const socket = { bytesRead: 500, bytesWritten: 900, localAddress: '127.0.0.1', localPort: 443, remoteAddress: '127.0.0.1', remotePort: 50_000, readableEnded: false, errored: null }
const raw = { method: 'GET', httpVersion: '1.1', httpVersionMajor: 1, headers: { host: 'reverseproxy.com', 'user-agent': AGENT, referer: 'http://reverseproxy.com/' }, socket }
const request = {
  id: 'req-1',
  raw,
  originalUrl: '/app/list?_rsc=m9hcm',
  site: { name: 'ReverseProxy', id: 1 },
  rewrite: { url: 'http://localhost:8080/app/list?_rsc=m9hcm', rule: 'ReverseProxy', logRewrittenUrl: false, serverVariables: {} },
  upstream: { logId: 'ad279eb5-5553-4609-8c40-4f529aee77f7', server: 'http://localhost:8080', routed: null, status: 200, error: null, tunnel: null, connectTime: 1, firstByteTime: 12 }
} as unknown as FastifyRequest
const reply = { sent: true, raw: { statusCode: 200, headersSent: true, writableFinished: true } } as unknown as FastifyReply
const begun = { startedAt: performance.now(), connection: connectionOf(raw as never), stream: null, watched: false, opening: false, webSocket: null }
const options: GatherOptions = { fallbackSite: { name: 'Default', id: 1 }, redact: query => query, username: () => null, cookie: false, process: false, custom: [] }

const settings = settle({ directory })
const format = compileFormat(settings, [])
const files = createLogFiles(settings, format, 0, { onTrouble: console.error, onRecovery: console.error })
const exchange = gather(request, reply, begun, options)
const logger = pino(pino.destination({ dest: '/dev/null', sync: false, minLength: 4_096 }))

let sink: unknown
console.log(`node ${process.version}; best of ${ROUNDS} × ${TIMES}\n`)
await measure('gathering', () => { sink = gather(request, reply, begun, options) })
await measure('making the W3C line', () => { sink = format.line(exchange) })
await measure('gathering, making, buffering, writing behind', () => { files.writeExchange(gather(request, reply, begun, options)) }, () => files.flush())
await measure('the pino entry with its line, in this thread', () => { logger.info({ exchange }, 'a line') })
await files.close()

async function server (name: string, log: ArrLogOptions | null, logger: false | { stream: NodeJS.WritableStream } = false) {
  const app = fastify({ logger, logController: new LogController({ disableRequestLogging: true }) })
  if (log !== null) await app.register(arrLog, { directory, ...log })
  app.get('/', (_request, reply) => { reply.send('x') })
  await app.ready()
  const headers = { 'user-agent': AGENT }
  let best = Infinity
  for (let round = 0; round < ROUNDS; round++) {
    const start = cpu()
    for (let i = 0; i < 4_000; i++) await app.inject({ url: '/', headers })
    best = Math.min(best, (cpu() - start) / 4_000)
  }
  await app.close()
  console.log(`${name.padEnd(58)} ${best.toFixed(2)} µs`)
}

console.log('')
await server('an injected request without the log', null)
await server('… with the file', {})
await server('… with the file and pino entries to nowhere', {}, { stream: pino.destination({ dest: '/dev/null', sync: false, minLength: 4_096 }) as unknown as NodeJS.WritableStream })
const transport = pino.transport({ target: new URL('../dist/transport.js', import.meta.url).pathname, options: { directory } })
await server('… with the worker-thread transport', { file: false }, { stream: transport as unknown as NodeJS.WritableStream })
transport.end()
rmSync(directory, { recursive: true, force: true })
if (sink === undefined) throw new Error('nothing was measured')
