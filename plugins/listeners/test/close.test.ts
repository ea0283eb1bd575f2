// Closing: no new connection is accepted, pending requests are answered, idle connections are closed.
import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { connect } from 'node:net'
import t from 'tap'
import { makeAuthority, makeCertificate } from '../src/certificates/authority.ts'
import { build, handshake, portOf, until } from './server.ts'

const certificate = await makeCertificate(await makeAuthority(['test'], 'authority of this test'), ['close.test'])

t.test('pending requests are answered, idle and silent connections are closed, no new one is accepted', async t => {
  const app = await build(t, { certificate, listeners: [{ port: 0, host: '127.0.0.1' }, { port: 0, host: '127.0.0.1', https: true }] })
  const waiting: (() => void)[] = []
  app.get('/slow', async () => { await new Promise<void>(resolve => { waiting.push(resolve) }); return 'done' })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const [http, https] = [portOf(app, 'http'), portOf(app, 'https')]

  const silent = connect(http, '127.0.0.1')
  const idle = await handshake(t, https, 'close.test')
  idle.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await once(idle, 'data')
  const busy = connect(http, '127.0.0.1')
  busy.write('GET /slow HTTP/1.1\r\nHost: a\r\n\r\n')
  const session = connectHttp2(`https://127.0.0.1:${https}`, { rejectUnauthorized: false })
  const stream = session.request({ ':path': '/slow' }).setEncoding('utf8')
  while (waiting.length < 2) await new Promise(resolve => setTimeout(resolve, 10))

  const goaway = once(session, 'goaway')
  const ended = Promise.all([once(silent.resume(), 'close'), once(idle.resume(), 'close')])
  const closed = app.close()
  await ended
  await goaway
  const refused = connect(http, '127.0.0.1')
  const [error] = await once(refused, 'error')
  t.equal(error.code, 'ECONNREFUSED')

  for (const answer of waiting) answer()
  const [answer] = await once(busy, 'data')
  t.match(String(answer), /^HTTP\/1\.1 200 /)
  let text = ''
  for await (const chunk of stream) text += chunk
  t.equal(text, 'done')
  await closed
  t.same(app.listeners.addresses.length, 2, 'the addresses can still be read')
})

