// On Node 20 creating a socket is slow until V8 has seen enough shapes of options; the test reads V8's own log.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'

const AFFECTED = Number(process.versions.v8.split('.')[0]) <= 11

const MAKE = `
for (let i = 0; i < 2000; i++) new Socket({ allowHalfOpen: true, noDelay: true, readable: true }).destroy()`

t.test('after some shapes V8 has no inline cache misses for each socket', { skip: !AFFECTED && 'this V8 needs no help' }, t => {
  t.ok(lookUps(t, '') > 1000, 'it does without')
  t.ok(lookUps(t, 'const { showShapes } = await import(process.argv[1]); showShapes();') < 200)
  t.end()
})

t.test('showing them leaves nothing behind', t => {
  const { stdout } = run(`
    const sockets = () => process.getActiveResourcesInfo().filter(name => /TCP|Pipe/.test(name)).length
    const before = sockets()
    const { showShapes } = await import(process.argv[1]); showShapes()
    console.log(sockets() - before)`, [])
  t.equal(stdout, '0\n')
  t.end()
})

/** How often an option of 2,000 sockets was looked up past the caches. */
function lookUps (t: Test, before: string): number {
  const log = join(t.testdir(), 'v8.log')
  run(`const { Socket } = await import('node:net'); ${before} ${MAKE}`, ['--log-ic', `--logfile=${log}`, '--no-logfile-per-isolate'])
  return readFileSync(log, 'utf8').split('\n').filter(line => line.startsWith('LoadIC') && line.includes(',keepAliveInitialDelay,')).length
}

function run (script: string, flags: readonly string[]): { stdout: string } {
  const file = new URL('../src/sockets/socket-shapes.ts', import.meta.url).href
  const { stdout, stderr, status } = spawnSync(process.execPath, [...flags, '--import', 'tsx', '--input-type=module', '-e', script, file], { encoding: 'utf8', timeout: 300_000 })
  if (status !== 0) throw new Error(stderr)
  return { stdout }
}
