// A request that falls through from another's route to the proxy passes all that guards the proxy; what a hook has refused does not fall through.
import type { AddressInfo } from 'node:net'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest, type preHandlerHookHandler } from 'fastify'
import t, { type Test } from 'tap'
import upstreamProxy, { type UpstreamProxyOptions } from '../src/index.ts'
import { ask } from './forward-subjects.ts'
import { asked, beside, folder, ORDERS, upgraded, type Asked } from './neighbours.ts'
import { client, proxy, rest } from './parts.ts'

const HOOKS = ['onRequest', 'preValidation', 'preHandler'] as const

class Unauthorized extends Error {
  readonly statusCode = 401
}

const login = (request: FastifyRequest): boolean => request.headers.authorization === 'Basic me'
const WAYS: Record<string, UpstreamProxyOptions['preHandler']> = {
  'with a callback, by the reply': (request, reply, done) => {
    if (login(request)) done()
    else reply.code(401).send('who is it?')
  },
  'with a callback, by an error': (request, _reply, done) => { done(login(request) ? undefined : new Unauthorized('who is it?')) },
  'async, by the reply': async (request, reply) => { if (!login(request)) return reply.code(401).send('who is it?') },
  'async, by an error': async request => { if (!login(request)) throw new Unauthorized('who is it?') },
  'by throwing': (request, _reply, done) => {
    if (!login(request)) throw new Unauthorized('who is it?')
    done()
  },
  'by throwing what is no error': async request => { if (!login(request)) throw { statusCode: 401 } }, // eslint-disable-line no-throw-literal
  'as one of a list': [async () => {}, async (request, reply) => { if (!login(request)) return reply.code(401).send('who is it?') }]
}

/** The statuses of what the other's route finds nothing for, in three ways. */
async function statuses (port: number, headers: Record<string, string> = {}): Promise<unknown[]> {
  return [(await ask(port, { path: '/x', headers })).status, (await ask(port, { path: '/x', method: 'HEAD', headers })).status, (await upgraded(port, '/page', headers))[0]]
}

async function refuses (t: Test, { arrived }: Asked, port: number, status: number): Promise<void> {
  t.same(await statuses(port), [status, status, status])
  t.same(arrived, [], 'no upstream is asked')
  t.same(await statuses(port, { authorization: 'Basic me' }), [200, 200, 101])
  t.same(arrived, ['GET /x', 'HEAD /x', 'upgrade /page'])
}

