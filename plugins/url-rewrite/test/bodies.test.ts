// Bodies of every kind under outbound rules: any charset and coding, broken or empty, and any kind of payload.

import t from 'tap'
import { Readable, Stream } from 'node:stream'
import { brotliCompressSync, brotliDecompressSync, deflateRawSync, deflateSync, gzipSync, inflateRawSync, inflateSync } from 'node:zlib'
import { answering, get, type Answering } from './answering.ts'
import type { OutboundRule } from '../src/index.ts'

const tags = (value: string, pattern = '.*'): OutboundRule => ({ name: 'Tags', match: { filterByTags: ['A'], pattern }, action: { type: 'Rewrite', value } })
const text = (value: string, pattern: string): OutboundRule => ({ name: 'Text', match: { pattern }, action: { type: 'Rewrite', value } })
const links = tags('http://out/{R:1}', '^http://in/(.*)')
const words = text('bar', 'foo')

const page = '<a href="http://in/x">foo</a>'
const linked = '<a href="http://out/x">foo</a>'
const bytes = (latin1: string): Buffer => Buffer.from(latin1, 'latin1')
const pieces = (whole: Buffer): Readable => Readable.from(Array.from(whole, byte => Buffer.from([byte])))

t.test('where text is not UTF-8, no character of a request becomes a quote or a tag', async t => {
  // The low bytes of the first three are a quote, > and <.
  const path = '/%C4%A2%C4%BE%C4%BCscript%F0%9F%98%80'
  for (const charset of ['iso-8859-1', 'windows-1251']) {
    const asking = async (...rules: OutboundRule[]): Promise<string> => {
      const fastify = await answering(t, { outboundRules: { rules } }, reply => reply.type(`text/html; charset=${charset}`).send(bytes('\xe9<a href="x">foo\xe9')))
      return (await get(fastify, { path })).body.toString('latin1')
    }
    t.equal(await asking(tags('{URL}')), '\xe9<a href="/&#290;&#318;&#316;script&#128512;">foo\xe9', charset)
    t.equal(await asking(text('{URL}', 'foo')), '\xe9<a href="x">/???script?\xe9', charset)
    t.equal(await asking(tags('{URL}'), text('{URL}', 'foo')), '\xe9<a href="/&#290;&#318;&#316;script&#128512;">/???script?\xe9', charset)
  }
})

t.test('where text is not UTF-8, its bytes pass unchanged, in captures too', async t => {
  const fastify = await answering(t, { outboundRules: { rules: [links, text('[{R:1}]', 'f(.)o')] } }, reply => reply.type('text/html; charset=windows-1251').send(bytes('\xe9<a href="http://in/\x98\xff">f\xe0o')))
  t.strictSame((await get(fastify)).body, bytes('\xe9<a href="http://out/\x98\xff">[\xe0]'))
})

t.test('text in a charset that is not based on ASCII passes unchanged', async t => {
  for (const charset of ['iso-2022-jp', 'utf-7', 'hz-gb-2312']) {
    const fastify = await answering(t, { outboundRules: { rules: [links, words] } }, reply => reply.type(`text/html; charset=${charset}`).send(Buffer.from(page)))
    t.equal((await get(fastify)).body.toString(), page, charset)
  }
})

t.test('a text rule leaves all bytes around its matches unchanged, UTF-8 or not', async t => {
  const cases: Array<[before: string, after: string, rule: OutboundRule]> = [
    ['<meta charset=iso-8859-1> caf\xe9 foo na\xefve', '<meta charset=iso-8859-1> caf\xe9 bar na\xefve', words],
    ['caf\xe9 foo', 'caf[\xe9 f]oo', text('[{R:0}]', '\xe9 f')],
    ['\xff foo', '\xff b\xe4r?', text('b\xe4r\u20ac', 'foo')]
  ]
  for (const [before, after, rule] of cases) {
    const fastify = await answering(t, { outboundRules: { rules: [rule] } }, reply => reply.type('text/html').send(bytes(before)))
    t.strictSame((await get(fastify)).body, bytes(after), JSON.stringify(before))
  }
})

