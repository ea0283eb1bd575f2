// What onlookers are told of a forwarded request: its attempts, what each sent and got, and the head that leaves for the client.
import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { createServer as createSecure } from 'node:https'
import { connect, type AddressInfo } from 'node:net'
import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel'
import Fastify from 'fastify'
import { CHANNELS } from '@fastify-arr/facts'
import t from 'tap'
import httpProxy from '../src/http-proxy/http-proxy.ts'
import { answering, ask, oneConnection, proxy, rawUpstream, talk } from './forward-subjects.ts'
import { eventually, watchDials } from './parts.ts'
import { lines, onlooker } from './told.ts'
import { CERT, KEY_PEM } from './tunnel-subjects.ts'

// Nothing listens here.
const DEAD = 'http://127.0.0.1:1'
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\nX-Hop: 1\r\n\r\nok'

t.test('a GET is told over a new connection, and over the kept one', async t => {
  const told = onlooker(t)
  const backend = await answering(t, OK)
  const subject = await proxy(t, { upstream: backend.url })
  for (let i = 0; i < 2; i++) t.match(await ask(subject.port, { path: `/${i}`, headers: { 'X-Name': 'caf\u00e9' } }), { status: 200, body: 'ok' })
  t.same(told.moments(), ['began', 'sent', 'answered', 'left', 'began', 'sent', 'answered', 'left'])
  t.equal(told.sent().map(({ head }) => head).join(''), backend.received(), 'the heads are as they were written, byte for byte')
  const [first, second] = told.sent()
  const server = backend.url
  const remote = server.slice(7)
  const local = `127.0.0.1:${backend.sockets[0]!.remotePort}`
  t.match(first, { server, kept: false, local, remote, tls: null, times: { lookup: null, secure: null } })
  t.type(first?.times?.connect, 'number')
  t.match(second, { server, kept: true, local, remote, tls: null, times: null })
  t.equal(told.began()[0]?.request, subject.requests[0])
  t.same(told.answered().map(({ headers }) => lines(headers)), Array(2).fill(['Content-Length: 2', 'Connection: keep-alive', 'X-Hop: 1']), 'as it came, with the headers of the connection')
  t.match(told.answered()[0], { server, status: 200, reason: 'OK' })
  t.same(told.left().map(({ status, headers }) => [status, lines(headers)]), Array(2).fill([200, ['Content-Length: 2', 'X-Hop: 1']]))
})

t.test('an https upstream by its name: each step has its time, and TLS its version and cipher', async t => {
  const told = onlooker(t)
  const server = createSecure({ key: KEY_PEM, cert: CERT }, (_, response) => response.end('ok'))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const subject = await proxy(t, { upstream: `https://localhost:${(server.address() as AddressInfo).port}`, tls: { rejectUnauthorized: false } })
  t.match(await ask(subject.port), { status: 200, body: 'ok' })
  const sent = told.sent()[0]!
  t.match(sent, { kept: false, tls: { version: 'TLSv1.3', cipher: /^TLS_/ } })
  const { lookup, connect, secure } = sent.times as { lookup: number, connect: number, secure: number }
  t.ok(lookup >= 0 && lookup <= connect && connect <= secure, `${lookup} ${connect} ${secure}`)
  await ask(subject.port)
  t.match(told.sent()[1], { kept: true, times: null, tls: { version: 'TLSv1.3' } })
})

t.test('a refused attempt is told before the next one begins', async t => {
  const told = onlooker(t)
  const backend = await answering(t, OK)
  const urls = [DEAD, backend.url]
  const subject = await proxy(t, { to: () => urls.shift() as string, retries: 1 })
  t.match(await ask(subject.port), { status: 200 })
  t.same(told.moments(), ['began', 'failed', 'began', 'sent', 'answered', 'left'])
  t.same(told.began().map(({ server }) => server), [DEAD, backend.url])
  t.match(told.failed(), [{ server: DEAD, code: 'FST_ARR_UPSTREAM_REFUSED', moment: 'connect', systemCode: 'ECONNREFUSED', request: subject.requests[0] }])
  t.equal(told.sent()[0]?.server, backend.url)
})

