// Requests that are answered 400 before any rule runs, and those that a rule turns into bad ones.

import t from 'tap'
import { connect } from 'node:net'
import { once } from 'node:events'
import { outcome, rule } from './engine.ts'
import { ask, portOf, rewriteOf, serve } from './serving.ts'
import type { FastifyInstance } from 'fastify'
import type { Rule } from '../src/index.ts'

const BAD = { type: 'BadRequest', rule: null }

/** Sends a request as bytes, and gives the first line of the response. */
async function firstLine (fastify: FastifyInstance, request: string): Promise<string> {
  const socket = connect(portOf(fastify), '127.0.0.1')
  socket.end(request, 'latin1')
  socket.setEncoding('latin1')
  let answer = ''
  socket.on('data', chunk => { answer += String(chunk) })
  await once(socket, 'close')
  return answer.slice(0, answer.indexOf('\r\n'))
}

t.test('a target with a raw fragment is refused before any rule runs', async t => {
  const rules = [rule('.*', '', { action: { type: 'CustomResponse', statusCode: 403 } })]
  for (const url of ['/#', '/a#b', '/a?b#c', '#', '/#/../x']) t.strictSame(outcome({ rules }, { url }), BAD, url)
  for (const url of ['/a%23b', '/a?b%23c']) t.match(outcome({ rules }, { url }), { type: 'CustomResponse' }, url)
  const fastify = await serve(t, { rules })
  for (const target of ['/a#b', 'http://localhost/a#b', 'http://localhost#b', '/?#']) {
    t.equal(await firstLine(fastify, `GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`), 'HTTP/1.1 400 Bad Request', target)
  }
})

t.test('a target with NUL in its path is refused before any rule runs', async t => {
  const rules = [rule('.*', '', { action: { type: 'CustomResponse', statusCode: 403 } })]
  for (const url of ['/%00', '/a%00b?c', '/%%00', '/%25%00?%00']) t.strictSame(outcome({ rules }, { url }), BAD, url)
  for (const url of ['/%2500', '/a?%00', '/%0', '/%0 0', '/%20%01']) t.match(outcome({ rules }, { url }), { type: 'CustomResponse' }, url)
})

t.test('without any rule such a target is answered 400 as well, and the response does not tell why', async t => {
  const fastify = await serve(t, {})
  const answer = await ask(fastify, '/a%00b')
  t.strictSame([answer.status, JSON.parse(answer.body)], [400, { statusCode: 400, code: 'FST_ARR_URL_REWRITE_BAD_TARGET', error: 'Bad Request', message: 'Bad Request' }])
  t.equal((await ask(fastify, '/a%2500b')).status, 200)
})

t.test('explain and the outbound rules accept a request with a bad target', async t => {
  const outboundRules = { rules: [{ name: 'o', match: { serverVariable: 'RESPONSE_X-Seen', pattern: '^$' }, action: { type: 'Rewrite', value: 'yes' } as const }] }
  const fastify = await serve(t, { rules: [rule('.*', '/x')], outboundRules })
  t.match(await fastify.urlRewrite.explain({ url: '/a#b' }), { steps: [], outcome: BAD })
  const { status, headers } = await ask(fastify, '/%00')
  t.strictSame([status, headers['x-seen']], [400, 'yes'])
})

const setHost = (value: string): Rule => rule('.*', 'http://h/', { serverVariables: [{ name: 'HTTP_HOST', value }] })

t.test('a Host that a rule sets is a host with an optional port, or the request is refused', async t => {
  const fastify = await serve(t, { rules: [setHost('{HTTP_X_FORWARDED_HOST}')] })
  for (const host of ['a.example', 'a.example:8080', '[2001:db8::1]:80', '192.0.2.1', 'a_b-c.example', 'srv~1', 'a.example.', 'a.example:']) {
    t.equal((await rewriteOf(fastify, '/', { headers: { 'x-forwarded-host': host } }))?.headers.host, host)
  }
  for (const host of ['evil test', '', 'a/b', 'a@b', 'a:b', 'a:99999', 'a, b', 'a?b', 'a#b', 'a\\b', '[::1', '[zz]', 'a..b', 'a,b', 'a:1:2', 'a\tb', '\u00fc.example']) {
    const answer = await ask(fastify, '/', { headers: { 'x-forwarded-host': host } })
    t.strictSame([answer.status, (JSON.parse(answer.body) as { code: string }).code], [400, 'FST_ARR_URL_REWRITE_BAD_TARGET'], JSON.stringify(host))
  }
  t.equal((await ask(fastify, '/')).status, 400, 'a header that is not there makes an empty one')
})

t.test('a bad Host is refused in every list of rules, and a later rule does not repair it', async t => {
  const request = { headers: { host: 'localhost', 'x-h': 'evil test' } }
  t.strictSame(outcome({ globalRules: [{ ...setHost('{HTTP_X_H}'), name: 'Set', action: { type: 'None' } }, setHost('b')] }, request), { type: 'BadRequest', rule: 'Set' })
  t.match(outcome({ rules: [rule('.*', '/', { serverVariables: [{ name: 'HTTP_HOST', value: '{HTTP_X_H}', replace: false }] })] }, request), { type: 'Rewrite' }, 'where it does not replace, the Host that came stays')
})

t.test('of a rule that is switched off only the name is checked', async t => {
  const off = { name: 'Off', enabled: false, match: { url: '(a+)+(?=b)\\1' }, action: { type: 'Rewrite', url: 'ftp://{X' }, conditions: { add: [{ matchType: 'IsFile' }] }, serverVariables: [{ name: '?', value: '' }], patternSyntax: 'Perl' } as unknown as Rule
  const on = rule('^a$', '/b', { name: 'Off' })
  for (const rules of [[off, on], [on, off], [off, off, on]]) t.match(outcome({ globalRules: rules, rules }, { url: '/a' }), { type: 'Rewrite', rewrite: { url: '/b' } })
  t.throws(() => outcome({ rules: [{ ...off, enabled: true }] }), { message: /"Off"/ })
  t.throws(() => outcome({ rules: [{ ...off, name: '' }] }), { message: /name` must be a text that is not empty/ })
  t.throws(() => outcome({ rules: [null as unknown as Rule] }), { message: /must be an object/ })
  const outbound = { name: 'Off', enabled: false, preCondition: 'none', match: { pattern: '(a+)+(?=b)\\1' } }
  t.equal(outcome({ outboundRules: { rules: [outbound] } }), null)
  t.throws(() => outcome({ outboundRules: { rules: [{ ...outbound, enabled: true }] } }), { message: /"Off"/ })
  t.throws(() => outcome({ outboundRules: { rules: [{ ...outbound, name: '' }] } }), { message: /name` must be a text that is not empty/ })
  t.throws(() => outcome({ outboundRules: { rules: [null as never] } }), { message: /outboundRules\.rules\[0\]` must be an object/ })
})
