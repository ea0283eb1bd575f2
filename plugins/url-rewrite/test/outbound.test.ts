// Outbound rules on headers, on tags and on text.

import t from 'tap'
import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { brotliCompressSync, brotliDecompressSync, deflateSync, gunzipSync, gzipSync, inflateSync } from 'node:zlib'
import Fastify, { type FastifyReply } from 'fastify'
import urlRewrite, { type OutboundRule, type OutboundRules, type UrlRewriteOptions } from '../src/index.ts'
import { answering, get, type Answering } from './answering.ts'

const html = { preConditions: [{ name: 'Html', add: [{ input: '{RESPONSE_CONTENT_TYPE}', pattern: '^text/html' }] }] }
const links: OutboundRule = {
  name: 'ReverseProxyOutboundRule1',
  preCondition: 'Html',
  match: { filterByTags: ['A', 'Form', 'Img'], pattern: '^http(s)?://internal:8080/(.*)' },
  action: { type: 'Rewrite', value: 'http{R:1}://{HTTP_HOST}/{R:2}' }
}
const outboundRules = (...rules: OutboundRule[]): OutboundRules => ({ ...html, rules })

const page = '<!doctype html><title><a href="http://internal:8080/t"></title><!-- <a href="http://internal:8080/c"> --><script>var a = \'<a href="http://internal:8080/s">\'</script>' +
  '<A class=x HREF=\'http://internal:8080/ü?a=1&amp;b="\'>ü</A><a href=http://internal:8080/x>x</a><a data-href="http://internal:8080/y" href="/z">'
const rewrittenPage = page.replace('HREF=\'http://internal:8080/', 'HREF=\'http://www.example.com/').replace('href=http://internal:8080/x', 'href="http://www.example.com/x"')

t.test('the reverse-proxy template\'s outbound rule rewrites links, and nothing that only looks like one', async t => {
  const fastify = await answering(t, { outboundRules: outboundRules(links) }, reply => reply.type('text/html; charset=utf-8').send(page))
  t.equal((await get(fastify)).body.toString(), rewrittenPage)
})

t.test('tags are found wherever the chunks of a stream end', async t => {
  let size = 1
  const fastify = await answering(t, { outboundRules: outboundRules(links) }, reply => {
    const bytes = Buffer.from(page)
    const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => bytes.subarray(index * size, (index + 1) * size))
    return reply.type('text/html').send(Readable.from(pieces))
  })
  for (size of [1, 2, 3, 7, 64]) t.equal((await get(fastify)).body.toString(), rewrittenPage, `${size} bytes at a time`)
})

t.test('compressed bodies are rewritten and stay compressed', async t => {
  const codings = { gzip: [gzipSync, gunzipSync], br: [brotliCompressSync, brotliDecompressSync], deflate: [deflateSync, inflateSync] } as const
  for (const [coding, [compress, decompress]] of Object.entries(codings)) {
    const fastify = await answering(t, { outboundRules: outboundRules(links) }, reply => reply.type('text/html').header('content-encoding', coding).header('etag', '"a"').send(compress(page)))
    const { headers, body } = await get(fastify)
    t.equal(headers['content-encoding'], coding)
    t.equal(headers.etag, 'W/"a"')
    t.equal(headers['content-length'], undefined)
    t.equal(decompress(body).toString(), rewrittenPage, coding)
  }
})

t.test('a broken compressed body is cut off, never ended as if complete', async t => {
  const fastify = await answering(t, { outboundRules: outboundRules(links) }, reply => reply.type('text/html').header('content-encoding', 'gzip').send(Buffer.from('not gzip at all')))
  t.equal((await get(fastify)).status, 500, 'nothing was sent yet')
  const whole = gzipSync(randomBytes(200_000).toString('hex'))
  const half = await answering(t, { outboundRules: outboundRules(links) }, reply => reply.type('text/html').header('content-encoding', 'gzip').send(whole.subarray(0, whole.length / 2)))
  await t.rejects(get(half), { code: 'ECONNRESET' })
})

