// `npm start`: its output, its exit code, and one sentence for a mistake in its settings.
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import helper from 'fastify-cli/helper.js'
import t from 'tap'
import { WebSocket } from 'ws'
import { startBackend } from '../backend/src/index.ts'
import { inbox } from './conversation.ts'
import { start, takenPort } from './program.ts'

// util-linux's `script` gives a program a terminal; the BSDs' takes other arguments.
const withoutScript = process.platform === 'linux' && existsSync('/usr/bin/script') ? false : 'util-linux\'s script is not installed'
const noSignals = process.platform === 'win32' ? 'Windows has no such signals' : false

// The runner's time limit is for the whole file, which takes longer than that on a slow machine: here each test has a limit of its own.
t.beforeEach(() => { t.setTimeout(120_000) })

t.test('it prints the URLs of both scenarios, the log\'s folder and how to stop', async t => {
  const program = start(t, {})
  await program.says(/stop +Ctrl\+C/)
  const output = program.output()
  for (const host of ['localhost', 'reverseproxy.localhost', 'reverseproxy.com']) {
    t.match(output, new RegExp(`http://${host}:\\d+ +https://${host}:\\d+`))
  }
  t.match(output, /log +\S+W3SVC1/)
  t.match(output, /upstream +http:\/\/localhost:\d+/)
})

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  t.test(`${signal} ends it with code 0 while WebSockets are open, direct and through the proxy`, { skip: noSignals }, async t => {
    const program = start(t, {})
    await program.says(/stop +Ctrl\+C/)
    const [, proxy] = await program.says(/http:\/\/localhost:(\d+)/)
    const [, backend] = await program.says(/upstream +http:\/\/localhost:(\d+)/)
    const codes: Array<Promise<[number]>> = []
    for (const port of [proxy, proxy, backend]) {
      const socket = new WebSocket(`ws://localhost:${port}/`)
      t.teardown(() => socket.terminate())
      codes.push(once(socket, 'close') as Promise<[number]>)
      t.equal(await inbox(socket)(), 'text:ping 1')
    }
    program.process.kill(signal)
    t.same(await program.exit, { code: 0, signal: null })
    t.same((await Promise.all(codes)).map(([code]) => code), [1001, 1001, 1001], 'and each WebSocket got 1001')
  })
}

/** Stops the program's clock this many ms after the first SIGINT, so that a busy machine does not decide how late the second is. Prints `pressed` then. */
function clockStandsAt (later: number): Record<string, string> {
  const code = `process.once('SIGINT', () => {
    const pressed = performance.now()
    performance.now = () => pressed
    setImmediate(() => {
      performance.now = () => pressed + ${later}
      console.error('pressed')
    })
  })`
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(code)}` }
}

// Less than twice the app's own time limit: waiting for two things in sequence would still end with code 1. More than the
// grace of `npm start`: the test is whether the app ends by itself, not how busy the machine is.
const roomy = (words: string[]): [string, string[]] => {
  const at = words.indexOf('--close-grace-delay') + 1
  return [words[0] as string, words.slice(1).with(at - 1, '5900')]
}

t.test('one Ctrl+C counts once, however often SIGINT is passed on: the WebSocket\'s line is in the log', { skip: noSignals }, async t => {
  const program = start(t, clockStandsAt(100), roomy)
  await program.says(/stop +Ctrl\+C/)
  const [, port] = await program.says(/http:\/\/localhost:(\d+)/)
  const socket = new WebSocket(`ws://localhost:${port}/`)
  t.teardown(() => socket.terminate())
  await once(socket, 'message')
  // Paused, so that the client answers no Close frame and the end takes longer.
  socket.pause()
  program.process.kill('SIGINT')
  await program.says(/^pressed$/m)
  program.process.kill('SIGINT')
  t.same(await program.exit, { code: 0, signal: null })
  t.match(program.output(), / GET \/ \S+SERVER-STATUS=101 /)
})

t.test('a second Ctrl+C ends it at once', { skip: noSignals }, async t => {
  const program = start(t, clockStandsAt(1000), roomy)
  await program.says(/stop +Ctrl\+C/)
  const [, port] = await program.says(/http:\/\/localhost:(\d+)/)
  const socket = new WebSocket(`ws://localhost:${port}/`)
  t.teardown(() => socket.terminate())
  await once(socket, 'message')
  socket.pause()
  program.process.kill('SIGINT')
  await program.says(/^pressed$/m)
  program.process.kill('SIGINT')
  t.same(await program.exit, { code: 1, signal: null })
  t.match(program.output(), 'second SIGINT')
})

