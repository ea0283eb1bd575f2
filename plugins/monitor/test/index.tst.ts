import type { AddressInfo } from 'node:net'
import Fastify, { type FastifyRequest } from 'fastify'
import { expect, test } from 'tstyche'
import { monitor, type Monitor, type MonitorOptions } from '@fastify-arr/monitor'

const fastify = Fastify()

test('options', () => {
  expect(fastify.register(monitor, { listen: { port: 8001 } })).type.not.toRaiseError()
  expect<MonitorOptions>().type.toBeAssignableFrom({ listen: { port: 8001, host: '::1' }, path: '/monitor', token: 'correct-horse-battery-staple', hosts: ['status.example'], actions: true })
  expect<MonitorOptions>().type.toBeAssignableFrom({ path: '/monitor', authorize: (request: FastifyRequest) => request.ip === '192.0.2.1' })
  expect<MonitorOptions>().type.toBeAssignableFrom({ path: '/monitor', authorize: async () => true })
  expect<MonitorOptions>().type.not.toBeAssignableFrom({ listen: 8001 })
  expect<MonitorOptions>().type.not.toBeAssignableFrom({ path: '/monitor', authorize: () => 'yes' })
})

test('the decorator', () => {
  expect(fastify.monitor).type.toBe<Monitor>()
  expect(fastify.monitor.url).type.toBe<string | null>()
  expect(fastify.monitor.address).type.toBe<AddressInfo | null>()
})

test('routes of the page are marked', () => {
  fastify.addHook('onRequest', async ({ routeOptions }) => { expect(routeOptions.config.monitor).type.toBe<boolean | undefined>() })
})
