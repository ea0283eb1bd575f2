// An unknown option is an error: ignored, it would silently have no effect.
import type { FastifyHttpProxyOptions } from '@fastify/http-proxy'
import Fastify from 'fastify'
import t from 'tap'
import upstreamProxy, { type UpstreamProxyOptions } from '../src/index.ts'
import { ask, proxy, upstream } from './forward-subjects.ts'

const register = async (options: object): Promise<void> => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(upstreamProxy, { upstream: 'http://127.0.0.1:1', ...options })
}

for (const [options, message] of [
  [{ preHander: () => {} }, '`preHander` is no option; the nearest is `preHandler`'],
  [{ prehandler: () => {} }, '`prehandler` is no option; the nearest is `preHandler`'],
  [{ timeout: {} }, '`timeout` is no option; the nearest is `timeouts`'],
  [{ upstreams: [] }, '`upstreams` is no option; the nearest is `upstream`'],
  [{ hostheader: 'preserve' }, '`hostheader` is no option; the nearest is `hostHeader`'],
  [{ bogus: undefined }, /`bogus` is no option; there are upstream, to, prefix, .*retries/],
  [{ constructor: 1 }, /`constructor` is no option; there are/],
  [{ httpMethods: ['GET'] }, '`httpMethods` of @fastify/http-proxy is `methods` here'],
  [{ beforeHandler: () => {} }, '`beforeHandler` of @fastify/http-proxy is `preHandler` here'],
  [{ internalRewriteLocationHeader: false }, '`internalRewriteLocationHeader` of @fastify/http-proxy is `reverseRewrite` here'],
  [{ http2: true, wsHooks: {} }, /^[^]*`wsHooks` of[^;]*[^]*; `@fastify-arr\/upstream-proxy\/http-proxy` is a drop-in that takes the options of @fastify\/http-proxy$/],
  [{ undici: {} }, /`undici` of @fastify\/http-proxy has no equivalent; `connections`/],
  [{ wsHooks: {} }, /`wsHooks` of @fastify\/http-proxy has no equivalent/],
  [{ bogus: 1, http2: true, retries: -1 }, /`http2` of @fastify\/http-proxy .*; `bogus` is no option; .*; `retries` must be/]
] as const) {
  t.test(`${Object.keys(options).join(', ')}: a mistake with a way out`, async t => {
    const error = await t.rejects(register(options)) as Error & { code: string }
    t.equal(error.code, 'FST_ARR_PROXY_INVALID_OPTIONS')
    if (typeof message === 'string') t.ok(error.message.includes(message), error.message)
    else t.match(error.message, message)
  })
}

t.test('every option of @fastify/http-proxy is known, here or by its equivalent', async t => {
  // The compiler reports the options that a new version adds.
  const theirs: Record<keyof FastifyHttpProxyOptions | 'websocket' | 'wsUpstream' | 'wsHooks' | 'wsReconnect', true> = { upstream: true, prefix: true, rewritePrefix: true, proxyPayloads: true, preHandler: true, beforeHandler: true, preValidation: true, handler: true, preRewrite: true, config: true, replyOptions: true, websocket: true, wsUpstream: true, wsHooks: true, wsReconnect: true, wsClientOptions: true, wsServerOptions: true, routes: true, httpMethods: true, constraints: true, internalRewriteLocationHeader: true, base: true, cacheURLs: true, disableCache: true, http: true, http2: true, undici: true, balancedPoolOptions: true, contentTypesToEncode: true, retryMethods: true, maxRetriesOn503: true, disableRequestLogging: true, globalAgent: true, destroyAgent: true }
  const alike = ['upstream', 'prefix', 'rewritePrefix', 'preHandler', 'preValidation', 'config', 'constraints', 'websocket']
  for (const name of Object.keys(theirs).filter(name => !alike.includes(name))) {
    await t.rejects(register({ [name]: 1 }), { message: new RegExp(`\`${name}\` of @fastify/http-proxy (is|has no) `) }, name)
  }
})

t.test('every option of the types is known', async () => {
  const options: Required<UpstreamProxyOptions> = {
    upstream: 'http://127.0.0.1:1',
    to: () => undefined,
    prefix: '/app',
    rewritePrefix: '/',
    websocket: {},
    upgrades: ['websocket'],
    localUpgrades: [],
    tls: {},
    onRequest: [],
    preValidation: [],
    preHandler: [],
    config: {},
    constraints: {},
    methods: ['GET'],
    logLevel: 'info',
    hostHeader: 'preserve',
    forwarded: {},
    ownedHeaders: [],
    arrHeaders: true,
    dropUnderscores: 'owned',
    timeouts: {},
    connections: {},
    retries: 0,
    minBytesPerSecond: 240,
    reverseRewrite: true,
    rewriteRequest: () => {},
    attemptHeaders: () => null,
    rewriteResponse: () => undefined,
    maxHeadSize: 1000,
    maxBodySize: 1,
    farms: {}
  }
  await register(options)
})

t.test('what Fastify\'s register and @fastify/autoload add is no mistake', async t => {
  const url = await upstream(t, (request, response) => response.end(request.url))
  // @fastify/autoload 6.5.0, index.js: register(plugin, { ...autoConfig, ...options, prefix }); inside a folder with hooks, `prefix` may be undefined.
  for (const [prefix, path] of [['/app', '/app/x'], ['/tenants/:id', '/tenants/7/x'], [undefined, '/x']] as const) {
    const autoConfig = { upstream: url }
    const options = { logLevel: 'info', logSerializers: {} }
    const { port } = await proxy(t, { ...autoConfig, ...options, prefix } as UpstreamProxyOptions)
    t.match(await ask(port, { path }), { status: 200, body: '/x' })
  }
  // Options may be a function of the server.
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(upstreamProxy, () => ({ upstream: url }))
})
