import { appendFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, truncateSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { createAppender } from '../src/files/appender.ts'
import { createBatch } from '../src/files/batch.ts'
import { createLogFile, type LogFile, type LogFileOptions } from '../src/files/log-file.ts'
import { PREFIXES } from '../src/files/period.ts'
import { createPlace, sweep, type PlaceOptions } from '../src/files/place.ts'
import { filesIn, onlyFile, rows } from './server.ts'

const AT = Date.UTC(2022, 8, 30, 20, 53, 35)
const HOUR = 3_600_000
const HEAD = '#Fields: line\r\n'

interface Made { readonly log: LogFile, readonly directory: string, readonly told: string[] }

function make (t: Test, options: Partial<PlaceOptions> = {}, limits: Pick<Partial<LogFileOptions>, 'maxBuffer' | 'backlog'> = {}): Made {
  const directory = join(t.testdir(), 'logs', 'W3SVC1')
  const told: string[] = []
  const log = createLogFile({
    place: createPlace({ directory, prefix: PREFIXES.w3c, suffix: '', period: 'daily', local: false, truncateSize: 1_048_576, retain: null, ...options }),
    head: () => HEAD,
    // No flush by time: each test calls flush itself.
    flushInterval: 1_000_000,
    flushSize: 65_536,
    maxBuffer: 1_048_576,
    ...limits,
    watcher: {
      onTrouble: error => { told.push((error as NodeJS.ErrnoException).code ?? error.message) },
      onRecovery: (_path, lost) => { told.push(`recovered, ${lost} lost`) }
    }
  })
  t.teardown(() => log.close())
  return { log, directory, told }
}

t.test('files are named and rolled over as IIS does', async t => {
  const moments = [AT, AT + HOUR, AT + 3 * HOUR, AT + 4 * HOUR, AT + 48 * HOUR]
  const expected = {
    hourly: ['u_ex22093020.log', 'u_ex22093021.log', 'u_ex22093023.log', 'u_ex22100100.log', 'u_ex22100220.log'],
    daily: ['u_ex220930.log', 'u_ex220930.log', 'u_ex220930.log', 'u_ex221001.log', 'u_ex221002.log'],
    // 1 October 2022 is a Saturday, 2 October a Sunday.
    weekly: ['u_ex220905.log', 'u_ex220905.log', 'u_ex220905.log', 'u_ex221001.log', 'u_ex221002.log'],
    monthly: ['u_ex2209.log', 'u_ex2209.log', 'u_ex2209.log', 'u_ex2210.log', 'u_ex2210.log'],
    none: ['u_extend1.log', 'u_extend1.log', 'u_extend1.log', 'u_extend1.log', 'u_extend1.log']
  } as const
  for (const [period, names] of Object.entries(expected)) {
    await t.test(period, async t => {
      const { log, directory } = make(t, { period: period as keyof typeof expected })
      for (const [position, at] of moments.entries()) log.write(String(position), at)
      await log.flush()
      const wanted: Record<string, string> = {}
      for (const [position, name] of names.entries()) wanted[name] = (wanted[name] ?? HEAD) + `${position}\r\n`
      t.strictSame(filesIn(directory), wanted)
    })
  }
})

t.test('local roll-over follows local time, also when daylight saving time ends', async t => {
  const zone = process.env.TZ
  t.teardown(() => { if (zone === undefined) delete process.env.TZ; else process.env.TZ = zone })
  process.env.TZ = 'Europe/Berlin'
  const { log, directory } = make(t, { local: true, period: 'hourly' })
  // 02:30 summer time and 02:30 winter time are two hours with one name; 22:30 UTC is the next day in Berlin.
  for (const at of [Date.UTC(2022, 8, 30, 22, 30), Date.UTC(2022, 9, 30, 0, 30), Date.UTC(2022, 9, 30, 1, 30), Date.UTC(2022, 9, 30, 2, 30)]) log.write('x', at)
  await log.flush()
  t.strictSame(Object.keys(filesIn(directory)).sort(), ['u_ex22100100.log', 'u_ex22103002.log', 'u_ex22103003.log'])
})

t.test('files rolled over by size are numbered, and a restart continues the last one', async t => {
  const { log, directory } = make(t, { period: 'size', truncateSize: 100 })
  for (let i = 0; i < 3; i++) {
    log.write('x'.repeat(100), AT)
    await log.flush()
  }
  t.strictSame(Object.keys(filesIn(directory)).sort(), ['u_extend1.log', 'u_extend2.log', 'u_extend3.log'])
  const again = createLogFile({
    place: createPlace({ directory, prefix: PREFIXES.w3c, suffix: '', period: 'size', local: false, truncateSize: 100, retain: null }),
    head: () => HEAD,
    flushInterval: 1_000_000,
    flushSize: 1,
    maxBuffer: 1000,
    watcher: { onTrouble: () => {}, onRecovery: () => {} }
  })
  again.write('y', AT)
  await again.close()
  t.equal(filesIn(directory)['u_extend4.log'], `${HEAD}y\r\n`, 'a full file is not touched again')
})

t.test('only old files of the same log are deleted', async t => {
  const { log, directory } = make(t, { retain: { files: 2 } })
  mkdirSync(directory, { recursive: true })
  for (const [days, name] of ['u_ex220929.log', 'u_ex220928.log', 'u_ex220927.log', 'u_ex220901_x.log', 'notes.txt', 'u_ex220901.log.gz'].entries()) {
    writeFileSync(join(directory, name), 'old')
    utimesSync(join(directory, name), AT / 1000, AT / 1000 - days * 86_400)
  }
  log.write('x', AT)
  await log.flush()
  await until(() => readdirSync(directory).length === 4)
  t.strictSame(readdirSync(directory).sort(), ['notes.txt', 'u_ex220901.log.gz', 'u_ex220929.log', 'u_ex220930.log'])
})

t.test('files can be kept for days instead', async t => {
  const { log, directory } = make(t, { retain: { days: 2 } })
  mkdirSync(directory, { recursive: true })
  for (const days of [1, 3]) {
    writeFileSync(join(directory, `u_ex22090${days}.log`), 'old')
    const time = Date.now() / 1000 - days * 86_400
    utimesSync(join(directory, `u_ex22090${days}.log`), time, time)
  }
  log.write('x', AT)
  await log.flush()
  await until(() => readdirSync(directory).length === 2)
  t.strictSame(readdirSync(directory).sort(), ['u_ex220901.log', 'u_ex220930.log'])
})

t.test('a file that was moved away is not written any more, and a new one begins with its head', async t => {
  const { log, directory } = make(t)
  log.write('1', AT)
  await log.flush()
  renameSync(join(directory, 'u_ex220930.log'), join(directory, 'u_ex220930.log.1'))
  log.write('2', AT)
  await log.flush()
  t.strictSame(filesIn(directory), { 'u_ex220930.log': `${HEAD}2\r\n`, 'u_ex220930.log.1': `${HEAD}1\r\n` })
})

t.test('a file that was deleted is created again, with its folder', async t => {
  const { log, directory, told } = make(t)
  log.write('1', AT)
  await log.flush()
  unlinkSync(join(directory, 'u_ex220930.log'))
  log.write('2', AT)
  await log.flush()
  t.strictSame(filesIn(directory), { 'u_ex220930.log': `${HEAD}2\r\n` })
  rmSync(join(directory, '..'), { recursive: true })
  log.write('3', AT)
  await log.flush()
  t.strictSame(filesIn(directory), { 'u_ex220930.log': `${HEAD}3\r\n` })
  t.strictSame(told, [], 'nobody need know')
})

t.test('a file that was emptied in place, as logrotate does with copytruncate, gets a new head', async t => {
  const { log, directory } = make(t)
  log.write('1', AT)
  await log.flush()
  truncateSync(join(directory, 'u_ex220930.log'))
  log.write('2', AT)
  await log.flush()
  t.equal(onlyFile(directory).text, `${HEAD}2\r\n`)
})

t.test('the logs of many sites keep a limited number of files open, and continue closed files without a second head', { skip: !existsSync('/proc/self/fd') && 'open files are counted in /proc' }, async t => {
  const before = readdirSync('/proc/self/fd').length
  const made = Array.from({ length: 300 }, () => make(t, { directory: join(t.testdirName, String(Math.random())) }))
  for (let turn = 0; turn < 2; turn++) {
    for (const { log } of made) log.write(`line ${turn}`, AT)
    await Promise.all(made.map(async ({ log }) => { await log.flush() }))
    t.ok(readdirSync('/proc/self/fd').length - before < 200, 'not one for each')
  }
  const files = Object.values(filesIn(t.testdirName))
  t.strictSame([files.length, ...new Set(files)], [300, `${HEAD}line 0\r\nline 1\r\n`])
})

t.test('reopening writes the head again, as IIS does', async t => {
  const { log, directory } = make(t)
  log.write('1', AT)
  await log.flush()
  log.reopen()
  log.write('2', AT)
  await log.flush()
  t.equal(onlyFile(directory).text, `${HEAD}1\r\n${HEAD}2\r\n`)
})

t.test('an incomplete line that a killed process left is not continued', async t => {
  const { log, directory } = make(t)
  mkdirSync(directory, { recursive: true })
  appendFileSync(join(directory, 'u_ex220930.log'), `${HEAD}half a li`)
  log.write('whole', AT)
  await log.flush()
  t.equal(onlyFile(directory).text, `${HEAD}half a li\r\n${HEAD}whole\r\n`)
})

t.test('nor is an incomplete line that another process leaves in an open file', async t => {
  const { log, directory } = make(t)
  log.write('1', AT)
  await log.flush()
  appendFileSync(join(directory, 'u_ex220930.log'), 'half a li')
  log.write('2', AT)
  await log.flush()
  appendFileSync(join(directory, 'u_ex220930.log'), 'another\r\n')
  log.write('3', AT)
  await log.flush()
  t.equal(onlyFile(directory).text, `${HEAD}1\r\nhalf a li\r\n2\r\nanother\r\n3\r\n`)
})

t.test('the rest of a line whose beginning is lost is dropped and counted', async t => {
  const directory = t.testdir()
  const place = createPlace({ directory, prefix: PREFIXES.w3c, suffix: '', period: 'none', local: false, truncateSize: 1, retain: null })
  const appender = createAppender(place, () => HEAD)
  t.teardown(() => appender.close())
  const batch = { ...createBatch('', AT), rest: Buffer.from('ning\r\nwhole\r\n'), torn: true }
  await appender.append(batch)
  t.equal(onlyFile(directory).text, `${HEAD}whole\r\n`, 'it stood in another file')
  t.equal(batch.dropped, 1)
  const next = { ...createBatch('', AT), rest: Buffer.from('ning\r\nwhole\r\n'), torn: true }
  await appender.append(next)
  t.equal(onlyFile(directory).text, `${HEAD}whole\r\nning\r\nwhole\r\n`, 'in the same file it is gone on with')
  appendFileSync(join(directory, 'u_extend1.log'), 'another process\r\n')
  const last = { ...createBatch('', AT), rest: Buffer.from('ning\r\nlast\r\n'), torn: true }
  await appender.append(last)
  t.match(onlyFile(directory).text, /another process\r\nlast\r\n$/, 'others have written after it')
})

t.test('while the folder cannot be created, lines are buffered, the error is reported once, and lines over the limit are counted', async t => {
  const { log, directory, told } = make(t, {}, { maxBuffer: 50 })
  mkdirSync(join(directory, '..'), { recursive: true })
  writeFileSync(directory, 'a file where the folder should be')
  for (let i = 10; i < 20; i++) {
    log.write(`line ${i}`, AT)
    await log.flush()
  }
  t.strictSame(told, ['EEXIST'])
  t.equal(log.lost, 5, '50 bytes hold five lines of nine')
  unlinkSync(directory)
  await log.flush()
  t.strictSame(told, ['EEXIST', 'recovered, 5 lost'])
  t.equal(onlyFile(directory).text, `${HEAD}line 10\r\nline 11\r\nline 12\r\nline 13\r\nline 14\r\n`)
  log.write('after', AT)
  await log.flush()
  t.match(onlyFile(directory).text, /line 14\r\nafter\r\n$/)
})

t.test('all files together buffer no more than their shared limit', async t => {
  const backlog = { bytes: 0, most: 60 }
  const { log: first, directory, told } = make(t, {}, { maxBuffer: 50, backlog })
  mkdirSync(join(directory, '..'), { recursive: true })
  writeFileSync(directory, 'a file where the folder should be')
  const second = createLogFile({
    place: createPlace({ directory: join(directory, 'W3SVC2'), prefix: PREFIXES.w3c, suffix: '', period: 'daily', local: false, truncateSize: 1_048_576, retain: null }),
    head: () => HEAD,
    flushInterval: 1_000_000,
    flushSize: 65_536,
    maxBuffer: 50,
    backlog,
    watcher: { onTrouble () {}, onRecovery () {} }
  })
  t.teardown(() => second.close())
  for (let i = 10; i < 14; i++) {
    first.write(`line ${i}`, AT)
    second.write(`line ${i}`, AT)
    await first.flush()
    await second.flush()
  }
  t.equal(backlog.bytes, 54)
  t.same([first.lost, second.lost], [1, 1])
  unlinkSync(directory)
  await first.flush()
  t.equal(backlog.bytes, 27, 'what is written makes room')
  t.strictSame(told, ['EEXIST', 'recovered, 1 lost'])
  second.write('line 14', AT)
  await second.close()
  t.equal(backlog.bytes, 0)
  t.equal(second.lost, 1)
})

t.test('a log that closes while writing fails reports the lost lines', async t => {
  const { log, directory, told } = make(t)
  mkdirSync(join(directory, '..'), { recursive: true })
  writeFileSync(directory, '')
  log.write('1', AT)
  log.write('2', AT)
  await log.close()
  t.strictSame(told, ['EEXIST', 'recovered, 2 lost'])
})

t.test('the head does not count as a lost line', { skip: !existsSync('/dev/full') && 'no /dev/full here' }, async t => {
  const { log, directory, told } = make(t)
  mkdirSync(directory, { recursive: true })
  symlinkSync('/dev/full', join(directory, 'u_ex220930.log'))
  log.write('1', AT)
  log.write('2', AT)
  await log.flush()
  await log.close()
  t.strictSame(told, ['ENOSPC', 'recovered, 2 lost'])
})

t.test('when the process exits, a full file is followed by one new file, even if flushSync is called several times', async t => {
  const { log, directory } = make(t, { period: 'size' })
  log.write('x'.repeat(1_048_576 - HEAD.length - 2), AT)
  await log.flush()
  for (let number = 0; number < 3; number++) {
    log.write(`line ${number}`, AT)
    log.flushSync()
  }
  const files = filesIn(directory)
  t.strictSame(Object.keys(files), ['u_extend1.log', 'u_extend2.log'])
  t.equal(files['u_extend2.log'], `${HEAD}line 0\r\nline 1\r\nline 2\r\n`)
})

t.test('flushSync writes what is buffered', async t => {
  const { log, directory } = make(t)
  log.write('1', AT)
  log.flushSync()
  log.write('2', AT)
  await log.flush()
  t.equal(onlyFile(directory).text, `${HEAD}1\r\n${HEAD}2\r\n`)
  log.write('3', AT)
  log.flushSync()
  t.match(onlyFile(directory).text, /2\r\n3\r\n$/, 'an open file has its head already')
})

t.test('flushSync during a flush writes what the flush has not passed to the operating system, and nothing twice', async t => {
  const { log, directory } = make(t)
  log.write('first', AT)
  const opening = log.flush()
  log.flushSync()
  t.equal(onlyFile(directory).text, `${HEAD}first\r\n`, 'its file was still being opened')
  await opening
  // At several stages of the flush.
  for (let turns = 0; turns < 8; turns++) {
    log.write(`line ${turns}`, AT)
    const flushed = log.flush()
    for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate)
    log.flushSync()
    await flushed
  }
  await log.close()
  const lines = onlyFile(directory).text.split('\r\n').filter(line => line !== '' && !line.startsWith('#'))
  t.strictSame(lines, ['first', ...Array.from({ length: 8 }, (_, turn) => `line ${turn}`)])
  t.equal(log.lost, 0)
})

