// Questions to all workers, and the command that reaches the supervisor.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { run } from '../src/control/command.ts'
import { startSite } from './site.ts'

t.beforeEach(() => { t.setTimeout(120_000) })

interface Told { readonly answers: ReadonlyArray<{ readonly generation: number, readonly number: number, readonly pid: number }>, readonly complete: boolean }

t.test('every worker answers once; one that takes too long does not hold the others up; nobody knows what nobody answers', async t => {
  const site = await startSite(t, { version: '1' }, { workers: 3 })
  await site.started()
  const ask = async (name: string): Promise<Told> => await (await fetch(`${site.url}/ask/${name}`)).json() as Told
  const { answers, complete } = await ask('adopted')
  const { generations } = await site.status()
  t.same(answers.map(({ pid }) => pid).sort(), generations[0]?.workers.map(({ pid }) => pid).sort())
  t.equal(complete, true)
  t.same(await ask('slow'), { answers: [], complete: false, counts: {} })
  t.same(await ask('unknown'), { answers: [], complete: true, counts: {} })
})

t.test('the command reloads and tells the status; a folder that others may enter is not used, and a path that is too long neither', async t => {
  // Short: the path of a socket is.
  const short = mkdtempSync(join(tmpdir(), 'arr-'))
  t.teardown(() => { rmSync(short, { recursive: true, force: true }) })
  const folder = join(short, 'control')
  const site = await startSite(t, { version: '1' }, { control: folder })
  await site.started()
  if (process.platform !== 'win32') t.equal(statSync(folder).mode & 0o777, 0o700)
  t.match((await run(['status', '--control', folder])).text, /^supervisor \d+: generation 1 serves, 0 tunnels\n {2}1\/1 {2}serving /)
  t.match(await run(['reload', '--control', folder]), { code: 0, text: /^Generation 2 serves/ })
  site.write({ version: '2', broken: 'exits' })
  t.match(await run(['reload', '--control', folder, String(site.process.pid)]), { code: 1, text: /^The reload has failed, and generation 2 goes on:\nit ended with code 3/ })
  t.match(await run(['reload', '--control', folder, '1']), { code: 1, text: 'There is no supervisor 1.' })
  t.match(await run(['restart']), { code: 1 })
  if (process.platform === 'win32') return
  const open = join(short, 'open')
  mkdirSync(open)
  chmodSync(open, 0o755)
  const other = await startSite(t, { version: '1' }, { control: open })
  await other.logs(/^warn: the command arr-workers does not reach this process: .* is not this user's alone/)
  const long = await startSite(t, { version: '1' }, { control: join(short, 'long'.repeat(30)) })
  await long.logs(/^warn: the command arr-workers does not reach this process: .* is longer than 103 bytes/)
  t.equal(await long.started(), true)
})
