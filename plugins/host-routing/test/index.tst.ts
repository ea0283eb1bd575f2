// The types that users of the plugin meet.
import Fastify, { type FastifyRequest } from 'fastify'
import { expect, test } from 'tstyche'
import hostRoutingDefault, { compileSites, hostRouting, type HostRoutingOptions, type Rejection, type Replacement, type Site, type SiteOptions } from '../src/index.ts'

test('the facts on a request', () => {
  expect<FastifyRequest['site']>().type.toBe<Site | null>()
  expect<FastifyRequest['rejection']>().type.toBe<Rejection | null>()
  expect<'Hostname' | 'BadRequest'>().type.toBeAssignableTo<Rejection['reason']>()
})

test('the options', () => {
  const fastify = Fastify()
  fastify.register(hostRouting, { sites: [{ name: 'a', hosts: ['a'], bindings: ['http/*:80:', { port: 80 }] }], unknownHost: async (request, reply) => reply.code(421).send(request.host) })
  fastify.register(hostRoutingDefault, { sites: [] })
  expect<{}>().type.not.toBeAssignableTo<HostRoutingOptions>()
  expect<{ sites: [], unknownHost: 'drop' }>().type.not.toBeAssignableTo<HostRoutingOptions>()
  expect<{ name: 'a', https: { redirect: { statusCode: 303 } } }>().type.not.toBeAssignableTo<SiteOptions>()
})

test('the table', () => {
  const fastify = Fastify()
  expect(fastify.sites.replace([])).type.toBe<Replacement>()
  expect(fastify.sites.find({ host: 'a' })).type.toBe<Site | null>()
  expect(compileSites([]).find({ host: 'a', protocol: 'https', port: 443 })).type.toBe<Site | null>()
})
