// arr-trust: with certutil in homes of their own; for other systems, the commands that it would run.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { developmentCertificate } from '../src/certificates/development.ts'
import { trustCommand } from '../src/trust/command.ts'
import type { Outcome, World } from '../src/trust/store.ts'

const folder = t.testdir()
const { authorityFile: file } = await developmentCertificate(join(folder, 'certificates'), ['one.example'])
// Windows has a command of that name, which is another one.
const without = process.platform !== 'win32' && spawnSync('certutil', ['--help']).error === undefined ? false : "certutil (Debian's libnss3-tools) is not installed"

interface Told { readonly code: number, readonly said: string, readonly warned: string, readonly commands: string[][] }

function trust (words: string[], home: string, world: Partial<World> = {}): Told {
  const told: { said: string, warned: string, commands: string[][] } = { said: '', warned: '', commands: [] }
  const run = world.run ?? ((program, words): Outcome => {
    const { status, stderr } = spawnSync(program, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
    return { isDone: status === 0, isMissing: false, text: stderr }
  })
  const code = trustCommand(words, {
    platform: 'linux',
    home,
    env: {},
    write: text => { told.said += `${text}\n` },
    warn: text => { told.warned += `${text}\n` },
    ...world,
    run: (program, words) => {
      told.commands.push([program, ...words])
      return run(program, words)
    }
  })
  return { code, ...told }
}

const names = (store: string): string => spawnSync('certutil', ['-d', `sql:${store}`, '-L'], { encoding: 'utf8' }).stdout
function nssStore (path: string): string {
  mkdirSync(path, { recursive: true })
  spawnSync('certutil', ['-d', `sql:${path}`, '-N', '--empty-password'])
  return path
}

t.test('in a home with nothing, the store of Chromium is made where Chromium of today looks for it', { skip: without }, async t => {
  const home = t.testdir()
  const store = join(home, '.local', 'share', 'pki', 'nssdb')
  const { code, said, warned } = trust([file], home)
  t.same([code, warned], [0, ''])
  t.match(said, `Chromium, Chrome (${store}): the store was missing and has been made; trusts it now`)
  t.match(said, `npx @fastify-arr/listeners --undo ${file}`)
  t.match(names(store), /fastify-arr [\da-f]{12} +C,,/)
  t.notOk(existsSync(join(home, '.pki')))
  t.match(trust([file], home).said, 'trusts it already')
  t.match(trust(['--undo', file], home).said, 'no longer trusts it')
  t.notMatch(names(store), 'fastify-arr')
  t.match(trust(['--undo', file], home).said, 'did not trust it')
})

t.test('stores that are there get it: the old place of Chromium, and each profile of Firefox', { skip: without }, async t => {
  const home = t.testdir()
  const stores = ['.pki/nssdb', '.mozilla/firefox/abc.default', 'snap/firefox/common/.mozilla/firefox/def.default'].map(path => nssStore(join(home, path)))
  mkdirSync(join(home, '.mozilla/firefox/Crash Reports'))
  t.equal(trust([file], home).code, 0)
  for (const store of stores) t.match(names(store), 'fastify-arr', store)
  t.notOk(existsSync(join(home, '.local')))
})

t.test('two authorities of one account do not replace each other', { skip: without }, async t => {
  const home = t.testdir()
  const other = await developmentCertificate(join(home, 'other'), [])
  trust([file], home)
  trust([other.authorityFile], home)
  trust(['--undo', file], home)
  t.equal(names(join(home, '.local/share/pki/nssdb')).match(/fastify-arr/g)?.length, 1)
})

t.test('what a store says against it is told, and the exit code is 1', { skip: without }, async t => {
  const home = t.testdir({ '.pki': { nssdb: { 'cert9.db': 'damaged' } } })
  const { code, warned } = trust([file], home)
  t.equal(code, 1)
  t.match(warned, /^Chromium, Chrome .*SEC_ERROR/)
})

t.test('without certutil it says which package has it', async t => {
  for (const words of [[file], ['--undo', file]]) {
    const { code, warned } = trust(words, t.testdir({ '.pki': { nssdb: { 'cert9.db': '' } } }), { run: () => ({ isDone: false, isMissing: true, text: '' }) })
    t.equal(code, 1)
    t.match(warned, 'libnss3-tools')
  }
})

t.test('Windows and macOS have commands of their own, for this account', async t => {
  const done = (): Outcome => ({ isDone: true, isMissing: false, text: '' })
  t.same(trust([file], '/home', { platform: 'win32', run: done }).commands, [['certutil', '-user', '-addstore', 'Root', file]])
  t.match(trust(['--undo', file], '/home', { platform: 'win32', run: done }).commands, [['certutil', '-user', '-delstore', 'Root', /^[\dA-F]{40}$/]])
  t.same(trust([file], '/home', { platform: 'darwin', run: done }).commands, [['security', 'add-trusted-cert', '-r', 'trustRoot', '-p', 'ssl', '-k', join('/home', 'Library', 'Keychains', 'login.keychain-db'), file]])
  t.same(trust(['--undo', file], '/home', { platform: 'darwin', run: done }).commands, [['security', 'remove-trusted-cert', file]])
})

t.test('sudo is told of, and never run', async t => {
  const { said, commands } = trust([file], t.testdir(), { run: () => ({ isDone: true, isMissing: false, text: '' }), env: { npm_lifecycle_event: 'trust' } })
  t.match(said, `sudo npm run trust -- --system ${file}`)
  t.notMatch(commands.flat(), ['sudo'])
})

t.test('the file is found in its folder, in CERTIFICATE_DIR, or is not there yet', async t => {
  const done = { platform: 'win32', run: () => ({ isDone: true, isMissing: false, text: '' }) } as const
  const certificates = join(folder, 'certificates')
  t.equal(trust([certificates], '/home', done).commands[0]?.at(-1), join(certificates, 'development-ca.crt'))
  t.equal(trust([], '/home', { ...done, env: { CERTIFICATE_DIR: certificates } }).commands[0]?.at(-1), join(certificates, 'development-ca.crt'))
  const { code, warned } = trust([join(folder, 'elsewhere')], '/home', done)
  t.equal(code, 1)
  t.match(warned, /There is no .*development-ca\.crt yet: .*Start once/)
})

t.test('wrong words are told with the help', async t => {
  t.equal(trust(['--sytem'], '/home').code, 2)
  t.match(trust(['a', 'b'], '/home').warned, /one file, and not 2[^]*arr-trust \[FILE\]/)
  t.match(trust(['--help'], '/home'), { code: 0, said: /arr-trust --undo/ })
})
