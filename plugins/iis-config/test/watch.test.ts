import { appendFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type Test } from 'tap'
import { watchConfig, type IisConfig, type WatchedConfig } from '../src/index.ts'

const xml = (name: string): string => `<configuration><system.webServer><rewrite><rules><rule name="${name}"><match url="x" /></rule></rules></rewrite></system.webServer></configuration>`
const nameIn = (config: IisConfig): string | undefined => config.options.urlRewrite?.rules?.[0]?.name

interface Change { readonly error: Error | null, readonly config: IisConfig }

/** Watches a file; `next` waits for the next change. */
function watch (t: Test, file: string, open: readonly string[] = []): { watched: WatchedConfig, next: () => Promise<Change>, changes: Change[] } {
  const changes: Change[] = []
  let wake = (): void => {}
  const watched = watchConfig(file, (error, config) => {
    changes.push({ error, config })
    wake()
  }, { interval: 20, quiet: 40, open })
  t.teardown(() => watched.close())
  // The watcher's timers are unref'd; while a test waits, this timer keeps the process alive.
  const alive = setInterval(() => {}, 1000)
  t.teardown(() => clearInterval(alive))
  let seen = 0
  return {
    watched,
    changes,
    async next () {
      while (changes.length <= seen) await new Promise<void>(resolve => { wake = resolve })
      return changes[seen++] as Change
    }
  }
}

test('a file that changes is read again', async t => {
  const file = join(t.testdir({ 'web.config': xml('one') }), 'web.config')
  const { watched, next } = watch(t, file)
  t.equal(nameIn(watched.config), 'one')
  writeFileSync(file, xml('two!'))
  const { error, config } = await next()
  t.equal(error, null)
  t.equal(nameIn(config), 'two!')
  t.equal(watched.config, config)
})

test('a file that is replaced by another one, as editors save, is read', async t => {
  const dir = t.testdir({ 'web.config': xml('one') })
  const { next } = watch(t, join(dir, 'web.config'))
  writeFileSync(join(dir, 'new'), xml('three'))
  renameSync(join(dir, 'new'), join(dir, 'web.config'))
  t.equal(nameIn((await next()).config), 'three')
})

test('a broken file is an error, and the previous configuration stays in force until the file is corrected', async t => {
  const file = join(t.testdir({ 'web.config': xml('one') }), 'web.config')
  const { watched, next } = watch(t, file)
  const before = watched.config
  writeFileSync(file, xml('two').replace('</rules>', ''))
  const broken = await next()
  t.match(broken.error, { code: 'FST_ARR_IIS_CONFIG_INVALID_XML', problems: [{ file, line: 1 }] })
  t.equal(broken.config, before)
  t.equal(watched.config, before)
  rmSync(file)
  t.match((await next()).error, { code: 'FST_ARR_IIS_CONFIG_UNREADABLE' })
  writeFileSync(file, xml('mended'))
  t.equal(nameIn((await next()).config), 'mended')
})

test('a change that closes what open does not name is an error, and the previous configuration stays in force until the file is changed again', async t => {
  const file = join(t.testdir({ 'web.config': xml('one') }), 'web.config')
  const closed = (name: string, section: string): string => xml(name).replace('<rewrite>', `<security>${section}</security><rewrite>`)
  const { watched, next } = watch(t, file, ['access'])
  const before = watched.config
  writeFileSync(file, closed('two', '<ipSecurity><add domainName="a.example" /></ipSecurity>'))
  const refused = await next()
  t.match(refused.error, { code: 'FST_ARR_IIS_CONFIG_CLOSED_DOORS', problems: [{ file, section: 'ipSecurity' }], open: ['access', 'ipSecurity'] })
  t.equal(refused.config, before)
  t.equal(watched.config, before)
  writeFileSync(file, closed('three', '<access sslFlags="Ssl" />'))
  const { error, config } = await next()
  t.equal(error, null)
  t.equal(nameIn(config), 'three', 'and what open names is read')
  t.match(config.report.rows.find(row => row.status === 'closes'), { section: 'access', open: true })
})