t.test('SIGTERM ends it with code 0 while clients answer no Close frame', { skip: noSignals }, async t => {
  const program = start(t, {}, roomy)
  await program.says(/stop +Ctrl\+C/)
  const [, port] = await program.says(/http:\/\/localhost:(\d+)/)
  for (let i = 0; i < 20; i++) {
    const socket = new WebSocket(`ws://localhost:${port}/`)
    socket.on('error', () => {})
    t.teardown(() => socket.terminate())
    await once(socket, 'message')
    socket.pause()
  }
  program.process.kill('SIGTERM')
  t.same(await program.exit, { code: 0, signal: null })
})

const unfinished: ReadonlyArray<[string, string]> = [
  ['an idle connection', ''],
  ['a head that never ends', 'GET / HTTP/1.1\r\nHost: local'],
  ['a body that never ends', 'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nhalf']
]
for (const [what, bytes] of unfinished) {
  t.test(`SIGTERM ends it with code 0 while a client has ${what}, at the proxy and at the backend`, { skip: noSignals }, async t => {
    const program = start(t, {}, roomy)
    await program.says(/stop +Ctrl\+C/)
    const [, proxy] = await program.says(/http:\/\/localhost:(\d+)/)
    const [, backend] = await program.says(/upstream +http:\/\/localhost:(\d+)/)
    for (const port of [proxy, backend]) {
      const socket = connect(Number(port), 'localhost')
      socket.on('error', () => {})
      t.teardown(() => socket.destroy())
      await once(socket, 'connect')
      if (bytes !== '') await new Promise(resolve => socket.write(bytes, resolve))
    }
    // An answer on a later connection means that the earlier ones were accepted.
    await (await fetch(`http://localhost:${proxy}/`)).text()
    program.process.kill('SIGTERM')
    t.same(await program.exit, { code: 0, signal: null })
    t.notMatch(program.output(), 'killed by timeout')
  })
}

t.test('an uncaught error ends it with code 1, after the WebSocket has got 1001', { skip: noSignals }, async t => {
  const late = 'process.on("SIGWINCH",()=>{Promise.reject(new Error("nobody caught this"))})'
  const program = start(t, { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(late)}` })
  await program.says(/stop +Ctrl\+C/)
  const [, port] = await program.says(/http:\/\/localhost:(\d+)/)
  const socket = new WebSocket(`ws://localhost:${port}/`)
  t.teardown(() => socket.terminate())
  await once(socket, 'message')
  const closed = once(socket, 'close')
  program.process.kill('SIGWINCH')
  t.same(await program.exit, { code: 1, signal: null })
  t.equal((await closed)[0], 1001)
  t.match(program.output(), 'nobody caught this')
  t.match(program.output(), / GET \/ \S+SERVER-STATUS=101 /, 'and the log has its line')
})

t.test('a terminal that is closed ends it', { skip: withoutScript }, async t => {
  const { process: terminal, says } = start(t, {}, words => ['script', ['-qefc', `echo pid $$ && exec ${words.join(' ')}`, '/dev/null']])
  const pid = Number((await says(/pid (\d+)\s/))[1])
  t.teardown(() => { if (isThere(pid)) process.kill(pid, 'SIGKILL') })
  await says(/stop +Ctrl\+C/)
  terminal.kill('SIGKILL')
  // Tap's time limit ends the test where the process does not exit.
  while (isThere(pid)) await new Promise(resolve => setTimeout(resolve, 50))
  t.pass('the process is gone')
})

t.test('on a terminal the banner is the last thing, and every line of it fits', { skip: withoutScript }, async t => {
  const { says, output } = start(t, {}, words => ['script', ['-qefc', `stty rows 24 cols 80; exec ${words.join(' ')}`, '/dev/null']])
  await says(/stop +Ctrl\+C/)
  const text = stripVTControlCharacters(output()).replaceAll('\r', '')
  const at = text.indexOf('The site "ReverseProxy" is up.')
  t.ok(text.lastIndexOf(' INFO: ') !== -1 && text.lastIndexOf(' INFO: ') < at, 'after the log')
  t.same(text.slice(at).split('\n').filter(line => line.length > 80 && !/^ +(log|traces) /.test(line)), [])
})

function isThere (pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

for (const variable of ['HTTP_PORT', 'HTTPS_PORT', 'BACKEND_PORT', 'METRICS_PORT']) {
  t.test(`${variable} in use is one sentence that names it, and code 1`, async t => {
    const port = await takenPort(t)
    const program = start(t, { [variable]: String(port) })
    t.same(await program.exit, { code: 1, signal: null })
    const lines = program.output().split('\n').filter(line => line !== '' && !line.startsWith('{'))
    t.equal(lines.length, 1, 'one line')
    t.match(lines[0], new RegExp(`^${variable}: port ${port} is in use`))
  })
}

t.test('a bad port and a bad URL are a sentence each, and code 1', async t => {
  const program = start(t, { HTTPS_PORT: 'secure', UPSTREAM: 'backend:8080' })
  t.same(await program.exit, { code: 1, signal: null })
  t.match(program.output(), /^HTTPS_PORT must be a port[^\n]+\nUPSTREAM must be a URL[^\n]+\n$/)
})

t.test('a folder where no log can be written is one sentence, and code 1', async t => {
  const file = join(t.testdir({ file: '' }), 'file')
  for (const folder of [file, join(file, 'logs')]) {
    const program = start(t, { LOG_DIR: folder })
    t.same(await program.exit, { code: 1, signal: null })
    t.match(program.output(), /^LOG_DIR: the log cannot be written to [^\n]+\n$/)
  }
})

t.test('a folder where no certificate can be kept is one sentence; without https none is needed', async t => {
  const folder = join(t.testdir({ file: '' }), 'file', 'certificates')
  const program = start(t, { CERTIFICATE_DIR: folder })
  t.same(await program.exit, { code: 1, signal: null })
  t.match(program.output(), /^CERTIFICATE_DIR: the development certificate cannot be kept in [^\n]+HTTPS_PORT=off\)\.$/m)
  const without = start(t, { CERTIFICATE_DIR: folder, HTTPS_PORT: 'off' })
  await without.says(/stop +Ctrl\+C/)
  t.notMatch(without.output(), 'https:')
})

t.test('METRICS_PORT serves metrics and health on loopback, and the banner has their URL', async t => {
  const program = start(t, { METRICS_PORT: '0' })
  const [, url = ''] = await program.says(/metrics +(http:\/\/127\.0\.0\.1:\d+\/metrics)/)
  const [, port] = await program.says(/http:\/\/localhost:(\d+)/)
  await (await fetch(`http://localhost:${port}/`)).text()
  t.match(await (await fetch(url)).text(), /arr_requests_total\{[^}]*code="200"[^}]*\} 1/)
  t.equal((await fetch(new URL('/readyz', url))).status, 200)
})

