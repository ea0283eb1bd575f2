// Lines survive killed processes, rotated files and full disks.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { filesIn } from './server.ts'

const WRITER = fileURLToPath(new URL('writer.ts', import.meta.url))
const LAPS = 25
const LINE = /^(\w+) (\d+) (x*) end$/

interface Writer { readonly child: ChildProcess, readonly said: string[], readonly ended: Promise<unknown> }

async function write (t: Test, directory: string, name: string, count: number, period = 'size', flushInterval = 20, hold = ''): Promise<Writer> {
  const child = spawn(process.execPath, ['--import=tsx', '--conditions=@fastify-arr/source', WRITER, directory, name, String(count), period, String(flushInterval), hold], { stdio: ['pipe', 'pipe', 'inherit'] })
  t.teardown(() => child.kill('SIGKILL'))
  const said: string[] = []
  const ended = once(child, 'close')
  const lines = createInterface(child.stdout!)
  lines.on('line', line => { said.push(line) })
  await once(lines, 'line')
  return { child, said, ended }
}

/** Waits until a writer's output satisfies the condition. */
async function told ({ child, said }: Writer, enough: (said: string[]) => boolean): Promise<void> {
  while (!enough(said)) await once(child.stdout!, 'data')
}

/** The numbers of each writer in the files, in the order of the files' names, and every incomplete line. */
function read (directory: string): { numbers: Record<string, number[]>, broken: string[], heads: number } {
  const numbers: Record<string, number[]> = {}
  const broken: string[] = []
  let heads = 0
  for (const text of Object.values(filesIn(directory))) {
    if (!text.startsWith('#Fields: ')) broken.push(text.slice(0, 80))
    for (const line of text.split('\r\n')) {
      if (line === '#Fields: writer number filling end') heads++
      else if (line !== '') {
        const [, name = '', number, filling] = LINE.exec(line) ?? []
        if (filling?.length !== Number(number) % 150) broken.push(line)
        else (numbers[name] ??= []).push(Number(number))
      }
    }
  }
  for (const list of Object.values(numbers)) list.sort((a, b) => a - b)
  return { numbers, broken, heads }
}

const upTo = (count: number) => Array.from({ length: count }, (_, number) => number)

t.test('100,000 lines of two processes in one folder, with roll-over, SIGHUP and logrotate in between: none lost, none torn', { skip: process.platform === 'win32' && 'no SIGHUP on Windows' }, async t => {
  const directory = t.testdir()
  const moved = t.testdirName + '-moved'
  mkdirSync(moved, { recursive: true })
  t.teardown(() => { rmSync(moved, { recursive: true, force: true }) })
  const writers = await Promise.all(['one', 'two'].map(name => write(t, directory, name, 50_000, 'size', 20, 'laps')))
  // In laps that both writers begin together: the test does not depend on the machine's speed.
  for (let lap = 1; lap <= LAPS; lap++) {
    await Promise.all(writers.map(writer => told(writer, said => said.length > lap)))
    for (const { child } of writers) {
      child.stdin!.write('go\n')
      child.kill('SIGHUP')
    }
    // As logrotate does: the writers notice the moved file by themselves.
    if (lap % 5 === 4) {
      const name = readdirSync(directory).sort().at(-1)
      if (name !== undefined) renameSync(join(directory, name), join(moved, `${lap}-${name}`))
    }
  }
  for (const { child } of writers) child.stdin!.end()
  await Promise.all(writers.map(({ ended }) => ended))
  const said = ['ready', ...Array<string>(LAPS).fill('lap'), 'done 0']
  t.strictSame(writers.map(({ said }) => said), [said, said])
  const here = read(directory)
  const there = read(moved)
  t.strictSame([...here.broken, ...there.broken], [])
  for (const name of ['one', 'two']) {
    const numbers = [...(here.numbers[name] ?? []), ...(there.numbers[name] ?? [])].sort((a, b) => a - b)
    t.equal(numbers.length, 50_000, `as many lines as "${name}" wrote`)
    t.strictSame(numbers, upTo(50_000), 'each of them once')
  }
  t.ok(readdirSync(directory).length + readdirSync(moved).length > 5, 'over several files')
  t.ok(here.heads + there.heads > 10, 'opened many times')
})

