// The options are validated whole: one error names every mistake.
import t from 'tap'
import { mistakesIn, type ErrorPagesOptions } from '../src/options.ts'
import { get, serverOf } from './server.ts'

const mistakes = (options: unknown): string[] => mistakesIn(options as ErrorPagesOptions)

t.test('a mistake is named with the option and the kind', async t => {
  t.same(mistakes({ errorMode: 'custom', existingResponse: 'pass', pages: [], places: {} }), [
    '`errorMode` must be one of Custom, DetailedLocalOnly, Detailed',
    '`existingResponse` must be one of Auto, Replace, PassThrough',
    '`pages` must be an object',
    '`places` must be a list'
  ])
  t.same(mistakes({ page: {}, places: [1, { site: '', path: 'app', pags: {}, pages: 1 }, { path: '/A' }, { path: '/a' }] }), [
    '`page` is no option; the nearest is `pages`',
    '`places[0]` must be an object',
    '`places[1]`: `pags` is no option; the nearest is `pages`',
    '`places[1].site` must be a name',
    '`places[1].path` must be a path such as /app: decoded, without dot segments, backslash, query and fragment',
    '`places[1].pages` must be an object',
    '`places[3]` is for the same site and path as another one'
  ])
})

t.test('the path of a place is decoded', async t => {
  for (const path of ['/a%20b', '/a/../b', '/a/.', '/%2e%2e', '/a\\b', '/a?b', '/a#b', '']) t.match(mistakes({ places: [{ path }] }), [/`places\[0\]\.path` must be a path such as \/app: decoded/], path)
  for (const path of ['/', '/a b', '/50%', '/a.b/..c', '/ä/']) t.same(mistakes({ places: [{ path }] }), [], path)
  const fastify = await serverOf(t, { places: [{ path: '/a b/50%', pages: { 404: { text: 'a page' } } }] })
  t.equal((await get(fastify, '/A%20b/50%25/x')).body, 'a page')
})

t.test('a page is one of its kinds, for an error status', async t => {
  for (const status of ['200', '40', '404.', '404.1234', '4xx', 'all', '']) t.match(mistakes({ pages: { [status]: { text: '' } } }), [/must be a status from 400 to 999/], status)
  for (const status of ['400', '404.0', '403.502', '502', '999', '*']) t.same(mistakes({ pages: { [status]: { text: '' } } }), [], status)
  const wrong: unknown[] = [
    {}, null, 'page', { file: 'a.htm' }, { file: '/a\0' }, { file: '/a', text: 'a' }, { file: '/a', type: 'a/b' }, { file: '/a.htm', languages: 'custerr' }, { file: '../a.htm', languages: '/custerr' },
    { file: '/a.htm', languages: '/custerr' }, { languages: '/custerr' }, { text: 1 }, { text: '', type: 'a\nb' }, { text: '', type: '' }, { redirect: '' }, { redirect: '/a\r\nb: c' }, { redirect: '/ä' }, { redirect: '/', status: 301 }
  ]
  for (const page of wrong) t.match(mistakes({ pages: { 404: page } }), [/`pages\.404` must be \{ file \}/], JSON.stringify(page))
  for (const page of [{ file: '/a.htm' }, { file: 'x/a.htm', languages: '/custerr' }, { text: '' }, { text: 'a', type: 'text/plain' }, { redirect: 'https://a.example/?b' }]) t.same(mistakes({ pages: { 404: page } }), [], JSON.stringify(page))
})

t.test('a server with mistakes does not start', async t => {
  await t.rejects(serverOf(t, { pages: { 200: { text: '' } }, errorMode: 'x' } as unknown as ErrorPagesOptions), { code: 'FST_ARR_ERROR_PAGES_INVALID_OPTIONS', message: /errorMode.*; .*"200"/ })
})
