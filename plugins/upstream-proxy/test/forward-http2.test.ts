// HTTP/2 and TLS clients, TLS and unix upstreams.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect as connectHttp2, type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2'
import { createServer as createSecure, request as secureRequest } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AddressInfo, Socket } from 'node:net'
import { generate } from 'selfsigned'
import t, { type Test } from 'tap'
import { origin } from './forward-facts.ts'
import { answering, ask, closed, FRAME, proxy, rawHttp2, rawUpstream, read, upstream } from './forward-subjects.ts'

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

async function get (client: ClientHttp2Session, headers: object, body?: Buffer | string, onPart = () => {}): Promise<Got> {
  const stream = client.request({ ':path': '/', ...headers }, { endStream: body === undefined })
  if (body !== undefined) stream.end(body)
  const parts: Buffer[] = []
  const hints: unknown[] = []
  let trailers: IncomingHttpHeaders | undefined
  let head: Got['headers'] = {}
  stream.on('response', headers => { head = headers })
  stream.on('headers', headers => hints.push([headers[':status'], headers.link]))
  stream.on('trailers', headers => { trailers = headers })
  stream.on('data', part => {
    parts.push(part)
    onPart()
  })
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
    if (count === 1) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart')
    else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
  })
  const subject = await proxy(t, { upstream: backend.url }, h2)
  const client = session(t, subject.port)
  const cut = await get(client, {}, undefined, () => { backend.sockets[0]!.resetAndDestroy() })
  t.equal(String(cut.body), 'part')
  t.equal(cut.code, 2)
  t.match((await subject.facts()).error, { code: 'FST_ARR_UPSTREAM_RESET', moment: 'body' })
  t.match(await get(client, {}), { headers: { ':status': 200 }, code: 0 })
})

for (const moment of ['request', 'headers', 'body'] as const) {
  t.test(`an HTTP/2 client that resets a stream (${moment}) takes the upstream request with it, and the session's other streams go on`, async t => {
    const other: Socket[] = []
    const backend = await rawUpstream(t, (socket, head) => {
      if (!head.includes(' /reset ')) other.push(socket)
      if (!head.includes(' /reset ') || moment === 'body') socket.write('HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\npart')
    })
    const subject = await proxy(t, { upstream: backend.url }, { http2: true } as object)
    const client = rawHttp2(t, subject.port)
    const fields = (path: string, method = 'GET') => [':method', method, ':scheme', 'http', ':authority', 'x', ':path', path]
    const dataOf = (stream: number) => client.frame(frame => frame.type === FRAME.DATA && frame.stream === stream && frame.payload.length > 0)
    client.open(1, fields('/other'), true)
    t.equal(String((await dataOf(1))?.payload), 'part')

    client.open(3, fields('/reset', moment === 'request' ? 'POST' : 'GET'), moment !== 'request')
    if (moment === 'request') client.send(FRAME.DATA, 0, 3, 'part of it')
    if (moment === 'body') await dataOf(3)
    const reached = moment === 'request' ? 'part of it' : 'GET /reset '
    while (!backend.received().includes(reached)) await new Promise(resolve => setImmediate(resolve))
    client.send(FRAME.RST_STREAM, 0, 3, Buffer.from([0, 0, 0, 8]))
    t.match((await subject.facts(1)).error, { code: 'FST_ARR_CLIENT_GONE', side: 'client', moment })
    t.equal(backend.sockets.length, 2)
    await closed(backend.sockets.find(socket => socket !== other[0])!)
    t.notMatch(backend.received(), /\r\n0\r\n\r\n/, 'an upload that was cut is no whole one')

    t.notOk(other[0]!.destroyed)
    other[0]!.write('done')
    t.match(await client.frame(({ type, stream, payload }) => type === FRAME.DATA && stream === 1 && String(payload) === 'done'), { type: FRAME.DATA })
    t.equal((await subject.facts(0)).error, null)
    client.open(5, fields('/next'), true)
    t.equal(String((await dataOf(5))?.payload), 'part')
  })
}

t.test('an HTTP/2 client whose session breaks takes its upstream requests with it', async t => {
  const backend = await rawUpstream(t, () => {})
  const subject = await proxy(t, { upstream: backend.url }, h2)
  const stream = session(t, subject.port).request({ ':path': '/', ':method': 'POST' }, { endStream: false })
  stream.on('error', () => {})
  stream.write('part of it')
  while (!backend.received().includes('part of it')) await new Promise(resolve => setImmediate(resolve))
  stream.session?.destroy()
  t.match((await subject.facts()).error, { code: 'FST_ARR_CLIENT_GONE', side: 'client', moment: 'request' })
  await Promise.all(backend.sockets.map(closed))
  t.notMatch(backend.received(), /\r\n0\r\n\r\n$/, 'an upload that was cut is no whole one')
})

t.test('a head comes to an HTTP/2 client before there is any body', async t => {
  const backend = await rawUpstream(t, socket => socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n'))
  const { port } = await proxy(t, { upstream: backend.url }, h2)
  const stream = session(t, port).request({ ':path': '/' })
  // The body comes only once the head is here.
  const [headers] = await once(stream, 'response')
  t.match(headers, { ':status': 200, 'content-type': 'text/event-stream' })
  backend.sockets[0]!.end('late')
  t.match(String((await once(stream, 'data'))[0]), 'late')
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

t.test('what a client of TLS reads and its upstream is told is https, whichever HTTP it speaks', async t => {
  const backend = await rawUpstream(t, (socket, head) => socket.write(`HTTP/1.1 302 Found\r\nLocation: http://${/^Host: (.*)\r$/m.exec(head)?.[1]}/x\r\nContent-Length: 0\r\n\r\n`))
  const { port } = await proxy(t, { upstream: backend.url, forwarded: { standard: 'set' } }, h2)
  const outgoing = secureRequest({ host: '127.0.0.1', port, headers: { host: 'public.test:8443' }, rejectUnauthorized: false, agent: false })
  outgoing.end()
  const [response] = await once(outgoing, 'response') as [IncomingMessage]
  t.equal((await read(response)).headers.location, 'https://public.test:8443/x')
  t.equal((await get(session(t, port), { ':authority': 'public.test:8443' })).headers.location, 'https://public.test:8443/x')
  const lines = backend.received().split('\r\n')
  for (const line of ['X-Forwarded-Proto: https', 'X-Forwarded-Host: public.test:8443', 'Forwarded: for=127.0.0.1;host="public.test:8443";proto=https']) {
    t.equal(lines.filter(one => one === line).length, 2, line)
  }
})

t.test('Host as the client wrote it is :authority, for HTTP/2', async t => {
  const backend = await answering(t, 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
  const { port } = await proxy(t, { upstream: backend.url, hostHeader: 'preserve' }, h2)
  t.match(await get(session(t, port), { ':authority': 'public.test:8443' }), { headers: { ':status': 200 } })
  t.match(backend.received(), /^GET \/ HTTP\/1\.1\r\nHost: public\.test:8443\r\n/)
  t.equal(backend.received().match(/^host:/gim)?.length, 1)
})

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
