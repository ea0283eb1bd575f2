import { expect, test } from 'tstyche'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Explanation, OutboundRule, ResponseChange, Rewrite, Rule, UrlRewriteOptions } from '../src/index.ts'

test('a request has its rewrite', () => {
  expect<FastifyRequest['rewrite']>().type.toBe<Rewrite | null>()
  expect<Rewrite['headers']>().type.toBe<Readonly<Record<string, string>>>()
})

test('an instance explains and rewrites responses', () => {
  expect<ReturnType<FastifyInstance['urlRewrite']['explain']>>().type.toBe<Promise<Explanation>>()
  expect<ReturnType<FastifyInstance['urlRewrite']['rewriteResponse']>>().type.toBe<ResponseChange | undefined>()
})

test('a rule is told by its action\'s type', () => {
  expect<Rule>().type.toBeAssignableFrom<{ name: string, match: { url: string }, action: { type: 'Rewrite', url: string } }>()
  expect<Rule>().type.not.toBeAssignableFrom<{ name: string, match: { url: string }, action: { type: 'Rewrite' } }>()
  expect<Rule>().type.not.toBeAssignableFrom<{ name: string, match: { url: string }, action: { type: 'Redirect', url: string, redirectType: 304 } }>()
  expect<OutboundRule>().type.not.toBeAssignableFrom<{ name: string, match: { pattern: string, filterByTags: ['Blink'] } }>()
})

test('rules are a list or a function of the request', () => {
  expect<UrlRewriteOptions['rules']>().type.toBeAssignableFrom<Rule[]>()
  expect<UrlRewriteOptions['rules']>().type.toBeAssignableFrom<(request: FastifyRequest) => Rule[] | undefined>()
})
