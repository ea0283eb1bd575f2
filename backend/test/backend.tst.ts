import Fastify, { type FastifyInstance } from 'fastify'
import { expect, test } from 'tstyche'
import backendByDefault, { backend, startBackend, type BackendOptions, type StartOptions } from '../src/index.ts'

test('it is a plugin', () => {
  expect(Fastify().register).type.toBeCallableWith(backend, { pingInterval: 1000 })
  expect(backendByDefault).type.toBe(backend)
})

test('an interval is a number', () => {
  expect<{ pingInterval: string }>().type.not.toBeAssignableTo<BackendOptions>()
})

test('it starts alone', () => {
  expect(startBackend({ port: 0, host: '::1', pingInterval: 5, fastify: { logger: true } })).type.toBe<Promise<FastifyInstance>>()
  expect<{}>().type.toBeAssignableTo<StartOptions>()
})
