// `npm run dev`: the site from its sources, started anew when one of them changes.
import { readFileSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { root } from './packages.ts'
import { start } from './program.ts'

t.setTimeout(240_000)

t.test('a change of a source starts the site anew', async t => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> }
  const program = start(t, {}, () => [process.execPath, scripts.dev!.split(' ').slice(1)])
  await program.says(/stop +Ctrl\+C/)
  const now = new Date()
  utimesSync(join(root, 'start', 'console.ts'), now, now)
  await program.says(/stop +Ctrl\+C[^]*stop +Ctrl\+C/)
  t.equal(program.output().match(/is up\./g)?.length, 2)
  program.process.kill('SIGTERM')
  t.not((await program.exit).signal, 'SIGKILL')
})