t.test('a killed writer loses only its own lines that were not flushed', async t => {
  const directory = t.testdir()
  const killed = await write(t, directory, 'killed', 200_000, 'hourly', 20, 'laps')
  const other = await write(t, directory, 'other', 20_000, 'hourly', 20, 'laps')
  await new Promise<void>(resolve => {
    const poll = () => { if ((read(directory).numbers.killed?.length ?? 0) > 1_000) resolve(); else setTimeout(poll, 5) }
    poll()
  })
  // Both are writing at the kill; the other one continues after it.
  killed.child.stdin!.write('go\n'.repeat(50))
  other.child.stdin!.write('go\n'.repeat(5))
  await told(killed, said => said.length > 5)
  killed.child.kill('SIGKILL')
  other.child.stdin!.end('go\n'.repeat(10))
  await Promise.all([killed.ended, other.ended])
  const again = await write(t, directory, 'again', 20_000, 'hourly')
  await again.ended
  const { numbers, broken } = read(directory)
  t.strictSame(numbers.other, upTo(20_000))
  t.strictSame(numbers.again, upTo(20_000))
  t.strictSame(numbers.killed, upTo(numbers.killed!.length), 'what it flushed is there without a gap')
  // A kill may interrupt a write; then only the last line is incomplete.
  t.ok(broken.length <= 1, 'at most its own last line is not whole')
})

t.test('a process that ends without closing the log has its last lines in the file', async t => {
  const directory = t.testdir()
  const code = `
    import fastify from 'fastify'
    import { arrLog } from ${JSON.stringify(new URL('../src/index.ts', import.meta.url).href)}
    const app = fastify()
    await app.register(arrLog, { directory: process.argv[1], period: 'none' })
    for (let i = 0; i < 100; i++) await app.inject('/' + i)
    process.exit(0)`
  const child = spawn(process.execPath, ['--import=tsx', '--conditions=@fastify-arr/source', '--input-type=module', '-e', code, directory], { stdio: ['ignore', 'inherit', 'inherit'] })
  t.strictSame(await once(child, 'close'), [0, null])
  const [text] = Object.values(filesIn(directory))
  t.equal(text!.split('\r\n').filter(line => / \/\d+ /.test(line)).length, 100)
})

// A disk of 256 KB, or the reason why there is none.
const disk = mkdtempSync(join(tmpdir(), 'arr-log-disk-'))
let noDisk: string | false = false
try {
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', disk], { stdio: 'ignore' })
} catch {
  noDisk = 'no right to mount a small disk here'
}
t.teardown(() => {
  if (noDisk === false) execFileSync('umount', ['-l', disk])
  rmSync(disk, { recursive: true, force: true })
})

t.test('on a full disk the writer continues, reports the error once, and writes again when there is room', { skip: noDisk }, async t => {
  const ballast = join(disk, 'ballast')
  writeFileSync(ballast, Buffer.alloc(200 * 1024))
  const writer = await write(t, join(disk, 'logs'), 'one', 2_000, 'none', 5, 'end')
  await told(writer, said => said.includes('trouble ENOSPC'))
  rmSync(ballast)
  await told(writer, said => said.includes('recovered 0'))
  writer.child.stdin!.end()
  await writer.ended
  const { numbers, broken } = read(join(disk, 'logs'))
  t.strictSame(broken, [], 'the line that was cut was gone on with')
  t.strictSame(numbers.one, upTo(2_000))
  t.strictSame(writer.said.filter(line => !/^(ready|done 0)$/.test(line)), ['trouble ENOSPC', 'recovered 0'])
})
