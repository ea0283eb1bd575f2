import type { AttemptHeaders } from '@fastify-arr/facts'
import Fastify, { type FastifyRequest } from 'fastify'
import { expect, test } from 'tstyche'
import openTelemetry, { openTelemetry as named, type OpenTelemetryOptions } from '@fastify-arr/open-telemetry'

const fastify = Fastify()

test('options', () => {
  expect(fastify.register).type.toBeCallableWith(openTelemetry)
  expect(fastify.register).type.toBeCallableWith(named, { ignore: (request: FastifyRequest) => request.url === '/health' })
  expect<OpenTelemetryOptions>().type.not.toBeAssignableFrom({ ignore: '/health' })
})

test('the decorator', () => {
  expect<FastifyRequest['attemptHeaders']>().type.toBe<AttemptHeaders | null>()
})