t.test('a body that is not text, has an unknown coding or is partial passes unchanged', async t => {
  const cases: Array<[string, Answering]> = [
    ['image', reply => reply.type('image/png').send(page)],
    ['event stream', reply => reply.type('text/event-stream').send(page)],
    ['zstd', reply => reply.type('text/html').header('content-encoding', 'zstd').send(page)],
    ['utf-16', reply => reply.type('text/html; charset=utf-16').send(page)],
    ['part', reply => reply.code(206).type('text/html').send(page)]
  ]
  for (const [name, answer] of cases) {
    const fastify = await answering(t, { outboundRules: outboundRules({ ...links, preCondition: '' }) }, answer)
    const { headers, body } = await get(fastify)
    t.equal(body.toString(), page, name)
    t.equal(headers['content-length'], String(Buffer.byteLength(page)), name)
  }
})

t.test('bytes that are not UTF-8 pass unchanged', async t => {
  const bytes = Buffer.concat([Buffer.from([0xff, 0xc3, 0x28]), Buffer.from('<a href="http://internal:8080/x">'), Buffer.from([0x80])])
  for (const rules of [[links], [links, { name: 'T', match: { pattern: 'zzz' }, action: { type: 'Rewrite' as const, value: '' } }]]) {
    const fastify = await answering(t, { outboundRules: outboundRules(...rules) }, reply => reply.type('text/html').send(bytes))
    t.strictSame((await get(fastify)).body, Buffer.concat([Buffer.from([0xff, 0xc3, 0x28]), Buffer.from('<a href="http://www.example.com/x">'), Buffer.from([0x80])]))
  }
})

t.test('a value can\'t end its own quotes', async t => {
  const rule: OutboundRule = { ...links, match: { filterByTags: ['A'], pattern: '.*' }, action: { type: 'Rewrite', value: '{QUERY_STRING}' } }
  const fastify = await answering(t, { outboundRules: outboundRules(rule) }, reply => reply.type('text/html').send('<a href="x"><a href=\'x\'><a href=x>'))
  t.equal((await get(fastify, { path: '/?"><script>\'' })).body.toString(), '<a href="&quot;><script>\'"><a href=\'"><script>&#39;\'><a href="&quot;><script>\'">')
})

t.test('text without tags: every match, or as many as occurrences says, with captures and conditions', async t => {
  const rule: OutboundRule = {
    name: 'Words',
    match: { pattern: 'h(.)llo', occurrences: 2 },
    conditions: { add: [{ input: '{QUERY_STRING}', pattern: 'greet=(\\w+)' }] },
    action: { type: 'Rewrite', value: '{C:1}-{R:1}' }
  }
  const fastify = await answering(t, { outboundRules: { rules: [rule] } }, reply => reply.type('text/plain').send('hello hällo HELLO hello'))
  t.equal((await get(fastify, { path: '/?greet=hi' })).body.toString(), 'hi-e hi-ä HELLO hello')
  t.equal((await get(fastify)).body.toString(), 'hello hällo HELLO hello')
})

t.test('an exact match without tags finds a substring', async t => {
  const rule: OutboundRule = { name: 'Exact', patternSyntax: 'ExactMatch', match: { pattern: '</head>', occurrences: 1 }, action: { type: 'Rewrite', value: '<script>track()</script></head>' } }
  const fastify = await answering(t, { outboundRules: { rules: [rule] } }, reply => reply.type('text/html').send('<head></HEAD></head>'))
  t.equal((await get(fastify)).body.toString(), '<head><script>track()</script></head></head>')
})

