// A slow or hostile client occupies a socket, not the server: it is served or cut while another client is answered.
import type { FastifyInstance } from 'fastify'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { connect as connectHttp2, constants, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2'
import { connect, type Socket } from 'node:net'
import { Duplex, Readable } from 'node:stream'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import type { ListenerRefusal } from '@fastify-arr/facts'
import t from 'tap'
import { makeAuthority, makeCertificate } from '../src/certificates/authority.ts'
import { clientOf } from '../src/opening/connection-limits.ts'
import { build, handshake, portOf, start, until, type Test } from './server.ts'

const certificate = await makeCertificate(await makeAuthority(['test'], 'authority of this test'), ['limits.test'])

function open (t: Test, port: number): Socket {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  t.teardown(() => socket.destroy())
  return socket
}

async function textOf (socket: Socket): Promise<string> {
  let text = ''
  socket.on('data', chunk => { text += chunk })
  if (!socket.closed) await new Promise(resolve => socket.once('close', resolve))
  return text
}

/** Sends data repeatedly until the server closes the connection. */
function drip (t: Test, socket: Socket, bytes: string | Buffer): void {
  const timer = setInterval(() => { if (socket.writable) socket.write(bytes) }, 20)
  socket.once('close', () => clearInterval(timer))
  t.teardown(() => clearInterval(timer))
}

/** Whether a new connection completes its handshake. */
async function isServed (t: Test, port: number): Promise<boolean> {
  const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false })
  t.teardown(() => socket.destroy())
  return await new Promise(resolve => socket.once('secureConnect', () => resolve(true)).on('error', () => resolve(false)).once('close', () => resolve(false)))
}

/** A well-behaved client that sends requests while the other one misbehaves; every one of them must be answered. */
function otherClient (app: FastifyInstance) {
  let asked = 0
  const stop = new AbortController()
  const work = (async () => {
    while (!stop.signal.aborted) {
      const response = await fetch(`http://127.0.0.1:${(app.server.address() as { port: number }).port}/`)
      if (response.status !== 200) throw new Error(`answered ${response.status}`)
      await response.arrayBuffer()
      asked++
      // Server and both clients share one thread: this gives the others a turn.
      await new Promise(resolve => setTimeout(resolve, 10))
    }
  })()
  return async () => {
    const before = asked
    await until(() => asked > before)
    stop.abort()
    await work
    return asked
  }
}

t.test('headers that never end', async t => {
  const app = await start(t, { limits: { headersTimeout: 300 }, listeners: [{ port: 0, host: '127.0.0.1' }] })
  const other = otherClient(app)
  const socket = open(t, portOf(app, 'http'))
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n')
  drip(t, socket, 'X-More: x\r\n')
  t.match(await textOf(socket), /^HTTP\/1\.1 408 /)
  t.ok(await other() > 0)
})

t.test('a body that never ends', async t => {
  const app = await start(t, { certificate, limits: { requestTimeout: 300, headersTimeout: 200 }, listeners: [{ port: 0, host: '127.0.0.1' }, { port: 0, host: '127.0.0.1', https: true }] })
  const other = otherClient(app)
  const head = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n'
  const plain = open(t, portOf(app, 'http'))
  plain.write(head)
  drip(t, plain, ' ')
  t.match(await textOf(plain), /^HTTP\/1\.1 408 /)

  const secure = await handshake(t, portOf(app, 'https'), 'limits.test')
  secure.write(head)
  drip(t, secure, ' ')
  t.match(await textOf(secure), /^HTTP\/1\.1 408 /, 'over TLS')

  const session = connectHttp2(`https://127.0.0.1:${portOf(app, 'https')}`, { rejectUnauthorized: false })
  t.teardown(() => session.destroy())
  const stream = session.request({ ':method': 'POST', ':path': '/', 'content-type': 'application/json' }, { endStream: false })
  stream.on('error', () => {})
  stream.write(' ')
  await new Promise(resolve => stream.once('close', resolve))
  t.equal(stream.rstCode, constants.NGHTTP2_CANCEL, 'on HTTP/2 the stream is cut')
  t.notOk(session.closed, 'and its connection is not')
  t.ok(await other() > 0)
})

