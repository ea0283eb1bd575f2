import fc from 'fast-check'
import { test } from 'tap'
import { readConfigText, toXml, type Conditions, type OutboundRules, type PathRules, type RewriteMap, type Rule, type UrlRewriteOptions } from '../src/index.ts'

// Texts with all characters that XML escapes, and any Unicode; braces only as parts of an expression.
const text = fc.string({ unit: fc.oneof(fc.constantFrom('<', '>', '&', '"', "'", '\t', '\n', '\r', '  ', ']]>', '&amp;', 'é', '😀', '\u2028'), fc.string({ minLength: 1, maxLength: 3 })), maxLength: 6 })
  .map(one => one.replace(/[{}\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, '')) // eslint-disable-line no-control-regex
const expression = fc.array(fc.oneof(text, fc.constantFrom('{R:0}', '{C:1}', '{HTTP_HOST}', '{ToLower:{R:1}}', '{UrlEncode:{UNENCODED_URL}}', '{Hosts:{HTTP_HOST}}')), { minLength: 1, maxLength: 4 }).map(parts => parts.join(''))
const filled = (arbitrary: fc.Arbitrary<string>): fc.Arbitrary<string> => arbitrary.map(one => one.trim() === '' ? 'x' : one)
// URLs without a scheme: with one, only some would be valid targets.
const url = filled(expression).map(one => /^[a-z][\w+.-]*:/i.test(one) ? `/${one}` : one)
const pattern = filled(fc.oneof(text.map(one => one.replace(/[\\^$.*+?()[\]|/-]/g, '\\$&')), fc.constantFrom('(.*)', '^api/(.+)$', 'a|b', '[^/]+\\.php$', '(?:a)(?=b)')))
const flag = fc.boolean()
const name = filled(text)
const syntax = fc.constantFrom('ECMAScript' as const, 'Wildcard' as const, 'ExactMatch' as const)
const grouping = fc.constantFrom('MatchAll' as const, 'MatchAny' as const)

/** Optional keys are absent, never undefined. */
const some = <T extends object>(model: { [K in keyof T]: fc.Arbitrary<NonNullable<T[K]>> }, required: readonly (keyof T)[]): fc.Arbitrary<T> =>
  fc.record(model as never, { requiredKeys: required as never }) as fc.Arbitrary<T>

const conditions = some<Conditions>({
  logicalGrouping: grouping,
  trackAllCaptures: flag,
  add: fc.array(fc.oneof(
    some<Conditions['add'][number]>({ input: filled(expression), matchType: fc.constant('Pattern' as const), pattern, ignoreCase: flag, negate: flag }, ['input', 'pattern']),
    some<Conditions['add'][number]>({ input: filled(expression), matchType: fc.constantFrom('IsFile' as const, 'IsDirectory' as const), pattern, ignoreCase: flag, negate: flag }, ['matchType'])
  ), { maxLength: 3 })
}, ['add'])

const action: fc.Arbitrary<NonNullable<Rule['action']>> = fc.oneof(
  fc.constantFrom({ type: 'None' as const }, { type: 'AbortRequest' as const }),
  fc.record({ type: fc.constant('Rewrite' as const), url, appendQueryString: flag, logRewrittenUrl: flag }, { requiredKeys: ['type', 'url'] }),
  fc.record({ type: fc.constant('Redirect' as const), url, appendQueryString: flag, redirectType: fc.constantFrom(301 as const, 302 as const, 303 as const, 307 as const) }, { requiredKeys: ['type', 'url'] }),
  fc.record({ type: fc.constant('CustomResponse' as const), statusCode: fc.integer({ min: 309, max: 599 }), subStatusCode: fc.integer({ min: 0, max: 999 }), statusReason: expression, statusDescription: expression }, { requiredKeys: ['type', 'statusCode'] })
)

const rule = some<Rule>({
  name,
  enabled: flag,
  patternSyntax: syntax,
  stopProcessing: flag,
  match: some<Rule['match']>({ url: pattern, ignoreCase: flag, negate: flag }, ['url']),
  conditions,
  serverVariables: fc.array(some<NonNullable<Rule['serverVariables']>[number]>({ name: fc.constantFrom('HTTP_X_A', 'HTTP_ACCEPT_ENCODING', 'OWN'), value: expression, replace: flag }, ['name', 'value']), { maxLength: 2 }),
  action,
  useOriginalURLEncoding: flag
}, ['name', 'match'])

const unique = <T extends { name: string }>(one: fc.Arbitrary<T>, least = 0): fc.Arbitrary<T[]> => fc.uniqueArray(one, { minLength: least, maxLength: 3, selector: ({ name }) => name.toLowerCase() })
// `useOriginalURLEncoding` is the same for all rules of a list, as in IIS.
const rules = fc.tuple(unique(rule, 1), fc.option(flag, { nil: undefined })).map(([list, encoding]) =>
  list.map(({ useOriginalURLEncoding: _, ...one }): Rule => ({ ...one, ...encoding !== undefined && { useOriginalURLEncoding: encoding } })))

const outbound = some<OutboundRules>({
  rewriteBeforeCache: flag,
  rules: unique(some<OutboundRules['rules'][number]>({
    name,
    enabled: flag,
    preCondition: name,
    patternSyntax: syntax,
    stopProcessing: flag,
    match: some<OutboundRules['rules'][number]['match']>({
      pattern,
      serverVariable: fc.constantFrom('RESPONSE_Location', 'HTTP_ACCEPT_ENCODING'),
      filterByTags: fc.uniqueArray(fc.constantFrom('A' as const, 'Form' as const, 'CustomTags' as const), { minLength: 1 }),
      customTags: name,
      occurrences: fc.nat(9),
      ignoreCase: flag,
      negate: flag
    }, ['pattern']),
    conditions,
    action: fc.oneof(fc.constant({ type: 'None' as const }), fc.record({ type: fc.constant('Rewrite' as const), value: expression, replace: flag }, { requiredKeys: ['type', 'value'] }))
  }, ['name', 'match'])),
  preConditions: unique(some<NonNullable<OutboundRules['preConditions']>[number]>({
    name,
    logicalGrouping: grouping,
    patternSyntax: syntax,
    add: fc.array(some<NonNullable<OutboundRules['preConditions']>[number]['add'][number]>({ input: filled(expression), pattern, ignoreCase: flag, negate: flag }, ['input', 'pattern']), { maxLength: 2 })
  }, ['name', 'add'])),
  customTags: unique(fc.record({ name, tags: fc.array(fc.record({ name, attribute: name }), { maxLength: 2 }) }))
}, ['rules']).map(list => ({ ...list, rules: list.rules.map((rule, index) => runnable(list, rule, index)) }))

/** A rule that can run: it refers to preconditions and tags of its list, and has no condition about files and no match that a body cannot have. */
function runnable ({ preConditions = [], customTags = [] }: OutboundRules, { preCondition, patternSyntax, match: { customTags: _, negate, filterByTags, ...match }, conditions, ...rule }: OutboundRules['rules'][number], index: number): OutboundRules['rules'][number] {
  const named = preConditions[index % preConditions.length]?.name
  const tags = customTags[index % customTags.length]?.name
  const pieces = filterByTags?.filter(tag => tag !== 'CustomTags' || tags !== undefined)
  const inBody = match.serverVariable === undefined && (pieces === undefined || pieces.length === 0)
  return {
    ...rule,
    ...preCondition !== undefined && named !== undefined && { preCondition: named },
    ...patternSyntax !== undefined && !(inBody && patternSyntax === 'Wildcard') && { patternSyntax },
    match: {
      ...match,
      ...pieces !== undefined && pieces.length > 0 && { filterByTags: pieces },
      ...tags !== undefined && { customTags: tags },
      ...negate !== undefined && !inBody && { negate }
    },
    ...conditions !== undefined && { conditions: { ...conditions, add: conditions.add.filter(({ matchType }) => matchType === undefined || matchType === 'Pattern') } }
  }
}

const map = fc.uniqueArray(fc.tuple(text, text), { selector: ([key]) => key.toLowerCase(), maxLength: 4 }).map((entries): RewriteMap => ({ name: 'Hosts', defaultValue: 'x', entries: Object.fromEntries(entries) }))
const site = fc.constantFrom('One', 'Two & Sons')
const path = fc.constantFrom('/app', '/app/sub dir')
const byPath = (where: fc.Arbitrary<{ path: string, site?: string }>) => fc.uniqueArray(fc.record({ where, rules }), { minLength: 1, maxLength: 2, selector: ({ where }) => JSON.stringify(where) })
  .map(list => list.map(({ where, rules }): PathRules => ({ ...where, rules })))

const web = some<UrlRewriteOptions>({ rules, outboundRules: outbound, pathRules: byPath(fc.record({ path })), rewriteMaps: map.map(one => [one]) }, ['rewriteMaps'])
const server = some<UrlRewriteOptions>({
  globalRules: rules,
  rules,
  siteRules: fc.dictionary(site, rules, { minKeys: 1, noNullPrototype: true }),
  siteOutboundRules: fc.dictionary(site, outbound, { minKeys: 1, noNullPrototype: true }),
  pathRules: byPath(fc.record({ path, site })),
  outboundRules: outbound,
  rewriteMaps: map.map(one => [one]),
  allowedServerVariables: fc.constant(['HTTP_X_A', 'HTTP_ACCEPT_ENCODING', 'OWN'])
}, ['rewriteMaps'])

function readBack (options: UrlRewriteOptions, file: string): UrlRewriteOptions | undefined {
  const { documentRoot: _, ...read } = readConfigText(toXml(options), file, { documentRoot: '/srv' }).options.urlRewrite ?? {}
  return read
}

const canonical = (value: unknown): unknown => JSON.parse(JSON.stringify(value, (_key, one: unknown) =>
  typeof one === 'object' && one !== null && !Array.isArray(one) ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => a < b ? -1 : 1)) : one))

