// The plugin in a server: sites, applications, rules, other routes, its facts and its options.
import Fastify from 'fastify'
import t from 'tap'
import { staticContent, type StaticContentOptions } from '../src/index.ts'
import { folderOf, get } from './folder.ts'

t.test('the folder of the request\'s site with the longest path serves it', async t => {
  const shop = await folderOf(t, { 'a.txt': 'shop', 'app/a.txt': 'not asked' })
  const app = await folderOf(t, { 'a.txt': 'application' })
  const any = await folderOf(t, { 'a.txt': 'any' })
  const fastify = Fastify()
  t.teardown(() => fastify.close())
  fastify.decorateRequest('site', null)
  fastify.addHook('onRequest', async request => { Object.assign(request, { site: { name: request.headers.host } }) })
  await fastify.register(staticContent, { folders: [{ root: any }, { root: shop, site: 'shop' }, { root: app, site: 'shop', path: '/App' }] })
  const body = async (host: string, path: string): Promise<string> => String((await get(fastify, path, { host })).body)
  t.equal(await body('shop', '/a.txt'), 'shop')
  t.equal(await body('shop', '/app/a.txt'), 'application')
  t.equal(await body('shop', '/APP/a.txt'), 'application')
  t.equal(await body('other', '/a.txt'), 'any')
  t.match(await body('other', '/app/a.txt'), /Not Found/)
})

t.test('a rewritten path is served, an absolute URL is left to others', async t => {
  const root = await folderOf(t, { 'new.txt': 'new', 'a.txt': 'file' })
  const fastify = Fastify()
  t.teardown(() => fastify.close())
  fastify.decorateRequest('rewrite', null)
  fastify.addHook('onRequest', async request => {
    const { to } = request.query as { to?: string }
    if (to !== undefined) Object.assign(request, { rewrite: { url: to } })
  })
  await fastify.register(staticContent, { folders: [{ root }] })
  fastify.setNotFoundHandler(async () => 'others')
  t.equal(String((await get(fastify, '/old?to=/new.txt')).body), 'new')
  t.equal(String((await get(fastify, '/a.txt?to=http://upstream.example/')).body), 'others')
  t.equal(String((await get(fastify, '/none')).body), 'others')
  t.equal(String((await get(fastify, '/a.txt')).body), 'file')
})

t.test('other routes and other methods stay what they are', async t => {
  const root = await folderOf(t, { 'a.txt': 'file' })
  const fastify = Fastify()
  t.teardown(() => fastify.close())
  fastify.get('/a.txt', async () => 'route')
  await fastify.register(staticContent, { folders: [{ root }] })
  fastify.post('/*', async () => 'posted')
  t.equal(String((await get(fastify, '/a.txt')).body), 'route')
  t.equal(String((await get(fastify, '/a.txt', {}, 'POST')).body), 'posted')
})

t.test('the fact tells which file was served, and IIS\'s substatus of a refusal', async t => {
  const root = await folderOf(t, { 'sub/a.txt': 'a', 'a.unknown': 'x', 'code.cs': 'x', 'empty/b.txt': 'b' })
  const fastify = Fastify()
  t.teardown(() => fastify.close())
  const facts: unknown[] = []
  await fastify.register(staticContent, { folders: [{ root }] })
  fastify.addHook('onResponse', async request => { facts.push(request.servedFile) })
  for (const path of ['/sub/a.txt', '/a.unknown', '/code.cs', '/bin/x', '/empty/', '/none']) await get(fastify, path)
  t.same(facts, [
    { path: 'sub/a.txt', subStatusCode: 0 },
    { path: null, subStatusCode: 3 },
    { path: null, subStatusCode: 7 },
    { path: null, subStatusCode: 8 },
    { path: null, subStatusCode: 14 },
    null
  ])
})

t.test('all mistakes in the options are one error', async t => {
  const wrong = {
    folder: [],
    folders: [
      { root: 'relative', path: 'app', site: '', defaultDocuments: 'index.html', mediaTypes: { json: 'x' }, hiddenSegments: ['a/b'], hiddenExtensions: ['config'], compress: 'yes', ignoreCase: 1, clientCach: {} },
      { root: '/', clientCache: { maxAge: -1, expires: 'never', noCache: 1, custom: 'a\nb', other: 1 }, errorPages: { 500: { file: '/a' }, 404: { file: 'a' }, 403: {} } },
      null
    ]
  } as unknown as StaticContentOptions
  const error = await Fastify().register(staticContent, wrong).then(() => null, (error: Error & { code: string }) => error)
  t.equal(error?.code, 'FST_ARR_STATIC_INVALID_OPTIONS')
  for (const part of [
    '`folder` is no option; the nearest is `folders`', '`folders[0].compress` must be true or false', '`folders[0].root` must be an absolute path', '`folders[0].path` must be a path',
    '`folders[0].site` must be a name', '`folders[0].defaultDocuments` must be a list', '`folders[0].mediaTypes` must be an object', '`folders[0].hiddenSegments` must be a list',
    '`folders[0].hiddenExtensions` must be a list', '`folders[0].ignoreCase` must be true or false', 'the nearest is `clientCache`', '`folders[1].clientCache.maxAge` must be a number',
    '`folders[1].clientCache.expires` must be a date', '`folders[1].clientCache.noCache` must be true or false', '`folders[1].clientCache.custom` must be', '`other` is no option',
    '"500"', '`folders[1].errorPages.404` must be', '`folders[1].errorPages.403` must be', '`folders[2]` must be an object'
  ]) t.ok(error?.message.includes(part), part)
  t.match(await Fastify().register(staticContent, {} as StaticContentOptions).then(() => null, (error: Error) => error.message), '`folders` must be a list')
})