t.test('headers have no more time than their request', async t => {
  const app = await start(t, { limits: { requestTimeout: 300 }, listeners: [{ port: 0, host: '127.0.0.1' }] })
  const socket = open(t, portOf(app, 'http'))
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n')
  drip(t, socket, 'X-More: x\r\n')
  t.match(await textOf(socket), /^HTTP\/1\.1 408 /)
})

t.test('a handshake that never comes', async t => {
  const app = await start(t, { certificate, limits: { handshakeTimeout: 200 }, listeners: [{ port: 0, host: '127.0.0.1', https: true }] })
  const socket = open(t, portOf(app, 'https'))
  t.equal(await textOf(socket), '')
})

t.test('a response that its client does not read', async t => {
  const app = await build(t, { certificate, limits: { sendTimeout: 600 }, listeners: [{ port: 0, host: '127.0.0.1' }, { port: 0, host: '127.0.0.1', https: true }] })
  const CHUNK = Buffer.alloc(65_536, 'x')
  const ended: string[] = []
  app.get('/endless/:name', async (request, reply) => {
    const { name } = request.params as { name: string }
    const body = new Readable({ read () { this.push(CHUNK) } })
    reply.raw.once('close', () => { ended.push(name) })
    return reply.send(body)
  })
  app.get('/at-once', async (_request, reply) => reply.send(Buffer.alloc(4 * 1024 * 1024)))
  app.get('/late', async () => { await new Promise(resolve => setTimeout(resolve, 1_000)); return 'late' })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const others = otherClient(app)

  const plain = open(t, portOf(app, 'http'))
  plain.write('GET /endless/http HTTP/1.1\r\nHost: a\r\n\r\n')
  const secure = await handshake(t, portOf(app, 'https'), 'limits.test', { ALPNProtocols: ['http/1.1'] })
  secure.write('GET /endless/https HTTP/1.1\r\nHost: a\r\n\r\n')
  // The client acknowledges PINGs, and sends some that are acknowledged; it only opens no window.
  const session = connectHttp2(`https://127.0.0.1:${portOf(app, 'https')}`, { rejectUnauthorized: false, settings: { initialWindowSize: 0 } })
  t.teardown(() => session.destroy())
  const stream = session.request({ ':path': '/endless/http2' })
  stream.on('error', () => {})
  const pings = setInterval(() => { session.ping(() => {}) }, 50)
  t.teardown(() => clearInterval(pings))

  // A client that reads slowly, and one whose response is late, must not be cut.
  const late = fetch(`http://127.0.0.1:${portOf(app, 'http')}/late`).then(async response => await response.text())
  const slow = open(t, portOf(app, 'http'))
  slow.write('GET /at-once HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  const taken = (async () => {
    let bytes = 0
    for await (const chunk of slow) {
      bytes += (chunk as Buffer).length
      await new Promise(resolve => setTimeout(resolve, 5))
    }
    return bytes
  })()

  await until(() => ended.length === 3)
  t.strictSame(ended.sort(), ['http', 'http2', 'https'], 'is cut')
  t.notOk(session.closed, 'on HTTP/2 it alone')
  t.equal(await late, 'late')
  t.ok(await taken > 4 * 1024 * 1024)
  t.ok(await others() > 0)
})

