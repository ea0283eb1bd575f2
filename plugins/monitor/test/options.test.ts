// Which options are refused, and what is a listener told that can't listen?
import { createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { monitor, type MonitorOptions } from '@fastify-arr/monitor'
import { compile } from '../src/options.ts'
import { ask } from './ask.ts'

const token = 'correct-horse-battery-staple'
const authorize = (): boolean => true

const MISTAKES: ReadonlyArray<[options: object, ...sentences: string[]]> = [
  [{}, '`listen` or `path` is needed'],
  [{ listen: 8001 }, '`listen` must be { port, host }'],
  [{ listen: null }, '`listen` must be { port, host }'],
  [{ listen: { port: '8001' } }, '`listen.port` must be a port'],
  [{ listen: { port: 65_536 } }, '`listen.port` must be a port'],
  [{ listen: { port: 1, hots: 'a' } }, '`listen.hots` is no option'],
  [{ listen: { port: 1, host: '' } }, '`listen.host` must be a host name or an IP address'],
  [{ listen: { port: 1, host: 'a:80' } }, '`listen.host` must be a host name or an IP address'],
  ...['0.0.0.0', '::', '192.0.2.1', 'example.com', 'localhost.example', '126.0.0.1', '::2', '::ffff:192.0.2.1'].map(host => [{ listen: { port: 1, host } }, '`listen.host` is not of this machine alone, which needs `token` or `authorize`'] as [object, string]),
  [{ path: '/monitor' }, '`path` needs `token` or `authorize`'],
  ...['monitor', '', '/a b', '/a?b', '/:a', '/*', '/a/../b', '/a//b', 5].map(path => [{ path, token }, '`path` must be a path'] as [object, string]),
  [{ path: '/a', token: 'fifteen letters' }, '`token` must be a text of at least 16 characters'],
  [{ path: '/a', token: 'with a space, long enough' }, '`token` must be'],
  [{ path: '/a', token: 'mit-Umlaut-ä-lang-genug' }, '`token` must be'],
  [{ path: '/a', authorize: true }, '`authorize` must be a function'],
  [{ path: '/a', token, hosts: 'localhost' }, '`hosts` must be a list of host names'],
  [{ path: '/a', token, hosts: [] }, '`hosts` must be a list of host names'],
  [{ path: '/a', token, hosts: ['ok.example', 'a:80', '*.example', 5] }, '`hosts[1]` must be', '`hosts[2]` must be', '`hosts[3]` must be'],
  [{ path: '/a', token, actions: 'yes' }, '`actions` must be true or false'],
  [{ path: '/a', tokens: token, listen: { port: -1 } }, '`tokens` is no option; the nearest is `token`', '`listen.port` must be a port', '`path` needs']
]

for (const [options, ...sentences] of MISTAKES) {
  t.test(`refused: ${JSON.stringify(options)}`, async t => {
    const error = await Fastify().register(monitor, options as MonitorOptions).then(() => null, (error: Error & { code: string }) => error)
    t.equal(error?.code, 'FST_ARR_MONITOR_INVALID_OPTIONS')
    for (const sentence of sentences) t.ok(error?.message.includes(sentence), `${sentence} is in: ${error?.message}`)
  })
}

t.test('addresses of this machine alone need no token', async t => {
  for (const host of ['localhost', 'LOCALHOST', '127.0.0.1', '127.9.9.9', '::1', '[::1]', '0:0:0:0:0:0:0:1']) t.ok(compile({ listen: { port: 0, host } }), host)
  for (const options of [{ token }, { authorize }]) t.ok(compile({ listen: { port: 0, host: '0.0.0.0' }, path: '/a/', ...options }))
})

t.test('hosts are normalised, and by default those of this machine and the listener', async t => {
  t.same([...compile({ listen: { port: 0, host: 'Status.Example' }, token }).hosts], ['localhost', '127.0.0.1', '[::1]', 'status.example'])
  t.same([...compile({ path: '/a', token, hosts: ['München.example.', '2001:DB8::0:1'] }).hosts], ['xn--mnchen-3ya.example', '[2001:db8::1]'])
})

function server (t: Test): FastifyInstance {
  const app = Fastify()
  t.teardown(() => app.close())
  return app
}

t.test('a port in use is told by the name of the option', async t => {
  for (const [taken, host] of [['127.0.0.1', 'localhost'], ['127.0.0.1', '127.0.0.1'], ['::1', 'localhost']] as const) {
    if (taken === '::1' && !hasIPv6()) continue
    const other = createServer()
    await new Promise<void>(resolve => { other.listen(0, taken, resolve) })
    t.teardown(() => { other.close() })
    const { port } = other.address() as { port: number }
    const app = server(t)
    await app.register(monitor, { listen: { port, host } })
    await t.rejects(async () => await app.ready(), { code: 'FST_ARR_MONITOR_LISTEN_FAILED', message: `monitor: \`listen\`: port ${port} on ${host} is in use by another program; choose another \`listen.port\`, or stop that program`, cause: { code: 'EADDRINUSE' } }, `${taken} ${host}`)
    t.equal(app.monitor.address, null)
  }
})

t.test('an address of another machine is told by the name of the option', async t => {
  const app = server(t)
  await app.register(monitor, { listen: { port: 0, host: '192.0.2.1' }, token })
  await t.rejects(async () => await app.ready(), { code: 'FST_ARR_MONITOR_LISTEN_FAILED', message: /`listen\.host`: 192\.0\.2\.1 is no address of this machine/ })
})

t.test('localhost is 127.0.0.1, and ::1 where there is IPv6', async t => {
  const app = server(t)
  await app.register(monitor, { listen: { port: 0 } })
  t.same([app.monitor.url, app.monitor.address], [null, null])
  await app.ready()
  const { port } = app.monitor.address as { port: number }
  t.equal(app.monitor.url, `http://localhost:${port}/`)
  t.equal((await ask(`http://127.0.0.1:${port}/`)).status, 200)
  if (hasIPv6()) t.equal((await ask(`http://[::1]:${port}/`)).status, 200)
  await app.close()
  t.same([app.monitor.url, app.monitor.address], [null, null])
  await t.rejects(ask(`http://127.0.0.1:${port}/`), { code: 'ECONNREFUSED' })
})

t.test('an IPv6 address has brackets in the URL', { skip: hasIPv6() ? false : 'there is no IPv6' }, async t => {
  const app = server(t)
  await app.register(monitor, { listen: { port: 0, host: '[::1]' } })
  await app.ready()
  t.match(app.monitor.url, /^http:\/\/\[::1\]:\d+\/$/)
  t.equal((await ask(app.monitor.url as string)).status, 200)
})

t.test('at a path the URL is that of the server, and null before it listens', async t => {
  const app = server(t)
  await app.register(monitor, { path: '/a/monitor/', token })
  await app.ready()
  t.equal(app.monitor.url, null)
  await app.listen({ port: 0, host: '127.0.0.1' })
  t.equal(app.monitor.url, `${app.listeningOrigin}/a/monitor/`)
})

t.test('a second registration in one scope is refused', async t => {
  const app = server(t)
  await app.register(monitor, { path: '/monitor', token })
  await t.rejects(async () => await app.register(monitor, { path: '/other', token }), { code: 'FST_ARR_MONITOR_INVALID_OPTIONS', message: /^monitor: .*registered once/ })
})

function hasIPv6 (): boolean {
  return Object.values(networkInterfaces()).flat().some(one => one?.address === '::1')
}