for (const order of ORDERS) {
  for (const hook of HOOKS) {
    for (const [way, guard] of Object.entries(WAYS)) {
      t.test(`the proxy's ${hook} refuses ${way} what a folder declared ${order} it has not`, async t => {
        const upstream = await asked(t)
        const { port } = await beside(t, order, app => app.get('/*', folder), { upstream: upstream.url, [hook]: guard })
        t.match(await ask(port, { path: '/page' }), { status: 200, body: 'a page' }, 'the folder is not behind it')
        await refuses(t, upstream, port, 401)
      })
    }
  }

  t.test(`the proxy's hooks run once, in order, behind the server's: for a folder declared ${order} it`, async t => {
    const { url } = await asked(t)
    const seen: unknown[] = []
    const tell = (name: string) => async () => { seen.push(name) }
    const { port } = await beside(t, order, app => {
      for (const hook of HOOKS) app.addHook(hook, async () => { seen.push(`server's ${hook}`) })
      app.get('/*', folder)
    }, { upstream: url, onRequest: tell('onRequest'), preValidation: tell('preValidation'), preHandler: [tell('preHandler 1'), tell('preHandler 2')] })
    const expected = [...HOOKS.map(hook => `server's ${hook}`), 'onRequest', 'preValidation', 'preHandler 1', 'preHandler 2']
    t.match(await ask(port, { path: '/x' }), { status: 200 })
    t.same(seen.splice(0), expected)
    t.same(await upgraded(port, '/x'), [101, 'upstream'])
    t.same(seen, expected)
  })

  for (const hook of HOOKS) {
    for (const at of ['the server, set before', 'the server, set after', 'the route']) {
      t.test(`a hook ${hook} of ${at} that says not found has refused the request: for a folder declared ${order} the proxy`, async t => {
        const upstream = await asked(t)
        const guard = async (request: FastifyRequest, reply: FastifyReply) => { if (!login(request)) return reply.callNotFound() }
        const own = (app: FastifyInstance) => app.get('/*', at === 'the route' ? { [hook]: guard } : {}, folder)
        const { port } = await proxy(t, { upstream: upstream.url }, {
          before: app => {
            if (at === 'the server, set before') app.addHook(hook, guard)
            if (order === 'before') own(app)
          },
          after: app => {
            if (order === 'after') own(app)
            if (at === 'the server, set after') app.addHook(hook, guard)
          }
        })
        await refuses(t, upstream, port, 404)
      })
    }
  }

  t.test(`an error handler that says not found has refused the request: for a folder declared ${order} the proxy`, async t => {
    const upstream = await asked(t)
    const { port } = await beside(t, order, app => {
      app.setErrorHandler((_error, _request, reply) => reply.callNotFound())
      app.get('/*', { preHandler: async request => { if (!login(request)) throw new Unauthorized() } }, folder)
    }, { upstream: upstream.url })
    await refuses(t, upstream, port, 404)
  })

  t.test(`a hook of the proxy that says not found is a 404, behind a folder declared ${order} it`, async t => {
    const upstream = await asked(t)
    const preHandler: preHandlerHookHandler = (request, reply, done) => {
      if (login(request)) done()
      else reply.callNotFound()
    }
    const { port } = await beside(t, order, app => {
      app.setNotFoundHandler((_request, reply) => { reply.code(404).send('the server\'s') })
      app.get('/*', folder)
    }, { upstream: upstream.url, preHandler })
    t.match(await ask(port, { path: '/x' }), { status: 404, body: 'the server\'s' })
    await refuses(t, upstream, port, 404)
  })

  t.test(`a guard that a plugin puts on routes by their config holds behind a folder declared ${order} the proxy`, async t => {
    const upstream = await asked(t)
    const guard: preHandlerHookHandler = async (request, reply) => { if (!login(request)) return reply.code(401).send() }
    const { port } = await proxy(t, { upstream: upstream.url, config: { guarded: true } }, {
      before: app => {
        app.addHook('onRoute', route => { if ((route.config as { guarded?: boolean } | undefined)?.guarded === true) route.preHandler = [route.preHandler ?? [], guard].flat() })
        if (order === 'before') app.get('/*', folder)
      },
      after: app => { if (order === 'after') app.get('/*', folder) }
    })
    t.same(await statuses(port), [404, 404, 200], 'nothing falls through: it stays with the folder')
    t.same(await statuses(port, { authorization: 'Basic me' }), [404, 404, 200])
    t.same(upstream.arrived, [])
    t.equal((await ask(port, { path: '/x', method: 'POST' })).status, 401)
  })

  t.test(`with constraints only requests that meet them fall through, from a route declared ${order} the proxy`, async t => {
    const { url } = await asked(t, 'a')
    const constraints = { host: 'a.example' }
    const { port } = await beside(t, order, app => {
      app.get('/*', { constraints }, folder)
      app.get('/b/*', folder)
    }, { upstream: url, constraints })
    const headers = { host: 'a.example' }
    t.match(await ask(port, { path: '/x', headers }), { status: 200, body: 'a' })
    t.same(await upgraded(port, '/x', headers), [101, 'a'])
    t.match(await ask(port, { path: '/page', headers }), { status: 200, body: 'a page' })
    t.match(await ask(port, { path: '/x', headers: { host: 'c.example' } }), { status: 404 })
    t.match(await ask(port, { path: '/b/x', headers }), { status: 404 }, 'another path')
  })
}

