// No pattern can be driven into catastrophic backtracking.

import { deepEqual } from 'node:assert/strict'
import t from 'tap'
import fc from 'fast-check'
import { engineMaker } from '../src/engine.ts'
import { isLinear } from '../src/linear.ts'
import { nativeEngine } from '../src/pattern.ts'
import { answering, get } from './answering.ts'
import { rewritten, rule } from './engine.ts'
import type { OutboundRule } from '../src/index.ts'

t.test('what people write is proven to be quick, and runs natively', async t => {
  for (const source of [
    '(.*)', '^(.*)$', '.*', '^$', 'localhost', '^api/(.*)', '^(www\\.)(.*)$', '^/([a-zA-Z]+)/([0-9]+)/$', 'p2=([a-z]+)', '^([^/]+)/?$',
    '^([_0-9a-z-]+)/([_0-9a-z-]+)/?$', '^([_0-9a-zA-Z-]+/)?(wp-.*)', '^(https?)://', '^(.+)://', '^(?!api/)(.*)$', '\\.(jpg|png|gif)$',
    '^(?!.*\\.php).*$', '^((?!api).)*$', '^.*(bot|crawler).*$', '^(.*)/api/(.*)$', '^text/html', '3\\d\\d', '^(?:a|b)+$'
  ]) t.ok(isLinear(source, true), source)
})

t.test('nothing that can be made to backtrack much is taken for quick', async t => {
  for (const source of [
    '(a+)+$', '^(a|a)*b', '^(\\w+\\s?)*$', '(.*)/(.*)', '(.*)foo', '\\s+$', '.*\\.aspx$', '^(.*/)*index\\.html$', '([^&]*&)*id=([^&]*)', '^.*a.*b',
    '(a+)+(?=b)', '^(?=(a+)+b)', '(a|aa)\\1+$', '^[a-z]{1,30}[a-z]{1,30}[a-z]{1,30}$', '(?<=a+)b', '^(a?){30}a{30}$', '^\\d+\\d+x', '(?:a|ab)*c'
  ]) t.notOk(isLinear(source, true), source)
})

t.test('the linear-time engine gives what the language\'s own gives', async t => {
  const linear = engineMaker('linear')
  for (const source of ['(.*)/(.*)', '(a+)+$', '([^&]*&)*id=([^&]*)', '(.*/)*index\\.html$', '\\s+$', '(?:x|^)([^?]*)\\?(.*)', '([a-z]+)([0-9]*)x', '(é+)+b']) {
    fc.assert(fc.property(fc.string({ unit: fc.constantFrom('a', 'b', '/', '&', '?', 'x', '1', ' ', 'é', '😀', '\n', 'I', 'id=', 'index.html') }), text => {
      deepEqual(Array.from(linear(source, true).exec(text) ?? []), Array.from(nativeEngine(source, true).exec(text) ?? []), `${source} on ${text}`)
      deepEqual(linear(source, true).spans(text, 1), nativeEngine(source, true).spans(text, 1), `${source} on ${text}, from the second character`)
    }), { numRuns: 200 })
    t.pass(source)
  }
})

t.test('an exponential pattern answers at once on an input made to hang it', async t => {
  const to = rewritten({ rules: [rule('^(a+)+$', '/found')] }, { url: `/${'a'.repeat(5000)}!` })
  t.equal(to, null)
  t.equal(rewritten({ rules: [rule('^(a+)+$', '/found')] }, { url: `/${'a'.repeat(5000)}` }), '/found')
})

t.test('a pattern that nothing can run safely is refused, with its rule\'s name', async t => {
  t.throws(() => rewritten({ rules: [rule('(a+)+(?=b)', '/', { name: 'Nasty' })] }), { message: /^rules "Nasty": match\.url: "\(a\+\)\+\(\?=b\)" is not proven/ })
})

t.test('riskyPatterns: refuse refuses whatever is not proven', async t => {
  t.throws(() => rewritten({ rules: [rule('(.*)foo', '/')], riskyPatterns: 'refuse' }), { message: /riskyPatterns/ })
  t.equal(rewritten({ rules: [rule('^a', '/b')], riskyPatterns: 'refuse' }, { url: '/a' }), '/b')
})

t.test('what is no regular expression is named', async t => {
  t.throws(() => rewritten({ rules: [rule('(', '/')] }), { message: /"\(" is not a regular expression/ })
})

t.test('a body with many matches, each of which looks as far as it can, keeps nobody waiting and passes as it is in the end', async t => {
  // So long that it takes far more than it may, and so short that even on a slow machine a search is a small part of that.
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

t.test('a body with many rules, none of which finds anything, keeps nobody waiting either', async t => {
  // Many rules on a short page: on a slow machine there are still many turns in the time that all of them may take.
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
