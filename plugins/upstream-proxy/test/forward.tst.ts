// The types of forwarding: its options, and what it writes to the request.
import { createGzip } from 'node:zlib'
import { Transform, Writable, type Duplex } from 'node:stream'
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import { expect, test } from 'tstyche'
import {
  upstreamProxy, type ForwardingOptions, type ForwardingPolicy, type ForwardOptions, type HeaderList, type Moment, type OpenTunnel, type OpenTunnels,
  type RewritableRequest, type RewriteRequest, type RewriteResponse, type RewrittenRequest, type RewrittenResponse, type Side, type TunnelFact,
  type Upstream, type UpstreamAttempt, type UpstreamError, type UpstreamProxyOptions
} from '../src/index.ts'

test('a request is rewritten by changing `out`', () => {
  Fastify().register(upstreamProxy, {
    rewriteRequest (request, sides) {
      expect(request).type.toBe<FastifyRequest>()
      expect(sides.out).type.toBe<RewritableRequest>()
      expect(sides.in).type.toBe<Readonly<RewritableRequest>>()
      sides.out.method = 'PUT'
      sides.out.url = `${sides.out.url}?again`
      sides.out.headers.push(['X-Request-Id', request.id])
    }
  })
  expect<RewritableRequest>().type.toBe<{ method: string, url: string, headers: HeaderList }>()
  expect<HeaderList>().type.toBe<Array<[name: string, value: string]>>()
  expect<Parameters<RewriteRequest>[1]>().type.toBe<{ readonly in: Readonly<RewritableRequest>, readonly out: RewritableRequest }>()
  expect<RewriteRequest>().type.toBeAssignableFrom<(request: FastifyRequest) => void>()
  expect<RewriteRequest>().type.not.toBeAssignableFrom<(request: FastifyRequest, out: RewritableRequest) => void>()
  expect<RewriteRequest>().type.not.toBeAssignableFrom<(request: FastifyInstance) => void>()
})

test('a header that is rewritten is a pair of texts', () => {
  expect<HeaderList>().type.not.toBeAssignableFrom<string[]>()
  expect<HeaderList>().type.not.toBeAssignableFrom<Array<[string, number]>>()
  expect<HeaderList>().type.not.toBeAssignableFrom<Record<string, string>>()
})

test('an answer is rewritten by giving back what changes, at once', () => {
  Fastify().register(upstreamProxy, {
    rewriteResponse (request, answer) {
      expect(request).type.toBe<FastifyRequest>()
      expect(answer).type.toBe<{ status: number, headers: HeaderList }>()
      return answer.status === 200 ? { headers: [...answer.headers, ['Content-Encoding', 'gzip']], body: createGzip() } : undefined
    }
  })
  expect<ReturnType<RewriteResponse>>().type.toBe<RewrittenResponse | undefined>()
  expect<RewrittenResponse>().type.toBe<{ status?: number, headers?: HeaderList, body?: Duplex }>()
  expect<RewrittenResponse>().type.toBeAssignableFrom<{ body: Transform }>()
  expect<RewrittenResponse>().type.not.toBeAssignableFrom<{ body: Writable }>()
  expect<RewrittenResponse>().type.not.toBeAssignableFrom<{ body: string }>()
  expect<RewrittenResponse>().type.not.toBeAssignableFrom<{ status: string }>()
  expect<RewriteResponse>().type.toBeAssignableFrom<() => undefined>()
  expect<RewriteResponse>().type.not.toBeAssignableFrom<() => Promise<RewrittenResponse>>()
  expect<RewriteResponse>().type.not.toBeAssignableFrom<() => null>()
})

test('time limits and numbers are numbers, and their names are checked', () => {
  const app = Fastify()
  app.register(upstreamProxy, { timeouts: { connect: 1, handshake: 1, firstByte: 1, idle: 1, keepAlive: 0 } })
  app.register(upstreamProxy, { connections: { max: 10, idle: 0, perClient: 5 }, minBytesPerSecond: 0, retries: 2, maxHeadSize: 16_384, reverseRewrite: false })
  expect(app.register).type.not.toBeCallableWith(upstreamProxy, { timeouts: { idle: '1s' } })
  expect(app.register).type.not.toBeCallableWith(upstreamProxy, { timeouts: { headers: 1 } })
  expect(app.register).type.not.toBeCallableWith(upstreamProxy, { timeouts: 1000 })
  expect(app.register).type.not.toBeCallableWith(upstreamProxy, { connections: { max: '10' } })
  expect(app.register).type.not.toBeCallableWith(upstreamProxy, { connections: { perClient: '5' } })
  expect(app.register).type.not.toBeCallableWith(upstreamProxy, { minBytesPerSecond: '240' })
  expect(app.register).type.not.toBeCallableWith(upstreamProxy, { connections: { min: 1 } })
  expect(app.register).type.not.toBeCallableWith(upstreamProxy, { connections: 10 })
  expect(app.register).type.not.toBeCallableWith(upstreamProxy, { retries: true })
  expect(app.register).type.not.toBeCallableWith(upstreamProxy, { maxHeadSize: '64k' })
  expect(app.register).type.not.toBeCallableWith(upstreamProxy, { reverseRewrite: 'yes' })
  expect(app.register).type.not.toBeCallableWith(upstreamProxy, { undici: {} })
  expect<UpstreamProxyOptions>().type.toBeAssignableTo<ForwardOptions>()
})