t.test('a connection without a further request', async t => {
  const app = await start(t, { certificate, limits: { keepAliveTimeout: 100 }, listeners: [{ port: 0, host: '127.0.0.1', https: true }] })
  const socket = await handshake(t, portOf(app, 'https'), 'limits.test')
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  t.match(await textOf(socket), /^HTTP\/1\.1 200 /)

  const openSession = (): ClientHttp2Session => {
    const session = connectHttp2(`https://127.0.0.1:${portOf(app, 'https')}`, { rejectUnauthorized: false })
    t.teardown(() => session.destroy())
    // Data in flight when the server closes is answered by a reset.
    return session.on('error', () => {})
  }
  const session = openSession()
  await new Promise(resolve => session.once('close', resolve))
  t.pass('an HTTP/2 connection without a stream is closed as well')

  app.server.on('connect', (_request, response: any) => { response.writeHead(200); response.write('open') })
  const openWebSocket = async (): Promise<{ kept: ClientHttp2Session, socketStream: ClientHttp2Stream }> => {
    const kept = openSession()
    const socketStream = await new Promise<ClientHttp2Stream | null>(resolve => {
      kept.once('close', () => { resolve(null) }).once('remoteSettings', () => {
        const stream = kept.request({ ':method': 'CONNECT', ':protocol': 'websocket', ':path': '/' })
        stream.on('error', () => {}).once('response', () => { resolve(stream) })
      })
    })
    // On a slow machine the connection may become idle before its WebSocket opens.
    return socketStream === null ? await openWebSocket() : { kept, socketStream }
  }
  const { kept, socketStream } = await openWebSocket()
  await new Promise(resolve => setTimeout(resolve, 300))
  t.notOk(kept.closed || socketStream.closed, 'but a silent WebSocket keeps its connection')
  // Long enough for the connection to be cut, had the acknowledgement of the first PING been missed.
  let questions = 0
  kept.on('ping', () => { questions++ })
  await until(() => questions >= 15 || kept.closed)
  t.notOk(kept.closed || socketStream.closed, 'for as long as it answers PINGs')
})

t.test('headers too large', async t => {
  const app = await start(t, { certificate, limits: { headerSize: 2000 }, listeners: [{ port: 0, host: '127.0.0.1' }, { port: 0, host: '127.0.0.1', https: true }] })
  const socket = open(t, portOf(app, 'http'))
  socket.write(`GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(3000)}\r\n\r\n`)
  t.match(await textOf(socket), /^HTTP\/1\.1 431 /)
  const session = connectHttp2(`https://127.0.0.1:${portOf(app, 'https')}`, { rejectUnauthorized: false })
  t.teardown(() => session.destroy())
  // The limit applies once the client has acknowledged SETTINGS.
  await once(session, 'remoteSettings')
  await once(session.request({ ':path': '/' }).resume(), 'close')
  const stream = session.request({ ':path': '/', x: 'x'.repeat(3000) })
  stream.on('error', () => {})
  await new Promise(resolve => stream.once('close', resolve))
  t.equal(stream.rstCode, constants.NGHTTP2_ENHANCE_YOUR_CALM)
})

// HTTP/2 frames (RFC 9113 §6).
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
const [DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, CONTINUATION] = [0, 1, 3, 4, 6, 7, 9] as const
const [END_STREAM, END_HEADERS] = [1, 4] as const

function frame (type: number, stream: number, payload: Buffer, flags = 0): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head.writeUInt8(type, 3)
  head.writeUInt8(flags, 4)
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

/** The error code of the first GOAWAY. A GOAWAY may be lost where data is in flight when the connection is cut: that is accepted too. */
function goodbyeIn (bytes: Buffer): number {
  for (let at = 0; at + 17 <= bytes.length; at += 9 + bytes.readUIntBE(at, 3)) {
    if (bytes[at + 3] === GOAWAY) return bytes.readUInt32BE(at + 13)
  }
  return constants.NGHTTP2_ENHANCE_YOUR_CALM
}

const hello = Buffer.concat([PREFACE, frame(SETTINGS, 0, Buffer.alloc(0))])

