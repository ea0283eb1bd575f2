// The explanation of a request, by `explain` and on the diagnostics channel.

import t from 'tap'
import { channel } from 'node:diagnostics_channel'
import { rule } from './engine.ts'
import { rewriteOf, serve } from './serving.ts'
import type { RewriteMessage, Rule } from '../src/index.ts'

const rules: Rule[] = [
  rule('^nothing$', '/x', { name: 'Other' }),
  rule('^shop/(.*)$', '/s/{R:1}', { name: 'Shop', conditions: { add: [{ input: '{HTTP_HOST}', pattern: '^(\\w+)\\.example$' }, { input: '{REQUEST_METHOD}', pattern: 'POST' }] } }),
  rule('^shop/(.*)$', 'http://h/{R:1}', { name: 'Out', serverVariables: [{ name: 'HTTP_X', value: 'y' }], stopProcessing: true })
]

const tried = { list: 'rules', patternSyntax: 'ECMAScript', negate: false, input: 'shop/a b', query: 'q', logicalGrouping: 'MatchAll', stopProcessing: false }
const asked = { matchType: 'Pattern', negate: false }
const story = [
  { ...tried, rule: 'Other', pattern: '^nothing$', matched: false, conditions: [], applied: false },
  {
    ...tried,
    rule: 'Shop',
    pattern: '^shop/(.*)$',
    matched: true,
    conditions: [
      { ...asked, input: '{HTTP_HOST}', value: 'www.example', pattern: '^(\\w+)\\.example$', held: true },
      { ...asked, input: '{REQUEST_METHOD}', value: 'GET', pattern: 'POST', held: false }
    ],
    applied: false
  },
  { ...tried, rule: 'Out', pattern: '^shop/(.*)$', stopProcessing: true, matched: true, conditions: [], applied: true, captures: { rule: ['shop/a b', 'a b'], conditions: [] }, url: 'http://h/a%20b?q', headers: { x: 'y' } }
]

t.test('explain tells which rules were tried, what matched and what the outcome is', async t => {
  const fastify = await serve(t, { rules })
  const explanation = await fastify.urlRewrite.explain({ url: '/shop/a%20b?q', headers: { host: 'www.example' } })
  t.strictSame(explanation.steps, story)
  t.match(explanation, { method: 'GET', url: '/shop/a%20b?q', outcome: { type: 'Rewrite', rewrite: { url: 'http://h/a%20b?q', rule: 'Out' } } })
  t.equal((await fastify.urlRewrite.explain({})).outcome, null)
})

t.test('explain takes a real request as well', async t => {
  const fastify = await serve(t, { rules: [rule('(.*)', 'http://h/{R:1}')] }, fastify => {
    fastify.get('/why', async request => (await fastify.urlRewrite.explain(request)).outcome)
  })
  t.match((await fastify.inject('/why')).json(), { rewrite: { url: 'http://h/why' } })
})

t.test('a subscriber of the diagnostics channel gets the explanation of each request', async t => {
  const fastify = await serve(t, { rules })
  const messages: RewriteMessage[] = []
  const listen = (message: unknown): void => { messages.push(message as RewriteMessage) }
  const onlookers = channel('fastify-arr:request.rewritten')
  onlookers.subscribe(listen)
  await rewriteOf(fastify, '/shop/a%20b?q', { host: 'www.example' })
  onlookers.unsubscribe(listen)
  await rewriteOf(fastify, '/shop/c')
  t.equal(messages.length, 1)
  t.equal(messages[0]?.request.url, '/shop/a%20b?q')
  t.strictSame(messages[0]?.explanation.steps, story)
})

t.test('explain looks files up first', async t => {
  const fastify = await serve(t, { documentRoot: '/nowhere', rules: [rule('.*', '/index.html', { conditions: { add: [{ matchType: 'IsFile', negate: true }] } })], reroute: false })
  const { steps } = await fastify.urlRewrite.explain({ url: '/a' })
  t.match(steps, [{ conditions: [{ input: '{REQUEST_FILENAME}', value: '/nowhere/a', pattern: null, matchType: 'IsFile', negate: true, held: true }], applied: true, url: '/index.html' }])
  t.equal(steps.length, 1)
})

t.test('explain tells the syntax of a pattern, its negation, the grouping, and the query as the rules before have left it', async t => {
  const fastify = await serve(t, {
    rules: [
      rule('a/*', '/b?x=1', { name: 'Wild', patternSyntax: 'Wildcard', conditions: { logicalGrouping: 'MatchAny', add: [{ input: '{QUERY_STRING}', pattern: 'no', negate: true }] } }),
      { name: 'Exact', patternSyntax: 'ExactMatch', match: { url: 'c', negate: true }, action: { type: 'Rewrite', url: '/d', appendQueryString: false } },
      rule('.*', '/e', { name: 'Last' })
    ]
  })
  const { steps } = await fastify.urlRewrite.explain({ url: '/a/1?y=2' })
  t.match(steps, [
    { rule: 'Wild', pattern: 'a/*', patternSyntax: 'Wildcard', negate: false, query: 'y=2', logicalGrouping: 'MatchAny', conditions: [{ pattern: 'no', negate: true, held: true }], url: '/b?x=1&y=2' },
    { rule: 'Exact', pattern: 'c', patternSyntax: 'ExactMatch', negate: true, input: 'b', query: 'x=1&y=2', logicalGrouping: 'MatchAll', matched: true, url: '/d' },
    { rule: 'Last', query: '', input: 'd' }
  ])
})
