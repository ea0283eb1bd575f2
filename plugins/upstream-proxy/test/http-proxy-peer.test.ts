// The tests of @fastify/http-proxy itself, as its npm package brings them, against the drop-in: all but the listed exceptions pass.
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import t from 'tap'

const require = createRequire(import.meta.url)
const peer = dirname(require.resolve('@fastify/http-proxy'))
const modules = dirname(dirname(peer))

/** Why tests fail, as it stands in the README; the error that they end with. */
const MESSAGES = { why: 'a tunnel does not read messages', error: /`wsHooks\.onIncomingMessage` has no meaning in @fastify-arr\/upstream-proxy: a tunnel passes messages unread/ }
const RECONNECT = { why: 'a WebSocket is the client\'s own and ends with its upstream', error: /`wsReconnect` has no meaning in @fastify-arr\/upstream-proxy: the WebSocket is the client/ }

const EXCEPTIONS: Readonly<Record<string, Readonly<Record<string, typeof MESSAGES>>>> = {
  'websocket.js': {
    'should call onIncomingMessage and onOutgoingMessage hooks': MESSAGES,
    'should handle throwing an error in onIncomingMessage and onOutgoingMessage hooks': MESSAGES
  },
  'ws-reconnect.js': {
    'should use ping/pong to verify connection is alive - from source (server on proxy) to target': RECONNECT,
    'should reconnect on broken connection': RECONNECT,
    'should not reconnect after max retries': RECONNECT,
    'should not reconnect when the target connection is closed and reconnectOnClose is off': RECONNECT,
    'should reconnect retrying after a few failures': RECONNECT,
    'should reconnect when the target connection is closed gracefully and reconnectOnClose is on': RECONNECT,
    'should call onReconnect hook when the connection is reconnected': RECONNECT,
    'should handle throwing an error in onReconnect hook': RECONNECT,
    'should call onIncomingMessage and onOutgoingMessage hooks, with reconnection': RECONNECT,
    'should handle throwing an error in onIncomingMessage and onOutgoingMessage hooks, with reconnection': RECONNECT,
    'should call onConnect hook': RECONNECT,
    'should handle throwing an error in onConnect hook': RECONNECT,
    'should call onDisconnect hook': RECONNECT,
    'should handle throwing an error in onDisconnect hook': RECONNECT,
    'should call onDisconnect hook once per connection': RECONNECT
  }
}
/** Files that test parts of @fastify/http-proxy which nobody imports: they say nothing about the drop-in, and are not run. */
const INTERNAL = ['options.js', 'utils.js']

interface Result {
  readonly name: string
  readonly ok: boolean
  /** The report that follows. */
  readonly details: string
}

const folder = await mkdtemp(join(tmpdir(), 'http-proxy-peer-'))
t.teardown(() => rm(folder, { recursive: true, force: true }))
await cp(join(peer, 'test'), join(folder, 'test'), { recursive: true })
await symlink(modules, join(folder, 'node_modules'), 'junction')
// The one import that is changed: their tests say `require('..')`. One of them borrows a function of the package's own.
await writeFile(join(folder, 'index.js'), 'module.exports = require(\'@fastify-arr/upstream-proxy/http-proxy\')\n')
await writeFile(join(folder, 'utils.js'), 'module.exports = require(\'@fastify/http-proxy/utils.js\')\n')
await mkdir(join(folder, 'src'))

const files = (await readdir(join(folder, 'test'))).filter(name => name.endsWith('.js') && !INTERNAL.includes(name))
let passed = 0

for (const file of files) {
  const exceptions = EXCEPTIONS[file] ?? {}
  t.test(file, { timeout: 240_000 }, async t => {
    const results = await run(file, exceptNames(Object.keys(exceptions)))
    for (const { name, ok, details } of results) t.ok(ok, name, ok ? {} : { details })
    passed += results.filter(({ ok }) => ok).length
    const failed = Object.keys(exceptions).length === 0 ? [] : await run(file, onlyNames(Object.keys(exceptions)))
    t.same(failed.map(({ name }) => name).sort(), Object.keys(exceptions).sort(), 'each exception is there, once')
    for (const { name, ok, details } of failed) {
      const { why, error } = exceptions[name] as typeof MESSAGES
      t.notOk(ok, `${name}: an exception, because ${why}`)
      t.match(details, error, 'and it says so')
    }
  })
}

t.test('nearly all were run', async t => {
  t.ok(passed >= 99, `${passed} tests of @fastify/http-proxy pass`)
  t.ok(Object.keys(EXCEPTIONS).every(file => files.includes(file)))
})

/** Runs the tests of a file whose names match. */
async function run (file: string, names: string): Promise<Result[]> {
  const { NODE_OPTIONS: _, ...env } = process.env
  const options = [`--import=${import.meta.resolve('tsx')}`, '--conditions=@fastify-arr/source', '--test-reporter=tap', `--test-name-pattern=${names}`, '--test-timeout=60000']
  // It fails where a test does: its report is what counts.
  const report = await new Promise<string>(resolve => {
    execFile(process.execPath, [...options, join('test', file)], { cwd: folder, env, timeout: 200_000, maxBuffer: 2 ** 24 }, (_error, stdout) => { resolve(stdout) })
  })
  return [...report.matchAll(/^(not )?ok \d+ - (.*)\n([^]*?)(?=^# |^ok |^not ok |$(?![^]))/gm)]
    .filter(([, , name = '']) => !/ # SKIP/i.test(name))
    .map(([, not, name = '', details = '']) => ({ name: name.replace(/\\([\\#])/g, '$1'), ok: not === undefined, details }))
}

function onlyNames (names: readonly string[]): string {
  return `/(?:${names.map(escaped).join('|')})$/`
}

/** A test runs where a name above its own matches, too: that of the file's root must not. */
function exceptNames (names: readonly string[]): string {
  return names.length === 0 ? '/^/' : `/^(?!<root>$|.*(?:${names.map(escaped).join('|')})$)./`
}

function escaped (name: string): string {
  return name.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
}
