// In a Fastify server without a proxy.

import t, { type Test } from 'tap'
import { mkdtemp, rm, writeFile, mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Fastify, { type FastifyInstance } from 'fastify'
import urlRewrite, { type UrlRewriteOptions } from '../src/index.ts'
import { rule } from './engine.ts'
import { ask } from './serving.ts'

async function plain (t: Test, options: UrlRewriteOptions, routes: (fastify: FastifyInstance) => void): Promise<FastifyInstance> {
  const fastify = Fastify()
  t.teardown(() => fastify.close())
  await fastify.register(urlRewrite, options)
  routes(fastify)
  await fastify.listen({ port: 0, host: '127.0.0.1' })
  return fastify
}

t.test('a request rewritten to a path is answered by that path\'s route, with params, query and body', async t => {
  const fastify = await plain(t, { rules: [rule('^article/(\\d+)$', '/api/articles/{R:1}?from=rule')] }, fastify => {
    fastify.all('/api/articles/:id', async request => ({ url: request.url, original: request.originalUrl, params: request.params, query: request.query, body: request.body ?? null }))
  })
  t.strictSame(JSON.parse((await ask(fastify, '/article/7?x=1')).body), { url: '/api/articles/7?from=rule&x=1', original: '/article/7?x=1', params: { id: '7' }, query: { from: 'rule', x: '1' }, body: null })
  const posted = await ask(fastify, '/article/7', { method: 'POST', body: JSON.stringify({ a: 'x'.repeat(200_000) }), headers: { 'content-type': 'application/json' } })
  t.equal((JSON.parse(posted.body) as { body: { a: string } }).body.a.length, 200_000)
  t.equal((await ask(fastify, '/other')).status, 404)
})

t.test('rules run once for a request, even where the new path matches again', async t => {
  let hooks = 0
  const fastify = await plain(t, { rules: [rule('^(.*)$', '/deep/{R:1}')] }, fastify => {
    fastify.addHook('onRequest', async () => { hooks++ })
    fastify.get('/*', async request => ({ url: request.url, rewrite: request.rewrite?.url }))
  })
  t.strictSame(JSON.parse((await ask(fastify, '/a')).body), { url: '/deep/a', rewrite: '/deep/a' })
  t.equal(hooks, 1, 'hooks after this one run on the second way only')
})

t.test('with reroute false the first route answers the request', async t => {
  const fastify = await plain(t, { reroute: false, rules: [rule('^a$', '/b')] }, fastify => {
    fastify.get('/a', async request => request.rewrite?.url)
    fastify.get('/b', async () => 'b')
  })
  t.equal((await ask(fastify, '/a')).body, '/b')
})

t.test('a rule that needs a proxy where none is registered is an error at start', async t => {
  const fastify = Fastify()
  t.teardown(() => fastify.close())
  await fastify.register(urlRewrite, { rules: [rule('(.*)', 'http://localhost:8080/{R:1}', { name: 'Out' })] })
  await t.rejects(async () => { await fastify.ready() }, { code: 'FST_ARR_URL_REWRITE_NO_PROXY', message: /^rules "Out" rewrites to an absolute URL, and no proxy/ })
})

t.test('a request that turns out to need a proxy is answered 500 with the same code', async t => {
  const fastify = await plain(t, { rules: [rule('(.*)', '{Hosts:{R:1}}')], rewriteMaps: [{ name: 'Hosts', entries: { a: 'http://localhost:1/' } }] }, fastify => {
    fastify.get('/*', async () => 'never')
  })
  const answer = await ask(fastify, '/a')
  t.equal(answer.status, 500)
  t.equal((JSON.parse(answer.body) as { code: string }).code, 'FST_ARR_URL_REWRITE_NO_PROXY')
})

t.test('IsFile and IsDirectory look at the file system', async t => {
  const root = await mkdtemp(join(tmpdir(), 'url-rewrite-'))
  t.teardown(() => rm(root, { recursive: true, force: true }))
  await writeFile(join(root, 'there.txt'), 'x')
  await mkdir(join(root, 'folder'))
  const front = rule('(.*)', '/index.php/{R:1}', {
    conditions: { add: [{ matchType: 'IsFile', negate: true }, { input: '{REQUEST_FILENAME}', matchType: 'IsDirectory', negate: true }] }
  })
  const fastify = await plain(t, { documentRoot: root, rules: [front] }, fastify => {
    fastify.get('/*', async request => request.url)
  })
  t.equal((await ask(fastify, '/there.txt')).body, '/there.txt')
  t.equal((await ask(fastify, '/folder')).body, '/folder')
  t.equal((await ask(fastify, '/not-there')).body, '/index.php/not-there')
  t.equal((await ask(fastify, '/a%00b')).status, 400)
})

t.test('IsFile without documentRoot is a mistake', async t => {
  const fastify = Fastify()
  t.teardown(() => fastify.close())
  await t.rejects(async () => fastify.register(urlRewrite, { rules: [rule('.*', '/', { name: 'F', conditions: { add: [{ matchType: 'IsFile' }] } })] }), { code: 'FST_ARR_URL_REWRITE_INVALID_OPTIONS', message: /`rules\[0\]\.conditions\.add\[0\]` of "F": IsFile needs the option documentRoot/ })
})

t.test('a function gives each request its own rules, and each list is compiled once', async t => {
  const lists = { a: [rule('.*', '/for-a')], b: [rule('(', '/')] }
  const fastify = await plain(t, { reroute: false, rules: request => request.headers.host === 'a' ? lists.a : request.headers.host === 'b' ? lists.b : undefined }, fastify => {
    fastify.get('/*', async request => request.rewrite?.url ?? 'none')
  })
  for (const [host, body] of [['a', '/for-a'], ['c', 'none'], ['a', '/for-a']] as const) t.equal((await ask(fastify, '/x', { host })).body, body)
  t.match(JSON.parse((await ask(fastify, '/x', { host: 'b' })).body), { statusCode: 500, code: 'FST_ARR_URL_REWRITE_INVALID_OPTIONS' })
  t.equal((await ask(fastify, '/x', { host: 'a' })).body, '/for-a')
})

t.test('options with wrong values are named', async t => {
  const fastify = Fastify()
  t.teardown(() => fastify.close())
  const options = { riskyPatterns: 'allow', outboundBufferLimit: 0, allowedServerVariables: 'X', rules: {}, prefix: '/ignored' } as unknown as UrlRewriteOptions
  await t.rejects(async () => fastify.register(urlRewrite, options), { message: /`riskyPatterns` is "allow"[^]*outboundBufferLimit[^]*`allowedServerVariables` must be[^]*`rules` must be a list/ })
})
