// The rule of the article on IIS as a reverse proxy, in a real server.

import t from 'tap'
import { rewritten } from './engine.ts'
import { ask, rewriteOf, serve, urlOf } from './serving.ts'
import type { Rule } from '../src/index.ts'

const article: Rule = {
  name: 'ReverseProxy',
  stopProcessing: true,
  match: { url: '(.*)' },
  conditions: {
    logicalGrouping: 'MatchAny',
    add: [
      { input: '{HTTP_HOST}', pattern: 'localhost' },
      { input: '{HTTP_HOST}', pattern: 'reverseproxy.com' }
    ]
  },
  serverVariables: [{ name: 'HTTP_SEC_WEBSOCKET_EXTENSIONS', value: '' }],
  action: { type: 'Rewrite', url: 'http://localhost:8080/{R:1}' }
}

t.test('requests for both hosts go to the backend with the extensions removed, those for another host do not', async t => {
  const fastify = await serve(t, { globalRules: [article] })
  for (const host of ['localhost', 'localhost:8000', 'reverseproxy.com', 'ReverseProxy.com:8443']) {
    t.strictSame(await rewriteOf(fastify, '/index.html?x=1', { host }), {
      url: 'http://localhost:8080/index.html?x=1',
      rule: 'ReverseProxy',
      headers: { 'sec-websocket-extensions': '' },
      serverVariables: {},
      logRewrittenUrl: false
    })
  }
  t.equal(await rewriteOf(fastify, '/', { host: 'example.com' }), null)
})

t.test('the article\'s patterns are unanchored, as in IIS', async t => {
  const fastify = await serve(t, { globalRules: [article] })
  t.equal(await urlOf(fastify, '/', { host: 'evil-localhost.example' }), 'http://localhost:8080/')
})

t.test('path and query arrive byte for byte', async t => {
  const fastify = await serve(t, { globalRules: [article] })
  for (const target of [
    '/', '/?', '/a%2Fb%2fc', '/a/%2F%5C/b', '/http%3A%2F%2Fb.example%2F', '/a%20b', '/caf%C3%A9', '/%e2%82%ac', '/%F0%9F%98%80x', '/%3Fx%23y',
    '/a+b;c=d,e', "/!$&'()*", '/a?b=c?d', '/a?x=%20+&x=1', '/{a}|^"<>`', '/a?%7B{', '/.well-known/x', '/...', '/a..b/..c'
  ]) t.equal(await urlOf(fastify, target), `http://localhost:8080${target}`)
})

t.test('paths that Fastify\'s router would refuse before any hook arrive byte for byte', async t => {
  for (const target of ['/100%', '/%zz', '/%FF%C0%AF', '/%', '/%E2%82', '/%ED%A0%80', '/%0D%0Ax']) {
    t.equal(rewritten({ globalRules: [article] }, { url: target }), `http://localhost:8080${target}`)
  }
})

t.test('the request itself stays unchanged', async t => {
  const fastify = await serve(t, { globalRules: [article] })
  const answer = await ask(fastify, '/a%2Fb?c', { headers: { 'sec-websocket-extensions': 'permessage-deflate' } })
  t.equal((JSON.parse(answer.body) as { rawUrl: string }).rawUrl, '/a%2Fb?c')
})
