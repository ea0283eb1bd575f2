// The types that readers and writers of facts meet.
import type { FastifyRequest } from 'fastify'
import { expect, test } from 'tstyche'
import { CHANNELS, type RequestFacts, type ServerFacts, type Site, type Told, type TunnelMessage, type Upstream } from '../src/index.ts'

test('a request of Fastify is one whose facts may be missing', () => {
  expect<FastifyRequest>().type.toBeAssignableTo<FastifyRequest & RequestFacts>()
  expect<RequestFacts['site']>().type.toBe<Site | null | undefined>()
  expect<ServerFacts>().type.toBeAssignableFrom<{}>()
})

test('what is told may have any of its parts missing, at any depth', () => {
  expect<Told<Upstream>>().type.toBeAssignableFrom<{ server: string }>()
  expect<Told<Upstream>>().type.toBeAssignableFrom<{ tunnel: { sent: { bytes: number } } }>()
  expect<Told<Upstream>>().type.not.toBeAssignableFrom<{ server: number }>()
})

test('channels have their names, and messages their facts', () => {
  expect(CHANNELS.rewrite).type.toBe<'fastify-arr:rewrite'>()
  expect<TunnelMessage['tunnel']['closeCode']>().type.toBe<number | null>()
})