for (const [what, options, file] of [['web.config', web, 'web.config'], ['applicationHost.config', server, 'applicationHost.config']] as const) {
  test(`rules written out as a ${what} and read again are the same`, async t => {
    const found = fc.check(fc.property(options, one => {
      const before = JSON.stringify(canonical(one))
      const after = JSON.stringify(canonical(readBack(one, file)))
      if (before !== after) throw new Error(`${before}\nbecame\n${after}`)
    }), { numRuns: 300 })
    // In ASCII: tap's parser would not see a failure whose message has a line separator.
    t.equal(found.failed ? JSON.stringify(String(found.errorInstance)).replace(/[^ -~]/g, '?') : '', '')
  })
}

test('options that IIS cannot express are refused', async t => {
  const to = (more: Partial<Rule>): Rule => ({ name: 'a', match: { url: 'x' }, ...more })
  const refused = (rules: Rule[]): void => { t.throws(() => toXml({ rules }), { code: 'FST_ARR_IIS_CONFIG_INVALID_VALUE' }) }
  refused([to({ action: { type: 'Redirect', url: '/', redirectType: 308 } })])
  refused([to({ useOriginalURLEncoding: true }), to({ name: 'b', useOriginalURLEncoding: false })])
  refused([to({ useOriginalURLEncoding: true }), to({ name: 'b' })])
  refused([to({ name: 'a\u0000' })])
  refused([to({ name: '\ud800' })])
})

test('what a directory removes, and its outbound rules, are written for it, and read where files inherit', async t => {
  const options: UrlRewriteOptions = {
    rules: [{ name: 'a', match: { url: '.*' } }],
    pathRules: [{ path: '/app', remove: ['a'], rules: [{ name: 'b', match: { url: '.*' } }] }],
    outboundRules: { rules: [{ name: 'c', match: { pattern: '.*', serverVariable: 'RESPONSE_X' } }] },
    pathOutboundRules: [{ path: '/app', remove: ['c'], rules: [{ name: 'd', match: { pattern: '.*', serverVariable: 'RESPONSE_X' } }] }]
  }
  t.strictSame(readConfigText(toXml(options), 'web.config', { base: '/' }).options.urlRewrite, options)
})
