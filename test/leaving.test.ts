// The site on a machine: how it leaves, whose hosts it has, where its upstream's servers come from, and what the start says of settings that do not fit.
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { WebSocket } from 'ws'
import { startBackend } from '../backend/src/index.ts'
import { graceMistake, readMachine } from '../start/settings/machine.ts'
import { upstreamsSite } from '../start/site/upstream.ts'
import { root } from './packages.ts'
import { start } from './program.ts'

const noSignals = process.platform === 'win32' ? 'Windows has no such signals' : false

t.beforeEach(() => { t.setTimeout(120_000) })

t.test('SIGTERM: with DRAIN_DELAY /readyz is 503 at once, and pages and WebSockets come as before until it is over', { skip: noSignals }, async t => {
  const program = start(t, { METRICS_PORT: '0', DRAIN_DELAY: '600000' })
  const [, metrics = ''] = await program.says(/metrics +(http:\/\/127\.0\.0\.1:\d+)\/metrics/)
  const [, port] = await program.says(/http:\/\/localhost:(\d+)/)
  await program.says(/stop +Ctrl\+C/)
  t.equal((await fetch(`${metrics}/readyz`)).status, 200)
  program.process.kill('SIGTERM')
  while ((await fetch(`${metrics}/readyz`)).status !== 503);
  t.equal((await fetch(`${metrics}/livez`)).status, 200)
  t.equal((await fetch(`http://localhost:${port}/`)).status, 200)
  const socket = new WebSocket(`ws://localhost:${port}/`)
  t.teardown(() => socket.terminate())
  await once(socket, 'message')
  const closed = once(socket, 'close') as Promise<[number]>
  program.process.kill('SIGTERM')
  t.equal((await closed)[0], 1001, 'a second SIGTERM does not wait')
  t.same(await program.exit, { code: 0, signal: null })
})

t.test('SIGTERM with WORKERS: /readyz of each is 503 at once, and of one that is started after it; pages and WebSockets come as before until DRAIN_DELAY is over', { skip: noSignals }, async t => {
  const program = start(t, { WORKERS: '2', METRICS_PORT: '0', DRAIN_DELAY: '600000' })
  const [, metrics = ''] = await program.says(/metrics +(http:\/\/127\.0\.0\.1:\d+)\/metrics/)
  const [, port] = await program.says(/http:\/\/localhost:(\d+)/)
  await program.says(/generation 1 serves/)
  // Whoever takes the connection.
  const ready = async (): Promise<number> => (await fetch(`${metrics}/readyz`, { headers: { connection: 'close' } })).status
  const both = async (): Promise<number[]> => [await ready(), await ready(), await ready(), await ready()]
  t.same(await both(), [200, 200, 200, 200])
  program.process.kill('SIGTERM')
  while ((await both()).includes(200));
  t.equal((await fetch(`${metrics}/livez`)).status, 200)
  const { stdout } = await promisify(execFile)(process.execPath, [join(root, 'plugins', 'workers', 'bin', 'arr-workers.js'), 'status', String(program.process.pid)])
  process.kill(Number(/ 1\/1 +serving +pid (\d+)/.exec(stdout)?.[1]), 'SIGKILL')
  await program.says(/worker 1 is back/)
  t.same(await both(), [503, 503, 503, 503])
  const socket = new WebSocket(`ws://localhost:${port}/`)
  t.teardown(() => socket.terminate())
  await once(socket, 'message')
  const closed = once(socket, 'close') as Promise<[number]>
  program.process.kill('SIGTERM')
  t.equal((await closed)[0], 1001, 'a second SIGTERM does not wait')
  t.same(await program.exit, { code: 1, signal: null }, 'one was killed')
})

t.test('SIGTERM with WORKERS: when DRAIN_DELAY is over they end by themselves', { skip: noSignals }, async t => {
  const program = start(t, { WORKERS: '2', DRAIN_DELAY: '50' })
  await program.says(/generation 1 serves/)
  program.process.kill('SIGTERM')
  t.same(await program.exit, { code: 0, signal: null })
})

t.test('SIGTERM: when DRAIN_DELAY is over it ends by itself', { skip: noSignals }, async t => {
  const program = start(t, { DRAIN_DELAY: '50' })
  await program.says(/stop +Ctrl\+C/)
  program.process.kill('SIGTERM')
  t.same(await program.exit, { code: 0, signal: null })
})

