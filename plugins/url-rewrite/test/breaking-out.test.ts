// Nothing that a client sends leaves the place that a rule gives it.

import t from 'tap'
import fc from 'fast-check'
import { linearPattern } from '@fastify-arr/linear-pattern'
import { wildcardSource } from '../src/expressions/pattern.ts'
import { decodePath } from '../src/request/percent-decoding.ts'
import { urlFace } from '../src/request/percent-encoding.ts'
import { decoded } from '../src/request/text.ts'
import { ask, serve } from './serving.ts'
import { outcome, rewritten, rule } from './engine.ts'
import type { Rule } from '../src/index.ts'

const to = (target: string, url: string, pattern = '(.*)'): string | null => rewritten({ rules: [rule(pattern, target)] }, { url })

t.test('a path that names a host stays a path', async t => {
  t.equal(to('http://h/{R:1}', '//evil.example/x'), 'http://h/evil.example/x')
  t.equal(to('/{R:1}', '//evil.example/x'), '/evil.example/x', 'a path never begins with two slashes')
})

t.test('a value is a whole URL only where a rewrite map has its host', async t => {
  const rewriteMaps = [{ name: 'Sites', entries: { a: 'http://a.example/in', '/b': '//b.example/' } }]
  t.equal(rewritten({ rules: [rule('^(.*)$', '{R:1}')] }, { url: '/http://evil.example/' }), 'BadRequest')
  t.equal(rewritten({ rules: [rule('^(.*)$', '{R:1}')], rewriteMaps }, { url: '/http://a.example/' }), 'BadRequest', 'a capture of the path never')
  t.equal(rewritten({ rules: [rule('^(.*)$', '{R:1}.html')] }, { url: '/http://evil.example/' }), 'BadRequest')
  t.equal(rewritten({ rules: [rule('^(.*)$', '{Sites:{R:1}}')], rewriteMaps }, { url: '/a' }), 'http://a.example/in')
  t.equal(rewritten({ rules: [rule('.*', '{QUERY_STRING}')], rewriteMaps }, { url: '/?http://evil.example/' }), 'BadRequest')
  t.equal(rewritten({ rules: [rule('.*', '{C:1}://a.example/', { conditions: { add: [{ input: '{QUERY_STRING}', pattern: '(.*)' }] } })] }, { url: '/?http://evil.example/' }), 'BadRequest')
  t.equal(rewritten({ rules: [rule('.*', 'http{C:1}://a.example/', { conditions: { add: [{ input: '{QUERY_STRING}', pattern: '(.*)' }] } })] }, { url: '/?://evil.example/' }), 'BadRequest')
  const back: Rule = rule('^back$', '', { action: { type: 'Redirect', url: '{UrlDecode:{C:1}}', appendQueryString: false }, conditions: { add: [{ input: '{QUERY_STRING}', pattern: '^to=(.*)' }] } })
  t.equal(rewritten({ rules: [back] }, { url: '/back?to=%2Fa%3Fb%3D1' }), '301 /a?b=1')
  t.equal(rewritten({ rules: [back] }, { url: '/back?to=https%3A%2F%2Flocalhost%2Fa' }), '301 https://localhost/a')
  t.equal(rewritten({ rules: [back] }, { url: '/back?to=https%3A%2F%2Fevil.example%2Fa' }), 'BadRequest')
  for (const [given, host] of [['http://localhost', 'localhost:80'], ['http://LOCALHOST.:80', 'localhost'], ['https://localhost', 'localhost'], ['https://localhost:443', 'localhost'], ['http://[0::1]', '[::1]:80']]) {
    t.match(rewritten({ rules: [back] }, { url: `/back?to=${given}/a`, headers: { host } }), `301 ${given}/a`, 'the same host is the same host')
  }
  for (const [given, host] of [['http://localhost:8080', 'localhost'], ['https://localhost', 'localhost:80'], ['http://localhost', 'localhost:443'], ['http://a.localhost', 'localhost']]) {
    t.equal(rewritten({ rules: [back] }, { url: `/back?to=${given}/a`, headers: { host } }), 'BadRequest', `${given} is not ${host}`)
  }
  t.equal(rewritten({ rules: [back] }, { url: '/back?to=%2F%2Fevil.example%2Fa' }), '301 /evil.example/a')
})

t.test('a redirect to a path is never one to another host', async t => {
  const redirect = (target: string, url: string): string | null => rewritten({ rules: [rule('(.*)', '', { action: { type: 'Redirect', url: target } })] }, { url })
  t.equal(redirect('/{R:1}', '//evil.example'), '301 /evil.example')
  t.equal(redirect('/{R:1}', '/%2Fevil.example'), '301 /evil.example')
  t.equal(redirect('/{R:1}', '/\\evil.example'), '301 /evil.example')
  t.equal(redirect('{R:1}', '/javascript:alert(1)'), 'BadRequest')
  t.equal(redirect('https://{HTTP_HOST}/{R:1}', '/@evil.example'), '301 https://localhost/@evil.example')
})