for (const first of ['b.example', undefined]) {
  t.test(`folders before proxies with hosts and one without, that of ${first ?? 'no host'} first: each takes what the folder of its own constraints has not`, async t => {
    const [a, b, rest] = [await asked(t, 'a'), await asked(t, 'b'), await asked(t, 'rest')] as const
    const { port } = await proxy(t, { upstream: a.url, constraints: { host: 'a.example' } }, {
      before: app => {
        app.get('/*', folder)
        app.get('/*', { constraints: { host: 'b.example' } }, folder)
      },
      after: async app => {
        const proxies = [{ upstream: b.url, constraints: { host: 'b.example' } }, { upstream: rest.url }]
        for (const options of first === undefined ? proxies.reverse() : proxies) await app.register(upstreamProxy, options)
      }
    })
    for (const [host, x, page] of [['a.example', 'a', 'a'], ['b.example', 'b', 'a page'], ['c.example', 'rest', 'a page']] as const) {
      t.match(await ask(port, { path: '/x', headers: { host } }), { status: 200, body: x }, host)
      t.match(await ask(port, { path: '/page', headers: { host } }), { status: 200, body: page }, host)
      t.same(await upgraded(port, '/x', { host }), [101, x], host)
    }
  })
}

t.test('a constraint that cannot be read from a request: a route that was declared before keeps its 404, one that came later falls through', async t => {
  const { url } = await asked(t)
  const strategy = { name: 'tenant', storage: () => { const all = new Map<unknown, unknown>(); return { get: (key: unknown) => all.get(key), set: (key: unknown, value: unknown) => { all.set(key, value) } } }, deriveConstraint: (request: { headers: Record<string, unknown> }) => request.headers['x-tenant'] }
  const server = { routerOptions: { constraints: { tenant: strategy } } } as never
  for (const order of ORDERS) {
    const { port } = await beside(t, order, app => app.get('/*', { constraints: { tenant: 'a' } as never }, folder), { upstream: url, constraints: { tenant: 'a' } as never }, { server })
    t.match(await ask(port, { path: '/page', headers: { 'x-tenant': 'a' } }), { body: 'a page' })
    t.match(await ask(port, { path: '/x', headers: { 'x-tenant': 'a' } }), { status: order === 'before' ? 404 : 200 }, order)
    t.match(await ask(port, { path: '/x', headers: { 'x-tenant': 'b' } }), { status: 404 })
  }
})

for (const [what, others, options] of [
  ['two proxies of everything', (app: FastifyInstance, url: string) => app.register(upstreamProxy, { upstream: url }), {}],
  ['two proxies of everything and a folder', async (app: FastifyInstance, url: string) => { await app.register(upstreamProxy, { upstream: url }); app.get('/*', folder) }, {}],
  ['two proxies of GET and a folder', async (app: FastifyInstance, url: string) => { app.get('/*', folder); await app.register(upstreamProxy, { upstream: url, methods: ['GET'] }) }, { methods: ['GET'] }],
  ['two folders', (app: FastifyInstance) => { app.get('/*', folder); app.get('/*', folder) }, {}],
  ['two routes that are not the proxy\'s', (app: FastifyInstance) => { app.get('/x', folder); app.get('/x', folder) }, {}]
] as const) {
  for (const order of ORDERS) {
    t.test(`${what} are a mistake as without a proxy, ${order} it`, async t => {
      const { url } = await asked(t)
      await t.rejects(beside(t, order, app => others(app, url), { upstream: url, ...options }), { code: what.startsWith('two proxies') ? 'FST_ARR_PROXY_INVALID_OPTIONS' : 'FST_ERR_DUPLICATED_ROUTE' })
    })
  }
}

