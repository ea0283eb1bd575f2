// Which path do outbound rules see? The client's, where a rule has led to another server.

import t from 'tap'
import Fastify from 'fastify'
import urlRewrite, { type Rule } from '../src/index.ts'

const SEEN = ['URL', 'PATH_INFO', 'SCRIPT_NAME', 'REQUEST_URI', 'CACHE_URL', 'QUERY_STRING', 'UNENCODED_URL', 'HTTP_URL']

/** What each variable is in the outbound rules of a response to `/app/a%20b?x=1` for `www.example.com`. */
async function seen (rules: Rule[], documentRoot?: string): Promise<Record<string, unknown>> {
  const fastify = Fastify()
  // A proxy, as far as url-rewrite asks for one.
  fastify.decorateRequest('upstream', null)
  const names = documentRoot === undefined ? SEEN : ['REQUEST_FILENAME', 'PATH_TRANSLATED']
  await fastify.register(urlRewrite, {
    ...documentRoot !== undefined && { documentRoot },
    rules,
    outboundRules: { rules: names.map(name => ({ name, match: { serverVariable: `RESPONSE_X_${name}`, pattern: '^$' }, action: { type: 'Rewrite' as const, value: `{${name}}` } })) }
  })
  fastify.get('/*', async () => 'ok')
  const { headers } = await fastify.inject({ url: '/app/a%20b?x=1', headers: { host: 'www.example.com' } })
  await fastify.close()
  return Object.fromEntries(names.map(name => [name, headers[`x-${name.toLowerCase().replaceAll('_', '-')}`]]))
}

const CLIENTS = {
  URL: '/app/a b',
  PATH_INFO: '/app/a b',
  SCRIPT_NAME: '/app/a b',
  REQUEST_URI: '/app/a b?x=1',
  CACHE_URL: 'http://www.example.com:80/app/a b?x=1',
  QUERY_STRING: 'x=1',
  UNENCODED_URL: '/app/a%20b?x=1',
  HTTP_URL: '/app/a%20b?x=1'
}

t.test('outbound rules see the path and query of the client where a rule has led to another server', async t => {
  t.match(await seen([{ name: 'away', match: { url: '^app/(.*)' }, action: { type: 'Rewrite', url: 'http://backend:8081/{R:1}?y=2', appendQueryString: false } }]), CLIENTS)
})

t.test('also where another rule has changed the path before', async t => {
  t.match(await seen([
    { name: 'here', match: { url: '^app/(.*)' }, action: { type: 'Rewrite', url: '/moved/{R:1}' } },
    { name: 'away', match: { url: '^moved/(.*)' }, action: { type: 'Rewrite', url: 'http://backend:8081/{R:1}' } }
  ]), CLIENTS)
})

t.test('and where no rule has rewritten', async t => {
  t.match(await seen([]), CLIENTS)
  t.match(await seen([{ name: 'none', match: { url: '.*' }, action: { type: 'None' } }]), CLIENTS)
})

t.test('a path that stays on the server is the one that the rules have written', async t => {
  t.match(await seen([{ name: 'here', match: { url: '^app/(.*)' }, action: { type: 'Rewrite', url: '/moved/{R:1}' } }]), {
    URL: '/moved/a b',
    REQUEST_URI: '/moved/a b?x=1',
    QUERY_STRING: 'x=1',
    UNENCODED_URL: '/app/a%20b?x=1'
  })
})

t.test('the file of the path is the one of the client\'s path', async t => {
  const away: Rule = { name: 'away', match: { url: '^app/(.*)' }, action: { type: 'Rewrite', url: 'http://backend:8081/{R:1}' } }
  t.match(await seen([away], '/srv/www'), { REQUEST_FILENAME: '/srv/www/app/a b', PATH_TRANSLATED: '/srv/www/app/a b' })
})