t.test('LOG_DIR=off writes no files, HOSTS=* takes any host, METRICS_HOST is an address', async t => {
  const backend = await startBackend({ port: 0 })
  t.teardown(() => backend.close())
  const { port: behind } = backend.server.address() as AddressInfo
  const program = start(t, { UPSTREAM: `http://localhost:${behind}`, HOSTS: '*', LOG_DIR: 'off', METRICS_PORT: '0', METRICS_HOST: '127.0.0.2' }, words => [words[0] as string, words.slice(1)])
  await program.says(/metrics +http:\/\/127\.0\.0\.2:/)
  const [, port] = await program.says(/http:\/\/localhost:(\d+)/)
  const socket = new WebSocket(`ws://localhost:${port}/`, { headers: { host: 'elsewhere.example' } })
  t.teardown(() => socket.terminate())
  t.equal(String((await once(socket, 'message'))[0]), 'ping 1')
  t.match(program.output(), /log +this console, and no files/)
  t.notMatch(program.output(), /traces +\//)
})

t.test('a grace that ends the process before its WebSockets is a sentence, and code 1', async t => {
  const program = start(t, { DRAIN_DEADLINE: '4000' })
  t.same(await program.exit, { code: 1, signal: null })
  t.match(program.output(), /^DRAIN_DEADLINE is 4000 ms, and the process is ended 4500 ms after the first goodbye: --close-grace-delay must be 5000 or more\.\n$/)
  const leaving = { delay: 0, window: 1000, deadline: 4000 }
  t.match(graceMistake(leaving, [], { DRAIN_DEADLINE: '4000' }), /ended 500 ms after.*FASTIFY_CLOSE_GRACE_DELAY must be 5000/)
  t.equal(graceMistake(leaving, [], { DRAIN_DEADLINE: '4000', FASTIFY_CLOSE_GRACE_DELAY: '5000' }), null)
  t.equal(graceMistake(leaving, ['--close-grace-delay=5000'], { DRAIN_DEADLINE: '4000' }), null)
  t.equal(graceMistake({ ...leaving, deadline: 3500 }, [], {}), null, 'nobody has asked for a time')
})

t.test('each mistake is a sentence that names its variable', async t => {
  const mistakes: string[] = []
  readMachine({ HOSTS: 'good.example,bad host', METRICS_HOST: '1.2.3.4:5', MAX_TUNNELS: '-1', DRAIN_DELAY: '5s', DRAIN_WINDOW: '5000', UPSTREAM: 'http://10.0.0.1', UPSTREAM_DNS: 'on' }, mistakes)
  t.same(mistakes.map(sentence => sentence.split(' ')[0]).sort(), ['DRAIN_DELAY', 'DRAIN_WINDOW', 'HOSTS', 'MAX_TUNNELS', 'METRICS_HOST', 'UPSTREAM_DNS'])
  const more: string[] = []
  readMachine({ DRAIN_DEADLINE: '0', DRAIN_WINDOW: '0', UPSTREAM_DNS: 'yes' }, more)
  t.match(more, [/^UPSTREAM_DNS must be on or off/, /^DRAIN_DEADLINE must be more than 0/])
})

t.test('UPSTREAM_DNS makes a farm of the name, with its port and path; any of HOSTS is let in', async t => {
  t.match(upstreamsSite('http://chat.example:8080/app/', { hosts: ['*'], upstreamDns: true }), {
    hostRouting: { sites: [{ hosts: ['*'] }] },
    urlRewrite: { globalRules: [{ conditions: undefined, action: { url: 'http://upstream_/app/{R:1}' } }] },
    serverFarm: { farms: [{ name: 'upstream_', servers: { dns: 'chat.example', server: { httpPort: 8080 } }, affinity: { cookie: 'ARRAffinity' } }] }
  })
  t.match(upstreamsSite('https://chat.example:8443', { hosts: null, upstreamDns: true }), { serverFarm: { farms: [{ servers: { dns: 'chat.example', server: { httpsPort: 8443 } } }] } })
  t.equal(upstreamsSite('http://chat.example', { hosts: null, upstreamDns: false }).serverFarm, undefined)
})