test('a forwarding header has one of four policies, and one that holds a single value cannot be appended to', () => {
  const app = Fastify()
  app.register(upstreamProxy, { forwarded: { for: 'set', host: 'keep', proto: 'remove', port: true, standard: 'append' }, hostHeader: 'preserve' })
  app.register(upstreamProxy, { hostHeader: 'backend.internal' })
  expect<ForwardingPolicy>().type.toBe<'set' | 'append' | 'remove' | 'keep'>()
  expect<ForwardingOptions['for']>().type.toBe<ForwardingPolicy | undefined>()
  expect<ForwardingOptions['standard']>().type.toBe<ForwardingPolicy | undefined>()
  expect<ForwardingOptions['host']>().type.toBe<'set' | 'remove' | 'keep' | undefined>()
  expect<ForwardingOptions['proto']>().type.toBe<'set' | 'remove' | 'keep' | undefined>()
  expect(app.register).type.not.toBeCallableWith(upstreamProxy, { forwarded: { for: 'add' } })
  expect(app.register).type.not.toBeCallableWith(upstreamProxy, { forwarded: { by: 'set' } })
  expect(app.register).type.not.toBeCallableWith(upstreamProxy, { forwarded: { port: 8080 } })
  expect(app.register).type.not.toBeCallableWith(upstreamProxy, { forwarded: 'append' })
  expect(app.register).type.not.toBeCallableWith(upstreamProxy, { hostHeader: true })
})

test('`to` gives a URL, a URL with headers, or nothing, at once', () => {
  type To = NonNullable<UpstreamProxyOptions['to']>
  expect<ReturnType<To>>().type.toBe<string | RewrittenRequest | null | undefined>()
  expect<To>().type.toBeAssignableFrom<(request: FastifyRequest) => { url: string, headers: { 'x-a': string } }>()
  expect<To>().type.not.toBeAssignableFrom<() => URL>()
  expect<To>().type.not.toBeAssignableFrom<() => Promise<string>>()
  expect<To>().type.not.toBeAssignableFrom<() => { headers: { 'x-a': string } }>()
})

test('`request.upstream` is a record of facts; those known from the start do not change', () => {
  expect<FastifyRequest['upstream']>().type.toBe<Upstream | null>()
  expect<Upstream>().type.toBe<{
    readonly logId: string
    readonly server: string
    readonly attempts: readonly UpstreamAttempt[]
    readonly farm: string | null
    readonly routed: string | null
    status: number | null
    error: UpstreamError | null
    answerHeaders: readonly string[] | null
    tunnel: TunnelFact | null
    connectTime: number | null
    firstByteTime: number | null
  }>()
  expect<UpstreamError>().type.toBe<{
    readonly code: string
    readonly moment: Moment
    readonly side: Side
    readonly statusCode: number
    readonly systemCode: string | null
    readonly cause: unknown
  }>()
  expect<Moment>().type.toBe<'connect' | 'request' | 'headers' | 'body'>()
  expect<Side>().type.toBe<'client' | 'upstream' | 'proxy'>()
  expect<TunnelFact['ending']>().type.toBe<'end' | 'reset' | 'timeout' | 'drain' | null>()
})

test('`fastify.tunnels` is there once, to be iterated and looked up, with views that change nothing but by `close`', () => {
  const { tunnels } = Fastify()
  expect(tunnels).type.toBe<OpenTunnels>()
  expect(tunnels).type.toBeAssignableTo<Iterable<OpenTunnel>>()
  expect<Pick<OpenTunnels, 'size'>>().type.toBe<{ readonly size: number }>()
  expect(tunnels.get).type.not.toBeCallableWith(1)
  expect<Pick<OpenTunnel, 'id' | 'site' | 'upstream' | 'since' | 'lastActivity' | 'remoteAddress'>>().type.toBe<{
    readonly id: string
    readonly site: string | null
    readonly upstream: string
    readonly since: number
    readonly lastActivity: number
    readonly remoteAddress: string
  }>()
  expect<OpenTunnel['close']>().type.toBe<(code?: number, reason?: string) => void>()
  expect<OpenTunnel['close']>().type.not.toBeCallableWith('going away')
})
