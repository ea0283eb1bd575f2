// How large may a forwarded body be? As large as `maxBodySize` says; a larger one is a 413 that the client gets.
import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import t, { type Test } from 'tap'
import type { UpstreamProxyOptions } from '../src/index.ts'
import { answering, ask, closed, FRAME, proxy, rawHttp2, rawUpstream, talk, upstream } from './forward-subjects.ts'
import { client, eventually, rest, until } from './parts.ts'

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const sized = (length: number, more = '') => `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n${more}\r\n`
const CHUNKED = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n'
const chunk = (length: number) => `${length.toString(16)}\r\n${'x'.repeat(length)}\r\n`
const FIELDS = [':method', 'POST', ':scheme', 'http', ':authority', 'a', ':path', '/']
const TOO_LARGE = { code: 'FST_ARR_PROXY_BODY_TOO_LARGE', moment: 'request', side: 'client', statusCode: 413 }

const echo = (t: Test): Promise<string> => upstream(t, (request, response) => {
  let length = 0
  request.on('data', part => { length += (part as Buffer).length })
  request.on('end', () => response.end(String(length)))
  request.on('error', () => {})
})

t.test('a Content-Length over the limit is 413, and no connection to the upstream is opened', async t => {
  const far = await answering(t, OK)
  const { port, facts } = await proxy(t, { upstream: far.url, maxBodySize: 10 })
  const text = await talk(port, sized(11) + 'x'.repeat(11))
  t.match(text, /^HTTP\/1\.1 413 Payload Too Large\r\n/)
  t.match(text, /\r\nconnection: close\r\n/i)
  t.match(text, /"code":"FST_ARR_PROXY_BODY_TOO_LARGE"/)
  t.match((await facts()).error, TOO_LARGE)
  t.equal(far.sockets.length, 0)
})

t.test('a body of just the limit passes, sized or chunked, and one without a limit', async t => {
  const { port } = await proxy(t, { upstream: await echo(t), maxBodySize: 100_000 })
  t.match(await ask(port, { method: 'POST', body: Buffer.alloc(100_000) }), { status: 200, body: '100000' })
  t.match(await ask(port, { method: 'POST', headers: { 'transfer-encoding': 'chunked' }, body: Buffer.alloc(100_000) }), { status: 200, body: '100000' })
  for (const maxBodySize of [undefined, Infinity]) {
    const unlimited = await proxy(t, { upstream: await echo(t), ...maxBodySize !== undefined && { maxBodySize } })
    t.match(await ask(unlimited.port, { method: 'POST', body: Buffer.alloc(3_000_000) }), { status: 200, body: '3000000' })
  }
})

t.test('a limit of 0 refuses every body, and no request without one', async t => {
  const { port } = await proxy(t, { upstream: await echo(t), maxBodySize: 0 })
  t.match(await ask(port, { method: 'POST', body: 'x' }), { status: 413 })
  t.match(await ask(port), { status: 200 })
  t.match(await ask(port, { method: 'POST', headers: { 'content-length': 0 } }), { status: 200 })
})

t.test('a client that has megabytes on the way gets the 413, and then an end, not a reset', async t => {
  const { port } = await proxy(t, { upstream: (await answering(t, OK)).url, maxBodySize: 1000 })
  for (const head of [sized(8_000_000), CHUNKED]) {
    const near = client(t, port)
    let failure: Error | null = null
    near.on('error', error => { failure = error })
    near.write(head)
    near.write(head === CHUNKED ? chunk(8_000_000) : 'x'.repeat(8_000_000))
    near.end()
    t.match(await rest(near), /^HTTP\/1\.1 413 /)
    await closed(near)
    t.equal(failure, null)
  }
})

t.test('a client that goes on sending for ever is cut off', async t => {
  const { port } = await proxy(t, { upstream: (await answering(t, OK)).url, maxBodySize: 1000 })
  const near = client(t, port)
  near.write(sized(1e15))
  const send = () => { if (!near.destroyed) near.write(Buffer.alloc(65_536), () => setImmediate(send)) }
  send()
  t.match(await rest(near), /^HTTP\/1\.1 413 /)
  await closed(near)
})

