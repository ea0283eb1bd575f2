import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import { expect, test } from 'tstyche'
import upstreamProxy, { OWNED_HEADERS, type BothWays, type FarmProxyOptions, type FarmTunnelOptions, type Flow, type Goodbye, type MaxBodySize, type Moment, type OpenTunnel, type OpenTunnels, type PingOptions, type ProxyRouteOptions, type RateOptions, type TimedGoodbye, type TunnelFact, type TunnelOptions, type Upstream, type UpstreamAttempt, type UpstreamProxyOptions } from '../src/index.ts'

test('the plugin is registered with its own options', () => {
  const app = Fastify()
  app.register(upstreamProxy, { upstream: 'http://localhost:8080' })
  app.register(upstreamProxy, { to: request => request.url, websocket: false })
  app.register(upstreamProxy, {
    onRequest: async request => { expect(request).type.toBe<FastifyRequest>() },
    preValidation: (_request, reply, done) => {
      expect(reply).type.toBe<FastifyReply>()
      done()
    },
    preHandler: [async (_request, reply) => reply.code(401).send(), (_request, _reply, done) => { done(new Error('no')) }],
    config: { role: 'admin' },
    constraints: { host: /^a\./, site: 'Shop' },
    methods: ['GET', 'POST'],
    logLevel: 'warn'
  })
  app.register(upstreamProxy, { websocket: { idleTimeout: 1000, drain: { code: 1012 } }, localUpgrades: ['/socket.io/'], tls: { ca: 'pem' } })
  expect(app.register).type.not.toBeCallableWith(upstreamProxy, { upstream: 8080 })
  expect(app.register).type.not.toBeCallableWith(upstreamProxy, { websocket: { idle: 1000 } })
  app.register(upstreamProxy, { websocket: { ping: 30_000, maxMessageSize: 65_536, maxMessageRate: 100, maxByteRate: 1_000_000 } })
  app.register(upstreamProxy, { websocket: { ping: { interval: 30_000, timeout: 10_000, to: 'both' }, maxMessageSize: { received: 1000 } } })
  app.register(upstreamProxy, { websocket: { maxMessageRate: { received: 10, burst: 50, over: 'hold' }, maxByteRate: { sent: 1000, over: 'close' } } })
  expect(app.register).type.not.toBeCallableWith(upstreamProxy, { websocket: { ping: { timeout: 1000 } } })
  expect(app.register).type.not.toBeCallableWith(upstreamProxy, { websocket: { ping: { interval: 1000, to: 'all' } } })
  expect(app.register).type.not.toBeCallableWith(upstreamProxy, { websocket: { maxMessageSize: { up: 1000 } } })
  expect(app.register).type.not.toBeCallableWith(upstreamProxy, { websocket: { maxByteRate: { received: 1000, over: 'drop' } } })
  expect<TunnelOptions['ping']>().type.toBe<number | PingOptions | undefined>()
  expect<TunnelOptions['maxMessageSize']>().type.toBe<number | BothWays | undefined>()
  expect<TunnelOptions['maxMessageRate']>().type.toBe<number | RateOptions | undefined>()
  app.register(upstreamProxy, { websocket: { maxTunnels: 10, admission: { handshakes: 5, wait: 2000, waiting: 100 }, maxTunnelsPer: { key: request => request.ip, most: 3 } } })
  app.register(upstreamProxy, { websocket: { maxTunnelsPer: { key: () => null, most: 3 } } })
  expect(app.register).type.not.toBeCallableWith(upstreamProxy, { websocket: { admission: { queue: 5 } } })
  expect(app.register).type.not.toBeCallableWith(upstreamProxy, { websocket: { maxTunnelsPer: { key: async () => 'a', most: 3 } } })
  expect(app.register).type.not.toBeCallableWith(upstreamProxy, { websocket: { maxTunnelsPer: { most: 3 } } })
  app.register(upstreamProxy, { ownedHeaders: [...OWNED_HEADERS, 'x-user'], dropUnderscores: 'all' })
  expect(app.register).type.not.toBeCallableWith(upstreamProxy, { dropUnderscores: true })
  app.register(upstreamProxy, { maxBodySize: 1000, upgrades: ['websocket', 'tcp', 'SPDY/3.1'] })
  app.register(upstreamProxy, { maxBodySize: request => request.url === '/upload' ? null : 1000 })
  expect(app.register).type.not.toBeCallableWith(upstreamProxy, { maxBodySize: '10mb' })
  expect(app.register).type.not.toBeCallableWith(upstreamProxy, { maxBodySize: async () => 1000 })
  expect(app.register).type.not.toBeCallableWith(upstreamProxy, { upgrades: 'tcp' })
  expect<UpstreamProxyOptions['maxBodySize']>().type.toBe<MaxBodySize | undefined>()
  expect(OWNED_HEADERS).type.toBe<readonly string[]>()
  expect(app.register).type.not.toBeCallableWith(upstreamProxy, { preHander: async () => {} })
  expect(app.register).type.not.toBeCallableWith(upstreamProxy, { httpMethods: ['GET'] })
  expect(app.register).type.not.toBeCallableWith(upstreamProxy, { preHandler: 'checkUser' })
  expect(app.register).type.not.toBeCallableWith(upstreamProxy, { logLevel: 7 })
  expect(app.register).type.not.toBeCallableWith(upstreamProxy, { constraints: { host: 7 } })
  expect<UpstreamProxyOptions>().type.toBeAssignableTo<ProxyRouteOptions>()
  app.register(upstreamProxy, { websocket: { idleTimeout: { after: 1000, code: 4000 }, maxAge: { after: 1000, reason: 'again' }, until: request => request.url === '/' ? new Date() : 5, key: () => 'ann', closeGrace: 1000 } })
  app.register(upstreamProxy, { websocket: { until: { at: () => null, code: 1008, reason: 'over' }, key: () => null } })
  expect(app.register).type.not.toBeCallableWith(upstreamProxy, { websocket: { idleTimeout: { code: 4000 } } })
  expect(app.register).type.not.toBeCallableWith(upstreamProxy, { websocket: { until: async () => 5 } })
  expect(app.register).type.not.toBeCallableWith(upstreamProxy, { websocket: { until: () => undefined } })
  expect(app.register).type.not.toBeCallableWith(upstreamProxy, { websocket: { key: () => 7 } })
  expect<TimedGoodbye>().type.toBeAssignableTo<Goodbye>()
  expect<UpstreamProxyOptions['websocket']>().type.toBe<boolean | TunnelOptions | undefined>()
})