t.test('rules of both kinds see what earlier rules have written', async t => {
  const rules: OutboundRule[] = [
    { name: '1', match: { pattern: 'one' }, action: { type: 'Rewrite', value: '<a href="two">' } },
    { name: '2', match: { filterByTags: ['A'], pattern: '^two$' }, action: { type: 'Rewrite', value: 'three' } },
    { name: '3', match: { filterByTags: ['A'], pattern: '^three$' }, action: { type: 'Rewrite', value: 'four' }, stopProcessing: true },
    { name: '4', match: { filterByTags: ['A'], pattern: '^four$' }, action: { type: 'Rewrite', value: 'five' } },
    { name: '5', match: { pattern: 'four' }, action: { type: 'Rewrite', value: 'six' } }
  ]
  const fastify = await answering(t, { outboundRules: { rules } }, reply => reply.type('text/html').send('one'))
  t.equal((await get(fastify)).body.toString(), '<a href="six">')
})

t.test('a body larger than the limit passes unchanged', async t => {
  const rule: OutboundRule = { name: 'A', match: { pattern: 'a' }, action: { type: 'Rewrite', value: 'b' } }
  const fastify = await answering(t, { outboundBufferLimit: 1000, outboundRules: { rules: [rule] } }, reply => reply.type('text/plain').send(Readable.from(Array.from({ length: 11 }, () => Buffer.alloc(100, 'a')))))
  t.equal((await get(fastify)).body.toString(), 'a'.repeat(1100))
})

t.test('custom tags name any tag and attribute', async t => {
  const rules: OutboundRules = {
    customTags: [{ name: 'Mine', tags: [{ name: 'video', attribute: 'poster' }] }],
    rules: [{ name: 'V', match: { filterByTags: ['CustomTags'], customTags: 'Mine', pattern: '^/old/(.*)' }, action: { type: 'Rewrite', value: '/new/{R:1}' } }]
  }
  const fastify = await answering(t, { outboundRules: rules }, reply => reply.type('text/html').send('<video src="/old/a" poster="/old/b">'))
  t.equal((await get(fastify)).body.toString(), '<video src="/old/a" poster="/new/b">')
})

t.test('headers: a Location is rewritten, a header is created, changed, kept or removed', async t => {
  const rules: OutboundRule[] = [
    { name: 'Location', match: { serverVariable: 'RESPONSE_Location', pattern: '^http://[^/]+/(.*)' }, conditions: { add: [{ input: '{RESPONSE_STATUS}', pattern: '^3\\d\\d' }] }, action: { type: 'Rewrite', value: 'https://{HTTP_HOST}/{R:1}' } },
    { name: 'Create', match: { serverVariable: 'RESPONSE_X_Custom', pattern: '^$' }, action: { type: 'Rewrite', value: 'made' } },
    { name: 'Keep', match: { serverVariable: 'RESPONSE_X_Kept', pattern: '.*' }, action: { type: 'Rewrite', value: 'other', replace: false } },
    { name: 'Remove', match: { serverVariable: 'RESPONSE_Server', pattern: '.+' }, action: { type: 'Rewrite', value: '' } },
    { name: 'Cookie', match: { serverVariable: 'RESPONSE_Set_Cookie', pattern: '^(?!.*; secure)(.*)$' }, action: { type: 'Rewrite', value: '{R:1}; Secure' } },
    { name: 'Split', match: { serverVariable: 'RESPONSE_X_Split', pattern: '^$' }, action: { type: 'Rewrite', value: '{UrlDecode:{QUERY_STRING}}' } }
  ]
  const fastify = await answering(t, { outboundRules: { rules } }, reply => reply.code(302).headers({ location: 'http://internal:8080/a?b', 'x-kept': 'mine', server: 'x', 'set-cookie': ['a=1', 'b=2; Secure'] }).send())
  const { headers } = await get(fastify, { path: '/?x%0D%0Ay:z' })
  t.match(headers, { location: 'https://www.example.com/a?b', 'x-custom': 'made', 'x-kept': 'mine', 'set-cookie': ['a=1; Secure', 'b=2; Secure'], 'x-split': 'x y:z' })
  t.notOk('server' in headers)
  t.notOk('y' in headers)
})

