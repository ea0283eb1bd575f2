// No pattern can be driven into catastrophic backtracking.

import t from 'tap'
import { answering, get } from './answering.ts'
import { rewritten, rule } from './engine.ts'
import type { OutboundRule } from '../src/index.ts'

t.test('an exponential pattern answers at once on an input made to hang it', async t => {
  const to = rewritten({ rules: [rule('^(a+)+$', '/found')] }, { url: `/${'a'.repeat(5000)}!` })
  t.equal(to, null)
  t.equal(rewritten({ rules: [rule('^(a+)+$', '/found')] }, { url: `/${'a'.repeat(5000)}` }), '/found')
})

t.test('a pattern that no engine can run safely is refused, with its rule\'s name', async t => {
  t.throws(() => rewritten({ rules: [rule('(a+)+(?=b)', '/', { name: 'Nasty' })] }), { message: /^`rules\[0\]\.match\.url` of "Nasty": "\(a\+\)\+\(\?=b\)" is not proven/ })
})

t.test('riskyPatterns: refuse refuses whatever is not proven', async t => {
  t.throws(() => rewritten({ rules: [rule('(.*)foo', '/')], riskyPatterns: 'refuse' }), { message: /riskyPatterns/ })
  t.equal(rewritten({ rules: [rule('^a', '/b')], riskyPatterns: 'refuse' }, { url: '/a' }), '/b')
})

t.test('what is no regular expression is named', async t => {
  t.throws(() => rewritten({ rules: [rule('(', '/')] }), { message: /"\(" is not a regular expression/ })
})

t.test('a body with many matches, each of which searches to the end, does not block other requests and passes unchanged in the end', async t => {
  // Long enough to exceed the time limit by far, and short enough that even on a slow machine one search is a small part of it.
  const page = 'a'.repeat(30_000)
  const fastify = await answering(t, { outboundRules: { rules: [{ name: 'Far', match: { pattern: 'a.*b|a' }, action: { type: 'Rewrite', value: 'x' } }] } }, (reply, request) =>
    reply.type(request.url === '/page' ? 'text/html' : 'application/octet-stream').send(request.url === '/page' ? page : 'at once'))
  let answered = 0
  const over = new AbortController()
  const others = (async () => { for (; !over.signal.aborted; answered++) await get(fastify) })()
  const { body } = await get(fastify, { path: '/page' })
  over.abort()
  await others
  t.ok(body.equals(Buffer.from(page)))
  t.ok(answered > 10, `${answered} others were answered meanwhile`)
})

t.test('a body with many rules, none of which matches, does not block other requests either', async t => {
  // Many rules on a short page: even on a slow machine there are many turns within the time limit.
  const page = 'a'.repeat(50_000)
  const rules = Array.from({ length: 100 }, (_, index): OutboundRule => ({ name: `Far ${index}`, match: { pattern: '(a+)+b' }, action: { type: 'Rewrite', value: 'x' } }))
  const fastify = await answering(t, { outboundRules: { rules } }, (reply, request) =>
    reply.type(request.url === '/page' ? 'text/html' : 'application/octet-stream').send(request.url === '/page' ? page : 'at once'))
  await get(fastify)
  let answered = 0
  const over = new AbortController()
  const whole = get(fastify, { path: '/page' })
  const others = (async () => { for (; !over.signal.aborted; answered++) await get(fastify) })()
  t.ok((await whole).body.equals(Buffer.from(page)))
  over.abort()
  await others
  t.ok(answered > 4, `${answered} others were answered meanwhile`)
})
