// The response where a rule ends the request, over HTTP/1.1, HTTP/2 and in an upgrade.

import t from 'tap'
import { connect as connectTcp } from 'node:net'
import { connect, constants, type ClientHttp2Session } from 'node:http2'
import Fastify from 'fastify'
import urlRewrite, { type Rule } from '../src/index.ts'
import { rule } from './engine.ts'
import { ask, portOf, rewriteOf, serve } from './serving.ts'

const ending: Rule[] = [
  rule('^old/(.*)$', '', { action: { type: 'Redirect', url: '/new/{R:1}', redirectType: 308 } }),
  rule('^secret', '', { action: { type: 'CustomResponse', statusCode: 403, subStatusCode: 4, statusReason: 'Not\r\nfor you', statusDescription: 'Nothing to see for {REMOTE_ADDR}' } }),
  rule('^gone', '', { action: { type: 'CustomResponse', statusCode: 410 } }),
  rule('^drop', '', { action: { type: 'AbortRequest' } })
]

t.test('a redirect has its status and location, and no body', async t => {
  const fastify = await serve(t, { rules: ending })
  const { status, headers, body } = await ask(fastify, '/old/a%2Fb?c', { method: 'POST', body: 'x' })
  t.strictSame([status, headers.location, body], [308, '/new/a%2Fb?c', ''])
})

t.test('a custom response has its status, reason and text, and its substatus is for the log', async t => {
  let seen: unknown
  const fastify = await serve(t, { rules: ending }, fastify => {
    fastify.addHook('onResponse', async request => { seen = request.rewrite })
  })
  const { status, reason, headers, body } = await ask(fastify, '/secret')
  t.strictSame([status, reason, headers['content-type'], body], [403, 'Not for you', 'text/plain; charset=utf-8', 'Nothing to see for 127.0.0.1'])
  t.match(seen, { url: '/secret', rule: '^secret → ', subStatusCode: 4 })
  t.strictSame((await ask(fastify, '/gone')).body, 'Gone')
})

t.test('an aborted request gets no response, and other requests do', async t => {
  const fastify = await serve(t, { rules: ending })
  await t.rejects(ask(fastify, '/drop'), { code: 'ECONNRESET' })
  t.equal((await ask(fastify, '/other')).status, 200)
})

t.test('over HTTP/2 the same rules hold, and an abort ends only its stream', async t => {
  const fastify = Fastify({ http2: true })
  t.teardown(() => fastify.close())
  fastify.decorateRequest('upstream', null)
  const aborted: unknown[] = []
  fastify.addHook('onRequest', async (request, reply) => { reply.raw.once('close', () => { if (request.rewrite?.aborted === true) aborted.push(request.rewrite.rule) }) })
  await fastify.register(urlRewrite, { rules: [...ending, rule('(.*)', 'http://h/{R:1}', { conditions: { add: [{ input: '{HTTP_HOST}', pattern: '^www\\.example:1$' }, { input: '{SERVER_PROTOCOL}', pattern: '^HTTP/2' }] } })] })
  fastify.get('/*', async request => request.rewrite?.url ?? 'none')
  await fastify.listen({ port: 0, host: '127.0.0.1' })
  const session = connect(`http://127.0.0.1:${portOf(fastify as never)}`)
  t.teardown(() => session.destroy())
  t.strictSame(await askOver(session, '/a%2Fb?c'), { status: 200, location: undefined, body: 'http://h/a%2Fb?c' })
  t.strictSame(await askOver(session, '/old/x'), { status: 308, location: '/new/x', body: '' })
  t.strictSame(await askOver(session, '/secret'), { status: 403, location: undefined, body: 'Nothing to see for 127.0.0.1' })
  await t.rejects(askOver(session, '/drop'))
  t.equal((await askOver(session, '/z')).status, 200, 'the connection lives on')
  t.strictSame(aborted, ['^drop → '], 'a log can tell whose doing it was')
})

t.test('a WebSocket\'s upgrade passes the same rules', async t => {
  const fastify = await serve(t, { rules: [rule('^ws/(.*)$', 'ws://h/{R:1}', { serverVariables: [{ name: 'HTTP_SEC_WEBSOCKET_EXTENSIONS', value: '' }] })] })
  const rewrite = await rewriteOf(fastify, '/ws/chat', { headers: { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-extensions': 'permessage-deflate' } })
  t.match(rewrite, { url: 'http://h/chat', headers: { 'sec-websocket-extensions': '' } })
})

t.test('OPTIONS * passes, and a target in absolute form is read as its path', async t => {
  const none = rule('^none', '', { action: { type: 'None' }, stopProcessing: true })
  const fastify = await serve(t, { rules: [none, rule('(.*)', 'http://h/{R:1}')] })
  const raw = (head: string): Promise<string> => new Promise((resolve, reject) => {
    const socket = connectTcp(portOf(fastify), '127.0.0.1', () => socket.write(`${head}\r\nHost: x\r\nConnection: close\r\n\r\n`))
    let text = ''
    socket.setEncoding('utf8').on('data', chunk => { text += chunk }).on('end', () => resolve(text)).on('error', reject)
  })
  t.match(await raw('GET http://x/a%2Fb?c HTTP/1.1'), /"url":"http:\/\/h\/a%2Fb\?c"/)
  t.match(await raw('GET http://evil.example HTTP/1.1'), /"url":"http:\/\/h\/"/)
  t.match(await raw('GET http://evil.example/none?x HTTP/1.1'), /"url":"\/none\?x"/, 'the client\'s host is never where a request goes')
  t.match(await raw('OPTIONS * HTTP/1.1'), /^HTTP\/1\.1 (?:200[^]*"rewrite":null|404)/)
})

interface Answer2 { status: number, location: string | undefined, body: string }

function askOver (session: ClientHttp2Session, path: string): Promise<Answer2> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':path': path, ':authority': 'www.example:1' })
    const answer: Answer2 = { status: 0, location: undefined, body: '' }
    stream.setEncoding('utf8')
    stream.on('response', headers => {
      answer.status = headers[':status'] ?? 0
      answer.location = headers.location
    })
    stream.on('data', chunk => { answer.body += chunk })
    stream.on('error', reject)
    stream.on('close', () => stream.rstCode === constants.NGHTTP2_NO_ERROR && answer.status > 0 ? resolve(answer) : reject(new Error(`stream ended with ${stream.rstCode}`)))
  })
}
