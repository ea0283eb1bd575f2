// What may come in over the wire, and what it is answered: each part alone, all together on every port, and nginx beside them.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { connect, type AddressInfo, type Server } from 'node:net'
import { join } from 'node:path'
import Fastify, { LogController, type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { arrLog } from '../plugins/arr-log/src/index.ts'
import { hostRouting } from '../plugins/host-routing/src/index.ts'
import { listeners } from '../plugins/listeners/src/index.ts'
import { upstreamProxy } from '../plugins/upstream-proxy/src/index.ts'
import { urlRewrite } from '../plugins/url-rewrite/src/index.ts'

interface Row {
  readonly bytes: string
  readonly status: number
  /** What nginx answers; null where it is more lenient. */
  readonly nginx: number | null
}

const UPGRADE = 'Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'

const row = (bytes: string, status: number, nginx: number | null = status): Row => ({ bytes, status, nginx })
const get = (target: string, host: string, status: number, nginx: number | null = status): Row => row(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`, status, nginx)

// nginx is more lenient with the second list.
const REFUSED_HOSTS = ['a b', 'a/b', ':80', '::1', 'a, b', '']
const LENIENT_HOSTS = ['a@b', 'a:1:2', 'a:port', 'a:99999', 'a?b', 'a#b', 'a\\b', '[::1', '[zz]', '[::1]x', 'a%00b', '%61', 'a\u00e9', 'a,b']

/** For whoever reads the Host. */
const HOSTS: readonly Row[] = [
  get('/', 'a', 200), get('/', 'A.:80', 200), get('/', 'my_host.test:8080', 200), get('/', '[::1]:80', 200),
  ...REFUSED_HOSTS.map(host => get('/', host, 400)),
  ...LENIENT_HOSTS.map(host => get('/', host, 400, null)),
  get('http://a:80/', 'a', 200), get('http://a/', 'a:80', 200), get('http://A/', 'a', 200), get('http://a./', 'a', 200), get('http://a/', 'a:', 200, null), get('http://a:/', 'a', 200),
  get('http://b/', 'a', 400, null), get('http://a:81/', 'a', 400, null), get('http://u@a/', 'a', 400, null),
  get('*', 'a', 400)
]

/** For whoever takes requests in. */
const PROTOCOLS: readonly Row[] = [
  row('GET / HTTP/1.0\r\nHost: a\r\n\r\n', 200),
  row('CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n', 405, null),
  row('GET / RTSP/1.0\r\nHost: a\r\n\r\n', 400), row('OPTIONS * RTSP/1.0\r\n\r\n', 400), row('ANNOUNCE / RTSP/1.0\r\n\r\n', 400), row('SETUP rtsp://a/ RTSP/1.0\r\n\r\n', 400), row('SOURCE / ICE/1.0\r\n\r\n', 400)
]

/** For a proxy. */
const TRACE: readonly Row[] = [
  row('TRACE / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', 405), row('TRACE / HTTP/1.0\r\nHost: a\r\n\r\n', 405), row('TRACE /any?x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', 405)
]

/** Malformed requests for a WebSocket. */
const UPGRADES: readonly Row[] = [...REFUSED_HOSTS.filter(host => host !== ''), ...LENIENT_HOSTS].map(host => row(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\n${UPGRADE}\r\n`, 400, null))

/** The status that the bytes are answered with, once the connection has ended. */
async function statusOf (port: number, bytes: string): Promise<number> {
  const socket = connect(port, '127.0.0.1')
  let text = ''
  socket.on('error', () => {})
  socket.on('data', chunk => { text += chunk.toString('latin1') })
  socket.write(bytes, 'latin1')
  await new Promise(resolve => socket.on('close', resolve))
  return Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1])
}

