// HTTP/2 and TLS clients, TLS and unix upstreams.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect as connectHttp2, type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2'
import { createServer as createSecure, request as secureRequest } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AddressInfo } from 'node:net'
import { generate } from 'selfsigned'
import t, { type Test } from 'tap'
import { origin } from './forward-facts.ts'
import { answering, ask, proxy, rawUpstream, read, upstream } from './forward-subjects.ts'

const pems = await generate([{ name: 'commonName', value: 'localhost' }], { keySize: 2048, extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }, { type: 7, ip: '127.0.0.1' }] }] } as never)
const tls = { key: pems.private, cert: pems.cert }

interface Got {
  readonly headers: IncomingHttpHeaders & { ':status'?: number }
  readonly body: Buffer
  readonly trailers: IncomingHttpHeaders | undefined
  readonly hints: unknown[]
  readonly code: number
}

function session (t: Test, port: number): ClientHttp2Session {
  const client = connectHttp2(`https://127.0.0.1:${port}`, { rejectUnauthorized: false })
  client.on('error', () => {})
  t.teardown(() => client.destroy())
  return client
}

async function get (client: ClientHttp2Session, headers: object, body?: Buffer | string): Promise<Got> {
  const stream = client.request({ ':path': '/', ...headers }, { endStream: body === undefined })
  if (body !== undefined) stream.end(body)
  const parts: Buffer[] = []
  const hints: unknown[] = []
  let trailers: IncomingHttpHeaders | undefined
  let head: Got['headers'] = {}
  stream.on('response', headers => { head = headers })
  stream.on('headers', headers => hints.push([headers[':status'], headers.link]))
  stream.on('trailers', headers => { trailers = headers })
  stream.on('data', part => parts.push(part))
  stream.on('error', () => {})
  await new Promise(resolve => stream.on('close', resolve))
  return { headers: head, body: Buffer.concat(parts), trailers, hints, code: stream.rstCode as number }
}

const h2 = { http2: true, https: { ...tls, allowHTTP1: true } } as object

t.test('an HTTP/2 client is served by an HTTP/1.1 upstream', async t => {
  const subject = await proxy(t, { upstream: await upstream(t, origin) }, h2)
  const client = session(t, subject.port)

  const hello = await get(client, { ':path': '/hello' })
  t.match(hello, { headers: { ':status': 200, 'content-length': '5' }, code: 0 })
  t.equal(String(hello.body), 'hello')

  const duplicates = await get(client, { ':path': '/duplicates' })
  t.match(duplicates.headers, { 'x-one': '1, 2', 'set-cookie': ['a=1; Path=/', 'b=2'], link: '<a>, <b>' })
  t.notOk(duplicates.headers.connection ?? duplicates.headers['keep-alive'] ?? duplicates.headers['transfer-encoding'])

  t.equal((await get(client, { ':path': '/big' })).body.length, 3_000_000)
  t.equal((await get(client, { ':path': '/big-chunked' })).body.length, 3_000_000)
  t.match(await get(client, { ':path': '/204' }), { headers: { ':status': 204 }, code: 0 })
  t.match(await get(client, { ':path': '/head', ':method': 'HEAD' }), { headers: { ':status': 200, 'content-length': '12345' }, code: 0 })
  t.match(await get(client, { ':path': '/trailers' }), { trailers: { 'x-sum': '42' } })
  t.match(await get(client, { ':path': '/hints' }), { hints: [[103, '</a.css>; rel=preload; as=style']], headers: { ':status': 200 } })

  const mirror = async (headers: object, body?: Buffer | string) => JSON.parse(String((await get(client, { ':path': '/mirror', ...headers }, body)).body))
  t.match(await mirror({ ':path': '/mirror//x%2F?a+b' }), { url: '/mirror//x%2F?a+b', length: 0, method: 'GET' })
  t.match(await mirror({ ':method': 'POST' }, Buffer.alloc(300_000)), { length: 300_000, transferEncoding: 'chunked' })
  t.match(await mirror({ ':method': 'POST', 'content-length': 5 }, 'hello'), { length: 5, contentLength: '5' })
  t.match(await mirror({ ':method': 'POST' }), { length: 0, contentLength: '0' })
  t.match(await mirror({ cookie: ['a=1', 'b=2'] }), { cookie: 'a=1; b=2' })
})

t.test('an HTTP/2 answer that is cut is a reset stream, and the session lives', async t => {
  const backend = await rawUpstream(t, (socket, _, count) => {
    if (count === 1) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart', () => setTimeout(() => socket.resetAndDestroy(), 30))
    else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
  })
  const subject = await proxy(t, { upstream: backend.url }, h2)
  const client = session(t, subject.port)
  const cut = await get(client, {})
  t.equal(String(cut.body), 'part')
  t.equal(cut.code, 2)
  t.match((await subject.facts()).error, { code: 'FST_ARR_UPSTREAM_RESET', moment: 'body' })
  t.match(await get(client, {}), { headers: { ':status': 200 }, code: 0 })
})