t.test('headers too large from an HTTP/2 client that acknowledges no SETTINGS', async t => {
  const app = await build(t, { certificate, limits: { headerSize: 2000 }, listeners: [{ port: 0, host: '127.0.0.1', https: true }] })
  let arrived = 0
  const arrive = (): void => { arrived++ }
  app.get('/large', async () => { arrive() })
  for (const event of ['connect', 'checkContinue', 'checkExpectation']) app.server.on(event, arrive)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const refusals: unknown[] = []
  const onRefusal = (message: unknown): void => {
    const { server, reason, request, status } = message as ListenerRefusal
    refusals.push([server === app.server, reason, request?.method, request?.url, status])
  }
  subscribe('fastify-arr:listeners.refused', onRefusal)
  t.teardown(() => unsubscribe('fastify-arr:listeners.refused', onRefusal))
  const socket = await handshake(t, portOf(app, 'https'), 'limits.test', { ALPNProtocols: ['h2'] })
  const heard: Buffer[] = []
  socket.on('data', chunk => heard.push(chunk))
  const text = (value: string): Buffer => Buffer.concat([Buffer.from([value.length]), Buffer.from(value)])
  const literal = (name: string, value: string): Buffer => Buffer.concat([Buffer.from([0]), text(name), text(value)])
  const many = Buffer.concat(Array.from({ length: 30 }, (_, index) => literal(`x-${index}`, 'x'.repeat(50))))
  const common = [literal(':scheme', 'https'), literal(':path', '/large'), literal(':authority', 'a')]
  const requests = [
    [literal(':method', 'GET'), ...common],
    [literal(':method', 'GET'), ...common, literal('expect', '100-continue')],
    [literal(':method', 'GET'), ...common, literal('expect', 'more')],
    [literal(':method', 'CONNECT'), literal(':protocol', 'websocket'), ...common]
  ]
  socket.write(hello)
  for (const [index, headers] of requests.entries()) socket.write(frame(HEADERS, 2 * index + 1, Buffer.concat([...headers, many]), END_HEADERS | (index < 3 ? END_STREAM : 0)))
  const resets = (): number[] => {
    const bytes = Buffer.concat(heard)
    const codes: number[] = []
    for (let at = 0; at + 9 <= bytes.length; at += 9 + bytes.readUIntBE(at, 3)) if (bytes[at + 3] === RST_STREAM && at + 13 <= bytes.length) codes.push(bytes.readUInt32BE(at + 9))
    return codes
  }
  await until(() => resets().length === 4 || arrived > 0)
  t.same(resets(), Array.from({ length: 4 }, () => constants.NGHTTP2_ENHANCE_YOUR_CALM))
  t.equal(arrived, 0)
  t.same(refusals, ['GET', 'GET', 'GET', 'CONNECT'].map(method => [true, 'headerSize', method, '/large', null]), 'each refusal is published')
})

/** A client whose TLS and TCP sockets are not linked: each ends only when the test ends it. */
async function stubborn (t: Test, port: number): Promise<{ raw: Socket, secure: TLSSocket }> {
  const raw = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  raw.on('error', () => {})
  const link = new Duplex({
    read () {},
    write (chunk, _encoding, done) { if (raw.destroyed) done(); else raw.write(chunk, () => done()) },
    final (done) { done() }
  })
  raw.on('data', chunk => link.push(chunk))
  const secure = connectTls({ socket: link, rejectUnauthorized: false, ALPNProtocols: ['h2'] })
  secure.on('error', () => {})
  t.teardown(() => { raw.destroy(); secure.destroy() })
  await once(secure, 'secureConnect')
  secure.resume()
  return { raw, secure }
}

const GET = Buffer.from('\x82\x87\x84\x01\x01a', 'latin1')

t.test('an HTTP/2 client that breaks the protocol and closes, while its request is pending', async t => {
  const app = await build(t, { certificate, limits: { keepAliveTimeout: 400, connections: 1 }, listeners: [{ port: 0, host: '127.0.0.1', https: true }] })
  let asked = 0
  app.get('/slow', async (_request, reply) => { asked++; reply.hijack() })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { raw, secure } = await stubborn(t, portOf(app, 'https'))
  const slow = Buffer.from('\x82\x87\x04\x05/slow\x01\x01a', 'latin1')
  // DATA on a stream that the client has ended.
  secure.write(Buffer.concat([hello, frame(HEADERS, 1, slow, END_HEADERS | END_STREAM), frame(DATA, 1, Buffer.from('abc'))]))
  await until(() => asked === 1)
  raw.destroy()
  await until(() => isServed(t, portOf(app, 'https')))
  t.pass('leaves its place to the next one')
})