t.test('a misspelt option, a wrong level and a file that is not there are a sentence each', async t => {
  for (const [environment, words, told] of [
    [{}, ['--', '--web-confg', 'x'], /^--web-confg is no option: the nearest is --web-config\.\n/],
    [{ FASTIFY_LOG_LEVEL: 'chatty' }, [], /^FASTIFY_LOG_LEVEL must be [^\n]+\n$/],
    [{ WEB_CONFIG: 'nope.config' }, [], /^WEB_CONFIG, or --web-config: there is no nope\.config\.\n$/]
  ] as const) {
    const program = start(t, environment, all => [all[0] as string, [...all.slice(1), ...words]])
    t.same(await program.exit, { code: 1, signal: null })
    t.match(program.output(), told)
  }
  const help = start(t, {}, all => [all[0] as string, [...all.slice(1), '--', '--help']])
  t.same(await help.exit, { code: 0, signal: null })
  t.match(help.output(), 'HTTPS_PORT')
})

t.test('UPSTREAM is proxied to, and no backend is started', async t => {
  const backend = await startBackend({ port: 0 })
  t.teardown(() => backend.close())
  const { port } = backend.server.address() as { port: number }
  const program = start(t, { UPSTREAM: `http://localhost:${port}`, BACKEND_PORT: String(await takenPort(t)) })
  await program.says(new RegExp(`upstream +http://localhost:${port}`))
  const [, proxy] = await program.says(/http:\/\/localhost:(\d+)/)
  t.match(await (await fetch(`http://localhost:${proxy}/`)).text(), '<!doctype html>')
  await program.says(/SERVER-STATUS=200 \d+ - \S+ HTTP\/1\.1 node - 200 0 0 \d+/)
  await program.says(/stop +Ctrl\+C/)
  t.match(program.output(), `The proxy is up, in front of localhost:${port}.`)
  t.notMatch(program.output(), /The site "|goes to the backend|One log line|hosts file/, 'and the article\'s scenarios are not told of')
})

t.test('the test helper of fastify-cli builds the same app', async t => {
  const fastify = await helper.build(['dist/app.js'], { httpPort: 0, httpsPort: 0, backendPort: 0, monitorPort: 0, logDirectory: t.testdir() })
  t.teardown(() => fastify.close())
  const page = await fastify.inject({ url: '/', headers: { host: 'reverseproxy.com' } })
  t.equal(page.statusCode, 200)
  t.match(page.body, '<!doctype html>')
  t.equal((await fastify.inject({ url: '/', headers: { host: 'elsewhere.example' } })).statusCode, 400)
  // Its traces are written by then, and the folder can be removed.
  await fastify.close()
})
