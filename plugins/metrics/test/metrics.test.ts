// What is counted, of real requests and WebSockets through a real proxy; and what Prometheus' own tools say of it.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fastifyWebSocket from '@fastify/websocket'
import { upstreamProxy } from '@fastify-arr/upstream-proxy'
import Fastify, { type FastifyInstance } from 'fastify'
import { Registry } from 'prom-client'
import t, { type Test } from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import { metrics, type MetricsOptions } from '../src/index.ts'

const without = (program: string): false | string => existsSync(`/usr/bin/${program}`) || process.env.CI === 'true' ? false : `${program} is not installed`
const portOf = (server: Server | FastifyInstance['server']) => (server.address() as AddressInfo).port

async function upstreamServer (t: Test): Promise<{ url: string, server: Server }> {
  const server = createServer((request, response) => {
    if (request.url === '/held') return
    response.statusCode = request.url === '/missing' ? 404 : 200
    response.end('page')
  })
  const sockets = new WebSocketServer({ server, verifyClient: ({ req }, done) => { done(req.url !== '/forbidden', 403) } })
  sockets.on('connection', socket => {
    socket.on('error', () => {})
    socket.on('message', (message, isBinary) => {
      if (String(message) === 'policy') socket.close(1008, 'no')
      else socket.send(message, { binary: isBinary })
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => { for (const client of sockets.clients) client.terminate(); server.close(); server.closeAllConnections() })
  return { url: `http://127.0.0.1:${portOf(server)}`, server }
}

async function proxy (t: Test, options: MetricsOptions = {}): Promise<{ app: FastifyInstance, port: number }> {
  const { url } = await upstreamServer(t)
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(metrics, options)
  await app.register(upstreamProxy, { to: request => request.url.startsWith('/nowhere') ? 'http://127.0.0.1:1/' : undefined, upstream: url })
  await app.listen({ port: 0, host: '127.0.0.1' })
  return { app, port: portOf(app.server) }
}

async function open (t: Test, port: number, path = '/'): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`)
  t.teardown(() => { socket.terminate() })
  socket.on('error', () => {})
  await once(socket, 'open')
  return socket
}

/** The samples by their names with labels, the server's name left out. */
async function samplesOf (app: FastifyInstance): Promise<Map<string, number>> {
  const samples = new Map<string, number>()
  for (const line of (await app.metrics.text()).split('\n')) {
    const [, name, value] = /^([^#\s][^{\s]*(?:\{[^}]*\})?) (\S+)$/.exec(line) ?? []
    if (name !== undefined) samples.set(name.replace(/server="[^"]*"/, 'server=""'), Number(value))
  }
  return samples
}

/** Waits until a sample has a value: an exchange is over a moment after its client has the answer. */
async function until (app: FastifyInstance, name: string, value: number): Promise<Map<string, number>> {
  for (;;) {
    const samples = await samplesOf(app)
    if (samples.get(name) === value) return samples
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}

t.test('requests by site, method and status, with their times; those that fail, by the error', async t => {
  const { app, port } = await proxy(t)
  for (const path of ['/', '/', '/missing', '/nowhere']) await (await fetch(`http://127.0.0.1:${port}${path}`)).text()
  await (await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body: 'x' })).text()
  const samples = await until(app, 'arr_requests_in_flight', 0)
  t.equal(samples.get('arr_requests_total{site="",method="GET",code="200"}'), 2)
  t.equal(samples.get('arr_requests_total{site="",method="GET",code="404"}'), 1)
  t.equal(samples.get('arr_requests_total{site="",method="GET",code="502"}'), 1)
  t.equal(samples.get('arr_requests_total{site="",method="POST",code="200"}'), 1)
  t.equal(samples.get('arr_request_duration_seconds_count{site="",code="200"}'), 3)
  t.equal(samples.get('arr_request_duration_seconds_bucket{site="",code="200",le="+Inf"}'), 3)
  t.equal(samples.get('arr_upstream_answers_total{farm="",server="",code="404"}'), 1)
  t.equal(samples.get('arr_upstream_errors_total{farm="",server="",code="FST_ARR_UPSTREAM_REFUSED",side="upstream"}'), 1)
  t.equal(samples.get('arr_upstream_attempts_failed_total{farm="",server="",code="FST_ARR_UPSTREAM_REFUSED"}'), 1)
  t.equal((samples.get('arr_upstream_connections_total{farm="",server="",kept="yes"}') ?? 0) + (samples.get('arr_upstream_connections_total{farm="",server="",kept="no"}') ?? 0), 4)
})

