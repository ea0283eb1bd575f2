import { channel } from 'node:diagnostics_channel'
import dns from 'node:dns'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect } from 'node:http2'
import { connect as connectTo, type AddressInfo } from 'node:net'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import fastify, { LogController, type FastifyInstance } from 'fastify'
import t from 'tap'
import { arrLog } from '../src/index.ts'
import { filesIn, heard, rows, send, start } from './server.ts'

t.test('requests that reach no hook are in the httperr log, and are answered as without the plugin', async t => {
  const plain = fastify()
  t.teardown(() => plain.close())
  const server = await start(t, {}, app => { app.get('/:id', async () => 'found') })
  await plain.listen({ port: 0, host: '127.0.0.1' })
  await server.listen()
  const answer = async (port: number, text: string) => {
    const socket = send(t, port, text)
    let got = ''
    socket.setEncoding('utf8').on('data', chunk => { got += chunk })
    await once(socket, 'close')
    return got.replace(/Date: .*\r\n/i, '')
  }
  const bad = [
    'GET /a b c\r\n\r\n',
    'GET /%zz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
    `GET /long HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`
  ]
  for (const text of bad) t.equal(await answer(server.port, text), await answer((plain.server.address() as { port: number }).port, text))
  await server.app.close()

  const files = filesIn(server.directory)
  t.strictSame(Object.keys(files), ['HTTPERR/httperr1.log'], 'none of them has a line in a site\'s log')
  const text = files['HTTPERR/httperr1.log']!
  t.match(text, /^#Software: Microsoft HTTP API 2\.0\r\n#Version: 1\.0\r\n#Date: .+\r\n#Fields: date time c-ip c-port s-ip s-port cs-version cs-method cs-uri sc-status s-siteid s-reason s-queuename\r\n/)
  t.match(rows(text), [
    { 'c-ip': '127.0.0.1', 's-port': String(server.port), 'cs-method': 'GET', 'sc-status': '400', 's-reason': 'BadRequest' },
    { 'cs-uri': '/%zz', 'cs-version': 'HTTP/1.1', 'sc-status': '400', 's-reason': 'BadRequest' },
    { 'cs-uri': '/long', 'sc-status': '431', 's-reason': 'FieldLength' }
  ])
})

t.test('requests that Node answers before any listener are in the httperr log as well', async t => {
  const server = await start(t, {}, app => { app.get('/*', async () => 'found') })
  await server.listen()
  for (const [text, status] of [
    ['GET /no-host HTTP/1.1\r\n\r\n', '400'],
    ['GET /expecting HTTP/1.1\r\nHost: a\r\nExpect: what\r\nConnection: close\r\n\r\n', '417'],
    ['GET /%zz HTTP/1.0\r\n\r\n', '400'],
    ['GET /old HTTP/1.0\r\n\r\n', '200'],
    ['GET /continuing HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n', '100']
  ] as const) {
    const socket = send(t, server.port, text)
    const [got] = await once(socket, 'data')
    t.match(String(got), `HTTP/1.1 ${status} `)
    socket.resume()
    await once(socket, 'close')
  }
  await server.app.close()
  const { 'HTTPERR/httperr1.log': text, ...sites } = filesIn(server.directory)
  t.match(rows(text!).map(row => `${row['cs-uri']} ${row['sc-status']} ${row['s-reason']}`), ['/no-host 400 BadRequest', '/expecting 417 BadRequest', '/%zz 400 BadRequest'])
  t.equal(rows(text!).length, 3, 'each once')
  t.strictSame(Object.values(sites).flatMap(rows).map(row => `${row['cs-uri-stem']} ${row['sc-status']}`), ['/old 200', '/continuing 200'])
})

t.test('a connection dropped inside a request is logged; one dropped between requests is not', async t => {
  const server = await start(t, {}, app => { app.get('/', async () => 'whole') })
  await server.listen()
  const idle = send(t, server.port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await once(idle, 'data')
  idle.resetAndDestroy()
  const half = send(t, server.port, 'GET / HTTP/1.1\r\nHost')
  const accepted = await heard(server.app.server)
  half.resetAndDestroy()
  await new Promise(resolve => accepted.once('close', resolve))
  await server.app.close()
  const { 'HTTPERR/httperr1.log': text, ...sites } = filesIn(server.directory)
  t.match(rows(text!), [{ 's-reason': 'Connection_Dropped', 'sc-status': '-' }])
  t.equal(rows(text!).length, 1)
  t.equal(Object.values(sites).flatMap(rows).length, 1)
})

t.test('a head that does not arrive in time is Timer_HeaderWait; for a body that does not, the exchange has its line', async t => {
  const entries: Array<Record<string, any>> = []
  const directory = t.testdir()
  const app = fastify({
    logController: new LogController({ disableRequestLogging: true }),
    logger: { stream: { write: (text: string) => { entries.push(JSON.parse(text)) } } },
    http: { connectionsCheckingInterval: 50 }
  })
  t.teardown(() => app.close())
  await app.register(arrLog, { directory })
  app.post('/', async () => 'received')
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as { port: number }
  const head = send(t, port, 'GET / HTTP/1.1\r\nHost')
  await heard(app.server)
  const body = send(t, port, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{')
  await heard(app.server)
  // Set only now, so that only these two requests time out.
  Object.assign(app.server, { headersTimeout: 100, requestTimeout: 150 })
  await Promise.all([head, body].map(async socket => { socket.resume(); await once(socket, 'close') }))
  await app.close()
  const { 'HTTPERR/httperr1.log': text, ...sites } = filesIn(directory)
  t.match(rows(text!), [{ 's-reason': 'Timer_HeaderWait', 'sc-status': '408' }])
  t.match(Object.values(sites).flatMap(rows), [{ 'cs-method': 'POST', 'sc-status': '408', 'sc-win32-status': '121' }])
  t.match(entries.find(entry => entry.rejected)?.rejected, { reason: 'Timer_HeaderWait', status: 408 }, 'and it is an entry')
})

t.test('a connection over the limit is ConnLimit', async t => {
  const server = await start(t)
  await server.listen()
  server.app.server.maxConnections = 1
  const first = send(t, server.port, '')
  await once(server.app.server, 'connection')
  const second = send(t, server.port, '')
  await once(second, 'close')
  first.destroy()
  await server.app.close()
  t.match(rows(filesIn(server.directory)['HTTPERR/httperr1.log']!), [{ 's-reason': 'ConnLimit', 's-port': String(server.port) }])
})

t.test('another server can be watched', async t => {
  const other = fastify()
  t.teardown(() => other.close())
  const server = await start(t)
  server.app.arrLog.watch(other.server)
  await other.listen({ port: 0, host: '127.0.0.1' })
  const socket = send(t, (other.server.address() as { port: number }).port, 'nonsense\r\n\r\n')
  socket.resume()
  await once(socket, 'close')
  await server.app.close()
  t.match(rows(filesIn(server.directory)['HTTPERR/httperr1.log']!), [{ 's-reason': 'BadRequest' }])
})

t.test('a watched server without a clientError listener of its own answers and closes as an unwatched one', async t => {
  const directory = t.testdir()
  const logs = [await start(t, { directory: join(directory, 'one') }), await start(t, { directory: join(directory, 'two') })]
  const answers: string[][] = []
  for (const watching of [[], logs.slice(0, 1), logs]) {
    const other = createServer({ connectionsCheckingInterval: 20 })
    t.teardown(() => { other.close() })
    for (const { app } of watching) app.arrLog.watch(other)
    await once(other.listen(0, '127.0.0.1'), 'listening')
    const got: string[] = []
    for (const text of ['nonsense\r\n\r\n', `GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 'GET / HTTP/1.1\r\nHost']) {
      const socket = send(t, (other.address() as { port: number }).port, text)
      let answer = ''
      // A connection left open fails here, not at the time limit of the test run.
      socket.setTimeout(30_000, () => socket.destroy())
      socket.setEncoding('utf8').on('data', chunk => { answer += chunk })
      const closed = once(socket, 'close')
      await heard(other)
      // Set only now, so that only the incomplete request times out.
      if (text.endsWith('Host')) other.headersTimeout = 50
      await closed
      got.push(answer)
    }
    answers.push(got)
  }
  t.strictSame(answers[0]!.map(answer => answer.slice(9, 12)), ['400', '431', '408'])
  t.strictSame(answers[1], answers[0])
  t.strictSame(answers[2], answers[0], 'whoever watches')
  for (const [position, log] of logs.entries()) {
    await log.app.close()
    t.equal(rows(filesIn(log.directory)['HTTPERR/httperr1.log']!).length, [6, 3][position])
  }
})

t.test('a server that is not accessible may name the one that its requests are for', async t => {
  const server = await start(t)
  const inner = createServer((request, response) => { server.app.routing(request, response) })
  t.teardown(() => { inner.close() })
  Object.defineProperty(inner, Symbol.for('fastify-arr.leads-to'), { value: server.app.server })
  await once(inner.listen(0, '127.0.0.1'), 'listening')
  const socket = send(t, (inner.address() as { port: number }).port, 'GET /no-host HTTP/1.1\r\n\r\n')
  socket.resume()
  await once(socket, 'close')
  await server.app.close()
  t.match(rows(filesIn(server.directory)['HTTPERR/httperr1.log'] ?? ''), [{ 'cs-uri': '/no-host', 'sc-status': '400', 's-reason': 'BadRequest' }])
})

t.test('both addresses of localhost are watched', { skip: !Object.values(networkInterfaces()).flat().some(entry => entry?.address === '::1') && 'no IPv6 here' }, async t => {
  // As on most systems; a container may resolve only the first.
  const lookup = dns.lookup as (...args: unknown[]) => void
  t.teardown(() => { Object.assign(dns, { lookup }) })
  Object.assign(dns, {
    lookup (...args: unknown[]) {
      const [host, options, done] = args as [string, { all?: boolean }, (error: null, found: unknown[]) => void]
      if (host === 'localhost' && options.all === true) done(null, [{ address: '127.0.0.1', family: 4 }, { address: '::1', family: 6 }])
      else Reflect.apply(lookup, dns, args)
    }
  })
  const directory = t.testdir()
  let app: FastifyInstance
  let attempts = 0
  do {
    const one = app = fastify()
    t.teardown(() => one.close())
    // Registered in an encapsulated scope.
    await app.register(async scope => { await scope.register(arrLog, { directory }) })
    await app.listen({ port: 0, host: 'localhost' })
    // The port assigned on the first address may be in use on the second, which Fastify then skips.
  } while (app.addresses().length < 2 && ++attempts < 10)
  for (const { address, port } of app.addresses() as AddressInfo[]) {
    const socket = connectTo(port, address)
    socket.write('nonsense\r\n\r\n')
    let answer = ''
    socket.setEncoding('utf8').on('data', text => { answer += text })
    await once(socket, 'close')
    t.match(answer, /^HTTP\/1\.1 400 /)
  }
  await app.close()
  t.strictSame(rows(filesIn(directory)['HTTPERR/httperr1.log'] ?? '').map(line => `${line['s-ip']} ${line['s-reason']}`).sort(), ['127.0.0.1 BadRequest', '::1 BadRequest'])
})

t.test('what listeners refuse on behalf of a server is in the httperr log', async t => {
  const server = await start(t, { redactQuery: ['key'] })
  const refused = channel('fastify-arr:listeners.refused')
  const socket = { remoteAddress: '::ffff:192.0.2.1', remotePort: 5000, localAddress: '::ffff:192.0.2.2', localPort: 443 }
  const told = { listener: 'https', server: server.app.server, socket, address: socket.remoteAddress }
  refused.publish({ ...told, reason: 'connections' })
  refused.publish({ ...told, address: '198.51.100.1', reason: 'connectionsPerAddress' })
  refused.publish({ ...told, reason: 'headerSize', request: { httpVersion: '2.0', method: 'GET', url: '/?key=secret' }, status: null })
  refused.publish({ ...told, reason: 'expectation', request: { httpVersion: '2.0', method: 'POST', url: '/' }, status: 417 })
  refused.publish({ ...told, reason: 'method', request: { httpVersion: '1.1', method: 'CONNECT', url: 'a:443' }, status: 405 })
  refused.publish({ ...told, server: {}, reason: 'connections' })
  await server.app.close()
  refused.publish({ ...told, reason: 'connections' })
  const lines = rows(filesIn(server.directory)['HTTPERR/httperr1.log'] ?? '')
  t.strictSame(lines.map(line => ['c-ip', 'c-port', 's-ip', 's-port', 'cs-version', 'cs-method', 'cs-uri', 'sc-status', 's-reason'].map(name => line[name]).join(' ')), [
    '192.0.2.1 5000 192.0.2.2 443 - - - - ConnLimit',
    '198.51.100.1 - 192.0.2.2 443 - - - - ConnLimit',
    '192.0.2.1 5000 192.0.2.2 443 HTTP/2.0 GET /?key=*** - FieldLength',
    '192.0.2.1 5000 192.0.2.2 443 HTTP/2.0 POST / 417 BadRequest',
    '192.0.2.1 5000 192.0.2.2 443 HTTP/1.1 CONNECT a:443 405 BadRequest'
  ])
})

t.test('what a proxy refuses at the entrance is in the httperr log, without the version that Node calls HTTP where it is none', async t => {
  const server = await start(t)
  const refused = channel('fastify-arr:request.refused')
  const socket = { remoteAddress: '192.0.2.1', remotePort: 5000, localAddress: '192.0.2.2', localPort: 80 }
  const told = { server: server.app.server, socket, address: socket.remoteAddress }
  refused.publish({ ...told, reason: 'method', request: { httpVersion: '1.1', method: 'CONNECT', url: 'a:443' }, status: 405 })
  refused.publish({ ...told, reason: 'protocol', request: { httpVersion: '1.0', method: 'ANNOUNCE', url: '/m' }, status: 400 })
  refused.publish({ ...told, server: {}, reason: 'method', status: 405 })
  await server.app.close()
  refused.publish({ ...told, reason: 'method', status: 405 })
  const lines = rows(filesIn(server.directory)['HTTPERR/httperr1.log'] ?? '')
  t.strictSame(lines.map(line => ['cs-version', 'cs-method', 'cs-uri', 'sc-status', 's-reason'].map(name => line[name]).join(' ')), ['HTTP/1.1 CONNECT a:443 405 BadRequest', '- ANNOUNCE /m 400 BadRequest'])
})

t.test('a CONNECT that nobody takes is in the httperr log, and is answered as without the plugin', async t => {
  const CONNECT = 'CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n'
  const server = await start(t)
  await server.listen()
  const answer = async (): Promise<string> => {
    const socket = send(t, server.port, CONNECT)
    let got = ''
    socket.setEncoding('utf8').on('data', chunk => { got += chunk })
    await once(socket, 'close')
    return got
  }
  t.equal(await answer(), '', 'Node closes the connection')
  server.app.server.on('connect', (_request, socket) => { socket.end('own') })
  t.equal(await answer(), 'own')
  await server.app.close()
  t.equal(server.app.server.listenerCount('connect'), 1, 'the application\'s own')

  t.strictSame(connectLines(server.directory), ['HTTP/1.1 CONNECT a.test:443 - BadRequest'])
})

t.test('over HTTP/2 it is a 405', async t => {
  const directory = t.testdir()
  const app = fastify({ http2: true })
  t.teardown(() => app.close())
  await app.register(arrLog, { directory })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const session = connect(`http://127.0.0.1:${(app.server.address() as { port: number }).port}`)
  t.teardown(() => session.destroy())
  const stream = session.request({ ':method': 'CONNECT', ':authority': 'a.test:443' })
  t.equal((await once(stream, 'response'))[0][':status'], 405)
  stream.close()
  session.close()
  await app.close()
  t.strictSame(connectLines(directory), ['HTTP/2.0 CONNECT a.test:443 405 BadRequest'])
})

function connectLines (directory: string): string[] {
  return rows(filesIn(directory)['HTTPERR/httperr1.log'] ?? '').map(line => ['cs-version', 'cs-method', 'cs-uri', 'sc-status', 's-reason'].map(name => line[name]).join(' '))
}

t.test('a request that was answered before its body arrived has one line, however its body ends', async t => {
  const server = await start(t, {}, app => { app.post('/', async () => 'never') })
  await server.listen()
  const closed: Array<Promise<unknown>> = []
  server.app.server.on('connection', socket => { closed.push(new Promise(resolve => socket.once('close', resolve))) })
  for (const body of ['half', 'zz\r\n']) {
    const coding = body === 'half' ? 'Content-Length: 9' : 'Transfer-Encoding: chunked'
    const socket = send(t, server.port, `POST / HTTP/1.1\r\nHost: a\r\n${coding}\r\nContent-Type: un/known\r\n\r\n`)
    const [answer] = await once(socket, 'data')
    t.match(String(answer), /^HTTP\/1\.1 415 /)
    socket.resume().end(body)
    await closed.at(-1)
  }
  await server.app.close()
  const { 'HTTPERR/httperr1.log': rejected, ...sites } = filesIn(server.directory)
  t.strictSame(Object.values(sites).flatMap(rows).map(row => row['sc-status']), ['415', '415'])
  t.equal(rejected, undefined)
})

t.test('HTTP/2 has the version name of IIS in one log, and that of HTTP.sys in the other', async t => {
  const directory = t.testdir()
  const app = fastify({ http2: true })
  t.teardown(() => app.close())
  await app.register(arrLog, { directory, fields: 'article' })
  app.get('/', async () => 'found')
  await app.listen({ port: 0, host: '127.0.0.1' })
  const session = connect(`http://127.0.0.1:${(app.server.address() as { port: number }).port}`)
  t.teardown(() => session.destroy())
  for (const path of ['/', '/%zz']) {
    const stream = session.request({ ':path': path })
    stream.resume()
    await once(stream, 'close')
  }
  session.close()
  await app.close()
  t.strictSame(Object.values(filesIn(directory)).flatMap(rows).map(row => row['cs-version']), ['HTTP/2.0', 'HTTP/2'])
})