t.test('an onTrouble callback that throws does not prevent later writes', async t => {
  const directory = join(t.testdir(), 'logs')
  writeFileSync(directory, 'a file where the folder should be')
  const log = createLogFile({
    place: createPlace({ directory, prefix: PREFIXES.w3c, suffix: '', period: 'daily', local: false, truncateSize: 1_048_576, retain: null }),
    head: () => HEAD,
    flushInterval: 1_000_000,
    flushSize: 65_536,
    maxBuffer: 1_048_576,
    watcher: { onTrouble: () => { throw new Error('no logger') }, onRecovery: () => {} }
  })
  t.teardown(() => log.close())
  log.write('1', AT)
  await t.rejects(log.flush(), { message: 'no logger' })
  unlinkSync(directory)
  await log.flush()
  t.equal(onlyFile(directory).text, `${HEAD}1\r\n`)
})

t.test('an old file that cannot be read does not prevent the deletion of others', async t => {
  const directory = t.testdir({ 'u_ex220101.log': '', 'u_ex220103.log': '', 'u_ex220102.log': t.fixture('symlink', 'nowhere') })
  await sweep({ directory, prefix: PREFIXES.w3c, suffix: '', period: 'daily', local: false, truncateSize: 1_048_576, retain: { files: 1 } }, { files: 1 }, 'u_ex220930.log')
  t.strictSame(readdirSync(directory), ['u_ex220102.log'])
})

t.test('lines that arrive during a write are not lost', async t => {
  const { log, directory } = make(t)
  const flushes: Array<Promise<void>> = []
  // Few lines per turn of the event loop, so that lines arrive at every stage of a write.
  for (let i = 0; i < 20_000; i++) {
    log.write(`line ${i}`, AT)
    if (i % 500 === 0) flushes.push(log.flush())
    if (i % 5 === 0) await new Promise(setImmediate)
  }
  await Promise.all([...flushes, log.close()])
  const lines = rows(onlyFile(directory).text.replaceAll('line ', 'line'))
  t.equal(lines.length, 20_000)
  t.ok(lines.every((row, position) => row.line === `line${position}`))
})

t.test('lines that arrive during a write wait for the next flush', async t => {
  const { log, directory } = make(t)
  log.write('1', AT)
  const flushed = log.flush()
  log.write('2', AT)
  await flushed
  t.equal(onlyFile(directory).text, `${HEAD}1\r\n`, 'a busy log is not written in crumbs')
  await log.flush()
  t.equal(onlyFile(directory).text, `${HEAD}1\r\n2\r\n`)
})

async function until (condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(setImmediate)
}