t.test('a header can get any characters of a request', async t => {
  const rules: OutboundRule[] = [
    { name: 'New', match: { serverVariable: 'RESPONSE_X_New', pattern: '^$' }, action: { type: 'Rewrite', value: '{URL}' } },
    { name: 'Kept', match: { serverVariable: 'RESPONSE_X_Old', pattern: '(.*)' }, action: { type: 'Rewrite', value: '{R:1}{UrlDecode:{QUERY_STRING}}' } }
  ]
  for (const send of [(reply: FastifyReply) => reply.send('text'), (reply: FastifyReply) => reply.send(Readable.from(['stream']))]) {
    const fastify = await answering(t, { outboundRules: { rules } }, reply => send(reply.header('x-old', 'old ')))
    // The low bytes of the first two are a line break.
    const { status, headers } = await get(fastify, { path: '/%C4%8D%C4%8A%F0%9F%98%80?%C4%8D%C4%8A%0D%0Ax' })
    t.equal(status, 200)
    t.match(headers, { 'x-new': '/%C4%8D%C4%8A%F0%9F%98%80', 'x-old': 'old %C4%8D%C4%8A x' })
  }
  const half = await answering(t, { outboundRules: { rules: [{ name: 'Half', match: { serverVariable: 'RESPONSE_X_Half', pattern: '^$' }, action: { type: 'Rewrite', value: 'a\ud83d' } }] } }, reply => reply.send('x'))
  t.equal((await get(half)).headers['x-half'], 'a%EF%BF%BD')
})

t.test('variables that inbound rules set are visible to outbound ones, and a request header can be restored', async t => {
  const options: UrlRewriteOptions = {
    rules: [{ name: 'In', match: { url: '.*' }, serverVariables: [{ name: 'HTTP_X_SAVED', value: '{HTTP_ACCEPT_ENCODING}' }, { name: 'HTTP_ACCEPT_ENCODING', value: '' }, { name: 'MY_VAR', value: 'v' }] }],
    outboundRules: {
      preConditions: [{ name: 'Saved', add: [{ input: '{HTTP_X_SAVED}', pattern: '.+' }] }],
      rules: [
        { name: 'Restore', preCondition: 'Saved', match: { serverVariable: 'HTTP_ACCEPT_ENCODING', pattern: '^(.*)' }, action: { type: 'Rewrite', value: '{HTTP_X_SAVED}' } },
        { name: 'Show', match: { serverVariable: 'RESPONSE_X_Show', pattern: '^$' }, action: { type: 'Rewrite', value: '{HTTP_ACCEPT_ENCODING} {MY_VAR}' } }
      ]
    }
  }
  const fastify = await answering(t, options, reply => reply.send('x'))
  t.equal((await get(fastify, { headers: { 'accept-encoding': 'gzip, br' } })).headers['x-show'], 'gzip, br v')
  t.equal((await get(fastify)).headers['x-show'], 'v')
})

t.test('a HEAD has no length that its GET does not have', async t => {
  const fastify = Fastify({ exposeHeadRoutes: false })
  t.teardown(() => fastify.close())
  await fastify.register(urlRewrite, { outboundRules: outboundRules({ ...links, preCondition: '' }) })
  fastify.head('/', async (request, reply) => {
    t.strictSame(fastify.urlRewrite.rewriteResponse(request, { status: 200, headers: [['Content-Type', 'text/html'], ['Content-Length', '3']] }), { headers: [['Content-Type', 'text/html']] })
    t.equal(fastify.urlRewrite.rewriteResponse(request, { status: 200, headers: [['Content-Type', 'image/png'], ['Content-Length', '3']] }), undefined, 'of an image it stays')
    reply.send()
  })
  t.equal((await fastify.inject({ method: 'HEAD', url: '/' })).statusCode, 200)
})