t.test('an HTTP/2 client that resets its stream takes the upstream request with it', async t => {
  const backend = await rawUpstream(t, () => {})
  const subject = await proxy(t, { upstream: backend.url }, h2)
  const stream = session(t, subject.port).request({ ':path': '/', ':method': 'POST' }, { endStream: false })
  stream.on('error', () => {})
  stream.write('part of it')
  while (!backend.received().includes('part of it')) await new Promise(resolve => setImmediate(resolve))
  // Not `close`: Node's own client would end the body in order before it resets.
  stream.session?.destroy()
  t.match((await subject.facts()).error, { code: 'FST_ARR_CLIENT_GONE', side: 'client', moment: 'request' })
  await Promise.all(backend.sockets.map(socket => socket.destroyed ? null : once(socket, 'close')))
  t.notMatch(backend.received(), /\r\n0\r\n\r\n$/, 'an upload that was cut is no whole one')
})

t.test('an HTTP/2 client that is refused gets the error and its session', async t => {
  const { port } = await proxy(t, { upstream: 'http://127.0.0.1:1' }, h2)
  const client = session(t, port)
  const answer = await get(client, { accept: 'text/html' })
  t.match(answer.headers, { ':status': 502, 'content-type': 'text/html; charset=utf-8' })
  t.match(String(answer.body), /502 Bad Gateway/)
  t.match(await get(client, {}), { headers: { ':status': 502 } })
})

t.test('an HTTP/2 client that does not read holds the upstream back', async t => {
  let written = 0
  const url = await upstream(t, (_, response) => {
    const more = () => {
      while (written < 100_000_000) {
        written += 65_536
        if (!response.write(Buffer.alloc(65_536))) {
          response.once('drain', more)
          return
        }
      }
    }
    more()
  })
  const { port } = await proxy(t, { upstream: url }, h2)
  const stream = session(t, port).request({ ':path': '/' })
  stream.on('error', () => {})
  await once(stream, 'response')
  for (let before = -1; before !== written;) {
    before = written
    await new Promise(resolve => setTimeout(resolve, 200))
  }
  t.ok(written < 40_000_000, `${written} bytes were taken`)
  stream.close()
})

t.test('a TLS client of HTTP/1.1 gets large bodies whole', async t => {
  const { port } = await proxy(t, { upstream: await upstream(t, origin) }, { https: tls } as object)
  const outgoing = secureRequest({ host: '127.0.0.1', port, path: '/big', rejectUnauthorized: false, agent: false })
  outgoing.end()
  const [response] = await once(outgoing, 'response') as [IncomingMessage]
  t.match(await read(response), { complete: true, headers: { 'content-length': '3000000' } })
})

async function secureUpstream (t: Test, listener: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createSecure(tls, listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => { server.close(); server.closeAllConnections() })
  return `https://localhost:${(server.address() as AddressInfo).port}`
}

t.test('an https upstream is verified, unless it is told otherwise', async t => {
  const url = await secureUpstream(t, origin)
  const strict = await proxy(t, { upstream: url })
  t.match(await ask(strict.port, { path: '/hello' }), { status: 502 })
  t.match((await strict.facts()).error, { code: 'FST_ARR_UPSTREAM_TLS', moment: 'connect' })
  const known = await proxy(t, { upstream: url, tls: { ca: pems.cert } })
  t.match(await ask(known.port, { path: '/hello' }), { status: 200, body: 'hello' })
  t.equal((await ask(known.port, { path: '/big' })).body.length, 3_000_000)
  t.match(JSON.parse((await ask(known.port, { path: '/mirror', method: 'POST', body: 'x'.repeat(100_000) })).body), { length: 100_000 })
  const blind = await proxy(t, { upstream: url, tls: { rejectUnauthorized: false } })
  t.match(await ask(blind.port, { path: '/hello' }), { status: 200 })
})

t.test('an upstream behind a unix socket', { skip: process.platform === 'win32' }, async t => {
  const path = join(tmpdir(), `forward-${process.pid}-${Date.now()}.sock`)
  const server = createServer(origin).listen(path)
  await once(server, 'listening')
  t.teardown(() => { server.close(); server.closeAllConnections() })
  const { port } = await proxy(t, { upstream: `unix://${encodeURIComponent(path)}` })
  t.match(await ask(port, { path: '/hello' }), { status: 200, body: 'hello' })
})

t.test('inject works as well', async t => {
  const backend = await answering(t, 'HTTP/1.1 200 OK\r\nX-Case: 1\r\nContent-Length: 2\r\n\r\nok')
  const { app } = await proxy(t, { upstream: backend.url })
  const answer = await app.inject({ method: 'POST', url: '/x', payload: 'body' })
  t.equal(answer.statusCode, 200)
  t.equal(answer.body, 'ok')
  t.equal(answer.headers['x-case'], '1')
})
