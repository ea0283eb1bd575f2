// Which answers get a page: those that nobody has written; with Replace all. Error handlers and routes of the user's go before.
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import fastifyStatic from '@fastify/static'
import Fastify from 'fastify'
import t from 'tap'
import { errorPages, type ErrorPagesOptions } from '../src/index.ts'
import { folderOf, get, get2, serverOf } from './server.ts'

const PAGES = { '*': { text: 'a page' } }

t.test('an answer that a route gives with an error status passes, blank ones too', async t => {
  const fastify = await serverOf(t, { pages: PAGES })
  t.same(JSON.parse((await get(fastify, '/own')).body), { statusCode: 404, error: 'Not Found', message: 'no such thing' })
  t.equal((await get(fastify, '/own-text')).body, 'no such text')
  t.equal((await get(fastify, '/blank')).body, '')
  t.equal((await get(fastify, '/broken')).body, 'a page')
  t.equal((await get(fastify, '/none')).body, 'a page')
})

t.test('a route that answers null with an error status is answered so', async t => {
  for (const handles of [false, true]) {
    const fastify = await serverOf(t, { pages: PAGES }, fastify => {
      if (handles) fastify.setErrorHandler((error, _request, reply) => reply.code(500).send(`handled: ${(error as Error).message}`))
      fastify.get('/null', (_request, reply) => { reply.code(404).send(null) })
      fastify.get('/returned', async (_request, reply) => {
        reply.code(410)
        return null
      })
    })
    for (const [path, expected] of [['/null', 404], ['/returned', 410]] as const) {
      const { status, body } = await get(fastify, path)
      t.same([status, body], [expected, 'null'], `${path}, ${handles ? 'with' : 'without'} an error handler`)
    }
  }
})

for (const order of ['before', 'after']) {
  t.test(`an error handler of the user's that is set ${order} the plugin answers, and what it passes on gets the page`, async t => {
    const fastify = Fastify()
    t.teardown(() => fastify.close())
    const handle = (): void => {
      fastify.setErrorHandler((error, _request, reply) => {
        const { message, statusCode = 500 } = error as Error & { statusCode?: number }
        if (message === 'mine') return reply.code(statusCode).send({ statusCode, error: 'Internal Server Error', message: 'handled' })
        if (message === 'my text') return reply.code(statusCode).type('text/plain').send('handled')
        throw error
      })
    }
    if (order === 'before') handle()
    await fastify.register(errorPages, { pages: PAGES })
    if (order === 'after') handle()
    for (const name of ['mine', 'my text', 'other']) fastify.get(`/${name.replace(' ', '-')}`, async () => { throw new Error(name) })
    t.match(JSON.parse((await get(fastify, '/mine')).body), { message: 'handled' }, 'though it looks like Fastify\'s own')
    t.equal((await get(fastify, '/my-text')).body, 'handled')
    t.equal((await get(fastify, '/other')).body, 'a page')
    t.equal((await get(fastify, '/none')).body, 'a page')
  })

  t.test(`a handler for what is not found that is set ${order} the plugin answers`, async t => {
    const fastify = Fastify()
    t.teardown(() => fastify.close())
    const handle = (): void => { fastify.setNotFoundHandler((request, reply) => { reply.code(404).send({ message: `no ${request.url}`, error: 'Not Found', statusCode: 404 }) }) }
    if (order === 'before') handle()
    await fastify.register(errorPages, { pages: PAGES })
    if (order === 'after') handle()
    t.match(JSON.parse((await get(fastify, '/none')).body), { message: 'no /none' })
  })
}

t.test('with Replace every error answer gets the page, and nothing of the answer is left but its cookies and the like', async t => {
  const zipped = gzipSync('the secret of a route')
  const fastify = await serverOf(t, { pages: PAGES, existingResponse: 'Replace' }, fastify => {
    fastify.setNotFoundHandler((_request, reply) => reply.code(404).send('no such page'))
    fastify.get('/stream', async (_request, reply) => reply.code(503)
      .headers({ 'content-encoding': 'gzip', 'content-type': 'text/x', etag: '"x"', 'content-length': String(zipped.length), 'set-cookie': 'a=b', 'retry-after': '7', 'content-disposition': 'attachment' })
      .send(Readable.from([zipped])))
    fastify.get('/response', async () => new Response('the secret of a route', { status: 410 }))
  })
  for (const path of ['/own', '/own-text', '/blank', '/broken', '/none', '/stream', '/response']) t.equal((await get(fastify, path)).body, 'a page', path)
  const { status, headers } = await get(fastify, '/stream')
  t.equal(status, 503)
  t.same(headers['set-cookie'], ['a=b'])
  t.equal(headers['retry-after'], '7')
  for (const name of ['content-encoding', 'etag', 'content-disposition']) t.equal(headers[name], undefined, name)
  t.equal(headers['content-length'], '6')
  t.equal((await get(fastify, '/response')).status, 410)
})

t.test('a stream that Replace sets aside is closed', async t => {
  const stream = new Readable({ read () {} })
  const fastify = await serverOf(t, { pages: PAGES, existingResponse: 'Replace' }, fastify => { fastify.get('/stream', async (_request, reply) => reply.code(500).send(stream)) })
  t.equal((await get(fastify, '/stream')).body, 'a page')
  t.ok(stream.destroyed)
})

