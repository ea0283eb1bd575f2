import peer, { type FastifyHttpProxyOptions as PeerOptions } from '@fastify/http-proxy'
import Fastify, { type FastifyInstance } from 'fastify'
import { expect, test } from 'tstyche'
import proxy, { defaultHttpMethods, defaultRoutes, fastifyHttpProxy, type FastifyHttpProxyOptions, type HttpProxyOptions } from '../src/http-proxy/http-proxy.ts'

test('its options are those of @fastify/http-proxy', () => {
  expect<FastifyHttpProxyOptions>().type.toBe<PeerOptions>()
  expect<keyof HttpProxyOptions>().type.toBe<keyof Parameters<typeof peer>[1] & string>()
  expect<Parameters<typeof proxy>>().type.toBe<Parameters<typeof peer>>()
  expect(proxy).type.toBeAssignableTo<typeof peer>()
  expect(fastifyHttpProxy).type.toBeAssignableTo<typeof peer>()
  expect(defaultRoutes).type.toBe<string[]>()
  expect(defaultHttpMethods).type.toBe<string[]>()
})

/** The call of an application, unchanged. */
function register (app: FastifyInstance, plugin: typeof peer): void {
  app.register(plugin, {
    upstream: 'http://origin.example',
    prefix: '/api/:id',
    rewritePrefix: '/v1/:id',
    http2: false,
    preHandler (request, reply, done) {
      if (request.url !== '/original') {
        done()
        return
      }
      const { url, options } = reply.fromParameters('/updated', { serverId: 42 })
      reply.from(url, options as object)
    },
    preRewrite: (url, _params, prefix) => url.replace(prefix, ''),
    replyOptions: {
      getUpstream: (_request, base) => base,
      rewriteRequestHeaders: (request, headers) => ({ ...headers, 'request-id': request.id }),
      rewriteHeaders: headers => ({ ...headers, 'x-proxy': 'yes' }),
      onResponse: (_request, reply, response) => { reply.send(response.stream) },
      onError: (reply, { error }) => { reply.send(error) }
    },
    websocket: true,
    wsUpstream: 'ws://origin.example',
    wsClientOptions: { rejectUnauthorized: true, queryString: { a: 1 } },
    wsHooks: { onConnect (context, source) { context.log.info(source.protocol) } }
  })
}

test('a call of @fastify/http-proxy compiles unchanged', () => {
  expect(register).type.toBeCallableWith(Fastify(), proxy)
  const app = Fastify()
  app.register(proxy, { upstream: 'http://origin.example', httpMethods: ['GET'], undici: { connections: 4 } })
  expect(app.register).type.not.toBeCallableWith(proxy, { upstream: 8080 })
  expect(app.register).type.not.toBeCallableWith(proxy, { upstream: 'http://origin.example', methods: ['GET'] })
})
