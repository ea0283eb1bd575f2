// Opening: with fastify start, in a server that listens already, on two addresses, on a unix socket; and the errors for wrong options.
import Fastify from 'fastify'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer as createHttpServer, get } from 'node:http'
import { connect, createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { bindError } from '../src/errors.ts'
import { parseBinding } from '../src/plan/iis-binding.ts'
import { listeners } from '../src/index.ts'
import { planListeners } from '../src/plan/plan.ts'
import { build, newPath, portOf, start, until } from './server.ts'

t.test('localhost is both loopback addresses, on one port even where the system chooses it', async t => {
  const app = await start(t, { listeners: [{ port: 0 }] })
  const { addresses } = app.listeners
  t.equal(new Set(addresses.map(({ port }) => port)).size, 1)
  const hasIPv6 = Object.values(networkInterfaces()).flat().some(entry => entry?.address === '::1')
  t.same(addresses.map(({ address }) => address), hasIPv6 ? ['127.0.0.1', '::1'] : ['127.0.0.1'])
  t.equal(addresses[0]?.url, `http://127.0.0.1:${addresses[0]?.port}`)
  for (const { address, port } of addresses) {
    const socket = connect(port as number, address)
    await once(socket, 'connect')
    socket.destroy()
  }
})

t.test('a star is every address', async t => {
  const app = await start(t, { listeners: [{ port: 0, host: '*' }] })
  t.match(app.listeners.addresses, [{ name: 'http port 0', address: /^(::|0\.0\.0\.0)$/ }])
  t.equal((await fetch(`http://127.0.0.1:${portOf(app, 'http')}/`)).status, 200)
})

t.test('a unix socket, or a Windows pipe', async t => {
  const path = newPath()
  const app = await start(t, { listeners: [{ path }] })
  t.match(app.listeners.addresses, [{ name: `http ${path}`, address: path, port: null, url: `http+unix:${path}` }])
  const [response] = await once(get({ socketPath: path, path: '/' }), 'response')
  t.equal(response.statusCode, 200)
  response.resume()
})

t.test('a unix socket that a killed process has left is taken over, one that a process listens on is not', { skip: process.platform === 'win32' && 'pipes of Windows leave no file' }, async t => {
  const path = newPath()
  const killed = spawn(process.execPath, ['-e', 'require("net").createServer().listen(process.argv[1], () => console.log("listening"))', path], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => killed.kill('SIGKILL'))
  await once(killed.stdout, 'data')
  const early = await build(t, { listeners: [{ path }] })
  await t.rejects(early.listen({ port: 0 }), { code: 'FST_ARR_LISTENERS_PORT_IN_USE' })
  killed.kill('SIGKILL')
  await once(killed, 'exit')

  await start(t, { listeners: [{ path }] })
  const late = await build(t, { listeners: [{ path }] })
  await t.rejects(late.listen({ port: 0 }), { code: 'FST_ARR_LISTENERS_PORT_IN_USE' })
  const [response] = await once(get({ socketPath: path, path: '/' }), 'response')
  t.equal(response.statusCode, 200)
  response.resume()
})

t.test('IIS bindings of one port are one listener', async t => {
  const app = await start(t, { certificate: 'development', listeners: ['http/127.0.0.1:0:', 'https/*:0:One.test', 'https/*:0:two.test'] })
  t.same(app.listeners.addresses.map(({ name, protocol }) => `${name} ${protocol}`), ['http port 0 http', 'https port 0 https'])
  t.same(parseBinding('https/[::1]:443:Example.com'), { protocol: 'https', address: '::1', port: 443, host: 'example.com' })
  t.equal(parseBinding('net.tcp/808:*'), null)
})

t.test('bindings of several addresses and one port are listeners side by side, unless one of them is for all addresses', async t => {
  const places = (...bindings: string[]) => planListeners({ listeners: bindings, certificate: 'development' })
    .map(({ name, host, https }) => [name, host, ...https?.hosts ?? []].join(' | '))
  t.same(places('https/192.0.2.1:443:one.test', 'https/192.0.2.2:443:two.test', 'https/192.0.2.1:443:three.test'), [
    'https 192.0.2.1 port 443 | 192.0.2.1 | one.test | three.test',
    'https 192.0.2.2 port 443 | 192.0.2.2 | two.test'
  ])
  t.same(places('https/192.0.2.1:443:one.test', 'https/*:443:two.test', 'http/192.0.2.1:80:'), ['https port 443 | * | one.test | two.test', 'http port 80 | 192.0.2.1'])
  t.same(places('http/0.0.0.0:80:', 'http/192.0.2.1:80:', 'http/[::1]:80:'), ['http 0.0.0.0 port 80 | 0.0.0.0', 'http ::1 port 80 | ::1'])
  t.same(places('http/192.0.2.1:80:', 'http/[::]:80:', 'http/0.0.0.0:80:'), ['http port 80 | ::'])
})

t.test('in a server from serverFactory that already listens', async t => {
  const server = createHttpServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => { server.close(); server.closeAllConnections() })
  const app = Fastify({ serverFactory: handler => server.on('request', handler) })
  t.teardown(() => app.close())
  app.register(listeners, { listeners: [{ port: 0, host: '127.0.0.1' }] })
  app.get('/', async () => 'one server')
  await app.ready()
  t.equal(app.listeners.addresses.length, 1)
  for (const port of [portOf(app as never, 'http'), (server.address() as { port: number }).port]) t.equal(await (await fetch(`http://127.0.0.1:${port}/`)).text(), 'one server')
  t.same(await app.listeners.listen(), app.listeners.addresses, 'listening twice does nothing')
})

