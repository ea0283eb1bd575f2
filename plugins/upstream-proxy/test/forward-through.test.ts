// Streams of `rewriteResponse` that the body passes through: slow or full, early or late with their end, and such as fail.
// Each time the upstream's connection has to serve the next request; there is one.
import { once } from 'node:events'
import { connect as connectHttp2, type IncomingHttpHeaders } from 'node:http2'
import type { Socket } from 'node:net'
import { type Duplex, PassThrough, Transform } from 'node:stream'
import { createGzip, gunzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { type Answer, answering, ask, closed, proxy, type Proxy, rawUpstream, type RawUpstream, upstream } from './forward-subjects.ts'
import { client, eventually, until } from './parts.ts'

const HEAD = 'HTTP/1.1 201 Made\r\nX-From: upstream\r\nContent-Length: 10\r\n\r\n'
const turn = () => new Promise(resolve => setImmediate(resolve))

/** Every eight bytes say where they are. */
function pattern (length: number): string {
  return Array.from({ length: Math.ceil(length / 8) }, (_, i) => i.toString().padStart(8)).join('').slice(0, length)
}

function sized (length: number): string {
  return `HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\n${pattern(length)}`
}

function chunked (count: number, size: number): string {
  const body = pattern(count * size)
  const chunks = Array.from({ length: count }, (_, i) => `${size.toString(16)}\r\n${body.slice(i * size, (i + 1) * size)}\r\n`)
  return `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunks.join('')}0\r\nX-Sum: 1\r\n\r\n`
}

/** A proxy with one connection, whose answers pass through what `make` gives. */
function through (t: Test, backend: RawUpstream, make: () => Duplex, server: object = {}): Promise<Proxy> {
  return proxy(t, { upstream: backend.url, connections: { max: 1 }, timeouts: { connect: 0, idle: 0, firstByte: 0 }, rewriteResponse: () => ({ body: make() }) }, server)
}

/** The same of a client of HTTP/2. */
async function askHttp2 (t: Test, port: number): Promise<Pick<Answer, 'status' | 'headers' | 'body' | 'complete'>> {
  const session = connectHttp2(`http://127.0.0.1:${port}`)
  t.teardown(() => session.destroy())
  const stream = session.request({ ':path': '/' })
  let headers: IncomingHttpHeaders & { ':status'?: number } = {}
  let body = ''
  stream.on('response', head => { headers = head })
  stream.on('data', part => { body += String(part) })
  stream.on('error', () => {})
  await new Promise(resolve => stream.on('close', resolve))
  return { status: headers[':status'] as number, headers, body, complete: stream.rstCode === 0 }
}

const CLIENTS: Record<string, { server: object, ask: (t: Test, port: number) => Promise<Pick<Answer, 'status' | 'headers' | 'body' | 'complete'>> }> = {
  'HTTP/1.1': { server: {}, ask: (_, port) => ask(port) },
  'HTTP/2': { server: { http2: true }, ask: askHttp2 }
}

for (const [protocol, { server, ask }] of Object.entries(CLIENTS)) {
  for (const [name, bytes, length] of [
    ['one part', sized(20_000), 20_000],
    ['the size of its buffer', sized(16_384), 16_384],
    ['many small parts', chunked(60, 1024), 61_440],
    ['more than is read at once', sized(3_000_000), 3_000_000]
  ] as const) {
    t.test(`${protocol}: a stream that is full when the body ends gives the connection back (${name})`, async t => {
      const warnings: unknown[] = []
      const warn = (warning: Error) => warnings.push(warning.name)
      process.on('warning', warn)
      t.teardown(() => process.off('warning', warn))
      const backend = await answering(t, bytes)
      const { port } = await through(t, backend, () => new PassThrough(), server)
      for (let i = 0; i < 3; i++) {
        const { status, body, complete } = await ask(t, port)
        t.match({ status, complete }, { status: 200, complete: true })
        t.ok(body === pattern(length), 'every byte is right')
      }
      t.equal(backend.sockets.length, 1)
      // Node tells them in a tick of their own.
      await turn()
      t.same(warnings, [])
    })
  }

  t.test(`${protocol}: a stream that ends early gives what it gave, and the rest of the body is let fall`, async t => {
    for (const atOnce of [true, false]) {
      const rest: Socket[] = []
      const backend = await rawUpstream(t, socket => {
        socket.write(`${HEAD}hello${atOnce ? 'world' : ''}`)
        rest.push(socket)
      })
      const { port } = await through(t, backend, () => {
        let over = false
        return new Transform({
          transform (part: Buffer, _, done) {
            if (!over) {
              over = true
              this.push(part.subarray(0, 5))
              this.push(null)
              this.on('end', () => { if (!atOnce) rest.at(-1)!.write('world') })
            }
            done()
          }
        })
      }, server)
      for (let i = 0; i < 3; i++) t.match(await ask(t, port), { status: 201, body: 'hello', complete: true })
      t.equal(backend.sockets.length, 1)
    }
  })

  for (const [when, first] of [['all comes together', `${HEAD}0123456789`], ['the head comes alone', HEAD]] as const) {
    t.test(`${protocol}: bytes that a stream gives of its own follow the upstream's head, where ${when}`, async t => {
      const backend = await rawUpstream(t, socket => {
        socket.write(first)
        if (first === HEAD) setImmediate(() => socket.write('0123456789'))
      })
      const { port } = await through(t, backend, () => {
        const stream = new PassThrough()
        stream.push('banner ')
        return stream
      }, server)
      for (let i = 0; i < 2; i++) {
        const answer = await ask(t, port)
        t.match(answer, { status: 201, headers: { 'x-from': 'upstream' }, body: 'banner 0123456789', complete: true })
        t.notOk(answer.headers['content-length'])
      }
      t.equal(backend.sockets.length, 1)
    })
  }
}

t.test('bytes that a stream gives of its own reach the client before there is any of the upstream', async t => {
  const asked: Socket[] = []
  const backend = await rawUpstream(t, socket => {
    asked.push(socket)
    socket.write(HEAD)
  })
  const { port } = await through(t, backend, () => {
    const stream = new PassThrough()
    stream.push('banner ')
    return stream
  })
  const asking = client(t, port)
  asking.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  t.match(await until(asking, text => text.includes('banner')), /^HTTP\/1\.1 201 Made\r\nX-From: upstream\r\n/)
  asked[0]!.write('0123456789')
  await until(asking, text => text.endsWith('0\r\n\r\n'))
})

t.test('a stream that says all it has to say after the body has ended is waited for', async t => {
  const backend = await answering(t, sized(30_000))
  const { port } = await through(t, backend, () => createGzip())
  for (let i = 0; i < 2; i++) {
    const answer = await ask(port)
    t.match(answer, { status: 200, complete: true })
    t.equal(String(gunzipSync(Buffer.from(answer.body, 'latin1'))), pattern(30_000))
  }
  t.equal(backend.sockets.length, 1)
})

t.test('trailers follow what a stream made of the body', async t => {
  const { port } = await through(t, await answering(t, chunked(60, 1024)), () => new PassThrough())
  t.match(await ask(port), { status: 200, complete: true, trailers: ['X-Sum', '1'] })
})

t.test('a stream that takes its time holds the upstream back', async t => {
  const written: Socket[] = []
  const backend = await rawUpstream(t, socket => {
    written.push(socket)
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n')
    socket.write(Buffer.alloc(100_000_000))
  })
  const waiting: Array<() => void> = []
  let taken = 0
  const stream = new Transform({
    transform (part: Buffer, _, done) {
      taken += part.length
      waiting.push(() => { done(null, part) })
    }
  })
  const subject = await through(t, backend, () => stream)
  const asking = client(t, subject.port)
  asking.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await until(asking, text => text.includes('\r\n\r\n'))
  while (waiting.length === 0) await turn()
  // It is told no more before it has taken what it has: a read, at most, lies in its buffer.
  for (let i = 0; i < 100; i++) await turn()
  t.equal(waiting.length, 1)
  t.ok(taken <= 65_536)
  waiting.shift()!()
  while (waiting.length === 0) await turn()
  asking.destroy()
  t.match((await subject.facts()).error, { code: 'FST_ARR_CLIENT_GONE', moment: 'body' })
  if (!written[0]!.closed) await new Promise(resolve => written[0]!.on('close', resolve))
  t.ok(stream.destroyed, 'and is told that nobody waits any more')
})

t.test('a stream that is still at it when the body has ended leaves the connection to the next', async t => {
  const backend = await answering(t, sized(20_000))
  let goOn = () => {}
  let count = 0
  const subject = await through(t, backend, () => ++count > 1
    ? new PassThrough()
    : new Transform({
      transform (part: Buffer, _, done) { goOn = () => { done(null, part) } }
    }))
  const first = ask(subject.port)
  await eventually(() => count > 0, 'the first is under way')
  const second = await ask(subject.port)
  t.ok(second.complete && second.body === pattern(20_000))
  goOn()
  const { complete, body } = await first
  t.ok(complete && body === pattern(20_000))
  t.equal(backend.sockets.length, 1)
})

t.test('a stream that takes nothing more, since it has ended, does not stop the body', async t => {
  const backend = await answering(t, sized(3_000_000))
  const { port } = await through(t, backend, () => new Transform({
    // Never says that it is done with what it got.
    transform (part: Buffer) {
      this.push(part.subarray(0, 8))
      this.push(null)
    }
  }))
  for (let i = 0; i < 2; i++) t.match(await ask(port), { status: 200, body: pattern(8), complete: true })
  t.equal(backend.sockets.length, 1)
})

for (const [name, end] of [
  ['is destroyed without an error', (stream: Duplex) => stream.destroy()],
  ['fails', (stream: Duplex) => stream.destroy(new Error('a secret'))]
] as const) {
  t.test(`a stream that ${name} cuts the answer`, async t => {
    for (const whole of [false, true]) {
      let made: Duplex | undefined
      const backend = await rawUpstream(t, (socket, _, count) => socket.write(`${HEAD}hello${whole || count > 1 ? 'world' : ''}`))
      const subject = await through(t, backend, () => {
        // What is left of a whole body is held back.
        made = new Transform({
          transform (part: Buffer, _, done) { done(null, part.subarray(0, 5)) },
          flush () { }
        })
        return made
      })
      const asking = client(t, subject.port)
      asking.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
      const text = await until(asking, text => text.includes('hello'))
      const ended = once(asking, 'close')
      let rest = ''
      asking.on('data', chunk => { rest += String(chunk) })
      asking.on('end', () => asking.end())
      end(made as Duplex)
      asking.resume()
      await ended
      t.notMatch(text + rest, /\r\n0\r\n|secret/, 'it does not look whole')
      t.match((await subject.facts()).error, { code: 'FST_ARR_PROXY_REWRITE_FAILED', moment: 'body', side: 'proxy' })
    }
  })
}

t.test('a stream that fails before it gave anything is a 500 where nothing was sent yet', async t => {
  const backend = await answering(t, `${HEAD}0123456789`)
  const subject = await proxy(t, {
    upstream: backend.url,
    connections: { max: 1 },
    rewriteResponse: request => request.url === '/bad'
      ? { body: new Transform({ transform (_, __, done) { done(new Error('a secret')) } }) }
      : undefined
  })
  const answer = await ask(subject.port, { path: '/bad' })
  t.match(answer, { status: 500, complete: true })
  t.notMatch(answer.body, /secret/)
  t.match((await subject.facts()).error, { code: 'FST_ARR_PROXY_REWRITE_FAILED', side: 'proxy' })
  t.match(await ask(subject.port), { status: 201, body: '0123456789' })
})

for (const [protocol, { server, ask }] of Object.entries(CLIENTS)) {
  t.test(`${protocol}: a stream that ends before events that never do ends the answer, and the events`, async t => {
    const backend = await answering(t, 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n')
    const subject = await through(t, backend, () => new Transform({
      transform (part: Buffer) {
        this.push(part.subarray(0, 7))
        this.push(null)
      }
    }), server)
    t.match(await ask(t, subject.port), { status: 200, body: 'data: 1', complete: true })
    t.equal((await subject.facts()).error, null)
    await closed(backend.sockets[0] as Socket)
    t.match(await ask(t, subject.port), { body: 'data: 1' }, 'the only connection is free again')
  })
}

t.test('a stream that is given where there is no body, or where the answer cannot be sent, is destroyed', async t => {
  const backend = await upstream(t, (request, response) => {
    response.writeHead(Number(request.url?.slice(1)))
    response.end()
  })
  const made: Duplex[] = []
  const { port } = await proxy(t, {
    upstream: backend,
    rewriteResponse (request, { status }) {
      made.push(new PassThrough())
      return { body: made.at(-1) as Duplex, headers: request.method === 'PUT' ? [['bad name', 'x']] : [], status: request.method === 'POST' ? 100 : status }
    }
  }, {}, app => {
    app.addHook('onRequest', async (request, reply) => { if (request.method === 'DELETE') reply.header('x-bad', '\u2713') })
  })
  for (const [method, status] of [['HEAD', 200], ['GET', 204], ['GET', 304], ['PUT', 500], ['POST', 500], ['DELETE', 500]] as const) {
    const path = method === 'GET' ? `/${status}` : '/200'
    t.match(await ask(port, { method, path }), { status }, `${method} ${path}`)
    t.ok(made.pop()?.destroyed, `${method} ${path}`)
  }
})