t.test('a body is UTF-8 as a whole or not at all, whatever its chunks are', async t => {
  const utf8 = await answering(t, { outboundRules: { rules: [text('[{R:0}€]', '.ä')] } }, reply => reply.type('text/html').send(pieces(Buffer.from('é€ä 😀'))))
  t.equal((await get(utf8)).body.toString(), 'é[€ä€] 😀')
  const broken = await answering(t, { outboundRules: { rules: [words] } }, reply => reply.type('text/html').send(pieces(Buffer.from('é foo 😀').subarray(0, -1))))
  t.strictSame((await get(broken)).body, Buffer.from('é bar 😀').subarray(0, -1))
})

t.test('a tag rule leaves the bytes of a value unchanged, UTF-8 or not', async t => {
  const fastify = await answering(t, { outboundRules: { rules: [links] } }, reply => reply.type('text/html').send(pieces(Buffer.concat([Buffer.from('<a href="http://in/ü€">'), bytes('<a href="http://in/\xfc">\xfc')]))))
  t.strictSame((await get(fastify)).body, Buffer.concat([Buffer.from('<a href="http://out/ü€">'), bytes('<a href="http://out/\xfc">\xfc')]))
})

t.test('a rule that fails on a body ends that response, not the process, and the response does not tell why', async t => {
  // A map's value that is a number makes the rule throw.
  const rewriteMaps = [{ name: 'Broken', entries: { x: 5 as unknown as string } }]
  for (const rule of [tags('a{Broken:x}'), text('a{Broken:x}', 'foo')]) {
    const fastify = await answering(t, { rewriteMaps, outboundRules: { rules: [rule] } }, (reply, { url }) => reply.type('text/html').send(url === '/fine' ? 'fine' : page))
    const { status, body } = await get(fastify)
    t.equal(status, 500)
    t.strictSame(JSON.parse(body.toString()), { statusCode: 500, code: 'FST_ARR_URL_REWRITE_BODY', error: 'Internal Server Error', message: 'Internal Server Error' })
    t.equal((await get(fastify, { path: '/fine' })).body.toString(), 'fine')
  }
})

t.test('an empty body with a content-encoding stays empty', async t => {
  for (const coding of ['gzip', 'deflate', 'br']) {
    for (const empty of [() => Buffer.alloc(0), () => Readable.from([]), () => Readable.from([Buffer.alloc(0)])]) {
      const fastify = await answering(t, { outboundRules: { rules: [words] } }, reply => reply.type('text/html').header('content-encoding', coding).send(empty()))
      const { status, body } = await get(fastify)
      t.strictSame([status, body.length], [200, 0], coding)
    }
  }
})

t.test('deflate is read with and without the zlib format, and written in the same format', async t => {
  for (const [compress, decompress] of [[deflateSync, inflateSync], [deflateRawSync, inflateRawSync]] as const) {
    for (const send of [(whole: Buffer) => whole, pieces]) {
      const fastify = await answering(t, { outboundRules: { rules: [links] } }, reply => reply.type('text/html').header('content-encoding', 'deflate').send(send(compress(page))))
      const { status, body } = await get(fastify)
      t.equal(status, 200)
      t.equal(decompress(body).toString(), linked)
    }
  }
})

t.test('bytes behind the end of a deflate or br body are ignored', async t => {
  const whole: Array<[string, Buffer, (body: Buffer) => Buffer]> = [['deflate', deflateSync(page), inflateSync], ['br', brotliCompressSync(page), brotliDecompressSync]]
  for (const [coding, compressed, decompress] of whole) {
    for (const garbage of ['\n', 'garbage', '\0\0\0']) {
      for (const send of [(whole: Buffer) => whole, pieces]) {
        const fastify = await answering(t, { outboundRules: { rules: [links] } }, reply => reply.type('text/html').header('content-encoding', coding).send(send(Buffer.concat([compressed, Buffer.from(garbage)]))))
        const { status, body } = await get(fastify)
        t.equal(status, 200)
        t.equal(decompress(body).toString(), linked, `${coding} ${JSON.stringify(garbage)}`)
      }
    }
  }
})

