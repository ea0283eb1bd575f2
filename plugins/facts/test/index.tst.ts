// The types that readers and writers of facts meet.
import type { FastifyRequest } from 'fastify'
import { expect, test } from 'tstyche'
import { type AnswerSent, type AttemptAnswered, type AttemptFailed, type AttemptMessage, type AttemptSent, CHANNELS, type RequestFacts, type ServerFacts, type Site, type Told, type TunnelFilter, type TunnelMessage, type TunnelOpened, type TunnelsFact, type TunnelWatch, type Upstream } from '../src/index.ts'

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
  expect(CHANNELS.rewrite).type.toBe<'fastify-arr:request.rewritten'>()
  expect(CHANNELS.tunnelOpen).type.toBe<'fastify-arr:tunnel.open'>()
  expect(CHANNELS.requestRefused).type.toBe<'fastify-arr:request.refused'>()
  expect<TunnelMessage['tunnel']['closeCode']>().type.toBe<number | null>()
  expect<TunnelOpened>().type.toBeAssignableTo<TunnelMessage>()
  expect<TunnelOpened['open']['close']>().type.toBe<(code?: number, reason?: string) => void>()
  expect<TunnelMessage>().type.not.toHaveProperty('open')
})

test('attempts and answers are told by their channels, each with its request', () => {
  expect(CHANNELS.attemptSent).type.toBe<'fastify-arr:attempt.sent'>()
  expect(CHANNELS.answerSent).type.toBe<'fastify-arr:answer.sent'>()
  expect<AttemptSent>().type.toBeAssignableTo<AttemptMessage>()
  expect<AttemptAnswered>().type.toBeAssignableTo<AttemptMessage>()
  expect<AttemptFailed>().type.toBeAssignableTo<AttemptMessage>()
  expect<AnswerSent['request']>().type.toBe<FastifyRequest>()
})

test('a watch of a tunnel may do without payloads', () => {
  const watch = { frame () {}, close () {}, unreadable () {}, ended () {} }
  expect(watch).type.toBeAssignableTo<TunnelWatch>()
  expect<TunnelOpened['watch']>().type.toBe<(watch: TunnelWatch) => void>()
})

test('tunnels are chosen by site, server and key', () => {
  expect<TunnelFilter>().type.toBeAssignableFrom<{ site: string, server: string, key: string }>()
  expect<TunnelFilter>().type.not.toBeAssignableFrom<{ key: string | undefined }>()
  expect<TunnelFilter>().type.not.toBeAssignableFrom<{ key: null }>()
  expect<ReturnType<TunnelsFact['closeAll']>>().type.toBe<number>()
})
