// Several listeners, one server.
import { execFile } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import { request as httpsRequest } from 'node:https'
import { connect, createServer, type Socket } from 'node:net'
import { readFileSync } from 'node:fs'
import { connect as connectTls } from 'node:tls'
import { promisify } from 'node:util'
import { Server as SocketServer } from 'socket.io'
import { io } from 'socket.io-client'
import t from 'tap'
import { build, newPath, portOf } from './server.ts'

const run = promisify(execFile)

t.test('http and https, h2 and HTTP/1.1, are one server', async t => {
  const app = await build(t, { certificate: 'development', listeners: [{ port: 0 }, { port: 0, https: true }] })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const ca = app.listeners.authorityFile as string
  const curl = async (...args: string[]) => JSON.parse((await run('curl', ['-sS', '--cacert', ca, ...args])).stdout)

  const https = `https://localhost:${portOf(app, 'https')}/`
  t.match(await curl(`http://localhost:${portOf(app, 'http')}/`), { version: '1.1', protocol: 'http', host: `localhost:${portOf(app, 'http')}` })
  t.match(await curl('--http1.1', https), { version: '1.1', protocol: 'https' })
  t.match(await curl('--http2', https), { version: '2.0', protocol: 'https' })
  t.match(await curl('-4', https), { ip: '127.0.0.1' })
})

t.test('extended CONNECT is offered, passed on, and refused without a listener', async t => {
  const app = await build(t, { certificate: 'development', listeners: [{ port: 0, https: true }] })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const session = connectHttp2(`https://localhost:${portOf(app, 'https')}`, { ca: readFileSync(app.listeners.authorityFile as string) })
  t.teardown(() => session.destroy())
  await once(session, 'remoteSettings')
  t.equal(session.remoteSettings.enableConnectProtocol, true)
  const ask = async () => {
    const stream = session.request({ ':method': 'CONNECT', ':protocol': 'websocket', ':path': '/' })
    const [headers] = await once(stream, 'response')
    stream.close()
    return headers[':status']
  }
  t.equal(await ask(), 405)
  app.server.on('connect', (_request, response: any) => { response.writeHead(200); response.end() })
  t.equal(await ask(), 200)
})

