// Questions to all workers, and the command that reaches the supervisor.
import { chmodSync, mkdirSync, statSync } from 'node:fs'
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
  t.same(await ask('slow'), { answers: [], complete: false })
  t.same(await ask('unknown'), { answers: [], complete: true })
})

t.test('the command reloads and tells the status; a folder that others may write to is not used', async t => {
  const folder = join(t.testdir({}), 'control')
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
  const open = join(t.testdir({}), 'open')
  mkdirSync(open)
  chmodSync(open, 0o777)
  const other = await startSite(t, { version: '1' }, { control: open })
  await other.logs(/^warn: the command arr-workers does not reach this process: .* is not this user's alone/)
})