t.test('by hand, with open: manual', async t => {
  const app = await start(t, { open: 'manual', listeners: [{ port: 0, host: '127.0.0.1' }] })
  t.same(app.listeners.addresses, [])
  const [address] = await app.listeners.listen()
  t.equal((await fetch(`${address?.url}/`)).status, 200)
})

t.test('opening can be tried again after a failure', async t => {
  // A path rather than a port: another process may take a port in between.
  const path = newPath()
  const other = createServer().listen(path)
  await once(other, 'listening')
  const app = await build(t, { open: 'manual', listeners: [{ path }] })
  await t.rejects(app.listeners.listen(), { code: 'FST_ARR_LISTENERS_PORT_IN_USE' })
  await new Promise(resolve => other.close(resolve))
  t.equal((await app.listeners.listen()).length, 1)
})

t.test('a second fastify.listen() after a failure of the server\'s own port opens the listeners', async t => {
  const other = createServer().listen(0, '127.0.0.1')
  t.teardown(() => other.close())
  await once(other, 'listening')
  const app = await build(t, { listeners: [{ port: 0, host: '127.0.0.1' }] })
  await t.rejects(app.listen({ port: (other.address() as { port: number }).port, host: '127.0.0.1' }), { code: 'EADDRINUSE' })
  t.same(app.listeners.addresses, [], 'no addresses while no listener is open')
  await app.listen({ port: 0, host: '127.0.0.1' })
  const [address] = app.listeners.addresses
  t.equal((await fetch(`${address?.url}/`)).status, 200)
})