t.test('no onClose hook runs before the last request is answered', async t => {
  const app = await build(t, { certificate, listeners: [{ port: 0, host: '127.0.0.1', https: true }] })
  const order: string[] = []
  let answer: (() => void) | undefined
  await app.register(async later => {
    later.addHook('onClose', async () => { order.push('onClose') })
    later.get('/slow', async () => { await new Promise<void>(resolve => { answer = resolve }); order.push('answered'); return 'done' })
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const idle = await handshake(t, portOf(app, 'https'), 'close.test')
  idle.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await once(idle, 'data')
  const busy = await handshake(t, portOf(app, 'https'), 'close.test')
  busy.write('GET /slow HTTP/1.1\r\nHost: a\r\n\r\n')
  await until(() => answer)
  const serverClosed = once(app.server, 'close')
  const closing = app.close()
  await Promise.all([once(idle.resume(), 'close'), serverClosed])
  // Hooks that do not wait would run in the next turns of the event loop.
  await new Promise(resolve => setTimeout(resolve, 100))
  answer?.()
  t.match(String((await once(busy, 'data'))[0]), /^HTTP\/1\.1 200 /)
  await closing
  t.same(order, ['answered', 'onClose'])
})

t.test('a response that has ended but is not fully sent reaches its client complete', async t => {
  const size = 20 << 20
  const app = await build(t, { certificate, closeTimeout: 30_000, listeners: [{ port: 0, host: '127.0.0.1' }, { port: 0, host: '127.0.0.1', https: true }] })
  app.get('/big', async () => Buffer.alloc(size))
  await app.listen({ port: 0, host: '127.0.0.1' })
  const silent = connect(portOf(app, 'http'), '127.0.0.1').resume()
  await once(silent, 'connect')
  const sockets = [connect(portOf(app, 'http'), '127.0.0.1'), await handshake(t, portOf(app, 'https'), 'close.test')]
  const received = sockets.map(async socket => {
    socket.on('error', () => {})
    let bytes = 0
    socket.on('data', chunk => { bytes += chunk.length })
    socket.write('GET /big HTTP/1.1\r\nHost: a\r\n\r\n')
    const [first] = await once(socket, 'data') as [Buffer]
    socket.pause()
    return async () => {
      const gone = once(socket, 'close')
      socket.resume()
      await gone
      return bytes - first.indexOf('\r\n\r\n') - 4
    }
  })
  const rest = await Promise.all(received)
  const gone = once(silent, 'close')
  const closed = app.close()
  await gone
  t.same(await Promise.all(rest.map(async read => await read())), [size, size])
  await closed
})

t.test('a connection that does not end within closeTimeout is cut', async t => {
  const app = await build(t, { closeTimeout: 100, listeners: [{ port: 0, host: '127.0.0.1' }] })
  app.server.on('upgrade', (_request, socket) => { socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n') })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const socket = connect(portOf(app, 'http'), '127.0.0.1')
  socket.on('error', () => {})
  socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n')
  await once(socket, 'data')
  const gone = new Promise(resolve => socket.resume().once('close', resolve))
  await app.close()
  await gone
  t.pass()
})

t.test('a server that never listened closes', async t => {
  const app = await build(t, { listeners: [{ port: 0 }] })
  t.equal((await app.inject('/')).statusCode, 200)
  t.same(app.listeners.addresses, [])
  await app.close()
})

t.test('closing while the listeners open leaves nothing open', async t => {
  const app = await build(t, { certificate, listeners: [{ port: 0, host: '127.0.0.1', https: true }] })
  await app.ready()
  const opening = app.listeners.listen()
  const closing = app.close()
  t.same(await opening, [])
  await closing
  t.same(app.listeners.addresses, [])
})

t.test('closing while the server begins to listen leaves it closed', async t => {
  const app = await build(t, { certificate: 'development', listeners: [{ port: 0, host: '127.0.0.1', https: true }] })
  await app.ready()
  const refused = t.rejects(app.listen({ port: 0, host: '127.0.0.1' }), { code: 'FST_ARR_LISTENERS_CLOSED' })
  await new Promise(resolve => setImmediate(resolve))
  await app.close()
  await refused
  t.equal(app.server.listening, false)
  t.same(app.listeners.addresses, [])
})

t.test('closing does not wait for connections before their first request, but for those with a pending one', async t => {
  const app = await build(t, { certificate, closeTimeout: 30_000, limits: { handshakeTimeout: 0 }, listeners: [{ port: 0, host: '127.0.0.1', https: true }, { port: 0, host: '127.0.0.1', proxyProtocol: true }] })
  const waiting: (() => void)[] = []
  app.get('/slow', async () => { await new Promise<void>(resolve => { waiting.push(resolve) }); return 'slow' })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const closed: Array<Promise<unknown>> = []
  for (const { port } of app.listeners.addresses) {
    const socket = connect(port as number, '127.0.0.1')
    socket.on('error', () => {}).resume()
    t.teardown(() => socket.destroy())
    closed.push(new Promise(resolve => socket.once('close', resolve)))
    await once(socket, 'connect')
  }
  // The last connection has been accepted, so all before it have been.
  const secure = await handshake(t, portOf(app, 'https'), 'localhost')
  secure.write('GET /slow HTTP/1.1\r\nHost: a\r\n\r\n')
  await until(() => waiting.length === 1)
  const closing = app.close()
  await Promise.race([Promise.all(closed), closing])
  waiting[0]?.()
  t.match(String((await once(secure, 'data'))[0]), /^HTTP\/1\.1 200 /)
  await closing
})