t.test('a body that can\'t be decoded is answered with a readable error that does not tell why', async t => {
  const whole = gzipSync(page)
  const broken: Array<[string, Buffer]> = [['gzip', Buffer.from('not gzip at all')], ['gzip', whole.subarray(0, 3)], ['br', brotliCompressSync(page).subarray(0, 5)], ['deflate', Buffer.from([0x78, 1, 2])]]
  for (const [coding, sent] of broken) {
    for (const rule of [links, words]) {
      const fastify = await answering(t, { outboundRules: { rules: [rule] } }, reply => reply.type('text/html').header('content-encoding', coding).header('etag', '"a"').send(sent))
      const { status, headers, body } = await get(fastify)
      t.equal(status, 500)
      t.strictSame([headers['content-encoding'], headers.etag], [undefined, undefined])
      t.strictSame(JSON.parse(body.toString()), { statusCode: 500, code: 'FST_ARR_URL_REWRITE_BODY', error: 'Internal Server Error', message: 'Internal Server Error' }, coding)
    }
  }
})

t.test('a HEAD that Fastify makes of a GET has the headers of the GET', async t => {
  const answers: Array<[string, Answering, string | undefined]> = [
    ['text', reply => reply.type('text/html').send(page), undefined],
    ['bytes', reply => reply.type('text/html').send(Buffer.from(page)), undefined],
    ['a stream', reply => reply.type('text/html').header('content-length', page.length).send(Readable.from([page])), undefined],
    ['an image', reply => reply.type('image/png').header('etag', '"a"').send(page), String(page.length)],
    ['an image in a stream', reply => reply.type('image/png').header('content-length', page.length).send(Readable.from([page])), String(page.length)]
  ]
  for (const [name, answer, length] of answers) {
    const fastify = await answering(t, { outboundRules: { rules: [links] } }, answer)
    const asked = await get(fastify)
    const head = await get(fastify, { method: 'HEAD' })
    t.equal(asked.headers['content-length'], length, `GET ${name}`)
    t.equal(head.headers['content-length'], length, `HEAD ${name}`)
    t.equal(head.headers.etag, asked.headers.etag)
  }
})

t.test('web streams, Response objects and streams of any class are rewritten', async t => {
  const head = { status: 203, headers: { 'content-type': 'text/html', 'content-length': String(page.length), 'x-a': 'b' } }
  const cases: Array<[string, Answering]> = [
    ['web stream', reply => reply.code(203).type('text/html').header('x-a', 'b').send(new Response(page).body)],
    ['response', reply => reply.send(new Response(page, head))],
    ['another make', reply => {
      // An old-style stream, as some packages have: not a Readable.
      const stream = Object.assign(new Stream(), { readable: true })
      setImmediate(() => {
        stream.emit('data', Buffer.from(page))
        stream.emit('end')
        stream.emit('close')
      })
      return reply.code(203).type('text/html').header('x-a', 'b').send(stream)
    }]
  ]
  for (const [name, answer] of cases) {
    const fastify = await answering(t, { outboundRules: { rules: [links] } }, answer)
    const { status, headers, body } = await get(fastify)
    t.match({ status, headers, body: body.toString() }, { status: 203, headers: { 'content-type': 'text/html', 'x-a': 'b' }, body: linked }, name)
    t.equal(headers['content-length'], undefined, name)
  }
})

t.test('a Response without a body, of a type that no rule reads, or read already is sent as without rules', async t => {
  const none = await answering(t, { outboundRules: { rules: [links] } }, reply => reply.send(new Response(null, { status: 202, headers: { 'content-type': 'text/html' } })))
  const empty = await get(none)
  t.strictSame([empty.status, empty.body.length], [202, 0])
  const image = await answering(t, { outboundRules: { rules: [links] } }, reply => reply.send(new Response(page, { headers: { 'content-type': 'image/png' } })))
  t.equal((await get(image)).body.toString(), page)
  const read = await answering(t, { outboundRules: { rules: [links] } }, async reply => {
    const response = new Response(page)
    await response.text()
    return reply.send(response)
  })
  t.match((await get(read)).body.toString(), 'FST_ERR_REP_RESPONSE_BODY_CONSUMED')
  const locked = await answering(t, { outboundRules: { rules: [links] } }, reply => {
    const { body } = new Response(page)
    body?.getReader()
    return reply.type('text/html').send(body)
  })
  t.match((await get(locked)).body.toString(), 'FST_ERR_REP_READABLE_STREAM_LOCKED')
})
