// HTTP/2 connection errors (RFC 9113 §5.4.1) on Fastify's own server, and clients that are only slow or silent. The kinds of errors: test/connection-errors.test.ts.
import { once } from 'node:events'
import { connect as connectHttp2, type ClientHttp2Session, type ClientHttp2Stream, type ServerHttp2Session } from 'node:http2'
import type { Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import t, { type Test } from 'tap'
import { clock, LIMIT } from './clock.ts'
import { closed, FRAME, proxy, rawHttp2, rawUpstream, type RawHttp2 } from './forward-subjects.ts'
import { frame as webSocketFrame, MASK, until } from './parts.ts'
import { agreeing, CERT, http2Proxy, KEY_PEM, openStream, session } from './tunnel-subjects.ts'

const tls = { http2: true, https: { key: KEY_PEM, cert: CERT, allowHTTP1: true } } as object

function overTls (t: Test, port: number): RawHttp2 {
  return rawHttp2(t, port, connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: ['h2'] }))
}

function client (t: Test, port: number): ClientHttp2Session {
  const client = connectHttp2(`https://127.0.0.1:${port}`, { rejectUnauthorized: false })
  client.on('error', () => {})
  t.teardown(() => client.destroy())
  return client
}

const get = (path: string) => [':method', 'GET', ':scheme', 'https', ':authority', 'x', ':path', path]

/** An upstream that answers when it is told to, by path. */
async function patient (t: Test) {
  const waiting = new Map<string, Socket>()
  const backend = await rawUpstream(t, (socket, head) => {
    const path = head.split(' ')[1] as string
    if (path === '/at-once') socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
    else waiting.set(path, socket)
  })
  return {
    url: backend.url,
    sockets: backend.sockets,
    async asked (path: string): Promise<Socket> {
      while (!waiting.has(path)) await new Promise(resolve => setImmediate(resolve))
      return waiting.get(path) as Socket
    }
  }
}

/** Waits until a session that was broken before would have been cut: until another client has been sent two PINGs. */
async function looks (t: Test, port: number): Promise<void> {
  const witness = client(t, port)
  for (let i = 0; i < 2; i++) {
    const pinged = once(witness, 'ping')
    await textOf(witness.request({ ':path': '/at-once' }))
    await pinged
  }
  witness.close()
}

async function textOf (stream: ClientHttp2Stream): Promise<string> {
  let text = ''
  for await (const chunk of stream.setEncoding('utf8')) text += chunk
  return text
}

for (const leaves of [true, false]) {
  t.test(`an HTTP/2 connection error closes the connection and ends its requests, whether the client ${leaves ? 'leaves' : 'stays'}`, async t => {
    const backend = await patient(t)
    const subject = await proxy(t, { upstream: backend.url }, tls)
    const other = client(t, subject.port)
    const answer = textOf(other.request({ ':path': '/other' }))
    const well = await backend.asked('/other')
    const raw = overTls(t, subject.port)
    raw.open(1, get('/slow'), true)
    const socket = await backend.asked('/slow')
    // DATA on a stream that the client has ended.
    raw.send(FRAME.DATA, 0, 1, 'abc')
    t.equal((await raw.frame(frame => frame.type === FRAME.GOAWAY))?.payload.readUInt32BE(4), 5, 'STREAM_CLOSED')
    if (leaves) raw.socket.end()
    await closed(socket)
    await closed(raw.socket)
    t.match((await subject.facts(1)).error, { code: 'FST_ARR_CLIENT_GONE', side: 'client', moment: 'headers' })
    well.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
    t.equal(await answer, 'ok', 'another connection goes on')
  })
}

t.test('an HTTP/2 connection error ends a WebSocket and its upstream connection', async t => {
  const upstream = await agreeing(t)
  const subject = await http2Proxy(t, { upstream: upstream.url, websocket: true })
  const raw = rawHttp2(t, subject.port)
  const next = upstream.next()
  raw.open(1, [':method', 'CONNECT', ':protocol', 'websocket', ':scheme', 'http', ':path', '/', ':authority', 'x', 'sec-websocket-version', '13'])
  const far = await next
  far.resume().once('end', () => far.end())
  await raw.frame(frame => frame.type === FRAME.HEADERS && frame.stream === 1)
  raw.send(FRAME.DATA, 0, 0, 'abc')
  raw.socket.end()
  await closed(far)
  await closed(raw.socket)
})

t.test('an HTTP/2 connection error while the server closes does not hold it up', async t => {
  const backend = await patient(t)
  const subject = await proxy(t, { upstream: backend.url }, tls)
  const raw = overTls(t, subject.port)
  raw.open(1, get('/slow'), true)
  const socket = await backend.asked('/slow')
  const down = subject.app.close()
  await raw.frame(frame => frame.type === FRAME.GOAWAY)
  raw.send(FRAME.DATA, 0, 1, 'abc')
  await closed(socket)
  await down
})

t.test('an HTTP/2 client that waits for its answer is asked whether it is there, and gets the answer', async t => {
  const backend = await patient(t)
  const subject = await proxy(t, { upstream: backend.url }, tls)
  const waiting = client(t, subject.port)
  let pings = 0
  waiting.on('ping', () => { pings++ })
  const answer = textOf(waiting.request({ ':path': '/slow' }))
  const socket = await backend.asked('/slow')
  await looks(t, subject.port)
  t.equal(pings, 1)
  await looks(t, subject.port)
  t.equal(pings, 1, 'once, as long as it says nothing')
  socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
  t.equal(await answer, 'ok')
})

