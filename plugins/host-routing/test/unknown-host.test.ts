// Requests for hosts that no site has; routes of one site.
import Fastify, { type FastifyInstance } from 'fastify'
import t from 'tap'
import { hostRouting, type HostRoutingOptions } from '../src/index.ts'
import { get, wire } from './wire.ts'

async function build (t: { teardown (act: () => unknown): void }, unknownHost: NonNullable<HostRoutingOptions['unknownHost']>): Promise<{ app: FastifyInstance, facts: unknown[] }> {
  const app = Fastify()
  t.teardown(() => app.close())
  const facts: unknown[] = []
  app.addHook('onRequest', async (request, reply) => {
    reply.raw.once('close', () => { facts.push({ site: request.site?.name ?? null, rejection: request.rejection }) })
  })
  await app.register(hostRouting, { unknownHost, sites: [{ name: 'a', hosts: ['a'] }] })
  app.get('/', async () => 'page')
  return { app, facts }
}

t.test('refused, the request has a rejection and no site', async t => {
  const { app, facts } = await build(t, 'refuse')
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as { port: number }
  await wire(port, get('b'))
  await wire(port, get('b:x'))
  await wire(port, get('a', '/', 'Host: b\r\n'))
  await wire(port, get('a'))
  t.same(facts, [
    { site: null, rejection: { reason: 'Hostname' } },
    { site: null, rejection: { reason: 'Hostname' } },
    { site: null, rejection: { reason: 'BadRequest' } },
    { site: 'a', rejection: null }
  ])
  t.match(await wire(port, 'HEAD / HTTP/1.1\r\nHost: b\r\n\r\n'), /^HTTP\/1\.1 400 Bad Request\r\n[^]*Content-Length: 334\r\n\r\n$/, 'a HEAD has no body')
})

t.test('passed on, a request has neither site nor rejection', async t => {
  const { app, facts } = await build(t, 'pass')
  t.equal((await app.inject({ url: '/', headers: { host: 'b' } })).payload, 'page')
  t.same(facts, [{ site: null, rejection: null }])
  t.equal((await app.inject({ url: '/', headers: { host: 'b c' } })).statusCode, 400, 'but what is no host is refused')
})

t.test('a handler answers, or lets the request pass', async t => {
  const { app, facts } = await build(t, async (request, reply) => {
    if (request.hostname === 'boom') throw new Error('boom')
    if (request.hostname === 'value') return 'a value'
    if (request.hostname === 'reply') await reply.code(421).send('misdirected')
    return undefined
  })
  const ask = async (host: string) => {
    const { statusCode, payload } = await app.inject({ url: '/', headers: { host } })
    return `${statusCode} ${payload}`
  }
  t.equal(await ask('other'), '200 page')
  t.equal(await ask('value'), '200 a value')
  t.equal(await ask('reply'), '421 misdirected')
  t.match(await ask('boom'), /^500 /)
  t.same(facts, [
    { site: null, rejection: null },
    { site: null, rejection: { reason: 'Hostname' } },
    { site: null, rejection: { reason: 'Hostname' } },
    { site: null, rejection: { reason: 'Hostname' } }
  ])
})

t.test('a handler that rejects with undefined fails the request', async t => {
  const { app } = await build(t, () => Promise.reject(undefined)) // eslint-disable-line prefer-promise-reject-errors
  t.equal((await app.inject({ url: '/', headers: { host: 'b' } })).statusCode, 500)
})

t.test('a route can belong to one site', async t => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(hostRouting, { sites: [{ name: 'a', hosts: ['a'] }, { name: 'b', hosts: ['b'] }] })
  t.throws(() => app.get('/x', { constraints: { site: 1 } }, async () => ''), { message: 'constraints.site must be the name of a site' })
  app.get('/', { constraints: { site: 'a' } }, async request => `a's own, ${request.site?.name}`)
  app.get('/', async request => `everybody's, ${request.site?.name}`)
  t.equal((await app.inject({ url: '/', headers: { host: 'a' } })).payload, "a's own, a")
  t.equal((await app.inject({ url: '/', headers: { host: 'b' } })).payload, "everybody's, b")
  t.equal((await app.inject({ url: '/', headers: { host: 'c' } })).statusCode, 400)
})

t.test('the hosts of a site that is not enabled are unknown', async t => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(hostRouting, { sites: [{ name: 'a', hosts: ['a'], enabled: false }, { name: 'b', hosts: ['a', 'b'], enabled: true }] })
  app.get('/', async request => request.site?.name)
  t.equal((await app.inject({ url: '/', headers: { host: 'a' } })).payload, 'b', 'its hosts are free')
  t.equal(app.sites.get('a')?.enabled, false)
})

t.test('a request from inject has no port, and finds its site', async t => {
  const { app } = await build(t, 'refuse')
  t.equal((await app.inject({ url: '/', headers: { host: 'a' } })).payload, 'page')
})
