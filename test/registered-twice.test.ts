// A second registration in one scope is refused in one sentence, by every plugin.
import { Writable } from 'node:stream'
import { arrLog } from '@fastify-arr/arr-log'
import { errorPages } from '@fastify-arr/error-pages'
import { hostRouting } from '@fastify-arr/host-routing'
import { listeners } from '@fastify-arr/listeners'
import { metrics } from '@fastify-arr/metrics'
import { monitor } from '@fastify-arr/monitor'
import { openTelemetry } from '@fastify-arr/open-telemetry'
import { workers } from '@fastify-arr/workers'
import { requestFilter } from '@fastify-arr/request-filter'
import { requestTrace } from '@fastify-arr/request-trace'
import { serverFarm } from '@fastify-arr/server-farm'
import { staticContent } from '@fastify-arr/static-content'
import { upstreamProxy } from '@fastify-arr/upstream-proxy'
import { urlRewrite } from '@fastify-arr/url-rewrite'
import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'

function server (t: Test): FastifyInstance {
  const app = Fastify()
  t.teardown(() => app.close())
  return app
}

const PLUGINS: Array<[name: string, register: (app: FastifyInstance) => PromiseLike<unknown>]> = [
  ['arr-log', app => app.register(arrLog, { file: false })],
  ['error-pages', app => app.register(errorPages, {})],
  ['host-routing', app => app.register(hostRouting, { sites: [] })],
  ['listeners', app => app.register(listeners, { listeners: [] })],
  ['metrics', app => app.register(metrics, {})],
  ['monitor', app => app.register(monitor, { listen: { port: 0 } })],
  ['open-telemetry', app => app.register(openTelemetry, {})],
  ['workers', app => app.register(workers, {})],
  ['request-filter', app => app.register(requestFilter, {})],
  ['request-trace', app => app.register(requestTrace, {})],
  ['server-farm', app => app.register(serverFarm, {})],
  ['static-content', app => app.register(staticContent, { folders: [] })],
  ['url-rewrite', app => app.register(urlRewrite, {})]
]

for (const [name, register] of PLUGINS) {
  t.test(`${name} registered twice in one scope is told in one sentence`, async t => {
    const app = server(t)
    await register(app)
    await t.rejects(async () => await register(app), { code: /_INVALID_OPTIONS$/, message: new RegExp(`^${name}: .*registered once`) })
  })
}

t.test('upstream-proxy may be registered several times, with a prefix once', async t => {
  const app = server(t)
  await app.register(upstreamProxy, { prefix: '/a', upstream: 'http://127.0.0.1:1' })
  await app.register(upstreamProxy, { prefix: '/b', upstream: 'http://127.0.0.1:1' })
  await app.register(upstreamProxy, { prefix: '/b', upstream: 'http://127.0.0.1:1', constraints: { host: 'b.example' } })
  await t.rejects(async () => await app.register(upstreamProxy, { prefix: '/a', upstream: 'http://127.0.0.1:2' }), {
    code: 'FST_ARR_PROXY_INVALID_OPTIONS',
    message: 'upstream-proxy: `prefix` must be another for each proxy: there is one for /a already'
  })
})

t.test('the scope of the proxied routes has a name in printPlugins', async t => {
  const app = server(t)
  await app.register(upstreamProxy, {})
  await app.ready()
  const printed = app.printPlugins()
  t.match(printed, 'proxiedRoutes')
  t.notMatch(printed, '=>')
})

t.test('a 404 for want of an upstream is logged without a stack', async t => {
  let logged = ''
  const app = Fastify({ logger: { stream: new Writable({ write (chunk, _encoding, done) { logged += String(chunk); done() } }) } })
  t.teardown(() => app.close())
  await app.register(upstreamProxy, {})
  t.equal((await app.inject('/')).statusCode, 404)
  t.match(logged, 'Not Found')
  t.notMatch(logged, /\\n +at /)
})