t.test('bytes of HTTP each way, those of a WebSocket left out', async t => {
  const { app, port } = await proxy(t)
  const socket = connect(port, '127.0.0.1')
  const request = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabcde'
  let got = 0
  socket.on('data', data => { got += data.length })
  socket.write(request)
  await until(app, 'arr_requests_total{site="",method="POST",code="200"}', 1)
  socket.write(request)
  const samples = await until(app, 'arr_requests_total{site="",method="POST",code="200"}', 2)
  socket.end()
  await once(socket, 'close')
  t.equal(samples.get('arr_http_bytes_total{site="",direction="received"}'), 2 * request.length)
  t.equal(samples.get('arr_http_bytes_total{site="",direction="sent"}'), got)
  await open(t, port).then(opened => { opened.send('x'.repeat(1000)); opened.close(1000) })
  const after = await until(app, 'arr_requests_in_flight', 0)
  t.equal(after.get('arr_http_bytes_total{site="",direction="received"}'), 2 * request.length)
  t.equal(after.get('arr_websocket_bytes_total{site="",farm="",server="",direction="received"}'), 8 + 1000 + 8, 'they are counted there')
})

t.test('new connections by their time, the connections that are kept, and who waits for one', async t => {
  const { url } = await upstreamServer(t)
  // After an abort fetch opens connections ahead of need, on which no request comes: Node waits a minute for them.
  const app = Fastify({ forceCloseConnections: true })
  t.teardown(() => app.close())
  await app.register(metrics)
  await app.register(upstreamProxy, { upstream: url, connections: { max: 1, perClient: 0 } })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const at = `http://127.0.0.1:${portOf(app.server)}`
  for (let i = 0; i < 3; i++) await (await fetch(at)).text()
  const samples = await until(app, 'arr_requests_in_flight', 0)
  t.equal(samples.get('arr_upstream_connect_duration_seconds_count{farm="",server=""}'), 1, 'the other two went on a kept one')
  t.match(await app.metrics.text(), `arr_upstream_pool_connections{server="${url}",state="idle"} 1`)
  t.match(await app.metrics.text(), `arr_upstream_pool_connections{server="${url}",state="busy"} 0`)
  const abort = new AbortController()
  const held = [1, 2, 3].map(async () => await fetch(`${at}/held`, { signal: abort.signal }).catch(() => null))
  await until(app, 'arr_upstream_pool_waiting{server=""}', 2)
  t.match(await app.metrics.text(), `arr_upstream_pool_connections{server="${url}",state="busy"} 1`)
  abort.abort()
  await Promise.all(held)
  await until(app, 'arr_requests_in_flight', 0)
})

t.test('retries are the attempts after one that failed, not the one that fails last', async t => {
  const { url } = await upstreamServer(t)
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(metrics)
  await app.register(upstreamProxy, { retries: 2, to: request => request.url === '/found' && request.upstream?.attempts.length === 2 ? url : 'http://127.0.0.1:1' })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const at = `http://127.0.0.1:${portOf(app.server)}`
  await (await fetch(`${at}/found`)).text()
  t.match(await until(app, 'arr_requests_in_flight', 0), new Map([['arr_upstream_retries_total{farm="",server=""}', 2]]))
  t.match(await app.metrics.text(), `arr_upstream_retries_total{farm="",server="${url}"} 2`)
  await (await fetch(`${at}/lost`)).text()
  await until(app, 'arr_requests_in_flight', 0)
  t.match(await app.metrics.text(), 'arr_upstream_retries_total{farm="",server="http://127.0.0.1:1"} 2', 'three attempts have failed')
})

t.test('WebSockets: open now, opened, ended by whom and with which code, lives, and what passes through them while they are open', async t => {
  const { app, port } = await proxy(t)
  const sockets = await Promise.all([1, 2, 3].map(async () => await open(t, port)))
  const [first, second] = sockets as [WebSocket, WebSocket]
  first.send('hello')
  await once(first, 'message')
  const before = await samplesOf(app)
  t.equal(before.get('arr_websockets_open{site="",farm="",server=""}'), 3)
  t.equal(before.get('arr_websockets_opened_total{site="",farm="",server="",http="1.1"}'), 3)
  t.equal(before.get('arr_websocket_handshake_duration_seconds_count{site="",farm=""}'), 3)
  t.equal(before.get('arr_websocket_messages_total{site="",farm="",server="",direction="received",type="text"}'), 1, 'of an open one')
  t.equal(before.get('arr_websocket_messages_total{site="",farm="",server="",direction="sent",type="text"}'), 1)
  t.equal(before.get('arr_websocket_bytes_total{site="",farm="",server="",direction="sent"}'), 7)

  first.close(1000)
  second.send('policy')
  await once(second, 'close')
  const after = await until(app, 'arr_websockets_open{site="",farm="",server=""}', 1)
  t.equal(after.get('arr_websockets_closed_total{site="",farm="",server="",by="client",code="1000",ending="end",limit=""}'), 1)
  t.equal(after.get('arr_websockets_closed_total{site="",farm="",server="",by="upstream",code="1008",ending="end",limit=""}'), 1)
  t.equal(after.get('arr_websocket_lifetime_seconds_count{site="",farm=""}'), 2)
  t.equal(after.get('arr_websocket_messages_total{site="",farm="",server="",direction="received",type="text"}'), 2, 'what has ended still counts')
  t.notOk([...after.keys()].some(name => name.startsWith('arr_requests_total')), 'a WebSocket is no request: its life would spoil the times')
})