test('a file that closes something at the start is thrown as an error', async t => {
  const file = join(t.testdir({ 'web.config': xml('one').replace('<rewrite>', '<security><access sslFlags="Ssl" /></security><rewrite>') }), 'web.config')
  t.throws(() => watchConfig(file, () => {}), { code: 'FST_ARR_IIS_CONFIG_CLOSED_DOORS' })
  t.throws(() => watchConfig(file, () => {}, { open: ['Access'] }), { code: 'FST_ARR_IIS_CONFIG_INVALID_OPTION' })
  t.doesNotThrow(() => { watchConfig(file, () => {}, { open: ['access'] }).close() })
})

test('a configSource file is watched as well', async t => {
  const dir = t.testdir({
    'web.config': '<configuration><system.webServer><rewrite><rules configSource="rules.config" /></rewrite></system.webServer></configuration>',
    'rules.config': '<rules><rule name="one"><match url="x" /></rule></rules>'
  })
  const { next } = watch(t, join(dir, 'web.config'))
  writeFileSync(join(dir, 'rules.config'), '<rules><rule name="three"><match url="x" /></rule></rules>')
  t.equal(nameIn((await next()).config), 'three')
})

test('a configSource file that is broken or missing at first is read once it is corrected', async t => {
  const dir = t.testdir({ 'web.config': xml('one') })
  const { next } = watch(t, join(dir, 'web.config'))
  writeFileSync(join(dir, 'web.config'), '<configuration><system.webServer><rewrite><rules configSource="rules.config" /></rewrite></system.webServer></configuration>')
  t.match((await next()).error, { code: 'FST_ARR_IIS_CONFIG_UNREADABLE' })
  writeFileSync(join(dir, 'rules.config'), '<rules><rule')
  t.match((await next()).error, { code: 'FST_ARR_IIS_CONFIG_INVALID_XML' })
  writeFileSync(join(dir, 'rules.config'), '<rules><rule name="mended"><match url="x" /></rule></rules>')
  t.equal(nameIn((await next()).config), 'mended')
})

test('a file that stat fails for is an error, and watching continues', { skip: process.platform === 'win32' && 'links need a right there' }, async t => {
  const file = join(t.testdir({ 'web.config': xml('one') }), 'web.config')
  const { watched, next } = watch(t, file)
  rmSync(file)
  // stat of a link to itself fails with another error than ENOENT.
  symlinkSync(file, file)
  t.match((await next()).error, { code: 'FST_ARR_IIS_CONFIG_UNREADABLE' })
  t.equal(nameIn(watched.config), 'one')
  rmSync(file)
  writeFileSync(file, xml('back'))
  t.equal(nameIn((await next()).config), 'back')
})

test('a file that is still being written is read once it is unchanged for the quiet time', async t => {
  const file = join(t.testdir({ 'web.config': xml('one') }), 'web.config')
  let tell = (_change: Change): void => {}
  const told = new Promise<Change>(resolve => { tell = resolve })
  const watched = watchConfig(file, (error, config) => { tell({ error, config }) }, { interval: 500, quiet: 300 })
  const alive = setInterval(() => {}, 1000)
  t.teardown(() => { watched.close(); clearInterval(alive) })
  const whole = xml('slow')
  writeFileSync(file, '')
  for (const character of whole) {
    appendFileSync(file, character)
    await new Promise(resolve => setTimeout(resolve, 10))
  }
  const { error, config } = await told
  t.equal(error, null)
  t.equal(nameIn(config), 'slow')
})

test('after close there is no callback', async t => {
  const dir = t.testdir({ 'web.config': xml('one') })
  const first = watch(t, join(dir, 'web.config'))
  const second = watch(t, join(dir, 'web.config'))
  first.watched.close()
  writeFileSync(join(dir, 'web.config'), xml('two!'))
  await second.next()
  t.strictSame(first.changes, [])
})

test('a file that cannot be read at the start is thrown as an error', async t => {
  t.throws(() => watchConfig(join(t.testdir(), 'none.config'), () => {}), { code: 'FST_ARR_IIS_CONFIG_UNREADABLE' })
})
