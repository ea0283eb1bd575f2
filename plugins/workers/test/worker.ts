// A worker's program, for the tests: what it does stands in a file that they change.
import Fastify from 'fastify'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createServer, type AddressInfo } from 'node:net'
import { workers } from '../src/index.ts'
import { Tunnels } from './tunnels.ts'

/** What a worker has heard of others. */
export interface Heard {
  readonly told: Array<{ readonly data: string, readonly pid: number }>
  readonly came: number[]
  readonly gone: number[]
  /** How often it was not sent. */
  refused: number
}

export interface Version {
  readonly version: string
  /** How it does not start: by an error, by an exit, or never. */
  readonly broken?: 'throws' | 'exits' | 'hangs'
  /** Only the worker with this number is broken. */
  readonly only?: number
  /** Records that hold this are not adopted. */
  readonly refuse?: string
  /** The first tunnel that comes kills it. */
  readonly dies?: boolean
  readonly linger?: number
  readonly handOver?: false
  readonly goodbyeWindow?: number
  /** Instead of the site's. */
  readonly port?: number
  /** A unix socket that tells the version. */
  readonly path?: string
  /** A second server on the same port, or on any other that is free. */
  readonly second?: 'same' | 'free'
}

const [file = '', port = '', upstream = ''] = process.argv.slice(2)
const version = JSON.parse(readFileSync(file, 'utf8')) as Version
const app = Fastify()
const tunnels = new Tunnels(app.server, Number(upstream))
tunnels.refuse = version.refuse ?? null
if (version.dies === true) tunnels.adopt = () => { process.kill(process.pid, 'SIGKILL') }
app.decorate('tunnels', tunnels as never)
await app.register(workers, { linger: version.linger ?? 200, goodbye: { window: version.goodbyeWindow ?? 0 }, ...version.handOver === false && { handOver: false } })
app.workers.answer('adopted', () => ({ adopted: tunnels.adopted, open: tunnels.size }))
const heard: Heard = { told: [], came: [], gone: [], refused: 0 }
app.workers.listen('said', {
  told: (data, from) => { heard.told.push({ data: String(data).slice(0, 20), pid: from.pid }) },
  came: ({ pid }) => {
    heard.came.push(pid)
    app.workers.tell('said', `for ${pid}`, { generation: 0, number: 0, pid })
  },
  gone: ({ pid }) => { heard.gone.push(pid) }
})
app.workers.answer('heard', () => heard)
app.workers.answer('say', question => {
  const { pid, text, length, times } = question as { pid: number, text: string, length: number, times: number }
  if (pid !== process.pid) return
  for (let i = 0; i < times; i++) if (!app.workers.tell('said', text.padEnd(length))) heard.refused++
})
app.workers.answer('slow', async () => await new Promise(() => {}))
app.addHook('onClose', async () => { writeFileSync(`${file}.closed.${process.pid}`, '') })
app.get('/hang', (_request, reply) => {
  reply.hijack()
  reply.raw.end(String(process.pid), () => {
    const until = performance.now() + 3000
    while (performance.now() < until);
    writeFileSync(`${file}.stopped.${process.pid}`, '')
  })
})
app.get('/', async () => ({ version: version.version, pid: process.pid, generation: app.workers.generation, number: app.workers.number }))
app.get('/ask/:name', async request => await app.workers.ask((request.params as { name: string }).name, null, 500))
app.post('/ask/:name', async request => await app.workers.ask((request.params as { name: string }).name, request.body, 500))
if (version.only === undefined || version.only === app.workers.number) {
  if (version.broken === 'throws') throw new Error('this version is broken')
  if (version.broken === 'exits') process.exit(3)
  if (version.broken === 'hangs') await new Promise(() => { setInterval(() => {}, 1000) })
}
const listening = version.port ?? Number(port)
await app.listen({ port: listening, host: '127.0.0.1' })
if (version.path !== undefined) {
  const server = createHttpServer((_request, response) => { response.end(version.version) }).listen(version.path)
  await once(server, 'listening')
}
if (version.second !== undefined) {
  const second = createServer().listen(version.second === 'free' ? 0 : listening, '127.0.0.1')
  await once(second, 'listening')
  app.workers.answer('second', () => (second.address() as AddressInfo).port)
}
