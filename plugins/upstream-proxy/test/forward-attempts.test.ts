// A request whose server cannot be reached is tried again: `to` is asked anew, and the next server gets a head of its own.
import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import Fastify, { type FastifyRequest } from 'fastify'
import t, { type Test } from 'tap'
import httpProxy from '../src/http-proxy/http-proxy.ts'
import { answering, ask, proxy, rawUpstream, talk, upstream } from './forward-subjects.ts'
import { eventually, watchDials } from './parts.ts'

// Nothing listens on these.
const DEAD = 'http://127.0.0.1:1'
const ALSO_DEAD = 'http://127.0.0.1:2'
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

function inTurn (...urls: string[]): { to: (request: FastifyRequest) => string, asked: FastifyRequest[] } {
  const asked: FastifyRequest[] = []
  return {
    asked,
    to (request) {
      asked.push(request)
      return urls[asked.length - 1] as string
    }
  }
}

/** A server that takes connections and says nothing, so that TLS to it never comes about. */
async function silent (t: Test): Promise<{ url: string, sockets: Socket[] }> {
  const sockets: Socket[] = []
  const server = createServer(socket => {
    socket.on('error', () => {})
    sockets.push(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, sockets }
}

t.test('where the first server is dead, a page comes from the one that `to` names then', async t => {
  const backend = await answering(t, OK)
  const { to, asked } = inTurn(`${DEAD}/first`, `${backend.url}/second`)
  const subject = await proxy(t, { to, retries: 1 })
  t.match(await ask(subject.port), { status: 200, body: 'ok' })
  t.equal(asked.length, 2, '`to` is asked once for each attempt')
  t.match(backend.received(), /^GET \/second HTTP\/1\.1\r\n/)
  t.ok(backend.received().includes(`\r\nHost: ${backend.url.slice(7)}\r\n`))
  const fact = await subject.facts()
  t.match(fact, { server: backend.url, status: 200, error: null, attempts: [{ server: DEAD, code: 'FST_ARR_UPSTREAM_REFUSED', moment: 'connect' }] })
  t.equal(fact.attempts.length, 1)
})

t.test('the same for a client of HTTP/2', async t => {
  const backend = await answering(t, OK)
  const { to } = inTurn(DEAD, backend.url)
  const subject = await proxy(t, { to, retries: 1 }, { http2: true } as object)
  const session = connectHttp2(`http://127.0.0.1:${subject.port}`)
  t.teardown(() => session.destroy())
  const stream = session.request({ ':path': '/' })
  stream.resume()
  t.match((await once(stream, 'response'))[0], { ':status': 200 })
})

t.test('where all attempts fail, the client gets the last error', async t => {
  const second = await silent(t)
  const { to } = inTurn(DEAD, second.url)
  const subject = await proxy(t, { to, retries: 1, timeouts: { connect: 300 } })
  t.match(await ask(subject.port), { status: 504, body: /CONNECT_TIMEOUT/ })
  const fact = await subject.facts()
  t.match(fact, { server: second.url, error: { code: 'FST_ARR_UPSTREAM_CONNECT_TIMEOUT', moment: 'connect' } })
  t.same(fact.attempts.map(({ server }) => server), [DEAD, second.url])
  t.ok(fact.attempts[1]!.time > 200, 'each attempt has its own time')
})

t.test('a body reaches the second server whole, and once', async t => {
  for (const [how, head] of [['sized', 'Content-Length: 200000\r\n\r\n'], ['chunked', 'Transfer-Encoding: chunked\r\n\r\n']] as const) {
    const first = await silent(t)
    let bodies = 0
    const body = Buffer.alloc(200_000, 'x')
    const url = await upstream(t, (request, response) => {
      let length = 0
      request.on('data', chunk => { length += (chunk as Buffer).length })
      request.on('end', () => {
        bodies++
        response.end(String(length))
      })
    })
    const { to } = inTurn(first.url, url)
    const subject = await proxy(t, { to, retries: 1, timeouts: { connect: 300 } })
    const bytes = how === 'sized' ? body : Buffer.concat([Buffer.from('30d40\r\n'), body, Buffer.from('\r\n0\r\n\r\n')])
    t.match(await talk(subject.port, Buffer.concat([Buffer.from(`POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${head}`), bytes])), /^HTTP\/1\.1 200 [^]*200000/, how)
    t.equal(bodies, 1)
    t.equal((await subject.facts()).attempts.length, 1)
  }
})

t.test('the stream that a hook gives for a body reaches the second server', async t => {
  const url = await upstream(t, (request, response) => { request.pipe(response) })
  const { to } = inTurn(DEAD, url)
  const subject = await proxy(t, {
    to,
    retries: 1,
    preHandler: async request => {
      for await (const part of request.raw) String(part)
      request.body = Readable.from(['given', ' body'])
    }
  })
  t.match(await ask(subject.port, { method: 'POST', body: 'own' }), { status: 200, body: 'given body' })
})

t.test('a request whose body was sent, in part or whole, is not sent to another server', async t => {
  const backend = await rawUpstream(t, socket => { socket.once('data', () => socket.resetAndDestroy()) })
  const { to, asked } = inTurn(backend.url, DEAD)
  const subject = await proxy(t, { to, retries: 5 })
  const near = connect({ port: subject.port, host: '127.0.0.1' })
  near.on('error', () => {})
  t.teardown(() => near.destroy())
  near.write('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n')
  near.write(`${(70_000).toString(16)}\r\n${'x'.repeat(70_000)}\r\n`)
  let text = ''
  near.on('data', chunk => { text += String(chunk) })
  await eventually(() => text.includes('\r\n\r\n'), 'there is an answer')
  t.match(text, /^HTTP\/1\.1 502 /)
  t.equal(asked.length, 1)
  near.destroy()
  t.same((await subject.facts()).attempts, [])
})

t.test('a server that closed a kept connection is asked again itself, without `to`', async t => {
  let count = 0
  const backend = await rawUpstream(t, socket => {
    count++
    socket.write(OK)
  })
  let asked = 0
  const subject = await proxy(t, { to: () => { asked++; return backend.url }, retries: 1 })
  t.match(await ask(subject.port), { status: 200 })
  backend.sockets[0]!.resetAndDestroy()
  t.match(await ask(subject.port), { status: 200 })
  t.equal(asked, 2)
  t.equal(count, 2)
  t.same((await subject.facts(1)).attempts, [])
})

t.test('Location is rewritten for the server that has answered', async t => {
  let location = ''
  const backend = await rawUpstream(t, socket => { socket.write(`HTTP/1.1 302 Found\r\nLocation: ${location}\r\nContent-Length: 0\r\n\r\n`) })
  location = `${backend.url}/there`
  const { to } = inTurn(DEAD, backend.url)
  const subject = await proxy(t, { to, retries: 1 })
  t.equal((await ask(subject.port, { headers: { host: 'public.example' } })).headers.location, 'http://public.example/there')
})

t.test('where `to` throws when it is asked again, the client gets the error of the first server, and the log tells why', async t => {
  const lines: string[] = []
  let asked = 0
  const subject = await proxy(t, {
    retries: 5,
    to: () => {
      if (++asked === 2) throw new Error('no other server')
      return DEAD
    }
  }, { logger: { level: 'error', stream: { write: (line: string) => { lines.push(line) } } } })
  t.match(await ask(subject.port), { status: 502, body: /UPSTREAM_REFUSED/ })
  t.equal(asked, 2)
  t.match(lines.at(-1), /could not be prepared/)
  t.match(await subject.facts(), { server: DEAD, error: { code: 'FST_ARR_UPSTREAM_REFUSED' } })
})

t.test('`to` is asked once where the first server is reached', async t => {
  const backend = await answering(t, OK)
  let asked = 0
  const subject = await proxy(t, { retries: 5, to: () => { asked++; return backend.url } })
  t.match(await ask(subject.port), { status: 200 })
  t.equal(asked, 1)
  t.ok(Object.isFrozen((await subject.facts()).attempts))
})

t.test('the drop-in asks the same server again, as `retriesCount` says', async t => {
  const app = Fastify()
  let asked = 0
  await app.register(httpProxy as never, { upstream: '', replyOptions: { retriesCount: 2, getUpstream: () => { asked++; return ALSO_DEAD } } } as never)
  await app.listen({ port: 0, host: '127.0.0.1' })
  t.teardown(() => app.close())
  const dials = watchDials(t)
  const { status } = await ask((app.server.address() as AddressInfo).port)
  t.equal(status, 502)
  t.equal(asked, 1)
  t.equal(dials.length, 1 + 3, 'the client\'s own, and three attempts')
})