t.test('a value straight after a host is its path', async t => {
  t.equal(to('http://localhost:8080{R:1}', '/@evil.example/'), 'http://localhost:8080/@evil.example/')
  t.equal(to('http://localhost:8080{R:1}', '/0/'), 'http://localhost:8080/0/')
  t.equal(to('http://localhost{R:1}?x', '/.evil.example/'), 'http://localhost/.evil.example/?x')
  t.equal(to('http://localhost:8080{REQUEST_URI}', '/a'), 'http://localhost:8080/a')
})

t.test('a value inside a host is checked as one', async t => {
  const host = (value: string): string | null => rewritten({ rules: [rule('(.*)', 'http://{HTTP_HOST}:8080/{R:1}')] }, { url: '/a', headers: { host: value } })
  t.equal(host('reverseproxy.com'), 'http://reverseproxy.com:8080/a')
  for (const bad of ['user@evil.example', 'a b', 'a/b', 'a?b', 'a#b', 'a:80', '', 'a\\b', 'ü.example', 'a%2Fb']) t.equal(host(bad), 'BadRequest', bad)
  t.equal(to('http://{R:1}.internal:8080/', '/shop'), 'http://shop.internal:8080/')
  for (const bad of ['/evil.example%2F', '/evil.example%3F', '/evil.example%23', '/x@evil.example', '/a%2Fb', '/evil.example/x', '/evil.example/', '/evil.example:80/']) t.equal(to('http://{R:1}.internal:8080/', bad), 'BadRequest', bad)
})

t.test('dot segments are resolved before any rule sees the path', async t => {
  for (const url of ['/x/../admin/a', '/x/%2e%2E/admin/a', '/x%2F..%2Fadmin/a', '/x/..%5Cadmin/a', '/./admin/a', '/x/..;v=1/admin/a', '/../../admin/a', '/%2e/admin/a']) {
    t.equal(rewritten({ rules: [rule('^admin/', '', { action: { type: 'AbortRequest' } })] }, { url }), 'AbortRequest', url)
    t.notMatch(to('http://h/base/{R:1}', url), /\.\.|%2e/i, url)
  }
  t.equal(to('http://h/base/{R:1}', '/a/../../b/c/..'), 'http://h/base/b/')
  t.equal(to('http://h/base/{R:1}', '/a%2F../b%2Fc'), 'http://h/base/b%2Fc')
  t.equal(to('http://h/base/{R:1}', '/a..b/...'), 'http://h/base/a..b/...')
})

t.test('a request can\'t make a rule build a dot segment', async t => {
  t.equal(to('http://h/base/{R:1}', '/a../secret', '^a(.*)$'), 'BadRequest')
})

t.test('such a request is answered 400, and the response does not tell the target', async t => {
  const fastify = await serve(t, { rules: [rule('^a(.*)$', 'http://h/base/{R:1}')] })
  const answer = await ask(fastify, '/a../secret')
  t.equal(answer.status, 400)
  t.strictSame(JSON.parse(answer.body), { statusCode: 400, code: 'FST_ARR_URL_REWRITE_BAD_TARGET', error: 'Bad Request', message: 'Bad Request' })
})

t.test('a line break in a path does not slip past an anchored pattern', async t => {
  t.equal(to('/ok', '/admin/%0Ax', '^admin/(.*)$'), '/ok')
  t.equal(to('/ok', '/admin/%E2%80%A8x', '^admin/(.*)$'), '/ok')
})

const anyPath = fc.string({ unit: fc.constantFrom('a', 'B', '/', '\\', '.', '..', '%2F', '%5c', '%2e', '@', ':', '#', '%23', '%3F', '%', '%zz', 'é', '%C3%A9', '%FF', ';', '[', ']', '//', '&', '=', '+', '%00', '%0d%0a', '\u0080', '{', '}', 'evil.example') }).map(text => `/${text}`)

