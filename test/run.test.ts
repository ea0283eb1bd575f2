// `npm test`: short for people, and TAP for the programs of CI.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import t, { type Test } from 'tap'
import { root } from './packages.ts'

const FILE = `import t from 'tap'
t.test('one without its parts', { skip: 'no parts here' }, async () => {})
t.test('a good one', async t => { for (let i = 0; i < 50; i++) t.ok(true) })
t.test('a bad one', async t => { t.equal(1, 2) })
`

/** Runs a file of tests in the repository, where tap is found. */
function run (t: Tap, CI: string): { status: number | null, stdout: string } {
  const folder = mkdtempSync(join(root, 'test', 'run-'))
  t.teardown(() => { rmSync(folder, { recursive: true, force: true }) })
  writeFileSync(join(folder, 'some.test.ts'), FILE)
  const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('TAP') && !name.startsWith('_TAP') && name !== 'NODE_OPTIONS'))
  return spawnSync(process.execPath, ['--import=tsx', join(root, 'test', 'run.ts'), relative(root, join(folder, 'some.test.ts'))], { cwd: root, env: { ...environment, CI }, encoding: 'utf8' })
}
type Tap = Pick<Test, 'teardown'>

t.test('without CI there is a line for a file, and what was skipped and what failed is at the end', async t => {
  const { status, stdout } = run(t, '')
  t.equal(status, 1)
  t.match(stdout, /^FAILED {3}1 {2}test\/run-\w+\/some\.test\.ts/)
  t.match(stdout, /Skipped:\n.*one without its parts: no parts here\n\nFailed:\n.*a bad one > should be equal\n/)
  t.match(stdout, /1 files: 50 passed, 1 failed, 1 skipped\n$/)
  t.ok(stdout.split('\n').length < 40, 'and nothing of what passed')
})

t.test('with CI it is TAP, with the line of counts that `.ci/run` reads', async t => {
  const { status, stdout } = run(t, 'true')
  t.equal(status, 1)
  t.match(stdout, /^# \{ total: 52, pass: 50, fail: 1, skip: 1 \}$/m)
  t.match(stdout, /^ +not ok 3 - a bad one/m)
})