t.test('an HTTP/2 client that falls silent and acknowledges no PING, while its request is pending', async t => {
  const app = await build(t, { certificate, limits: { keepAliveTimeout: 400 }, listeners: [{ port: 0, host: '127.0.0.1', https: true }] })
  let ended = 0
  app.get('/slow', async (_request, reply) => { reply.raw.once('close', () => { ended++ }); reply.hijack() })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { secure } = await stubborn(t, portOf(app, 'https'))
  secure.write(Buffer.concat([hello, frame(HEADERS, 1, Buffer.from('\x82\x87\x04\x05/slow\x01\x01a', 'latin1'), END_HEADERS | END_STREAM)]))
  await until(() => ended === 1)
  t.pass('is cut')
})

t.test('an HTTP/2 client that does not close its side', async t => {
  const app = await start(t, { certificate, limits: { keepAliveTimeout: 100 }, listeners: [{ port: 0, host: '127.0.0.1', https: true }] })
  const { raw, secure } = await stubborn(t, portOf(app, 'https'))
  secure.write(hello)
  await once(raw, 'end')
  // Data sent after the server has closed its socket is answered by a reset.
  drip(t, raw, 'x')
  await new Promise(resolve => raw.once('close', resolve))
  t.pass('is cut')
})

t.test('an HTTP/2 connection that is idle after a long request', async t => {
  const app = await build(t, { certificate, limits: { keepAliveTimeout: 400 }, listeners: [{ port: 0, host: '127.0.0.1', https: true }] })
  app.get('/slow', async () => { await new Promise(resolve => setTimeout(resolve, 800)); return 'done' })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const session = connectHttp2(`https://127.0.0.1:${portOf(app, 'https')}`, { rejectUnauthorized: false })
  t.teardown(() => session.destroy())
  const stream = session.request({ ':path': '/slow' }).setEncoding('utf8')
  let text = ''
  for await (const chunk of stream) text += chunk
  t.equal(text, 'done')
  await new Promise(resolve => session.once('close', resolve))
  t.pass('is closed')
})

t.test('an idle HTTP/2 connection that sends PINGs', async t => {
  const app = await start(t, { certificate, limits: { keepAliveTimeout: 300, nuisances: 0 }, listeners: [{ port: 0, host: '127.0.0.1', https: true }] })
  const socket = await handshake(t, portOf(app, 'https'), 'limits.test', { ALPNProtocols: ['h2'] })
  socket.resume()
  socket.write(Buffer.concat([hello, frame(HEADERS, 1, GET, END_HEADERS | END_STREAM)]))
  drip(t, socket, frame(PING, 0, Buffer.alloc(8)))
  await new Promise(resolve => socket.once('close', resolve))
  t.pass('is closed')
})