t.test('with PassThrough, or Detailed, nothing is replaced', async t => {
  for (const options of [{ existingResponse: 'PassThrough' }, { errorMode: 'Detailed' }, { errorMode: 'Detailed', existingResponse: 'Replace' }] as const) {
    const fastify = await serverOf(t, { pages: PAGES, ...options })
    t.match(JSON.parse((await get(fastify, '/none')).body), { statusCode: 404 })
    t.match(JSON.parse((await get(fastify, '/own')).body), { message: 'no such thing' })
  }
})

t.test('with DetailedLocalOnly, a client on the server itself gets the error, and any other the page', async t => {
  const fastify = Fastify({ trustProxy: '127.0.0.1' })
  t.teardown(() => fastify.close())
  await fastify.register(errorPages, { pages: PAGES, errorMode: 'DetailedLocalOnly' })
  t.match(JSON.parse((await get(fastify, '/none')).body), { statusCode: 404 })
  t.match(JSON.parse((await get(fastify, '/none', { 'x-forwarded-for': '::1' })).body), { statusCode: 404 })
  t.equal((await get(fastify, '/none', { 'x-forwarded-for': '198.51.100.7' })).body, 'a page')
  const untrusting = await serverOf(t, { pages: PAGES, errorMode: 'DetailedLocalOnly' })
  t.match(JSON.parse((await get(untrusting, '/none', { 'x-forwarded-for': '198.51.100.7' })).body), { statusCode: 404 }, 'a header that nobody trusts changes nothing')
})

t.test('a place has rules of its own, and those of the place around it where it says nothing', async t => {
  const options: ErrorPagesOptions = {
    pages: { 404: { text: 'all' } },
    places: [
      { path: '/App', pages: { 404: { text: 'app' } } },
      { path: '/app/api', existingResponse: 'PassThrough' },
      { path: '/app/api/v2', existingResponse: 'Auto' },
      { site: 'Shop', pages: { 404: { text: 'shop' } } }
    ]
  }
  const fastify = Fastify()
  t.teardown(() => fastify.close())
  await fastify.register(errorPages, options)
  fastify.decorateRequest('site', null)
  fastify.addHook('onRequest', async request => { (request as { site?: unknown }).site = request.headers.host === 'shop.example' ? { name: 'Shop' } : null })
  const body = async (path: string, host = 'a.example'): Promise<string> => (await get(fastify, path, { host })).body
  t.equal(await body('/x'), 'all')
  t.equal(await body('/app/x'), 'app')
  t.equal(await body('/%41PP/x?y'), 'app')
  t.equal(await body('/a/../app'), 'app')
  t.equal(await body('/apple'), 'all')
  t.match(JSON.parse(await body('/app/api/x')), { statusCode: 404 })
  t.equal(await body('/app/api/v2'), 'app')
  t.equal(await body('/x', 'shop.example'), 'shop')
  t.equal(await body('/app/x', 'shop.example'), 'app', 'the longest path')
})

t.test('beside @fastify/static, what it does not find gets the page', async t => {
  const root = await folderOf(t, { 'a.txt': 'a', '404.htm': 'a page' })
  const fastify = Fastify()
  t.teardown(() => fastify.close())
  await fastify.register(fastifyStatic, { root })
  await fastify.register(errorPages, { pages: { 404: { file: join(root, '404.htm') } } })
  t.equal((await get(fastify, '/a.txt')).body, 'a')
  const { status, body } = await get(fastify, '/none')
  t.same([status, body], [404, 'a page'])
})

t.test('bodies that cannot be parsed, and what is too large, get the page', async t => {
  const fastify = await serverOf(t, { pages: { 415: { text: 'no such type' }, 413: { text: 'too large' }, 400: { text: 'no JSON' } } }, fastify => { fastify.post('/', async () => 'posted') })
  const post = async (type: string, payload: string): Promise<string> => (await fastify.inject({ method: 'POST', url: '/', headers: { 'content-type': type }, payload })).payload
  t.equal(await post('a/b', 'x'), 'no such type')
  t.equal(await post('application/json', '{'), 'no JSON')
  t.equal(await post('application/json', JSON.stringify('x'.repeat(1_100_000))), 'too large')
})

for (const http2 of [false, true]) {
  t.test(`a header that cannot be sent is left out, and the server goes on, over HTTP/${http2 ? '2' : '1.1'}`, async t => {
    const ask = http2 ? get2 : get
    const fastify = await serverOf(t, { pages: PAGES }, fastify => {
      fastify.get('/bad', async (_request, reply) => {
        reply.headers({ 'x-bad': 'a\r\nb: c', 'x-good': 'yes', connection: 'close', 'x-many': ['a', 'b'] })
        throw new Error('failed')
      })
    }, http2)
    const { status, headers, body } = await ask(fastify, '/bad')
    t.same([status, body, headers['x-bad'], headers['x-good']], [500, 'a page', undefined, 'yes'])
    t.equal((await ask(fastify, '/')).body, 'well')
  })
}
