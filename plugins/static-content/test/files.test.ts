// Files, default documents, media types, caching, ranges: what IIS's static file handler does.
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import Fastify from 'fastify'
import t from 'tap'
import { staticContent } from '../src/index.ts'
import { folderOf, get, serverOf } from './folder.ts'

t.test('a file is served with its media type, its length, an ETag and a date', async t => {
  const fastify = await serverOf(t, await folderOf(t, { 'css/site.css': 'a{}' }))
  const { status, headers, body } = await get(fastify, '/css/site.css?v=1')
  t.equal(status, 200)
  t.equal(String(body), 'a{}')
  t.match(headers, { 'content-type': 'text/css; charset=utf-8', 'content-length': '3', 'accept-ranges': 'bytes', etag: /^W\/"/, 'last-modified': /GMT$/ })
  t.notOk('cache-control' in headers, 'nothing is said of caching unless it is asked for')
})

t.test('HEAD has the headers of GET and no body', async t => {
  const fastify = await serverOf(t, await folderOf(t, { 'a.txt': 'abc' }))
  const { status, headers, body } = await get(fastify, '/a.txt', {}, 'HEAD')
  t.equal(status, 200)
  t.equal(headers['content-length'], '3')
  t.equal(body.length, 0)
})

t.test('a folder is answered by its first default document, in the order of the list', async t => {
  const root = await folderOf(t, { 'b.htm': 'b', 'c.htm': 'c', 'sub/c.htm': 'sub' })
  const fastify = await serverOf(t, root, { defaultDocuments: ['a.htm', 'b.htm', 'c.htm'] })
  t.equal(String((await get(fastify, '/')).body), 'b')
  t.equal(String((await get(fastify, '/sub/')).body), 'sub')
})

t.test('a folder without its slash is redirected to it, with the query, and never to another host', async t => {
  const fastify = await serverOf(t, await folderOf(t, { 'sub/index.html': 'page', 'evil.example/index.html': 'page' }))
  const { status, headers } = await get(fastify, '/sub?a=1')
  t.equal(status, 301)
  t.equal(headers.location, '/sub/?a=1')
  t.equal((await get(fastify, '//evil.example')).headers.location, '/evil.example/')
  t.equal((await get(fastify, '/%5C%5Cevil.example')).headers.location, '/evil.example/')
})

t.test('a folder without a default document is 403: folders are not listed', async t => {
  const fastify = await serverOf(t, await folderOf(t, { 'sub/secret.txt': 'x' }))
  const { status, body } = await get(fastify, '/sub/')
  t.equal(status, 403)
  t.notMatch(String(body), /secret/)
})

t.test('a file without a known media type is 404; one is added, changed or taken away by extension', async t => {
  const root = await folderOf(t, { 'a.unknown': 'x', 'b.json': '{}', 'c.html': 'c', noextension: 'n' })
  const plain = await serverOf(t, root)
  t.equal((await get(plain, '/a.unknown')).status, 404)
  t.equal((await get(plain, '/noextension')).status, 404)
  const own = await serverOf(t, root, { mediaTypes: { '.UNKNOWN': 'application/x-mine', '.json': 'text/plain', '.html': null, '.': 'text/plain' } })
  t.equal((await get(own, '/a.unknown')).headers['content-type'], 'application/x-mine')
  t.equal((await get(own, '/b.json')).headers['content-type'], 'text/plain')
  t.equal((await get(own, '/c.html')).status, 404)
  t.equal((await get(own, '/noextension')).status, 200)
  t.equal((await get(await serverOf(t, root, { mediaTypes: { '.*': 'application/octet-stream' } }), '/a.unknown')).status, 200)
})

t.test('clients are told of caching as <clientCache> says', async t => {
  const root = await folderOf(t, { 'a.txt': 'a' })
  const rows = [
    [{ maxAge: 86400 }, 'max-age=86400', undefined],
    [{ maxAge: 60, custom: 'public' }, 'max-age=60,public', undefined],
    [{ expires: 'Tue, 19 Jan 2038 03:14:07 GMT' }, undefined, 'Tue, 19 Jan 2038 03:14:07 GMT'],
    [{ noCache: true, maxAge: 60 }, 'no-cache', undefined]
  ] as const
  for (const [clientCache, control, expires] of rows) {
    const { headers } = await get(await serverOf(t, root, { clientCache }), '/a.txt')
    t.equal(headers['cache-control'], control)
    t.equal(headers.expires, expires)
  }
})

t.test('a client that has the file gets 304, and a part of it where it asks for one', async t => {
  const fastify = await serverOf(t, await folderOf(t, { 'a.txt': '0123456789' }), { clientCache: { maxAge: 5 } })
  const { headers } = await get(fastify, '/a.txt')
  const again = await get(fastify, '/a.txt', { 'if-none-match': headers.etag as string })
  t.equal(again.status, 304)
  t.equal(again.headers['cache-control'], 'max-age=5')
  const part = await get(fastify, '/a.txt', { range: 'bytes=2-4' })
  t.equal(part.status, 206)
  t.equal(String(part.body), '234')
  t.equal(part.headers['content-range'], 'bytes 2-4/10')
  const beyond = await get(fastify, '/a.txt', { range: 'bytes=20-' })
  t.equal(beyond.status, 416)
  t.equal(beyond.headers['content-range'], 'bytes */10')
})

t.test('a text is compressed for a client that accepts it, where the option is on, and a range is not', async t => {
  const text = 'abcdefgh'.repeat(1000)
  const root = await folderOf(t, { 'a.txt': text })
  const fastify = await serverOf(t, root, { compress: true })
  const zipped = await get(fastify, '/a.txt', { 'accept-encoding': 'gzip' })
  t.equal(zipped.headers['content-encoding'], 'gzip')
  t.match(zipped.headers.vary, /accept-encoding/i)
  t.equal(String(gunzipSync(zipped.body)), text)
  t.equal(String((await get(fastify, '/a.txt')).body), text)
  const range = await get(fastify, '/a.txt', { 'accept-encoding': 'gzip', range: 'bytes=0-3999' })
  t.equal(range.status, 206)
  t.equal(String(range.body), text.slice(0, 4000))
  t.notOk('content-encoding' in range.headers)
  t.notOk('content-encoding' in (await get(await serverOf(t, root), '/a.txt', { 'accept-encoding': 'gzip' })).headers)
})

t.test('names are found in any case where the option says so, the exact one first', async t => {
  const root = await folderOf(t, { 'Images/Logo.PNG': 'upper', 'Images/logo.png': 'lower', '=images/x.txt': 'other', 'Default.htm': 'page' })
  const fastify = await serverOf(t, root, { ignoreCase: true, defaultDocuments: ['default.HTM'] })
  t.equal(String((await get(fastify, '/images/logo.png')).body), 'lower')
  t.equal(String((await get(fastify, '/IMAGES/Logo.PNG')).body), 'upper')
  t.ok(['upper', 'lower'].includes(String((await get(fastify, '/images/LOGO.png')).body)))
  t.equal(String((await get(fastify, '/')).body), 'page')
  t.equal((await get(fastify, '/images/none.png')).status, 404)
  t.equal((await get(await serverOf(t, root), '/images/logo.png')).status, 404)
})

t.test('a place may be one file, and the root of an application is a folder like any other', async t => {
  const root = await folderOf(t, { 'index.html': 'page', 'app/index.html': 'application' })
  const fastify = Fastify()
  t.teardown(() => fastify.close())
  await fastify.register(staticContent, { folders: [{ root }, { root: join(root, 'index.html'), path: '/index.html', clientCache: { noCache: true } }, { root: join(root, 'app'), path: '/app' }] })
  const page = await get(fastify, '/index.html')
  t.equal(String(page.body), 'page')
  t.equal(page.headers['cache-control'], 'no-cache')
  const bare = await get(fastify, '/app?x=1')
  t.equal(bare.status, 301)
  t.equal(bare.headers.location, '/app/?x=1')
  t.equal(String((await get(fastify, '/app/')).body), 'application')
  t.equal(String((await get(fastify, 'http://127.0.0.1/app/')).body), 'application', 'an absolute target')
})

t.test('a weak ETag does not make parts of a file one: If-Range with it gets the whole', async t => {
  const fastify = await serverOf(t, await folderOf(t, { 'a.txt': '0123456789' }))
  const { headers } = await get(fastify, '/a.txt')
  const whole = await get(fastify, '/a.txt', { range: 'bytes=2-4', 'if-range': headers.etag as string })
  t.equal(whole.status, 200)
  t.equal(String(whole.body), '0123456789')
})

t.test('a page for 404.0 is one for what is not there', async t => {
  const root = await folderOf(t, { 'none.html': 'not here' })
  const { status, body } = await get(await serverOf(t, root, { errorPages: { '404.0': { file: join(root, 'none.html') } } }), '/x')
  t.equal(status, 404)
  t.equal(String(body), 'not here')
})