t.test('property: whatever the path, host and prefix stay as the rule has them', async () => {
  fc.assert(fc.property(anyPath, fc.constantFrom('http://h:8080/base/{R:1}', 'http://h:8080/base/{R:1}/x', 'http://h:8080/base{R:0}', 'http://h:8080/base/{ToLower:{R:1}}', 'http://h:8080/base/{UrlDecode:{R:1}}', 'http://h:8080/base/{UrlEncode:{R:1}}'), fc.boolean(), (path, target, encodeAnew) => {
    const url = rewritten({ rules: [rule('(.*)', target)], useOriginalURLEncoding: encodeAnew }, { url: path })
    if (url === null || url === 'BadRequest') return
    const parsed = new URL(url)
    if (parsed.host !== 'h:8080' || parsed.username !== '' || !parsed.pathname.startsWith('/base') || parsed.hash !== '') throw new Error(`${path} became ${url}`)
    // eslint-disable-next-line no-control-regex
    if (/[\x00-\x20\x7f-\uffff\\#]/.test(url)) throw new Error(`${path} became ${JSON.stringify(url)}, which is no URL`)
  }), { numRuns: 5000 })
})

t.test('property: a capture at the end of a host never changes it', async () => {
  fc.assert(fc.property(anyPath, fc.constantFrom('http://h:8080{R:1}', 'http://h:8080{R:1}?y', 'http://h:8080/{R:1}'), (path, target) => {
    const url = rewritten({ rules: [rule('(.*)', target)] }, { url: path })
    if (url !== null && url !== 'BadRequest' && new URL(url).host !== 'h:8080') throw new Error(`${path} became ${url}`)
  }), { numRuns: 3000 })
})

t.test('property: a capture in the middle of a host never ends it', async () => {
  fc.assert(fc.property(anyPath, fc.constantFrom('http://{R:1}.h.example/', 'http://{R:1}.h.example', 'http://a-{R:1}.h.example/{R:1}', '{C:1}://a{R:1}.h.example{URL}'), (path, target) => {
    const url = rewritten({ rules: [rule('(.*)', target, { conditions: { add: [{ input: '{CACHE_URL}', pattern: '^(\\w+)://' }] } })] }, { url: path })
    if (url !== null && url !== 'BadRequest' && !new URL(url).hostname.endsWith('.h.example')) throw new Error(`${path} became ${url}`)
  }), { numRuns: 3000 })
})

t.test('property: a redirect to a path stays on this host', async () => {
  const redirect: Rule = rule('(.*)', '', { action: { type: 'Redirect', url: '/{R:1}' } })
  fc.assert(fc.property(anyPath, path => {
    const out = outcome({ rules: [redirect] }, { url: path })
    if (out?.type === 'Redirect' && new URL(out.location, 'http://here.example').host !== 'here.example') throw new Error(`${path} became ${out.location}`)
  }), { numRuns: 3000 })
})

t.test('property: a path without dot segments passes byte for byte, except that unencoded slashes are merged and it begins with one', async () => {
  const calm = fc.string({ unit: fc.constantFrom('a', 'B', '/', '%2F', '@', ':', '%23', '%3F', '%', '%zz', '%C3%A9', '%FF', ';', '//', '&', '%5c', '{', '"') }).map(text => `/${text}`)
  fc.assert(fc.property(calm, path => {
    const url = to('http://h{URL}', path)
    if (url !== `http://h${path.replace(/^(?:\/|%2F|%5c)+/, '/').replace(/\/+/g, '/')}` || to('http://h/{R:1}', path) !== url) throw new Error(`${path} became ${url}`)
  }), { numRuns: 3000 })
})

t.test('property: decoding keeps the raw form, and slices are parts of it', async () => {
  fc.assert(fc.property(anyPath, path => {
    const text = decodePath(path)
    if (typeof text === 'string') return
    if (text.offsets.length !== text.text.length + 1 || text.offsets.at(-1) !== text.raw.length) throw new Error(path)
    // Unescaped bytes are escaped, and what is illegal in a URL; nothing else changes.
    if (urlFace(text) !== path.replace(/[\x80-\xff\\#]/g, byte => `%${byte.charCodeAt(0).toString(16).toUpperCase()}`)) throw new Error(`${path} became ${urlFace(text)}`)
    if (decoded(decodePath(urlFace(text))) !== text.text) throw new Error(path)
  }), { numRuns: 3000 })
})

t.test('property: a wildcard matches what its regular expression matches', async () => {
  const part = fc.constantFrom('a', '/', '.', '*', '?', '+', '(', '[', '\\', '$', 'B', '-')
  const wild = (pattern: string, text: string): boolean => {
    if (pattern === '') return text === ''
    if (pattern[0] === '*') return wild(pattern.slice(1), text) || (text !== '' && wild(pattern, text.slice(1)))
    return text !== '' && (pattern[0] === '?' || pattern[0]?.toLowerCase() === text[0]?.toLowerCase()) && wild(pattern.slice(1), text.slice(1))
  }
  fc.assert(fc.property(fc.string({ unit: part, maxLength: 8 }), fc.string({ unit: part, maxLength: 10 }), (pattern, text) =>
    (linearPattern(wildcardSource(pattern), { ignoreCase: true }).exec(text) !== null) === wild(pattern, text)), { numRuns: 5000 })
})
