// Exchanges that did not end normally: which side cut them, and what the client got.
import { once } from 'node:events'
import { connect, type Http2ServerRequest } from 'node:http2'
import { connect as connectSocket, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import fastify, { LogController, type FastifyInstance, type FastifyReply } from 'fastify'
import t, { type Test } from 'tap'
import { arrLog } from '../src/index.ts'
import { onlyFile, rows, send, start } from './server.ts'

const numbers = (text: string) => rows(text).map(row => `${row['cs-uri-stem']} ${row['sc-status']} ${row['sc-win32-status']}`)
const request = (path: string, ...headers: string[]) => [`GET ${path} HTTP/1.1`, 'Host: a', ...headers, '', ''].join('\r\n')
// More than the operating system buffers between two sockets.
const LARGE = Buffer.alloc(40_000_000, 'a')

/** The server's socket of the next connection. */
async function accepted (app: FastifyInstance): Promise<Socket> {
  const [socket] = await once(app.server, 'connection')
  return socket as Socket
}

t.test('a request queued behind another in a pipeline has its line when the client disconnects', async t => {
  const replies: FastifyReply[] = []
  const server = await start(t, {}, app => { app.all('/*', (_request, reply) => { if (replies.push(reply) === 3) app.server.emit('all there') }) })
  await server.listen()
  const connection = accepted(server.app)
  const client = send(t, server.port, request('/first') + request('/second') + 'POST /third HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n')
  await once(server.app.server, 'all there')
  // This answer is complete, and queued behind the first.
  replies[1]!.send('second')
  const gone = once(await connection, 'close')
  client.destroy()
  await gone
  await server.app.close()
  t.strictSame(numbers(onlyFile(server.directory).text), ['/first 499 64', '/second 499 64', '/third 499 64'])
})

t.test('a queued request whose response has closed already has no second line', async t => {
  const replies: FastifyReply[] = []
  const server = await start(t, {}, app => { app.get('/*', (_request, reply) => { if (replies.push(reply) === 2) app.server.emit('all there') }) })
  await server.listen()
  const connection = accepted(server.app)
  const client = send(t, server.port, request('/first') + request('/second'))
  await once(server.app.server, 'all there')
  const socket = await connection
  socket.on('close', () => {
    replies[1]!.raw.destroyed = true
    replies[1]!.raw.emit('close')
  })
  client.destroy()
  await once(socket, 'close')
  replies[1]!.raw.emit('close')
  await server.app.close()
  t.same(numbers(onlyFile(server.directory).text).sort(), ['/first 499 64', '/second 499 64'])
})

t.test('requests of a pipeline that are answered have one line each, with their own status', async t => {
  const server = await start(t, {}, app => { app.get('/:status', async (request, reply) => await reply.code(Number((request.params as { status: string }).status)).send('x')) })
  await server.listen()
  const client = send(t, server.port, request('/200') + request('/404') + request('/500', 'Connection: close'))
  client.resume()
  await once(client, 'close')
  await server.app.close()
  t.strictSame(numbers(onlyFile(server.directory).text), ['/200 200 0', '/404 404 0', '/500 500 0'])
})

t.test('an answer that the client did not read to its end is 64, though Node reports it as finished', async t => {
  const server = await start(t, {}, app => { app.get('/', (_request, reply) => { reply.send(LARGE) }) })
  await server.listen()
  const client = send(t, server.port, request('/'))
  await once(client, 'data')
  client.pause()
  client.resetAndDestroy()
  const [entry] = await server.told(1)
  t.match(entry!.exchange, { status: 200, win32Status: 64 })
})

t.test('an answer that the server cut while it was being sent is 1236', async t => {
  const server = await start(t, {}, app => { app.get('/', (_request, reply) => { reply.send(LARGE) }) })
  await server.listen()
  const connection = accepted(server.app)
  const client = send(t, server.port, request('/'))
  await once(client, 'data')
  client.pause();
  (await connection).destroy()
  const [entry] = await server.told(1)
  t.match(entry!.exchange, { status: 200, win32Status: 1236 })
})

t.test('a complete answer is 0: small or large, kept alive or closed, even if the client resets the connection afterwards', async t => {
  const server = await start(t, {}, app => {
    app.get('/small', async () => 'x')
    app.get('/large', (_request, reply) => { reply.send(LARGE) })
  })
  await server.listen()
  for (const path of ['/small', '/large']) {
    const kept = send(t, server.port, request(path))
    const closed = send(t, server.port, request(path, 'Connection: close'))
    closed.resume()
    await once(closed, 'close')
    const told = server.entries.length
    kept.resume()
    await server.told(Math.max(told, path === '/small' ? 2 : 4))
    kept.resetAndDestroy()
  }
  await server.app.close()
  t.strictSame(numbers(onlyFile(server.directory).text), ['/small 200 0', '/small 200 0', '/large 200 0', '/large 200 0'])
})

t.test('a request whose connection the server closes without an answer is 444, for a WebSocket as well', async t => {
  const server = await start(t, {}, app => {
    app.get('/', (request, reply) => {
      reply.hijack()
      request.raw.destroy()
    })
  })
  await server.listen()
  for (const headers of [[], ['Connection: Upgrade', 'Upgrade: echo']]) {
    const client = send(t, server.port, request('/', ...headers))
    client.resume()
    await once(client, 'close')
    t.equal(client.bytesRead, 0)
  }
  const entries = await server.told(2)
  for (const { exchange } of entries) {
    t.match(exchange, { status: 444, win32Status: 1236 })
    t.equal(exchange.websocket, undefined)
  }
})

t.test('a client that disconnects before its upgrade is answered is 499', async t => {
  const server = await start(t, {}, app => {
    app.get('/', (_request, reply) => {
      reply.hijack()
      app.server.emit('taken')
    })
  })
  await server.listen()
  const client = send(t, server.port, request('/', 'Connection: Upgrade', 'Upgrade: echo'))
  await once(server.app.server, 'taken')
  client.destroy()
  const [entry] = await server.told(1)
  t.match(entry!.exchange, { status: 499, win32Status: 64 })
  t.equal(entry!.exchange.websocket, undefined)
})

t.test('a request followed by bytes that are not HTTP has the status that its client got', async t => {
  const server = await start(t, {}, app => { app.get('/', async () => 'too late') })
  await server.listen()
  const client = send(t, server.port, request('/') + 'nonsense\r\n\r\n')
  const [got] = await once(client, 'data')
  t.match(String(got), /^HTTP\/1\.1 400 /)
  const [entry] = await server.told(1)
  t.match(entry!.exchange, { status: 400, win32Status: 13 })
})

async function startHttp2 (t: Test, routes: (app: FastifyInstance) => void) {
  const app = fastify({ http2: true, logController: new LogController({ disableRequestLogging: true }) })
  t.teardown(() => app.close())
  const directory = t.testdir()
  await app.register(arrLog, { directory })
  routes(app as unknown as FastifyInstance)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const socket = connectSocket((app.server.address() as { port: number }).port, '127.0.0.1')
  socket.on('error', () => {})
  const session = connect('http://a', { createConnection: () => socket })
  session.on('error', () => {})
  t.teardown(() => session.destroy())
  return { app, directory, session, socket }
}

t.test('on HTTP/2 an answer that the server cut is 1236, before its head 444', async t => {
  const { app, directory, session } = await startHttp2(t, app => {
    app.get('/source', (_request, reply) => {
      const source = new Readable({ read () {} })
      reply.type('text/plain').send(source)
      source.push('half')
      app.server.emit('source', source)
    })
    app.get('/nothing', (_request, reply) => {
      reply.hijack();
      (reply.raw as unknown as { stream: Readable }).stream.destroy()
    })
  })
  const sources = once(app.server, 'source')
  const cut = session.request({ ':path': '/source' })
  cut.on('error', () => {})
  await once(cut, 'data')
  const [source] = await sources
  source.destroy(new Error('the source broke off'))
  await once(cut.resume(), 'close')
  const nothing = session.request({ ':path': '/nothing' })
  nothing.on('error', () => {})
  await once(nothing.resume(), 'close')
  session.close()
  await app.close()
  t.strictSame(numbers(onlyFile(directory).text), ['/source 200 1236', '/nothing 444 1236'])
})

t.test('on HTTP/2 a stream that the client resets during the answer is 64, with any error code', async t => {
  const { app, directory, session } = await startHttp2(t, app => { app.get('/*', (_request, reply) => { reply.send(LARGE) }) })
  for (const path of ['/8', '/0']) {
    const stream = session.request({ ':path': path })
    stream.on('error', () => {})
    await once(stream, 'data')
    if (path === '/8') stream.close(8)
    else stream.destroy()
    await once(stream, 'close')
    t.equal(stream.rstCode, Number(path.slice(1)))
  }
  session.destroy()
  await app.close()
  t.strictSame(numbers(onlyFile(directory).text), ['/8 200 64', '/0 200 64'])
})

t.test('on HTTP/2 a stream that a rule aborted is logged as closed by the server, though its code is that of a reset by the client', async t => {
  const { app, directory, session } = await startHttp2(t, app => {
    app.get('/', (request, reply) => {
      Object.assign(request, { rewrite: { url: '/', rule: 'no', aborted: true } })
      reply.hijack();
      (request.raw as unknown as Http2ServerRequest).stream.close(8)
    })
  })
  const stream = session.request({ ':path': '/' })
  stream.on('error', () => {})
  await new Promise(resolve => stream.once('close', resolve))
  session.destroy()
  await app.close()
  t.strictSame(numbers(onlyFile(directory).text), ['/ 444 1236'])
})

t.test('on HTTP/2 a client whose connection is reset before the answer is 499', async t => {
  const { app, directory, session, socket } = await startHttp2(t, app => {
    app.get('/', (_request, reply) => {
      reply.hijack()
      app.server.emit('there')
    })
  })
  const opened = once(app.server, 'connection')
  const there = once(app.server, 'there')
  session.request({ ':path': '/' }).on('error', () => {})
  await there
  // Waits until all bytes have arrived, so that the server reads the reset next.
  await new Promise(resolve => session.ping(resolve))
  const [accepted] = await opened
  const closed = once(accepted, 'close').catch(() => {})
  socket.resetAndDestroy()
  await closed
  await app.close()
  t.strictSame(numbers(onlyFile(directory).text), ['/ 499 64'])
})