t.test('of two servers in one process, each counts its own WebSockets', async t => {
  const [one, other] = [await proxy(t), await proxy(t)]
  const [first] = [await open(t, one.port), await open(t, one.port), await open(t, other.port)]
  first?.close(1000)
  const samples = await until(one.app, 'arr_websockets_closed_total{site="",farm="",server="",by="client",code="1000",ending="end",limit=""}', 1)
  t.equal(samples.get('arr_websockets_open{site="",farm="",server=""}'), 1)
  const others = await samplesOf(other.app)
  t.equal(others.get('arr_websockets_open{site="",farm="",server=""}'), 1)
  t.notOk([...others.keys()].some(name => name.startsWith('arr_websockets_closed_total')), 'none of its own has ended')
})

t.test('a refused WebSocket is a handshake with its status', async t => {
  const { app, port } = await proxy(t)
  const socket = new WebSocket(`ws://127.0.0.1:${port}/forbidden`)
  await once(socket, 'error')
  await open(t, port).then(opened => { opened.close(1000) })
  const samples = await until(app, 'arr_websocket_handshakes_total{site="",code="101"}', 1)
  t.equal(samples.get('arr_websocket_handshakes_total{site="",code="403"}'), 1)
})

t.test('requests of a pipeline whose connection is lost are over, each counted once', async t => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(metrics)
  let came = 0
  let arrived = () => {}
  const all = new Promise<void>(resolve => { arrived = () => { if (++came === 3) resolve() } })
  app.get('/never/*', () => { arrived(); return new Promise(() => {}) })
  app.get('/*', async () => 'page')
  await app.listen({ port: 0, host: '127.0.0.1' })
  const whole = connect(portOf(app.server), '127.0.0.1')
  whole.write('GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  await once(whole.resume(), 'end')
  const lost = connect(portOf(app.server), '127.0.0.1')
  lost.write(['/never/1', '/never/2', '/never/3'].map(path => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`).join(''))
  await all
  lost.resetAndDestroy()
  const samples = await until(app, 'arr_requests_in_flight', 0)
  t.equal(samples.get('arr_requests_total{site="",method="GET",code="200"}'), 2)
  t.equal(samples.get('arr_requests_total{site="",method="GET",code="none"}'), 3)
})

t.test('the life of a WebSocket that this server itself accepts is no response time', async t => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(metrics)
  await app.register(fastifyWebSocket)
  app.get('/own', { websocket: true }, () => {})
  await app.listen({ port: 0, host: '127.0.0.1' })
  const socket = await open(t, portOf(app.server), '/own')
  t.equal((await samplesOf(app)).get('arr_requests_in_flight'), 1)
  socket.close(1000)
  const samples = await until(app, 'arr_requests_in_flight', 0)
  t.equal(samples.get('arr_websocket_handshakes_total{site="",code="none"}'), 1)
  t.notOk([...samples.keys()].some(name => /^arr_request(s_total|_duration)/.test(name)))
})

t.test('labels stay few, whatever clients send', async t => {
  const { app, port } = await proxy(t)
  for (let i = 0; i < 20; i++) {
    const socket = connect(port, '127.0.0.1')
    socket.write(`GET /${i}?q=${i} HTTP/1.1\r\nHost: host${i}.example\r\nUser-Agent: a${i}\r\nConnection: close\r\n\r\n`)
    await once(socket.resume(), 'end')
  }
  const text = await app.metrics.text()
  t.equal((text.match(/^arr_requests_total\{/gm) ?? []).length, 1)
  t.notMatch(text, /host\d+\.example|\?q=/)
})

t.test('a registry of the user gets the metrics; the own one has those of the process', async t => {
  const registry = new Registry()
  const { app, port } = await proxy(t, { registry })
  await (await fetch(`http://127.0.0.1:${port}/`)).text()
  await until(app, 'arr_requests_in_flight', 0)
  t.match(await registry.metrics(), /^arr_requests_total\{/m)
  t.notMatch(await registry.metrics(), /^process_cpu/m)
  t.match(await registry.getMetricsAsJSON(), [{ name: 'arr_requests_total', type: 'counter', aggregator: 'sum' }])
  registry.resetMetrics()
  t.notMatch(await registry.metrics(), /^arr_requests_total\{/m)
  const own = await proxy(t)
  t.match(await own.app.metrics.text(), /^process_cpu_seconds_total/m)
})

t.test('a registry is for one server at a time', async t => {
  const registry = new Registry()
  const first = Fastify()
  await first.register(metrics, { registry })
  await t.rejects(async () => await Fastify().register(metrics, { registry }), {
    code: 'FST_ARR_METRICS_INVALID_OPTIONS',
    message: 'metrics: `registry` does not take the metrics: each server needs one of its own (A metric with the name arr_requests_total has already been registered.)'
  })
  await first.close()
  const next = Fastify()
  t.teardown(() => next.close())
  await next.register(metrics, { registry })
  await next.ready()
  t.match(await next.metrics.text(), /^arr_requests_in_flight 0$/m)
})

t.test('promtool finds nothing to say of the names', { skip: without('promtool') }, async t => {
  const { app, port } = await proxy(t)
  await (await fetch(`http://127.0.0.1:${port}/nowhere`)).text()
  await open(t, port).then(socket => { socket.close(1000) })
  await until(app, 'arr_websockets_open{site="",farm="",server=""}', 0)
  const text = (await app.metrics.text()).split('\n').filter(line => /^(# \w+ )?arr_/.test(line)).join('\n')
  const said = execFileSync('promtool', ['check', 'metrics'], { input: `${text}\n`, encoding: 'utf8' })
  t.equal(said, '')
})

t.test('the alerts fire when they are to', { skip: without('promtool') }, async t => {
  const folder = fileURLToPath(new URL('.', import.meta.url))
  t.match(execFileSync('promtool', ['check', 'rules', join(folder, '../alerts.yml')], { encoding: 'utf8' }), /10 rules found/)
  t.match(execFileSync('promtool', ['test', 'rules', join(folder, 'alerts.test.yml')], { encoding: 'utf8' }), /SUCCESS/)
})

t.test('on its own port: metrics, alive, ready, and not ready while the server drains', async t => {
  const { app, port } = await proxy(t, { listen: { port: 0 } })
  const { port: own = 0, address } = app.metrics.address ?? {}
  t.equal(address, '127.0.0.1')
  const ask = async (path: string, method = 'GET') => {
    const answer = await fetch(`http://127.0.0.1:${own}${path}`, { method })
    return [answer.status, await answer.text(), answer.headers.get('content-type')]
  }
  const [status, body, type] = await ask('/metrics')
  t.equal(status, 200)
  t.match(body, /^arr_requests_in_flight/m)
  t.match(type, /^text\/plain; version=0\.0\.4/)
  t.strictSame((await ask('/livez')).slice(0, 2), [200, 'alive\n'])
  t.strictSame((await ask('/readyz')).slice(0, 2), [200, 'ready\n'])
  t.strictSame((await ask('/other'))[0], 404)
  t.strictSame((await ask('/metrics', 'POST'))[0], 405)
  t.strictSame((await ask('/metrics', 'HEAD')).slice(0, 2), [200, ''])
  t.strictSame((await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()), 'page', 'the site itself does not have it')

  // A client that does not answer the goodbye keeps the server draining.
  const silent = connect(port, '127.0.0.1')
  t.teardown(() => { silent.destroy() })
  silent.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n')
  await once(silent, 'data')
  const closed = app.close()
  while ((await ask('/readyz'))[1] !== 'draining\n') await new Promise(resolve => setTimeout(resolve, 10))
  t.strictSame((await ask('/livez')).slice(0, 2), [200, 'alive\n'], 'it is alive meanwhile')
  silent.destroy()
  await closed
  t.equal(app.metrics.address, null)
  await t.rejects(fetch(`http://127.0.0.1:${own}/livez`))
})

t.test('ready asks the user', async t => {
  for (const [ready, word] of [[() => false, 'not ready\n'], [async () => { throw new Error('no') }, 'not ready\n'], [async () => true, 'ready\n']] as const) {
    const { app } = await proxy(t, { ready })
    t.equal((await app.metrics.readiness()).body, word)
  }
  const app = Fastify()
  await app.register(metrics, {})
  await app.ready()
  t.equal((await app.metrics.readiness()).body, 'not listening\n')
  await app.close()
})

t.test('all mistakes in one error', async t => {
  await t.rejects(async () => await Fastify().register(metrics, { pth: '/metrics', path: 'metrics', listen: { port: 'x', hots: '' }, ready: true, registry: {}, buckets: { request: [2, 1], lifetimes: [] } } as never), {
    code: 'FST_ARR_METRICS_INVALID_OPTIONS',
    message: 'metrics: `pth` is no option; the nearest is `path`; `registry` must be a registry of prom-client or @prometheus-io/client; `listen.hots` is no option; there are port, host; `listen.port` must be a port; `path` must be a path that begins with a slash; `ready` must be a function; `buckets.lifetimes` is no option; the nearest is `lifetime`; `buckets.request` must be a list of rising numbers'
  })
})

t.test('a real Prometheus reads it, and answers queries with what was done', { skip: without('prometheus'), timeout: 120_000 }, async t => {
  const { app, port } = await proxy(t, { listen: { port: 0 } })
  for (let i = 0; i < 5; i++) await (await fetch(`http://127.0.0.1:${port}/`)).text()
  const sockets = await Promise.all([1, 2, 3, 4].map(async () => await open(t, port)))
  sockets[0]?.close(1000)
  await until(app, 'arr_websockets_open{site="",farm="",server=""}', 3)

  const folder = t.testdir()
  await writeFile(join(folder, 'prometheus.yml'), `
global: { scrape_interval: 200ms, scrape_timeout: 200ms, evaluation_interval: 1s }
rule_files: ['${fileURLToPath(new URL('../alerts.yml', import.meta.url))}']
scrape_configs:
  - job_name: proxy
    static_configs: [{ targets: ['127.0.0.1:${app.metrics.address?.port ?? 0}'] }]
`)
  // Prometheus tells its port nowhere but in its log.
  const prometheus = spawn('prometheus', [`--config.file=${folder}/prometheus.yml`, `--storage.tsdb.path=${folder}/data`, '--web.listen-address=127.0.0.1:0', '--log.level=info'], { stdio: ['ignore', 'ignore', 'pipe'] })
  t.teardown(async () => {
    const ended = once(prometheus, 'exit')
    prometheus.kill('SIGKILL')
    await ended
  })
  const at = await new Promise<string>((resolve, reject) => {
    let log = ''
    prometheus.stderr.setEncoding('utf8').on('data', (text: string) => {
      log += text
      const [, address] = /address=(127\.0\.0\.1:[1-9]\d*)/.exec(log) ?? []
      if (address !== undefined) resolve(address)
    })
    prometheus.on('exit', () => { reject(new Error(log)) })
  })
  const query = async (text: string): Promise<string | null> => {
    const answer = await fetch(`http://${at}/api/v1/query?query=${encodeURIComponent(text)}`).catch(() => null)
    const { data } = answer?.ok !== true ? { data: undefined } : await answer.json() as { data?: { result?: Array<{ value: [number, string] }> } }
    return data?.result?.[0]?.value[1] ?? null
  }
  const answers = async (text: string, value: string): Promise<void> => {
    while (await query(text) !== value) await new Promise(resolve => setTimeout(resolve, 50))
    t.pass(`${text} is ${value}`)
  }
  await answers('sum(arr_websockets_open)', '3')
  await answers('sum(arr_requests_total{code="200"})', '5')
  await answers('sum(arr_websockets_closed_total{code="1000",by="client"})', '1')
  await answers('histogram_quantile(0.99, sum by (le) (arr_request_duration_seconds_bucket)) < bool 10', '1')
})

t.test('the dashboard asks for metrics that there are', async t => {
  const { app } = await proxy(t)
  const text = await app.metrics.text()
  const names = new Set([...text.matchAll(/^# TYPE (\S+) (\S+)/gm)].flatMap(([, name = '', type]) => type === 'histogram' ? [`${name}_bucket`] : [name]))
  const { panels } = JSON.parse(await readFile(new URL('../grafana/dashboard.json', import.meta.url), 'utf8')) as { panels: Array<{ title: string, targets: Array<{ expr: string }> }> }
  const alerts = await readFile(new URL('../alerts.yml', import.meta.url), 'utf8')
  const asked = [...panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)), alerts].flatMap(expr => [...expr.matchAll(/\barr_\w+/g)].map(([name]) => name))
  t.ok(asked.length > 30)
  for (const name of new Set(asked)) t.ok(names.has(name), name)
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8')
  for (const name of names) if (name.startsWith('arr_') && !name.startsWith('arr_farm_server_')) t.ok(readme.includes(name.replace(/_bucket$/, '')), `${name} is in the README`)
})
