// What does a client get where the file of a page is missing? With Replace never what somebody else has written.
import { createServer } from 'node:http'
import { rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { upstreamProxy } from '@fastify-arr/upstream-proxy'
import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { errorPages, type ErrorPagesOptions, type PageOptions } from '../src/index.ts'
import { folderOf, get } from './server.ts'

/** A server that tells its warnings, with a route whose 404 is secret, and a proxy to an upstream whose 503 is. */
async function siteOf (t: Test, options: ErrorPagesOptions): Promise<{ fastify: FastifyInstance, warnings: string[] }> {
  const upstream = createServer((_request, response) => response.writeHead(503, 'Secret', { etag: '"secret"' }).end('the secret of the upstream'))
  t.teardown(() => {
    upstream.closeAllConnections()
    upstream.close()
  })
  await new Promise<void>(resolve => { upstream.listen(0, '127.0.0.1', resolve) })
  const warnings: string[] = []
  const fastify = Fastify({ logger: { level: 'warn', stream: { write: line => { warnings.push((JSON.parse(line) as { msg: string }).msg) } } } })
  t.teardown(() => fastify.close())
  await fastify.register(errorPages, options)
  fastify.get('/route', async (_request, reply) => reply.code(404).send('the secret of a route'))
  fastify.get('/broken', async () => { throw new Error('failed') })
  await fastify.register(async within => { await within.register(upstreamProxy, { upstream: `http://127.0.0.1:${(upstream.address() as AddressInfo).port}` }) }, { prefix: '/up' })
  return { fastify, warnings }
}

t.test('with Replace, an answer of somebody else whose page is missing is a line with its status, and the log has it once', async t => {
  const file = join(await folderOf(t, { '404.html': 'a page' }), '404.html')
  const { fastify, warnings } = await siteOf(t, { pages: { 404: { file }, '*': { file: `${file}.none` } }, existingResponse: 'Replace' })
  t.equal((await get(fastify, '/route')).body, 'a page')
  await rm(file)
  for (const [path, status, body] of [['/route', 404, '404 Not Found'], ['/up', 503, '503 Service Unavailable'], ['/route', 404, '404 Not Found']] as const) {
    const answer = await get(fastify, path)
    t.same([answer.status, answer.body, answer.headers['content-type'], answer.headers['etag']], [status, body, 'text/plain; charset=utf-8', undefined], path)
  }
  t.same(warnings, ['the page for an error cannot be read; the error is answered without', 'the page for an error cannot be read; the error is answered without'], 'once for each page')
})

t.test('with Replace, the page of the status and the page for all others stand in for one that is missing', async t => {
  const gone: PageOptions = { file: join(await folderOf(t, {}), 'none.html') }
  const other = { '*': { text: 'the other page' } }
  const all = await siteOf(t, { pages: { 404: gone, 503: gone, ...other }, existingResponse: 'Replace' })
  for (const path of ['/route', '/up']) t.equal((await get(all.fastify, path)).body, 'the other page', path)
  const of404 = await siteOf(t, { pages: { '404.0': gone, 404: { redirect: '/sorry' }, ...other }, existingResponse: 'Replace' })
  t.equal((await get(of404.fastify, '/route')).headers['location'], '/sorry')
})

t.test('an error made here whose page is missing is answered without, whatever existingResponse says', async t => {
  const gone: PageOptions = { file: join(await folderOf(t, {}), 'none.html') }
  for (const existingResponse of ['Auto', 'Replace'] as const) {
    const { fastify } = await siteOf(t, { pages: { '*': gone }, existingResponse })
    t.match(JSON.parse((await get(fastify, '/broken')).body), { statusCode: 500, message: 'failed' }, existingResponse)
  }
  const auto = await siteOf(t, { pages: { '*': gone } })
  t.equal((await get(auto.fastify, '/route')).body, 'the secret of a route')
})
