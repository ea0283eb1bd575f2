// Rules that are replaced while the server runs.

import t from 'tap'
import Fastify, { type FastifyInstance } from 'fastify'
import urlRewrite from '../src/index.ts'
import { rule } from './engine.ts'

t.test('new rules apply at once, and the old ones no longer do', async t => {
  const fastify = Fastify()
  t.teardown(() => fastify.close())
  await fastify.register(urlRewrite, { rules: [rule('^a$', '/old')] })
  fastify.get('/*', async request => request.url)
  t.equal((await fastify.inject('/a')).body, '/old')
  fastify.urlRewrite.replace({
    rules: [rule('^b$', '/new')],
    outboundRules: { rules: [{ name: 'sign', match: { serverVariable: 'RESPONSE_X_RULES', pattern: '^$' }, action: { type: 'Rewrite', value: 'second' } }] }
  })
  t.equal((await fastify.inject('/a')).body, '/a')
  const answer = await fastify.inject('/b')
  t.equal(answer.body, '/new')
  t.equal(answer.headers['x-rules'], 'second', 'rules for answers come in with them')
})

t.test('rules with mistakes are refused, and the old ones stay', async t => {
  const fastify = Fastify()
  t.teardown(() => fastify.close())
  await fastify.register(urlRewrite, { rules: [rule('^a$', '/old')] })
  fastify.get('/*', async request => request.url)
  await fastify.ready()
  t.throws(() => fastify.urlRewrite.replace({ rules: [rule('(', '/new')] }), { code: 'FST_ARR_URL_REWRITE_INVALID_OPTIONS' })
  t.throws(() => fastify.urlRewrite.replace({ rules: [rule('.*', 'http://elsewhere.example/')] }), { code: 'FST_ARR_URL_REWRITE_NO_PROXY' })
  t.equal((await fastify.inject('/a')).body, '/old')
})

t.test('an unknown option is a mistake, at registration and when the rules are replaced', async t => {
  const register = async (options: object): Promise<FastifyInstance> => {
    const fastify = Fastify()
    t.teardown(() => fastify.close())
    await fastify.register(urlRewrite, options as never)
    return fastify
  }
  const code = 'FST_ARR_URL_REWRITE_INVALID_OPTIONS'
  await t.rejects(register({ rule: [], bogus: 1, riskyPatterns: 'allow' }), { code, message: /: `rule` is no option; the nearest is `rules`; `bogus` is no option; there are globalRules, .*documentRoot; `riskyPatterns` is/ })
  // @fastify/autoload 6.5.0, index.js: register(plugin, { ...autoConfig, ...options, prefix }); `prefix` may be undefined.
  const fastify = await register({ prefix: undefined, logLevel: 'info', logSerializers: {} })
  t.throws(() => fastify.urlRewrite.replace({ rewriteMap: [] } as never), { code, message: /`rewriteMap` is no option; the nearest is `rewriteMaps`/ })
})
