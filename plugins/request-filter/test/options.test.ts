// Mistakes in the options: all in one error, each with its name and what it must be.
import Fastify from 'fastify'
import t from 'tap'
import requestFilter, { type RequestFilterOptions } from '../src/index.ts'

async function mistakesIn (options: unknown): Promise<string[]> {
  const fastify = Fastify()
  try {
    await fastify.register(requestFilter, options as RequestFilterOptions)
    return []
  } catch (error) {
    const { code, message } = error as { code: string, message: string }
    if (code !== 'FST_ARR_FILTER_INVALID_OPTIONS') throw error
    return message.replace('request-filter: ', '').split('; ').flatMap(part => /^(?:the nearest|there are)/.test(part) ? [] : [part])
  } finally {
    await fastify.close()
  }
}

t.test('what is right is no mistake', async t => {
  t.same(await mistakesIn({ requestFiltering: {}, places: [{ path: '/' }, { path: '/a b/\u00e9' }, { path: '/a', requestFiltering: false }], prefix: '/x' }), [])
})

t.test('all mistakes are told at once, at every level', async t => {
  t.same(await mistakesIn({
    requestFilter: {},
    requestFiltering: {
      hidenSegments: [],
      prefix: '/x',
      allowDoubleEscaping: 'false',
      requestLimits: { maxUrl: -1, maxQueryString: '2048', maxAllowedContentLength: NaN, headerLimits: { Cookie: 1.5 }, maxurl: 1 },
      verbs: { verbs: { TRACE: 'false' }, allowUnlisted: 0 },
      fileExtensions: { fileExtensions: { config: false, '.tar.gz': false } },
      hiddenSegments: ['a/b', 'bin'],
      denyUrlSequences: [''],
      alwaysAllowedUrls: '/x',
      denyQueryStringSequences: [1],
      filteringRules: [{ name: '', denyStrings: 'x', appliesTo: ['asp'] }, 'x', { name: 'b', scanURL: true, denyStrings: [] }]
    },
    places: [{}, { path: 'x' }, { path: '/a/../b', site: '' }, { path: '/a%20b' }, { path: '/x', requestFiltering: [] }, { path: '/X/' }, null]
  }), [
    '`requestFilter` is no option',
    '`requestFiltering`: `hidenSegments` is no option',
    '`requestFiltering`: `prefix` is no option',
    '`requestFiltering.requestLimits`: `maxurl` is no option',
    '`requestFiltering.requestLimits.maxAllowedContentLength` must be a whole number of bytes, 0 or more',
    '`requestFiltering.requestLimits.maxUrl` must be a whole number of bytes, 0 or more',
    '`requestFiltering.requestLimits.maxQueryString` must be a whole number of bytes, 0 or more',
    '`requestFiltering.requestLimits.headerLimits.Cookie` must be a whole number of bytes, 0 or more',
    '`requestFiltering.verbs.allowUnlisted` must be true or false',
    '`requestFiltering.verbs.verbs.TRACE` must be true or false',
    '`requestFiltering.allowDoubleEscaping` must be true or false',
    '`requestFiltering.denyUrlSequences` must be a list of texts that are not empty',
    '`requestFiltering.alwaysAllowedUrls` must be a list of texts that are not empty',
    '`requestFiltering.fileExtensions.fileExtensions` has "config", which is no extension: it must begin with its only dot',
    '`requestFiltering.fileExtensions.fileExtensions` has ".tar.gz", which is no extension: it must begin with its only dot',
    '`requestFiltering.hiddenSegments` has "a/b", which is no segment: it must be without slashes',
    '`requestFiltering.denyQueryStringSequences` must be a list of texts that are not empty',
    '`requestFiltering.filteringRules[0].name` must be a text that is not empty',
    '`requestFiltering.filteringRules[0].denyStrings` must be a list of texts that are not empty',
    '`requestFiltering.filteringRules[0].appliesTo` has "asp", which is no extension: it must begin with its only dot',
    '`requestFiltering.filteringRules[1]` must be an object',
    '`requestFiltering.filteringRules[1].name` must be a text that is not empty',
    '`requestFiltering.filteringRules[2]`: `scanURL` is no option',
    '`places[0]` must have a site, a path or both',
    '`places[1].path` must be a path such as /app: decoded, without dot segments, backslash, query and fragment',
    '`places[2].site` must be the name of a site',
    '`places[2].path` must be a path such as /app: decoded, without dot segments, backslash, query and fragment',
    '`places[3].path` must be a path such as /app: decoded, without dot segments, backslash, query and fragment',
    '`places[4].requestFiltering` must be an object',
    '`places[6]` must be an object',
    '`places[5]` is the place of `places[4]` once more'
  ])
  t.same(await mistakesIn({ places: 'x' }), ['`places` must be a list'])
})
