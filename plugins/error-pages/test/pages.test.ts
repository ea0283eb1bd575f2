// Which page an error gets: a file, a text, a redirect; by substatus, status or for all others; in the client's language.
import { utimes, writeFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { RequestFacts } from '@fastify-arr/facts'
import Fastify, { type FastifyRequest } from 'fastify'
import t from 'tap'
import { byLanguage } from '../src/pages/languages.ts'
import { errorPages } from '../src/index.ts'
import { folderOf, get, get2, serverOf } from './server.ts'

for (const http2 of [false, true]) {
  const ask = http2 ? get2 : get
  t.test(`a file, a text and a redirect over HTTP/${http2 ? '2' : '1.1'}`, async t => {
    const folder = await folderOf(t, { '404.htm': '<h1>nicht hier ä</h1>', '500.json': '{}' })
    const fastify = await serverOf(t, {
      pages: { 404: { file: join(folder, '404.htm') }, 500: { redirect: '/sorry?a=1' }, 418: { text: 'I am', type: 'text/plain; charset=utf-8' } }
    }, () => {}, http2)
    const missing = await ask(fastify, '/none')
    t.equal(missing.status, 404)
    t.equal(missing.body, '<h1>nicht hier ä</h1>')
    t.equal(missing.headers['content-type'], 'text/html; charset=utf-8')
    t.equal(missing.headers['content-length'], String(Buffer.byteLength(missing.body)))
    t.equal(missing.headers['cache-control'], 'no-store')
    const broken = await ask(fastify, '/broken')
    t.same([broken.status, broken.headers.location, broken.body], [302, '/sorry?a=1', ''])
    const teapot = await ask(fastify, '/teapot')
    t.same([teapot.status, teapot.body, teapot.headers['content-type']], [418, 'I am', 'text/plain; charset=utf-8'])
    t.equal((await ask(fastify, '/')).body, 'well')
  })

  t.test(`HEAD has the head of the page, and no body, over HTTP/${http2 ? '2' : '1.1'}`, async t => {
    const fastify = await serverOf(t, { pages: { 404: { text: 'a page' } } }, () => {}, http2)
    const { status, headers, body } = await ask(fastify, '/none', {}, 'HEAD')
    t.same([status, headers['content-length'], headers['content-type'], body], [404, '6', 'text/html; charset=utf-8', ''])
    t.equal((await ask(fastify, '/', {}, 'HEAD')).status, 200, 'and the server goes on')
  })
}

t.test('a page is sent whatever the client accepts, asks for a part of, or has already', async t => {
  const fastify = await serverOf(t, { pages: { 404: { text: 'a page' } } })
  for (const headers of [{ accept: 'application/json' }, { range: 'bytes=0-1' }, { 'if-none-match': '*' }] as Record<string, string>[]) {
    const { status, body } = await get(fastify, '/none', headers)
    t.same([status, body], [404, 'a page'])
  }
})

t.test('the substatus goes before the status, and * is for all others', async t => {
  const fastify = Fastify()
  t.teardown(() => fastify.close())
  await fastify.register(errorPages, { pages: { '*': { text: 'any' }, 404: { text: 'status' }, 404.8: { text: 'segment' }, 403.6: { text: 'address' } } })
  fastify.decorateRequest('rejection', null)
  fastify.addHook('onRequest', async request => {
    const [, status, subStatusCode] = /^\/(\d+)\.(\d+)$/.exec(request.url) ?? []
    if (status === undefined) return
    ;(request as FastifyRequest & { -readonly [Key in keyof RequestFacts]: RequestFacts[Key] }).rejection = { reason: 'hiddenSegments', statusCode: Number(status), subStatusCode: Number(subStatusCode) }
    throw Object.assign(new Error('This request is not allowed'), { statusCode: Number(status) })
  })
  const body = async (path: string): Promise<string> => (await get(fastify, path)).body
  t.equal(await body('/404.8'), 'segment')
  t.equal(await body('/404.5'), 'status')
  t.equal(await body('/403.6'), 'address')
  t.equal(await body('/403.14'), 'any')
  t.equal(await body('/none'), 'status')
})

t.test('a status without a page is answered as if the plugin were not there', async t => {
  const fastify = await serverOf(t, { pages: { 500: { text: 'a page' } } })
  t.match(JSON.parse((await get(fastify, '/none')).body), { statusCode: 404, message: 'Route GET:/none not found' })
  t.match(JSON.parse((await get(fastify, '/teapot')).body), { statusCode: 418, message: 'short and stout' })
})

t.test('the folder of a language is chosen by Accept-Language, and en-US where there is none', async t => {
  const folder = await folderOf(t, { 'custerr/en-US/404.htm': 'english', 'custerr/de-DE/404.htm': 'deutsch', 'custerr/fr/404.htm': 'français', 'custerr/zh-Hant/500.htm': 'no 404' })
  const fastify = await serverOf(t, { pages: { '*': { file: '404.htm', languages: join(folder, 'custerr') } } })
  const asked: Readonly<Record<string, string>> = {
    de: 'deutsch',
    'de-AT': 'deutsch',
    'DE-de': 'deutsch',
    'fr-CA, de;q=0.9': 'français',
    'fr;q=0.1, de;q=0.9': 'deutsch',
    'de;q=0, fr;q=0.5': 'français',
    'zh-Hant-TW': 'english',
    'xx, *': 'english',
    '../../etc': 'english',
    '': 'english'
  }
  for (const [language, text] of Object.entries(asked)) t.equal((await get(fastify, '/none', language === '' ? {} : { 'accept-language': language })).body, text, language)
})

t.test('the languages of a client are ten at most, in its order', async t => {
  t.same(byLanguage(['de-DE', 'en-US', 'fr', 'it'], 'it;q=0.5, fr;q=0.8, , ;;, de-'), ['fr', 'it', 'en-US', 'de-DE'])
  t.same(byLanguage(['de-AT', 'de-DE'], 'de'), ['de-AT', 'de-DE'])
  t.equal(byLanguage(Array.from({ length: 50 }, (_, i) => `x${i}`), 'y,'.repeat(10_000)).length, 10)
})

t.test('a page whose file is missing, no file or too large leaves the error as it was, and one line in the log', async t => {
  const lines: string[] = []
  const folder = await folderOf(t, { 'large.htm': Buffer.alloc(1_048_577), 'folder/x': '' })
  const fastify = Fastify({ logger: { level: 'warn', stream: { write: (line: string) => { lines.push(line) } } } })
  t.teardown(() => fastify.close())
  await fastify.register(errorPages, {
    pages: { 404: { file: join(folder, 'none.htm') } },
    places: [{ path: '/large', pages: { 404: { file: join(folder, 'large.htm') } } }, { path: '/folder', pages: { 404: { file: join(folder, 'folder') } } }]
  })
  for (const path of ['/none', '/none', '/large/x', '/folder/x']) {
    const { status, body } = await get(fastify, path)
    t.equal(status, 404)
    t.match(JSON.parse(body), { statusCode: 404, error: 'Not Found' })
    t.notMatch(body, folder)
  }
  t.equal(lines.length, 3, 'one for each page')
  await writeFile(join(folder, 'none.htm'), 'it is there now')
  t.equal((await get(fastify, '/none')).body, 'it is there now')
  await rm(join(folder, 'none.htm'))
  t.equal((await get(fastify, '/none')).status, 404)
  t.equal(lines.length, 4, 'and told again once it is gone again')
})

t.test('a page that has changed is read again', async t => {
  const folder = await folderOf(t, { '404.htm': 'one' })
  const fastify = await serverOf(t, { pages: { 404: { file: join(folder, '404.htm') } } })
  t.equal((await get(fastify, '/none')).body, 'one')
  await writeFile(join(folder, '404.htm'), 'two')
  await utimes(join(folder, '404.htm'), 1, 1)
  t.equal((await get(fastify, '/none')).body, 'two')
})
