// Rules see a path in the form that HTTP.sys gives it, in every spelling.

import t from 'tap'
import fc from 'fast-check'
import { canonicalPath } from '../src/request/canonical-path.ts'
import { urlFace } from '../src/request/percent-encoding.ts'
import { decoded } from '../src/request/text.ts'
import { outcome, rewritten, rule } from './engine.ts'
import { adminX, anyPath } from './spellings.ts'
import { answering, get } from './answering.ts'
import { ask, serve, urlOf } from './serving.ts'
import type { Rule } from '../src/index.ts'

const seen = (path: string): string => decoded(canonicalPath(path))
const deny: Partial<Rule> = { action: { type: 'AbortRequest' } }
const everything = { rules: [rule('(.*)', 'http://h/{R:1}')] }

// The path as sent, as rules see it, and as {R:1} of `(.*)` forwards it.
const SPELLINGS = [
  ['/admin/x', '/admin/x', '/admin/x'],
  ['//admin/x', '/admin/x', '/admin/x'],
  ['/admin//x', '/admin/x', '/admin/x'],
  ['/%2fadmin/x', '/admin/x', '/admin/x'],
  ['/admin%2Fx', '/admin/x', '/admin%2Fx'],
  ['/admin%2F%2Fx', '/admin/x', '/admin%2F%2Fx'],
  ['/admin/%2F//x', '/admin/x', '/admin/%2F/x'],
  ['/\\admin\\x', '/admin/x', '/admin/x'],
  ['/%5cadmin/x', '/admin/x', '/admin/x'],
  ['/admin%5cx', '/admin/x', '/admin%5cx'],
  ['/x//../admin/x', '/admin/x', '/admin/x'],
  ['/x/%2e%2E/admin/./x', '/admin/x', '/admin/x'],
  ['/x/..;v=1/admin/x', '/admin/x', '/admin/x'],
  ['/%61dmin/x', '/admin/x', '/%61dmin/x'],
  ['/admin/y/..', '/admin/', '/admin/'],
  ['/admin//', '/admin/', '/admin/'],
  ['/admin/%2F', '/admin/', '/admin/%2F'],
  ['/admin%252fx', '/admin%2fx', '/admin%252fx'],
  ['/admin%255cx/%252e%252e/', '/admin%5cx/%2e%2e/', '/admin%255cx/%252e%252e/'],
  ['/.well-known/..x/...', '/.well-known/..x/...', '/.well-known/..x/...'],
  ['//', '/', '/'],
  ['/caf%C3%A9//%20', '/café/ ', '/caf%C3%A9/%20']
] as const

t.test('a rule sees one path for all of its spellings, and forwards that one', async t => {
  for (const [sent, expected, forwarded] of SPELLINGS) {
    t.equal(seen(sent), expected, `${sent} is seen as ${expected}`)
    t.equal(rewritten(everything, { url: `${sent}?q=//\\..` }), `http://h${forwarded}?q=//\\..`, `${sent} goes on as ${forwarded}`)
  }
})

t.test('with useOriginalURLEncoding the path that rules saw is encoded anew and forwarded', async t => {
  for (const [sent, expected] of SPELLINGS) {
    const anew = expected.replaceAll('%', '%25').replaceAll('é', '%C3%A9').replaceAll(' ', '%20')
    t.equal(rewritten({ ...everything, useOriginalURLEncoding: true }, { url: `${sent}?q` }), `http://h${anew}?q`, sent)
    t.equal(rewritten({ rules: [rule('.*', 'http://h{REQUEST_URI}', { action: { type: 'Rewrite', url: 'http://h{REQUEST_URI}', appendQueryString: false } })], useOriginalURLEncoding: true }, { url: `${sent}?q=%2F` }), `http://h${anew}?q=%2F`, sent)
  }
})

t.test('UNENCODED_URL, HTTP_URL and X-Original-URL have the path as sent', async t => {
  for (const variable of ['UNENCODED_URL', 'HTTP_URL', 'HTTP_X_ORIGINAL_URL']) {
    t.equal(rewritten({ rules: [rule('^a/b$', `http://h{${variable}}`)] }, { url: '//a%5Cb' }), 'http://h//a%5Cb', variable)
  }
})

t.test('the other path variables have the path as rules see it', async t => {
  for (const variable of ['URL', 'PATH_INFO', 'SCRIPT_NAME', 'REQUEST_URI', 'REQUEST_FILENAME', 'PATH_TRANSLATED', 'CACHE_URL']) {
    const one = rule('.*', '', { ...deny, conditions: { add: [{ input: `{${variable}}`, pattern: '(^|root|:80)/admin/x' }] } })
    for (const url of ['//admin/x', '/y%5c..\\admin%2fx']) t.equal(rewritten({ rules: [one] }, { url, documentRoot: '/root' }), 'AbortRequest', `${variable} of ${url}`)
  }
})

t.test('a path that a rule has written is seen in the same form by later rules', async t => {
  t.equal(rewritten({ rules: [rule('^api(.*)', '/in/{R:1}'), rule('^in/admin/', '', deny)] }, { url: '/api/admin/x' }), 'AbortRequest')
  t.equal(rewritten({ rules: [rule('^api/(.*)', '/{R:1}'), rule('^admin/', '', deny)] }, { url: '/api/admin%5cx' }), 'AbortRequest')
  t.equal(rewritten({ rules: [rule('^api/(.*)', '/{R:1}')], pathRules: [{ path: '/admin', rules: [rule('.*', '', deny)] }] }, { url: '/api/admin%5cx' }), 'AbortRequest')
})

