import Fastify from 'fastify'
import { Registry } from 'prom-client'
import { expect, test } from 'tstyche'
import { metrics, type Metrics, type MetricsOptions } from '@fastify-arr/metrics'

const fastify = Fastify()

test('options', () => {
  expect(fastify.register(metrics, { listen: { port: 9464 }, path: '/metrics', ready: async () => true, buckets: { request: [1] } })).type.not.toRaiseError()
  expect<MetricsOptions>().type.toBeAssignableFrom({ registry: new Registry() })
  expect<MetricsOptions>().type.not.toBeAssignableFrom({ listen: 9464 })
})

test('the decorator', () => {
  expect(fastify.metrics).type.toBe<Metrics>()
  expect(fastify.metrics.text()).type.toBe<Promise<string>>()
})