test('a farm may have options of its own', () => {
  const app = Fastify()
  app.register(upstreamProxy, { upstream: 'http://chat', farms: { chat: { hostHeader: 'preserve', forwarded: { for: 'set' }, arrHeaders: true, timeouts: { connect: 1, firstByte: 1 }, tls: { ca: 'pem' } } } })
  app.register(upstreamProxy, { farms: { chat: { connections: { max: 1 }, minBytesPerSecond: 1, maxHeadSize: 1, reverseRewrite: false, websocket: { idleTimeout: 1, ping: 1 } } } })
  expect(app.register).type.not.toBeCallableWith(upstreamProxy, { farms: [{ hostHeader: 'preserve' }] })
  expect(app.register).type.not.toBeCallableWith(upstreamProxy, { farms: { chat: { retries: 1 } } })
  expect(app.register).type.not.toBeCallableWith(upstreamProxy, { farms: { chat: { timeouts: { answer: 1 } } } })
  expect(app.register).type.not.toBeCallableWith(upstreamProxy, { farms: { chat: { websocket: { maxTunnels: 1 } } } })
  expect<UpstreamProxyOptions['farms']>().type.toBe<Readonly<Record<string, FarmProxyOptions>> | undefined>()
  expect<FarmProxyOptions['websocket']>().type.toBe<FarmTunnelOptions | undefined>()
})

test('the facts are on the request', () => {
  expect<FastifyRequest['upstream']>().type.toBe<Upstream | null>()
  expect<Upstream['attempts']>().type.toBe<readonly UpstreamAttempt[]>()
  expect<UpstreamAttempt>().type.toBe<{ readonly server: string, readonly code: string, readonly status?: number, readonly moment: Moment, readonly time: number }>()
  expect<Upstream['farm']>().type.toBe<string | null>()
  expect<Upstream['routed']>().type.toBe<string | null>()
  expect<Upstream['tunnel']>().type.toBe<TunnelFact | null>()
  expect<TunnelFact['received']>().type.toBe<Flow>()
  expect<TunnelFact['protocol']>().type.toBe<string>()
  expect<TunnelFact['closedBy']>().type.toBe<'client' | 'upstream' | 'proxy' | null>()
})

test('the open tunnels are on the server', () => {
  const app = Fastify()
  expect(app.tunnels).type.toBe<OpenTunnels>()
  expect(app.tunnels.size).type.toBe<number>()
  expect(app.tunnels.get('id')).type.toBe<OpenTunnel | undefined>()
  expect(app.tunnels.of({ site: 'A', server: 'http://a', key: 'ann' })).type.toBe<Iterable<OpenTunnel>>()
  expect(app.tunnels.closeAll({ key: 'ann' }, 3000, 'signed out')).type.toBe<number>()
  expect(app.tunnels.closeAll).type.not.toBeCallableWith()
  expect(app.tunnels.closeAll).type.not.toBeCallableWith({ user: 'ann' })
  expect(app.tunnels.of).type.not.toBeCallableWith({ key: 7 })
  for (const tunnel of app.tunnels) {
    expect(tunnel.key).type.toBe<string | null>()
    expect(tunnel.until).type.toBe<number | null>()
    expect(tunnel).type.toBe<OpenTunnel>()
    expect(tunnel.close).type.toBeCallableWith(1001, 'going away')
    expect(tunnel.received).type.toBe<Readonly<Flow>>()
  }
})