const FAILURES: Array<[what: string, answer: string, options: object, failed: object, moments: string[]]> = [
  ['lost', '', {}, { code: 'FST_ARR_UPSTREAM_RESET', moment: 'headers' }, []],
  ['invalid', 'HTTP/1.1 200 OK\nX\r\n\r\n', {}, { code: 'FST_ARR_UPSTREAM_BAD_ANSWER', moment: 'headers', systemCode: 'HPE_BAD_ANSWER' }, []],
  ['cut in its body', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok', {}, { code: 'FST_ARR_UPSTREAM_RESET', moment: 'body' }, ['answered', 'left']]
]

for (const [what, answer, options, failed, moments] of FAILURES) {
  t.test(`an answer that is ${what} is a failed attempt, the last one too`, async t => {
    const told = onlooker(t)
    const backend = await rawUpstream(t, socket => { socket.end(answer, 'latin1') })
    const subject = await proxy(t, { upstream: backend.url, ...options })
    await talk(subject.port, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    await subject.facts()
    t.same(told.moments(), ['began', 'sent', ...moments, 'failed'])
    t.match(told.failed(), [failed])
  })
}

t.test('an upstream that does not answer in time is a failed attempt, and a client that has left is none', async t => {
  const told = onlooker(t)
  const backend = await rawUpstream(t, () => {})
  const subject = await proxy(t, { upstream: backend.url, timeouts: { firstByte: 50 } })
  t.match(await ask(subject.port), { status: 504 })
  t.match(told.failed(), [{ code: 'FST_ARR_UPSTREAM_TIMEOUT', moment: 'headers', systemCode: null }])
  const patient = await proxy(t, { upstream: backend.url })
  const client = connect(patient.port, '127.0.0.1')
  client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await eventually(() => told.sent().length === 2, 'it is sent')
  client.destroy()
  t.match((await patient.facts()).error, { code: 'FST_ARR_CLIENT_GONE' })
  t.equal(told.failed().length, 1)
})

t.test('a kept connection that proves to be closed is a failed attempt, and the next is a new one', async t => {
  const told = onlooker(t)
  const backend = await rawUpstream(t, (socket, _, count) => {
    if (count === 2) socket.destroy()
    else socket.write(OK)
  })
  const subject = await proxy(t, { upstream: backend.url })
  for (let i = 0; i < 2; i++) t.match(await ask(subject.port), { status: 200 })
  t.same(told.moments().slice(4), ['began', 'sent', 'failed', 'began', 'sent', 'answered', 'left'])
  t.match(told.failed(), [{ code: 'FST_ARR_UPSTREAM_RESET', moment: 'headers' }])
  t.same(told.sent().map(({ kept }) => kept), [false, true, false])
})

t.test('an interim answer is told as well, and 100 is no exception', async t => {
  const told = onlooker(t)
  const backend = await answering(t, `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n${OK}`)
  const subject = await proxy(t, { upstream: backend.url })
  t.match(await ask(subject.port), { status: 200 })
  t.same(told.answered().map(({ status, reason, headers }) => [status, reason, lines(headers).length]), [[100, 'Continue', 0], [103, 'Early Hints', 1], [200, 'OK', 3]])
  t.equal(told.left().length, 1)
})

t.test('the attempt of a request that waits for a connection begins when there is one', async t => {
  const told = onlooker(t)
  const held: Array<() => void> = []
  const backend = await rawUpstream(t, socket => { held.push(() => socket.write(OK)) })
  const subject = await proxy(t, { upstream: backend.url, connections: { max: 1 } })
  const answers = [ask(subject.port), ask(subject.port)]
  await eventually(() => held.length === 1 && subject.requests.length === 2, 'one is sent, and the other waits')
  t.same(told.moments(), ['began', 'sent'])
  held[0]!()
  await eventually(() => held.length === 2, 'the other is sent')
  held[1]!()
  await Promise.all(answers)
  t.same(told.moments(), ['began', 'sent', 'answered', 'left', 'began', 'sent', 'answered', 'left'])
})

for (const way of ['directly', 'through the reply']) {
  for (const http of ['1.1', '2']) {
    t.test(`HTTP/${http}, ${way}: the head that leaves has what hooks have set, and not what they have removed`, async t => {
      const told = onlooker(t)
      const backend = await answering(t, 'HTTP/1.1 200 Fine\r\nContent-Length: 2\r\nSet-Cookie: a=1\r\nX-Old: 1\r\n\r\nok')
      const subject = await proxy(t, { upstream: backend.url }, (http === '2' ? { http2: true } : {}) as object, app => {
        app.addHook('onRequest', async (_, reply) => {
          reply.header('set-cookie', 'b=2')
          reply.raw.setHeader('X-Raw', '3')
        })
        if (way !== 'directly') app.addHook('onSend', async (_, reply) => { reply.code(201).removeHeader('x-old').header('x-new', 'yes') })
      })
      if (http === '2') {
        const session = connectHttp2(`http://127.0.0.1:${subject.port}`)
        t.teardown(() => session.destroy())
        const stream = session.request({ ':path': '/' }).resume()
        await once(stream, 'end')
      } else {
        await ask(subject.port)
      }
      t.equal(told.left().length, 1)
      t.equal(told.left()[0]!.request, subject.requests[0])
      t.equal(told.left()[0]!.status, way === 'directly' ? 200 : 201)
      t.same(lines(told.left()[0]!.headers).map(line => line.toLowerCase()).sort(), [
        'content-length: 2', 'set-cookie: a=1', 'set-cookie: b=2', way === 'directly' ? 'x-old: 1' : 'x-new: yes', 'x-raw: 3'
      ].sort())
      t.same(lines(told.answered()[0]!.headers), ['Content-Length: 2', 'Set-Cookie: a=1', 'X-Old: 1'], 'the answer is told as it came')
    })
  }
}

t.test('an answer without a body and the answer to HEAD leave once, with their headers', async t => {
  const told = onlooker(t)
  const backend = await answering(t, 'HTTP/1.1 204 No Content\r\nX-A: 1\r\n\r\n')
  const subject = await proxy(t, { upstream: backend.url }, {}, app => { app.addHook('onSend', async () => {}) })
  await ask(subject.port)
  await ask(subject.port, { method: 'HEAD' })
  t.same(told.left().map(({ status, headers }) => [status, lines(headers).map(line => line.toLowerCase())]), Array(2).fill([204, ['x-a: 1']]))
})

t.test('an error of the proxy in place of the answer is no head of an upstream, on either way', async t => {
  const told = onlooker(t)
  const backend = await answering(t, 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: 1\r\n\r\nok')
  for (const hook of [false, true]) {
    const subject = await proxy(t, { upstream: backend.url, rewriteResponse: () => { throw new Error('no') } }, {}, app => { if (hook) app.addHook('onSend', async () => {}) })
    t.match(await ask(subject.port), { status: 500 })
  }
  t.same(told.moments(), ['began', 'sent', 'answered', 'began', 'sent', 'answered'], 'the attempt did not fail either: code of the user has')
  const slow = await rawUpstream(t, socket => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n')
    setImmediate(() => socket.destroy())
  })
  let release = (): void => {}
  const held = new Promise<void>(resolve => { release = resolve })
  const subject = await proxy(t, { upstream: slow.url }, {}, app => { app.addHook('onSend', async (_, reply) => { if (reply.statusCode === 200) await held }) })
  const answer = ask(subject.port)
  await eventually(() => told.failed().length === 1, 'the upstream is lost while the hook runs')
  release()
  t.match(await answer, { status: 502 })
  t.same(told.left(), [])
})

t.test('Location is told as the upstream wrote it, and as it leaves', async t => {
  const told = onlooker(t)
  const backend = await rawUpstream(t, (socket, head) => { socket.write(`HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: http://${/Host: (.*)\r/.exec(head)?.[1] as string}/there\r\n\r\n`) })
  const subject = await proxy(t, { upstream: backend.url })
  await ask(subject.port)
  t.match(lines(told.answered()[0]!.headers)[1], `Location: ${backend.url}/there`)
  t.match(lines(told.left()[0]!.headers)[1], `Location: http://127.0.0.1:${subject.port}/there`)
})

t.test('the drop-in for @fastify/http-proxy tells the same, also where `onResponse` sends the answer', async t => {
  const told = onlooker(t)
  const backend = await answering(t, OK)
  const app = Fastify({ forceCloseConnections: true })
  t.teardown(() => app.close())
  await app.register(httpProxy, { upstream: backend.url, prefix: '/a' })
  await app.register(httpProxy, { upstream: backend.url, prefix: '/b', replyOptions: { onResponse: (_, reply, answer) => { reply.send((answer as unknown as { stream: NodeJS.ReadableStream }).stream) } } })
  const { port } = new URL(await app.listen({ port: 0, host: '127.0.0.1' }))
  for (const path of ['/a/x', '/b/x']) t.match(await ask(Number(port), { path }), { status: 200, body: 'ok' })
  t.same(told.moments(), ['began', 'sent', 'answered', 'left', 'began', 'sent', 'answered', 'left'])
  for (const { status, headers } of told.left()) t.same([status, lines(headers).map(line => line.toLowerCase()).sort()], [200, ['content-length: 2', 'x-hop: 1']])
})

t.test('the origin that is asked is told, also where `rewriteRequest` has chosen it', async t => {
  const told = onlooker(t)
  const backend = await answering(t, OK)
  const subject = await proxy(t, { upstream: DEAD, rewriteRequest: (_, { out }) => { out.url = `${backend.url}/` } })
  t.match(await ask(subject.port), { status: 200 })
  t.same([told.began()[0]?.server, told.sent()[0]?.server, told.answered()[0]?.server], Array(3).fill(backend.url))
})

t.test('where nobody listens, nothing is published, and no listener is added to a socket', async t => {
  const dialled = watchDials(t)
  const backend = await answering(t, OK)
  const urls = [DEAD, backend.url]
  const subject = await proxy(t, { to: () => urls.shift() ?? backend.url, retries: 1 })
  const published: string[] = []
  const channels = Object.values(CHANNELS).map(name => channel(name))
  for (const one of channels) one.publish = () => { published.push(String(one.name)) }
  t.teardown(() => { for (const one of channels) Reflect.deleteProperty(one, 'publish') })
  const agent = oneConnection(t)
  t.match(await ask(subject.port, { agent }), { status: 200 })
  const ours = () => dialled.filter(({ remotePort }) => remotePort === Number(new URL(backend.url).port))
  t.equal(ours().length, 1)
  t.equal(ours()[0]?.listenerCount('lookup'), 0)
  t.same(published, [])
  for (const one of channels) Reflect.deleteProperty(one, 'publish')
  // Who comes later is told of what is kept, without times that nobody took.
  const told = onlooker(t)
  await ask(subject.port)
  t.match(told.sent(), [{ kept: true, times: null }])
})

t.test('a subscriber of one moment is told of that one', async t => {
  const failed: unknown[] = []
  const listen = (message: unknown): void => { failed.push(message) }
  subscribe(CHANNELS.attemptFailed, listen)
  t.teardown(() => unsubscribe(CHANNELS.attemptFailed, listen))
  const subject = await proxy(t, { upstream: DEAD })
  t.match(await ask(subject.port), { status: 502 })
  t.match(failed, [{ server: DEAD, systemCode: 'ECONNREFUSED' }])
})