t.test('outbound rules see the same path', async t => {
  const outboundRules = { rules: [{ name: 'o', match: { serverVariable: 'RESPONSE_X-Seen', pattern: '^$' }, action: { type: 'Rewrite', value: '{URL}' } as const }] }
  const fastify = await answering(t, { outboundRules }, reply => reply.send('x'))
  t.equal((await get(fastify, { path: '/x//../admin%5Cy' })).headers['x-seen'], '/admin/y')
})

t.test('property: no spelling of /admin/x slips past a rule, whatever its syntax, a condition or a directory', async () => {
  const sets = [
    { rules: [rule('^admin/', '', deny)] },
    { globalRules: [rule('^admin/x$', '', deny)] },
    { rules: [rule('admin/*', '', { ...deny, patternSyntax: 'Wildcard' })] },
    { rules: [rule('admin/x', '', { ...deny, patternSyntax: 'ExactMatch' })] },
    { pathRules: [{ path: '/Admin/', rules: [rule('^x$', '', deny)] }] },
    { rules: [rule('.*', '', { ...deny, conditions: { add: [{ input: '{REQUEST_URI}', pattern: '^/admin/' }] } })] },
    { rules: [rule('^(?!admin/)', '/other'), rule('^admin/', '', deny)] }
  ]
  fc.assert(fc.property(adminX, fc.constantFrom('', '?', '?a=/../b'), (path, query) => {
    for (const [index, set] of sets.entries()) {
      const said = rewritten(set, { url: path + query })
      if (said !== 'AbortRequest') throw new Error(`${path} slips past ${index}: ${String(said)}`)
    }
  }), { numRuns: 1000 })
})

t.test('property: the forwarded path has the same canonical form as the one that the rule saw', async () => {
  fc.assert(fc.property(anyPath, fc.boolean(), (path, useOriginalURLEncoding) => {
    const url = rewritten({ ...everything, useOriginalURLEncoding }, { url: path }) ?? ''
    if (seen(url.slice('http://h'.length)) !== seen(path)) throw new Error(`${path} was seen as ${seen(path)}, and forwarded as ${url}`)
    if (seen(urlFace(canonicalPath(path))) !== seen(path)) throw new Error(path)
    if (/\/\/|\\|\/\.\.?(?:[/;]|$)/.test(seen(path))) throw new Error(`${path} was seen as ${seen(path)}`)
  }), { numRuns: 1000 })
})

t.test('a path that no rule rewrites is refused where another server could read it differently', async t => {
  const set = { rules: [rule('^admin/', '', deny), rule('^new/', 'http://h/x'), rule('^none/', '', { action: { type: 'None' } })] }
  // In RFC 3986 §5.2.4 `..` removes an empty segment; path parameters and encoded slashes don't end a segment's name.
  for (const path of ['/admin//../x', '/admin/./%2F../x', '/admin\\/../x', '/admin%2f/../x', '/admin//y/../../x', '/admin/..;/x', '/admin/..%2fx', '/admin/..%5Cx', '/none/a//../x']) {
    t.strictSame(outcome(set, { url: path }), { type: 'BadRequest', rule: null }, path)
  }
  for (const path of ['/x/../y', '//x/../y', '/x/%2e%2e/y', '/x/..', '/..', '/x//y', '/x%2Fy', '/x\\y', '/x/a..b', '/x/..y/z', '/x/a%2F..b']) t.equal(outcome(set, { url: path }), null, path)
  t.equal(rewritten(set, { url: '/x//../admin/y' }), 'AbortRequest', 'HTTP.sys merges slashes first')
  t.equal(rewritten(set, { url: '/new//../new/' }), 'http://h/x', 'a path that a rule has written has one reading')
  t.equal(rewritten({}, { url: '/admin//../x' }), null, 'where there are no rules, nothing is walked around')
})

t.test('property: a path that no rule rewrites is, for a browser\'s URL parser, the one that rules saw', async () => {
  fc.assert(fc.property(anyPath, path => {
    if (outcome({ rules: [rule('^nothing$', '/')] }, { url: path }) !== null) return
    const resolved = new URL(`http://h/.${path}`).pathname
    if (seen(resolved) !== seen(path)) throw new Error(`${path} was seen as ${seen(path)}, and may be read as ${resolved}`)
  }), { numRuns: 5000 })
})

t.test('in a real server, spellings of a path are matched, forwarded or refused in the same way', async t => {
  const fastify = await serve(t, { rules: [rule('^admin/', '', { action: { type: 'CustomResponse', statusCode: 403 } }), rule('^app/(.*)', 'http://h/{R:1}')] })
  for (const path of ['//admin/x', '/%2fadmin/x', '/x//../admin/x', '/\\admin/x', '/%5cadmin/x', '/admin%5cx']) t.equal((await ask(fastify, path)).status, 403, path)
  t.equal((await ask(fastify, '/admin//../x')).status, 400)
  t.equal(await urlOf(fastify, '//app//a%2Fb'), 'http://h/a%2Fb')
  t.equal(await urlOf(fastify, '//x//y'), undefined)
})