t.test('rewriteResponse gives the same change for a response that a proxy writes itself, and none for a 101', async t => {
  const fastify = Fastify()
  t.teardown(() => fastify.close())
  await fastify.register(urlRewrite, { outboundRules: outboundRules(links, { name: 'H', match: { serverVariable: 'RESPONSE_X_A', pattern: '^$' }, action: { type: 'Rewrite', value: '{HTTP_HOST}' } }) })
  fastify.get('/', async request => {
    const { rewriteResponse } = fastify.urlRewrite
    t.equal(rewriteResponse(request, { status: 101, headers: [['Upgrade', 'websocket']] }), undefined)
    const head = rewriteResponse(request, { status: 200, headers: [['Content-Type', 'image/png'], ['Content-Length', '3']] })
    t.strictSame(head, { headers: [['Content-Type', 'image/png'], ['Content-Length', '3'], ['X-A', 'www.example.com']] })
    const change = rewriteResponse(request, { status: 200, headers: [['Content-Type', 'text/html'], ['Content-Length', '3']] })
    t.strictSame(change?.headers, [['Content-Type', 'text/html'], ['X-A', 'www.example.com']])
    change?.body?.end(page)
    let body = ''
    for await (const chunk of change?.body ?? []) body += String(chunk)
    t.equal(body, rewrittenPage)
    return 'ok'
  })
  const answer = await fastify.inject({ url: '/', headers: { host: 'www.example.com' } })
  t.equal(answer.body, 'ok')
})

t.test('all mistakes of outbound rules are reported at once', async t => {
  const fastify = Fastify()
  t.teardown(() => fastify.close())
  await t.rejects(async () => {
    await fastify.register(urlRewrite, {
      outboundRules: {
        rules: [
          { name: 'A', preCondition: 'Gone', match: { pattern: '(' } },
          { name: 'B', patternSyntax: 'Wildcard', match: { pattern: '*' } },
          { name: 'C', match: { filterByTags: ['Blink' as 'A'], pattern: 'x' } },
          { name: 'D', match: { serverVariable: 'RESPONSE_STATUS', pattern: 'x' } },
          { name: 'E', match: { serverVariable: 'RESPONSE_X Y', pattern: 'x' } },
          { name: 'F', match: { serverVariable: 'RESPONSE_', pattern: 'x' } }
        ]
      }
    })
  }, { code: 'FST_ARR_URL_REWRITE_INVALID_OPTIONS', message: /`outboundRules\.rules\[0\]\.preCondition` of "A" is "Gone"[^]*match\.pattern` of "A": [^]*; `outboundRules\.rules\[1\]` of "B": a Wildcard[^]*match\.filterByTags` of "C" has "Blink"[^]*"D": RESPONSE_STATUS[^]*match\.serverVariable` of "E" is "RESPONSE_X Y"[^]*match\.serverVariable` of "F"/ })
})

t.test('IsFile is a mistake in outbound rules', async t => {
  const IsFile = [{ matchType: 'IsFile' as const }]
  const options: Array<[UrlRewriteOptions, RegExp]> = [
    [{ outboundRules: { rules: [{ ...links, preCondition: '', conditions: { add: IsFile } }] } }, /`outboundRules\.rules\[0\]\.conditions\.add\[0\]` of "ReverseProxyOutboundRule1": IsFile is for inbound rules/],
    [{ siteOutboundRules: { Shop: { rules: [{ name: 'H', match: { serverVariable: 'RESPONSE_X', pattern: '' }, conditions: { add: [{ matchType: 'IsDirectory', input: '/' }] } }] } } }, /`siteOutboundRules\.Shop\.rules\[0\]\.conditions\.add\[0\]` of "H": IsDirectory is for inbound rules/],
    [{ outboundRules: { preConditions: [{ name: 'P', add: IsFile as never }], rules: [] } }, /`outboundRules\.preConditions\[0\]\.conditions\.add\[0\]` of "P": IsFile is for inbound rules/]
  ]
  for (const [given, message] of options) {
    const fastify = Fastify()
    t.teardown(() => fastify.close())
    await t.rejects(async () => { await fastify.register(urlRewrite, { documentRoot: '/', ...given }) }, { code: 'FST_ARR_URL_REWRITE_INVALID_OPTIONS', message })
  }
})