async function check (t: Test, port: number, rows: readonly Row[]): Promise<void> {
  for (const { bytes, status } of rows) t.equal(await statusOf(port, bytes), status, JSON.stringify(bytes.slice(0, 60)))
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port

async function backend (t: Test): Promise<string> {
  const server = createServer((_request, response) => { response.end('ok') })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  return `http://127.0.0.1:${portOf(server)}`
}

async function start (t: Test, prepare: (app: FastifyInstance) => unknown): Promise<number> {
  const app = Fastify({ forceCloseConnections: true }) as unknown as FastifyInstance
  t.teardown(() => app.close())
  await prepare(app)
  await app.listen({ port: 0, host: '127.0.0.1' })
  return portOf(app.server)
}

for (const hostHeader of ['upstream', 'preserve', 'fixed.test']) {
  t.test(`upstream-proxy alone (hostHeader: ${hostHeader})`, async t => {
    const upstream = await backend(t)
    await check(t, await start(t, app => app.register(upstreamProxy, { upstream, hostHeader })), [...HOSTS, ...PROTOCOLS, ...TRACE, ...UPGRADES])
  })
}

t.test('upstream-proxy without WebSockets', async t => {
  const upstream = await backend(t)
  await check(t, await start(t, app => app.register(upstreamProxy, { upstream, websocket: false })), [...HOSTS, ...PROTOCOLS, ...TRACE, ...UPGRADES.map(({ bytes }) => row(bytes.replace('Upgrade\r\n', 'Upgrade, close\r\n'), 400))])
})

t.test('host-routing alone', async t => {
  await check(t, await start(t, async app => {
    await app.register(hostRouting, { sites: [{ name: 'all', hosts: ['*'] }] })
    app.all('/*', async () => 'ok')
  }), HOSTS)
})

t.test('listeners alone', async t => {
  let app: FastifyInstance | undefined
  await start(t, async one => {
    app = one
    await app.register(listeners, { listeners: [{ port: 0, host: '127.0.0.1' }] })
    app.all('/*', async () => 'ok')
  })
  await check(t, app?.listeners.addresses[0]?.port as number, PROTOCOLS)
})

t.test('url-rewrite alone makes no Host of the client\'s into a URL that is not one', async t => {
  const port = await start(t, app => app.register(urlRewrite, { rules: [{ name: 'secure', match: { url: '(.*)' }, action: { type: 'Redirect', url: 'https://{HTTP_HOST}/{R:1}' } }] }))
  for (const host of [...REFUSED_HOSTS, ...LENIENT_HOSTS]) t.equal(await statusOf(port, get('/', host, 400).bytes), 400, host)
  t.equal(await statusOf(port, get('/', 'my_host.test:8080', 301).bytes), 301)
})

t.test('all together, on the server\'s own port and on a listener\'s: the same, and every request has its line', async t => {
  const upstream = await backend(t)
  const directory = t.testdir()
  const warnings: string[] = []
  const app = Fastify({ forceCloseConnections: true, logController: new LogController({ disableRequestLogging: true }), logger: { level: 'warn', stream: { write: (text: string) => { warnings.push(text) } } } }) as unknown as FastifyInstance
  t.teardown(() => app.close())
  await app.register(arrLog, { directory })
  await app.register(listeners, { listeners: [{ port: 0, host: '127.0.0.1' }] })
  await app.register(hostRouting, { sites: [{ name: 'all', hosts: ['*'] }] })
  await app.register(urlRewrite, { globalRules: [{ name: 'all', match: { url: '(.*)' }, action: { type: 'Rewrite', url: `${upstream}/{R:1}` } }] })
  await app.register(upstreamProxy)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const rows = [...HOSTS, ...PROTOCOLS, ...TRACE, ...UPGRADES]
  for (const port of [portOf(app.server), app.listeners.addresses[0]?.port as number]) await check(t, port, rows)
  await app.close()
  t.same(warnings, [], 'no list of routes')
  const lines = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.log')).map(name => [name, readFileSync(join(directory, name), 'utf8').split('\r\n').filter(line => line !== '' && !line.startsWith('#'))] as const)
  t.equal(lines.flatMap(([, all]) => all).length, 2 * rows.length, 'each request has a line')
  const rejected = lines.filter(([name]) => name.startsWith('HTTPERR')).flatMap(([, all]) => all)
  t.equal(rejected.filter(line => line.includes(' CONNECT a:443 405 ')).length, 2)
  for (const method of ['ANNOUNCE', 'SETUP', 'SOURCE']) t.equal(rejected.filter(line => line.includes(` - ${method} `) && line.includes(' 400 - BadRequest ')).length, 2, method)
  t.equal(rejected.length, 2 * rows.filter(({ status, bytes }) => status !== 200 && !bytes.startsWith('TRACE')).length)
})

const isNginx = ((): boolean => {
  try {
    execFileSync('nginx', ['-v'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})()

t.test('nginx', { skip: isNginx ? false : 'nginx is not installed' }, async t => {
  // nginx takes no port 0: a server that was closed leaves one that is free.
  const free = createServer().listen(0, '127.0.0.1')
  await once(free, 'listening')
  const port = portOf(free)
  free.close()
  await once(free, 'close')
  const folder = t.testdir()
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(name => `${name}_temp_path ${folder}/${name};`).join(' ')
  writeFileSync(join(folder, 'nginx.conf'), `daemon off; master_process off; pid ${folder}/pid; error_log stderr;\nevents {}\nhttp { access_log off; ${paths} server { listen 127.0.0.1:${port}; location / { return 200 ok; } } }\n`)
  const nginx = spawn('nginx', ['-p', folder, '-e', 'stderr', '-c', join(folder, 'nginx.conf')], { stdio: 'ignore' })
  const ended = once(nginx, 'exit')
  t.teardown(async () => {
    nginx.kill()
    await ended
  })
  // It tells nobody that it listens.
  while (await isRefused(port)) if (nginx.exitCode !== null) throw new Error('nginx ended')
  for (const { bytes, nginx: status } of [...HOSTS, ...PROTOCOLS, ...TRACE]) {
    if (status !== null) t.equal(await statusOf(port, bytes.replace('Host: a\r\n\r\n', 'Host: a\r\nConnection: close\r\n\r\n')), status, JSON.stringify(bytes.slice(0, 60)))
  }
})

async function isRefused (port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  const refused = await new Promise<boolean>(resolve => socket.on('connect', () => resolve(false)).on('error', () => setTimeout(resolve, 20, true)))
  socket.destroy()
  return refused
}