t.test('a request behind a body that was refused is not served', async t => {
  const { port, requests } = await proxy(t, { upstream: (await answering(t, OK)).url, maxBodySize: 10 })
  const near = client(t, port)
  near.write(sized(20))
  const answer = rest(near)
  await once(near, 'end')
  near.write('x'.repeat(20) + 'GET /next HTTP/1.1\r\nHost: a\r\n\r\n')
  near.end()
  await closed(near)
  t.equal((await answer).match(/HTTP\/1\.1 /g)?.length, 1)
  t.equal(requests.length, 1)
})

t.test('the 413 waits for the answers before it in a pipeline', async t => {
  const far = await answering(t, OK)
  const { port } = await proxy(t, { upstream: far.url, maxBodySize: 10 })
  const text = await talk(port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n' + sized(20) + 'x'.repeat(20))
  t.match(text, /^HTTP\/1\.1 200 OK[^]*okHTTP\/1\.1 413 /)
})

t.test('a client that waits for 100 Continue gets 413 and no 100', async t => {
  const far = await answering(t, OK)
  const { port } = await proxy(t, { upstream: far.url, maxBodySize: 10 })
  const text = await talk(port, sized(11, 'Expect: 100-continue\r\n'))
  t.match(text, /^HTTP\/1\.1 413 /)
  t.notMatch(text, /100 Continue/)
  t.equal(far.sockets.length, 0)
})

t.test('a chunked body that passes the limit with its first part is 413, and no connection is opened', async t => {
  const far = await answering(t, OK)
  const { port, facts } = await proxy(t, { upstream: far.url, maxBodySize: 10 })
  t.match(await talk(port, CHUNKED + chunk(11)), /^HTTP\/1\.1 413 /)
  t.match((await facts()).error, TOO_LARGE)
  t.equal(far.sockets.length, 0)
})

t.test('a chunked body that passes the limit later is 413; the upstream\'s connection is cut and not used again', async t => {
  const far = await rawUpstream(t, (socket, head) => { if (head.startsWith('GET')) socket.write(OK) })
  const { port, facts } = await proxy(t, { upstream: far.url, maxBodySize: 100_000 })
  const near = client(t, port)
  near.write(CHUNKED + chunk(90_000))
  await eventually(() => far.received().length > 90_000, 'the upstream has the first part')
  near.write(chunk(10_001))
  t.match(await rest(near), /^HTTP\/1\.1 413 /)
  near.end()
  t.match((await facts()).error, TOO_LARGE)
  await closed(far.sockets[0]!)
  t.notMatch(far.received(), /\r\n0\r\n\r\n/, 'the body does not look complete')
  t.match(await ask(port), { status: 200 })
  t.equal(far.sockets.length, 2)
})

t.test('where the answer has begun, it is cut', async t => {
  const far = await rawUpstream(t, socket => { socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n') })
  const { port, facts } = await proxy(t, { upstream: far.url, maxBodySize: 1000 })
  const near = client(t, port)
  near.write(CHUNKED + chunk(1000))
  await until(near, text => text.includes('hi'))
  near.write(chunk(1))
  t.notMatch(await rest(near), /0\r\n\r\n/)
  t.match((await facts()).error, TOO_LARGE)
  await closed(far.sockets[0]!)
})

t.test('a stream that a hook gives for the body is counted', async t => {
  const { port } = await proxy(t, {
    upstream: await echo(t),
    maxBodySize: 1000,
    preHandler: (request, _reply, done) => {
      const given = new PassThrough()
      request.raw.on('data', part => given.write(Buffer.alloc(800 * (part as Buffer).length)))
      request.raw.on('end', () => given.end())
      request.body = given
      request.raw.once('data', () => done())
    }
  })
  t.match(await ask(port, { method: 'POST', body: 'x' }), { status: 200, body: '800' })
  t.match(await ask(port, { method: 'POST', body: 'xx' }), { status: 413 })
})

t.test('a function of the request gives the limit; undefined, null and Infinity are none', async t => {
  const limits: Record<string, number | null | undefined> = { '/small': 1, '/null': null, '/undefined': undefined, '/infinity': Infinity }
  let asked = 0
  const { port } = await proxy(t, {
    upstream: await echo(t),
    maxBodySize: request => {
      asked++
      return limits[request.url]
    }
  })
  t.match(await ask(port, { method: 'POST', path: '/small', body: 'xx' }), { status: 413 })
  for (const path of ['/null', '/undefined', '/infinity']) t.match(await ask(port, { method: 'POST', path, body: 'xx' }), { status: 200, body: '2' })
  t.equal(asked, 4)
  t.match(await ask(port, { path: '/small' }), { status: 200 })
  t.equal(asked, 4, 'it is not called where there is no body')
})

for (const [what, maxBodySize] of Object.entries<() => unknown>({
  'that throws': () => { throw new Error('secret') },
  'that gives NaN': () => NaN,
  'that gives a negative number': () => -1,
  'that gives a text': () => '10',
  'that gives a promise': async () => { throw new Error('secret') }
})) {
  t.test(`a function ${what} is a 500 of ours, and a line in the log`, async t => {
    const lines: string[] = []
    const far = await answering(t, OK)
    const { port } = await proxy(t, { upstream: far.url, maxBodySize: maxBodySize as never }, { logger: { level: 'error', stream: { write: (line: string) => { lines.push(line) } } } })
    const answer = await ask(port, { method: 'POST', body: 'x' })
    t.match(answer, { status: 500, body: /"code":"FST_ARR_PROXY_BAD_LIMIT"/ })
    t.notMatch(answer.body, /secret/)
    t.ok(lines.some(line => line.includes('`maxBodySize` ')))
    t.equal(far.sockets.length, 0)
  })
}

t.test('the user\'s error handler answers a body that is too large, announced or not, and the client gets it', async t => {
  const { port } = await proxy(t, { upstream: (await answering(t, OK)).url, maxBodySize: 1 }, {}, app => {
    app.setErrorHandler((error, _request, reply) => reply.code((error as { statusCode: number }).statusCode).send('mine'))
  })
  for (const [head, body] of [[sized(4_000_000), 'x'.repeat(4_000_000)], [CHUNKED, chunk(4_000_000)]] as const) {
    const text = await talk(port, head + body)
    t.match(text, /^HTTP\/1\.1 413 [^]*mine$/)
    t.match(text, /\r\nconnection: close\r\n/i)
  }
})

for (const [what, fields, body] of [
  ['announced', [...FIELDS, 'content-length', '2000'], ''],
  ['not announced', FIELDS, 'x'.repeat(2000)]
] as const) {
  t.test(`HTTP/2: a body that is too large and ${what} is 413, then its stream is reset, and the others go on`, async t => {
    const far = await answering(t, OK)
    const { port, facts } = await proxy(t, { upstream: far.url, maxBodySize: 1000 }, { http2: true } as object)
    const session = rawHttp2(t, port)
    session.open(1, fields)
    if (body !== '') session.send(FRAME.DATA, 0, 1, body)
    const reset = await session.frame(({ type, stream }) => type === FRAME.RST_STREAM && stream === 1)
    t.equal(reset?.payload.readUInt32BE(0), 0, 'NO_ERROR')
    const data = await session.frame(({ type, stream }) => type === FRAME.DATA && stream === 1)
    t.match(data?.payload.toString(), /FST_ARR_PROXY_BODY_TOO_LARGE/)
    t.match((await facts()).error, TOO_LARGE)
    t.equal(far.sockets.length, 0)
    session.open(3, [':method', 'GET', ':scheme', 'http', ':authority', 'a', ':path', '/'], true)
    const next = await session.frame(({ type, stream }) => type === FRAME.DATA && stream === 3)
    t.equal(next?.payload.toString(), 'ok')
  })
}

t.test('HTTP/2: where the answer has begun, its stream is reset', async t => {
  const far = await rawUpstream(t, socket => { socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n') })
  const { port } = await proxy(t, { upstream: far.url, maxBodySize: 1000 }, { http2: true } as object)
  const session = rawHttp2(t, port)
  session.open(1, FIELDS)
  session.send(FRAME.DATA, 0, 1, 'x'.repeat(1000))
  await session.frame(({ type }) => type === FRAME.DATA)
  session.send(FRAME.DATA, 0, 1, 'x')
  const reset = await session.frame(({ type }) => type === FRAME.RST_STREAM)
  t.equal(reset?.payload.readUInt32BE(0), 2, 'INTERNAL_ERROR')
})

t.test('a limit that is none is a mistake at registration', async t => {
  for (const maxBodySize of [-1, NaN, '10', {}, true]) {
    await t.rejects(proxy(t, { upstream: 'http://127.0.0.1:1', maxBodySize } as UpstreamProxyOptions), { message: /`maxBodySize` must be a number of bytes, 0 or more, or a function of the request/ })
  }
})
