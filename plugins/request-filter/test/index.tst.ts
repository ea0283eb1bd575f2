// The types that users of the plugin meet.
import Fastify, { type FastifyRequest } from 'fastify'
import { expect, test } from 'tstyche'
import requestFilterDefault, { requestFilter, type FilterRejection, type Rejection, type RequestFilterOptions } from '../src/index.ts'

test('the fact on a request', () => {
  expect<FastifyRequest['rejection']>().type.toBe<Rejection | null>()
  expect<FilterRejection>().type.toBeAssignableTo<Rejection['reason']>()
  expect<Rejection['subStatusCode']>().type.toBe<number | undefined>()
})

test('the options', () => {
  const fastify = Fastify()
  fastify.register(requestFilter, { requestFiltering: { verbs: { verbs: { TRACE: false } } }, places: [{ site: 'a', path: '/b', requestFiltering: false }] })
  fastify.register(requestFilterDefault, {})
  expect<{ requestFiltering: true }>().type.not.toBeAssignableTo<RequestFilterOptions>()
  expect<{ requestFiltering: { hiddenSegments: 'bin' } }>().type.not.toBeAssignableTo<RequestFilterOptions>()
  expect<{ requestFiltering: { filteringRules: [{ name: 'a' }] } }>().type.not.toBeAssignableTo<RequestFilterOptions>()
  expect<{ places: [{ path: 1 }] }>().type.not.toBeAssignableTo<RequestFilterOptions>()
})

test('what other plugins use', () => {
  const fastify = Fastify()
  expect(fastify.requestFilter.maxBodySize).type.toBeCallableWith({} as FastifyRequest)
  expect(fastify.requestFilter.maxBodySize({} as FastifyRequest)).type.toBe<number | undefined>()
  expect(fastify.requestFilter.replace({})).type.toBe<void>()
})