t.test('rapid reset, PINGs and SETTINGS without end', async t => {
  const app = await build(t, { certificate, limits: { nuisances: 50 }, listeners: [{ port: 0, host: '127.0.0.1', https: true }] })
  let started = 0
  app.get('/slow', async (_request, reply) => {
    started++
    reply.hijack()
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const other = otherClient(app)
  // Frames are written by hand: Node's client sends nothing of a stream that it closes at once.
  const attack = async (act: (turn: number) => Buffer): Promise<number> => {
    const socket = await handshake(t, portOf(app, 'https'), 'limits.test', { ALPNProtocols: ['h2'] })
    const heard: Buffer[] = []
    socket.on('data', chunk => heard.push(chunk))
    const cut = new Promise(resolve => socket.once('close', resolve))
    socket.write(Buffer.concat([PREFACE, frame(SETTINGS, 0, Buffer.alloc(0))]))
    let turn = 0
    const timer = setInterval(() => {
      for (let index = 0; index < 20 && socket.writable; index++) socket.write(act(turn++))
    }, 5)
    t.teardown(() => clearInterval(timer))
    await cut
    clearInterval(timer)
    return goodbyeIn(Buffer.concat(heard))
  }
  const reset = Buffer.alloc(4)
  reset.writeUInt32BE(constants.NGHTTP2_CANCEL)
  t.equal(await attack(turn => Buffer.concat([
    frame(HEADERS, 2 * turn + 1, Buffer.from('\x82\x87\x04\x05/slow\x01\x01a', 'latin1'), END_HEADERS | END_STREAM),
    frame(RST_STREAM, 2 * turn + 1, reset)
  ])), constants.NGHTTP2_ENHANCE_YOUR_CALM, 'resets')
  t.ok(started < 500)
  t.equal(await attack(() => frame(PING, 0, Buffer.alloc(8))), constants.NGHTTP2_ENHANCE_YOUR_CALM, 'PINGs')
  t.equal(await attack(() => frame(SETTINGS, 0, Buffer.alloc(0))), constants.NGHTTP2_ENHANCE_YOUR_CALM, 'SETTINGS')
  t.ok(await other() > 0)
})

t.test('CONTINUATION frames without end', async t => {
  const app = await start(t, { certificate, listeners: [{ port: 0, host: '127.0.0.1', https: true }] })
  const socket = await handshake(t, portOf(app, 'https'), 'limits.test', { ALPNProtocols: ['h2'] })
  // A literal header without indexing, `x: x`, over and over; the flag END_HEADERS never comes.
  const header = Buffer.from([0, 1, 0x78, 1, 0x78])
  socket.write(Buffer.concat([PREFACE, frame(SETTINGS, 0, Buffer.alloc(0)), frame(HEADERS, 1, Buffer.from([0x82, 0x84, 0x87]))]))
  let sent = 0
  const timer = setInterval(() => {
    if (!socket.writable) return
    socket.write(frame(CONTINUATION, 1, header))
    sent++
  }, 1)
  t.teardown(() => clearInterval(timer))
  socket.resume()
  await new Promise(resolve => socket.once('close', resolve))
  clearInterval(timer)
  t.ok(sent < 200, `the connection is cut after ${sent} of them`)
})

t.test('more connections than a listener or one client may hold', async t => {
  const app = await start(t, { listeners: [{ name: 'all', port: 0, host: '127.0.0.1', limits: { connections: 2 } }, { name: 'each', port: 0, host: '127.0.0.1', limits: { connectionsPerAddress: 1 } }] })
  const refusals: unknown[] = []
  const listen = (message: unknown): void => { refusals.push(message) }
  subscribe('fastify-arr:listeners.refused', listen)
  t.teardown(() => unsubscribe('fastify-arr:listeners.refused', listen))
  const [all, each] = app.listeners.addresses.map(({ port }) => port as number) as [number, number]
  const ask = async (port: number) => {
    const socket = open(t, port)
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    const answer = await Promise.race([once(socket, 'data').catch(() => ['']), new Promise<string[]>(resolve => socket.once('close', () => resolve([''])))])
    return { socket, status: String(answer[0]).slice(9, 12) }
  }
  t.equal((await ask(all)).status, '200')
  const second = await ask(all)
  t.equal(second.status, '200')
  t.equal((await ask(all)).status, '')
  second.socket.destroy()
  await until(async () => (await ask(all)).status === '200')

  t.equal((await ask(each)).status, '200')
  t.equal((await ask(each)).status, '')
  t.ok(refusals.every(refusal => (refusal as { server: unknown }).server === app.server), 'for the one server')
  t.match(refusals[0], { listener: 'all', address: '127.0.0.1', reason: 'connections' })
  t.match(refusals.at(-1), { listener: 'each', address: '127.0.0.1', reason: 'connectionsPerAddress' })
})

t.test('one client is an IPv4 address, or the network of an IPv6 one', t => {
  t.equal(clientOf('192.0.2.1'), '192.0.2.1')
  t.equal(clientOf('::ffff:192.0.2.1'), '192.0.2.1')
  t.equal(clientOf('2001:db8:1:2:3:4:5:6'), '2001:db8:1:2::/64')
  t.equal(clientOf('2001:db8::6'), '2001:db8:0:0::/64')
  t.equal(clientOf('2001:db8:1:2::'), '2001:db8:1:2::/64')
  t.equal(clientOf('::1'), '0:0:0:0::/64')
  t.equal(clientOf(undefined), null)
  t.end()
})