t.test('a route that cannot be put ahead of the proxy without taking another\'s requests is a mistake that says what to do', async t => {
  const { url } = await asked(t)
  const mistake = { code: 'FST_ARR_PROXY_ROUTE_ORDER', message: /Register its plugin before the proxies/ }
  const hosts = (app: FastifyInstance) => app.register(upstreamProxy, { upstream: url, constraints: { host: 'a.example' } })
  await t.rejects(proxy(t, { upstream: url }, { before: hosts, after: app => app.get('/*', folder) }), mistake)
  await t.resolves(proxy(t, { upstream: url }, { after: async app => { app.get('/*', folder); await hosts(app) } }))
  const constraints = { host: /^a/ }
  await t.rejects(proxy(t, { upstream: url, constraints }, { after: app => app.get('/*', { constraints }, folder) }), mistake)
  await t.resolves(proxy(t, { upstream: url, constraints }, { before: app => app.get('/*', { constraints }, folder) }))
})

for (const order of ORDERS) {
  for (const hook of HOOKS) {
    t.test(`a login in ${hook} of the scope that the proxy is registered in refuses what a folder declared ${order} it has not`, async t => {
      const upstream = await asked(t)
      const app = Fastify()
      t.teardown(() => app.close())
      const folders = (): void => { app.get('/*', folder) }
      if (order === 'before') folders()
      await app.register(async scope => {
        scope.addHook(hook, async (request, reply) => { if (!login(request)) return reply.code(401).send('who is it?') })
        await scope.register(upstreamProxy, { upstream: upstream.url })
      })
      if (order === 'after') folders()
      await app.listen({ port: 0, host: '127.0.0.1' })
      const { port } = app.server.address() as AddressInfo
      t.match(await ask(port, { path: '/page' }), { status: 200, body: 'a page' }, 'the folder is not behind it')
      await refuses(t, upstream, port, 401)
    })
  }

  t.test(`a proxy whose config the server's hooks may ask for takes nothing from a folder declared ${order} it`, async t => {
    const { url, arrived } = await asked(t)
    const { port } = await beside(t, order, app => {
      app.addHook('onRequest', async (request, reply) => { if ((request.routeOptions.config as { login?: boolean }).login === true && !login(request)) return reply.code(401).send() })
      app.get('/*', folder)
    }, { upstream: url, config: { login: true } })
    t.equal((await ask(port, { path: '/x' })).status, 404)
    t.equal((await ask(port, { path: '/x', method: 'POST' })).status, 401)
    t.same(arrived, [])
  })

  t.test(`a proxy whose scope looks at answers takes nothing from a folder declared ${order} it`, async t => {
    const { url, arrived } = await asked(t)
    const app = Fastify()
    t.teardown(() => app.close())
    if (order === 'before') app.get('/*', folder)
    await app.register(async scope => {
      scope.addHook('onSend', async (_request, reply) => { reply.removeHeader('x-name') })
      await scope.register(upstreamProxy, { upstream: url })
    })
    if (order === 'after') app.get('/*', folder)
    await app.listen({ port: 0, host: '127.0.0.1' })
    const { port } = app.server.address() as AddressInfo
    t.equal((await ask(port, { path: '/x' })).status, 404)
    t.same(arrived, [])
    const posted = await ask(port, { path: '/x', method: 'POST' })
    t.match(posted, { status: 200 })
    t.notOk('x-name' in posted.headers)
  })

  t.test(`an upgrade that the proxy does not tunnel is the folder's that was declared ${order} it, though another proxy tunnels it`, async t => {
    const { url, arrived } = await asked(t)
    const app = Fastify()
    t.teardown(() => app.close())
    const route = (): void => { app.get('/*', async (request, reply) => login(request) ? reply.callNotFound() : reply.code(403).send('handler')) }
    if (order === 'before') route()
    await app.register(upstreamProxy, { upstream: url })
    await app.register(upstreamProxy, { upstream: url, prefix: '/t', upgrades: ['websocket', 'tcp'] })
    if (order === 'after') route()
    await app.listen({ port: 0, host: '127.0.0.1' })
    const near = client(t, (app.server.address() as AddressInfo).port)
    near.write('GET /x HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n')
    t.match(await rest(near), /^HTTP\/1\.1 403 [^]*handler$/)
    t.same(arrived, [])
  })
}