t.test('an HTTP/2 client that acknowledges no PING gets its answer', async t => {
  const backend = await patient(t)
  const subject = await proxy(t, { upstream: backend.url }, tls)
  const raw = overTls(t, subject.port)
  raw.open(1, get('/slow'), true)
  const socket = await backend.asked('/slow')
  t.ok(await raw.frame(frame => frame.type === FRAME.PING))
  await looks(t, subject.port)
  socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
  t.equal(String((await raw.frame(frame => frame.type === FRAME.DATA && frame.payload.length > 0))?.payload), 'ok')
})

t.test('an HTTP/2 client that says it will ask no more gets the answers it waits for', async t => {
  const backend = await patient(t)
  const subject = await proxy(t, { upstream: backend.url }, tls)
  const raw = overTls(t, subject.port)
  raw.open(1, get('/slow'), true)
  const socket = await backend.asked('/slow')
  raw.send(FRAME.GOAWAY, 0, 0, Buffer.alloc(8))
  t.ok(await raw.frame(frame => frame.type === FRAME.GOAWAY))
  await looks(t, subject.port)
  socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
  t.equal(String((await raw.frame(frame => frame.type === FRAME.DATA && frame.payload.length > 0))?.payload), 'ok')
})

t.test('an HTTP/2 client that leaves no room for a PING gets its answer whole once it reads on', async t => {
  const backend = await patient(t)
  const subject = await proxy(t, { upstream: backend.url }, tls)
  const raw = overTls(t, subject.port)
  // Room on the stream and on the connection: it is TCP that holds the answer back.
  raw.send(FRAME.SETTINGS, 0, 0, Buffer.from([0, 4, 0x7f, 0xff, 0xff, 0xff]))
  raw.send(FRAME.WINDOW_UPDATE, 0, 0, Buffer.from([0x7f, 0, 0, 0]))
  raw.open(1, get('/large'), true)
  const socket = await backend.asked('/large')
  raw.socket.pause()
  const size = 30_000_000
  socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`)
  socket.write(Buffer.alloc(size))
  // A request that is not read, because a write is under way.
  raw.open(3, get('/at-once'), true)
  await looks(t, subject.port)
  t.ok(socket.writableLength > 0, 'the answer is held back')
  raw.socket.resume()
  t.ok(await raw.frame(({ type, stream, flags }) => type === FRAME.DATA && stream === 1 && (flags & FRAME.END_STREAM) !== 0))
  t.equal((await subject.facts(0)).error, null)
})

t.test('an HTTP/2 session that was destroyed does not stay for a client that does not read', async t => {
  const backend = await patient(t)
  const sessions: ServerHttp2Session[] = []
  const subject = await proxy(t, { upstream: backend.url }, tls, app => app.server.on('session', session => sessions.push(session)))
  const raw = overTls(t, subject.port)
  raw.send(FRAME.SETTINGS, 0, 0, Buffer.from([0, 4, 0x7f, 0xff, 0xff, 0xff]))
  raw.send(FRAME.WINDOW_UPDATE, 0, 0, Buffer.from([0x7f, 0, 0, 0]))
  raw.open(1, get('/large'), true)
  const socket = await backend.asked('/large')
  raw.socket.pause()
  socket.write('HTTP/1.1 200 OK\r\nContent-Length: 30000000\r\n\r\n')
  socket.write(Buffer.alloc(30_000_000))
  await looks(t, subject.port)
  const session = sessions[0] as ServerHttp2Session
  t.ok(socket.writableLength > 0, 'the answer is held back')
  session.destroy()
  await once(session, 'close')
})

t.test('an HTTP/2 client that acknowledges no PING is cut once it is silent for a minute and cannot be asked again', async t => {
  const ahead = clock(t)
  const backend = await patient(t)
  const subject = await proxy(t, { upstream: backend.url }, { http2: true, https: { key: KEY_PEM, cert: CERT, maxOutstandingPings: 1 } } as object)
  const raw = overTls(t, subject.port)
  raw.open(1, get('/slow'), true)
  const socket = await backend.asked('/slow')
  await raw.frame(frame => frame.type === FRAME.PING)
  raw.send(FRAME.WINDOW_UPDATE, 0, 0, Buffer.from([0, 0, 0, 1]))
  await looks(t, subject.port)
  t.notOk(raw.socket.closed)
  ahead(LIMIT)
  await closed(socket)
  await closed(raw.socket)
})

t.test('a WebSocket over HTTP/2 that is silent stays', async t => {
  const upstream = await agreeing(t)
  const subject = await http2Proxy(t, { upstream: upstream.url, websocket: true })
  const client = await session(t, subject.port)
  const { near, far } = await openStream(client, upstream)
  for (let i = 0; i < 2; i++) {
    near.write(webSocketFrame(1, 'hello', { mask: MASK }))
    await once(client, 'ping')
  }
  far.write('here')
  await until(near, text => text.endsWith('here'))
  t.notOk(client.destroyed)
})