t.test('fastify start, with the plugin in a one-file app', async t => {
  const source = new URL('../src/index.ts', import.meta.url).href
  const folder = t.testdir({
    'app.ts': `import { listeners } from ${JSON.stringify(source)}
      export default async function (fastify: any, _options: object) {
        await fastify.register(listeners, { certificate: 'development', development: { folder: ${JSON.stringify(t.testdirName)} }, listeners: [{ port: 0 }, { port: 0, https: true }] })
        fastify.get('/', async () => 'started')
        fastify.addHook('onListen', async () => { console.log('urls', JSON.stringify(fastify.listeners.addresses.map((address: any) => address.url))) })
      }`
  })
  const cli = fileURLToPath(import.meta.resolve('fastify-cli/cli.js'))
  // The server's own address is a path: fastify start takes port 0 as its default 3000, and any other port may be taken.
  const child = spawn(process.execPath, ['--import=tsx', cli, 'start', '--socket', newPath(), '--close-grace-delay', '60000', '--log-level', 'info', join(folder, 'app.ts')], { cwd: fileURLToPath(new URL('../../..', import.meta.url)) })
  t.teardown(() => child.kill('SIGKILL'))
  let text = ''
  child.stdout.on('data', chunk => { text += chunk })
  child.stderr.on('data', chunk => { text += chunk })
  await until(() => /urls .*\n/.test(text) || child.exitCode !== null)
  const urls = JSON.parse(/urls (\[.*\])/.exec(text)?.[1] ?? '[]') as string[]
  t.ok(urls.length >= 2, text)
  t.equal(await (await fetch(urls[0] as string)).text(), 'started')
  t.match(text, /Server listening at https:\/\//)
  if (process.platform === 'win32') return
  child.kill('SIGTERM')
  const [code] = await once(child, 'exit')
  t.equal(code, 0)
})

t.test('one error lists every mistake in the options', async t => {
  const options = {
    limits: { speed: 1, headersTimeout: -1 },
    watchInterval: -1,
    closeTimeout: 'soon',
    open: 'later',
    development: { folder: 1 },
    listeners: [
      { port: 70000 },
      { name: 'a', port: 1, path: '/x' },
      { name: 'a', port: 2, http1: false },
      {},
      { port: 3, https: true },
      { port: 4, https: { certificate: { cert: 'x' } } },
      { port: 5, https: { certificate: [{ cert: 'x', key: 'y' }, { key: 'y' }] } },
      { port: 6, http2: true },
      { port: 7, proxyProtocol: ['everybody'] },
      { port: 8, backlog: 0, host: '' },
      'https/443',
      { port: 9, limits: { connections: 1.5 } },
      { port: 10, https: { certificate: 'development', hosts: 'a.test' }, limits: { requestTimeout: 3_000_000_000 } },
      { port: 11, https: { certificate: { pfx: 'x', hosts: [1] } } }
    ]
  }
  const app = Fastify()
  await t.rejects(async () => await app.register(listeners, options as never), {
    code: 'FST_ARR_LISTENERS_INVALID_OPTIONS',
    message: 'listeners: ' + [
      '`limits.speed` is no limit; there are connections, connectionsPerAddress, handshakeTimeout, headersTimeout, requestTimeout, sendTimeout, keepAliveTimeout, headerSize, streams, nuisances',
      '`limits.headersTimeout` must be a whole number, 0 or more',
      '`watchInterval` must be a whole number of milliseconds, 0 or more',
      '`closeTimeout` must be a whole number of milliseconds, 0 or more',
      "`open` must be 'with-server' or 'manual'",
      '`development.folder` must be a path',
      '`listeners[10]` must be an object, or written as \'https/*:443:example.com\' (protocol/IP:port:host), and is "https/443"',
      "`listeners[0].port` of 'http port 70000' must be a whole number from 0 to 65535",
      "`listeners[1]` of 'a' has a port and a path; one listener is one of them",
      "`listeners[2].name` of 'a' is that of another listener; give it another name",
      "`listeners[2]` of 'a' speaks neither HTTP/1.1 nor HTTP/2",
      "`listeners[3]` of 'http port undefined' must have a port or a path",
      "`listeners[4].https.certificate` of 'https port 3' is missing: give cert and key, pfx, 'acme' or 'development'",
      "`listeners[5].https.certificate.key` of 'https port 4' is missing",
      "`listeners[6].https.certificate[1]` of 'https port 5' must have a cert or a pfx",
      "`listeners[7].http2` of 'http port 6' must not be true without https: no browser speaks that",
      "`listeners[8].proxyProtocol` of 'http port 7' must be true or a list of IP addresses and networks",
      "`listeners[9].host` of 'http port 8' must be a text; '*' is every address",
      "`listeners[9].backlog` of 'http port 8' must be a whole number from 1 on",
      "`listeners[11].limits.connections` of 'http port 9' must be a whole number, 0 or more",
      "`listeners[12].https.hosts` of 'https port 10' must be a list of host names",
      "`listeners[12].limits.requestTimeout` of 'https port 10' must be at most 2147483647; 0 is no limit",
      "`listeners[13].https.certificate.hosts` of 'https port 11' must be a list of host names"
    ].join('; ')
  })
})

t.test('the system\'s error for a port becomes a message that says what to do', t => {
  const told = (code: string): string => bindError({ name: 'https port 443', label: 'HTTPS_PORT' }, '*:443', Object.assign(new Error(code), { code })).message
  t.match(told('EACCES'), /^Listener 'https port 443' \(HTTPS_PORT\): no right to listen on \*:443\. \w+/)
  t.equal(told('EADDRNOTAVAIL'), "Listener 'https port 443' (HTTPS_PORT): *:443 is no address of this machine.")
  t.equal(told('EMFILE'), "Listener 'https port 443' (HTTPS_PORT): cannot listen on *:443: EMFILE")
  t.end()
})

t.test('an unknown option is a mistake, listed with the others', async t => {
  const register = async (options: object): Promise<void> => {
    const app = Fastify()
    t.teardown(() => app.close())
    await app.register(listeners, { listeners: [], ...options })
  }
  const code = 'FST_ARR_LISTENERS_INVALID_OPTIONS'
  await t.rejects(register({ certificates: 'development', bogus: 1, closeTimeout: -1 }), { code, message: /`certificates` is no option; the nearest is `certificate`; `bogus` is no option; there are listeners, .*closeTimeout; `closeTimeout` must/ })
  await t.rejects(register({ listener: [], listeners: undefined }), { code, message: /`listeners` must be a list; `listener` is no option; the nearest is `listeners`/ })
  // @fastify/autoload 6.5.0, index.js: register(plugin, { ...autoConfig, ...options, prefix }); `prefix` may be undefined.
  await register({ prefix: '/app', logLevel: 'info', logSerializers: {} })
})