t.test('an upgrade is emitted on the server, and is a plain request without a listener', async t => {
  const app = await build(t, { certificate: 'development', listeners: [{ port: 0, https: true }] })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const ask = () => httpsRequest({ port: portOf(app, 'https'), ca: readFileSync(app.listeners.authorityFile as string), headers: { connection: 'upgrade', upgrade: 'echo' } }).end()
  const [plain] = await once(ask(), 'response')
  t.equal(plain.statusCode, 200)
  plain.resume()
  app.server.on('upgrade', (_request, socket) => { socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n') })
  const [upgraded] = await once(ask(), 'upgrade')
  t.equal(upgraded.statusCode, 101)
})

t.test('a request handler on the server (socket.io, which polls first) gets the requests of every listener', async t => {
  const app = await build(t, { listeners: [{ port: 0, host: '127.0.0.1' }] })
  const sockets = new SocketServer(app.server)
  sockets.on('connection', socket => socket.emit('hello', socket.conn.transport.name))
  await app.listen({ port: 0, host: '127.0.0.1' })
  for (const port of [portOf(app, 'http'), (app.server.address() as { port: number }).port]) {
    const client = io(`http://127.0.0.1:${port}`, { transports: ['polling'], reconnection: false })
    t.teardown(() => client.close())
    t.equal(await new Promise(resolve => client.on('hello', resolve).on('connect_error', error => resolve(error.message))), 'polling')
    client.close()
    t.equal((await fetch(`http://127.0.0.1:${port}/`)).status, 200, 'and the rest are routes')
  }
  sockets.close()
})

t.test('listeners work on a server from serverFactory that calls the router itself', async t => {
  const app = await build(t, { listeners: [{ port: 0, host: '127.0.0.1' }] }, { serverFactory: handler => createHttpServer().on('checkContinue', handler) })
  await app.listen({ port: 0, host: '127.0.0.1' })
  t.equal((await fetch(`http://127.0.0.1:${portOf(app, 'http')}/`)).status, 200)
})

t.test('a listener\'s Node server names the Fastify server, for subscribers of http.server.request.start', async t => {
  const app = await build(t, { listeners: [{ port: 0, host: '127.0.0.1' }] })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const servers: unknown[] = []
  const look = (message: unknown): void => { servers.push((message as { server: Record<symbol, unknown> }).server[Symbol.for('fastify-arr.leads-to')]) }
  subscribe('http.server.request.start', look)
  t.teardown(() => unsubscribe('http.server.request.start', look))
  await fetch(`http://127.0.0.1:${portOf(app, 'http')}/`)
  t.equal(servers[0], app.server)
})

t.test('each protocol can be switched off', async t => {
  const accepted: Socket[] = []
  const onSocket = (message: unknown): void => { accepted.push((message as { socket: Socket }).socket) }
  subscribe('net.server.socket', onSocket)
  t.teardown(() => { unsubscribe('net.server.socket', onSocket) })
  const app = await build(t, { certificate: 'development', listeners: [{ name: 'h1', port: 0, https: true, http2: false }, { name: 'h2', port: 0, https: true, http1: false }] })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const portNamed = (name: string) => app.listeners.addresses.find(address => address.name === name)?.port as number
  const negotiate = async (name: string, ALPNProtocols: string[]) => {
    const socket = connectTls({ port: portNamed(name), host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols })
    t.teardown(() => socket.destroy())
    return await Promise.race([once(socket, 'secureConnect').then(() => socket.alpnProtocol), new Promise(resolve => socket.once('error', (error: any) => resolve(error.code)))])
  }
  t.equal(await negotiate('h1', ['h2', 'http/1.1']), 'http/1.1')
  t.equal(await negotiate('h2', ['h2', 'http/1.1']), 'h2')
  t.equal(await negotiate('h2', ['http/1.1']), 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL')
  // A client that negotiates no protocol gets an HTTP/1.1 response: it may speak nothing else.
  const [response] = await once(httpsRequest({ port: portNamed('h2'), rejectUnauthorized: false, ALPNProtocols: [] } as object).end(), 'response')
  t.equal(response.statusCode, 403)
  response.resume()
  const socket = accepted.at(-1)!
  const gone = once(socket, 'close').then(() => true)
  t.ok(socket.destroyed || await Promise.race([gone, new Promise(resolve => setTimeout(resolve, 9_000, false).unref())]), 'and its connection is not kept')
})

t.test('a TLS connection that was taken as an upgrade can be returned to its server', async t => {
  const app = await build(t, { certificate: 'development', listeners: [{ port: 0, https: true }] })
  app.server.on('upgrade', (_request, socket: any) => {
    socket.unshift(Buffer.from('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'))
    socket.server.emit('secureConnection', socket)
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const ask = httpsRequest({ port: portOf(app, 'https'), rejectUnauthorized: false, headers: { connection: 'upgrade', upgrade: 'h2c' } }).end()
  const [response] = await once(ask, 'response')
  t.equal(response.statusCode, 200)
  response.resume()
})

t.test('invalid HTTP is answered as on the server\'s own port', async t => {
  const app = await build(t, { certificate: 'development', listeners: [{ port: 0 }, { port: 0, https: true }] })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const say = async (port: number, text: string) => {
    const socket = connect(port, '127.0.0.1')
    socket.end(text)
    let answer = ''
    for await (const chunk of socket) answer += chunk.toString('latin1')
    return answer
  }
  t.match(await say(portOf(app, 'http'), 'nonsense\r\n\r\n'), /^HTTP\/1\.1 400 Bad Request\r\n/)
  t.notMatch(await say(portOf(app, 'https'), 'GET / HTTP/1.1\r\n\r\n'), /HTTP/, 'plain HTTP on an https port')
  const [response] = await once(httpsRequest({ port: portOf(app, 'https'), rejectUnauthorized: false }).end(), 'response')
  t.equal(response.statusCode, 200, 'and the server lives')
  response.resume()
})

t.test('a port in use fails listen with one error that names the listener, and leaves nothing open', async t => {
  const other = createServer().listen(0, '127.0.0.1')
  t.teardown(() => other.close())
  await once(other, 'listening')
  const { port } = other.address() as { port: number }
  const path = newPath()
  const app = await build(t, { listeners: [{ path }, { port, host: '127.0.0.1', label: 'HTTP_PORT' }] })
  await t.rejects(app.listen({ port: 0, host: '127.0.0.1' }), {
    code: 'FST_ARR_LISTENERS_PORT_IN_USE',
    listener: `http port ${port}`,
    label: 'HTTP_PORT',
    message: `Listener 'http port ${port}' (HTTP_PORT): 127.0.0.1:${port} is in use by another program; choose another port, or stop that program.`,
    cause: { code: 'EADDRINUSE' }
  })
  const again = createServer().listen(path)
  await once(again, 'listening')
  await new Promise(resolve => again.close(resolve))
})

t.test('the listeners are closed when the server fails to listen', async t => {
  const other = createServer().listen(0, '127.0.0.1')
  t.teardown(() => other.close())
  await once(other, 'listening')
  const path = newPath()
  const app = await build(t, { listeners: [{ path }] })
  await t.rejects(app.listen({ port: (other.address() as { port: number }).port, host: '127.0.0.1' }), { code: 'EADDRINUSE' })
  const again = createServer().listen(path)
  await once(again, 'listening')
  await new Promise(resolve => again.close(resolve))
})
