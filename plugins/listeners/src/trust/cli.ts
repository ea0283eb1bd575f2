// The executable arr-trust.

import { spawnSync } from 'node:child_process'
import { homedir } from 'node:os'
import { trustCommand } from './command.ts'
import type { Outcome } from './store.ts'

/** ms. On macOS and Windows the system asks its user first. */
const PATIENCE = 120_000

function run (program: string, words: readonly string[]): Outcome {
  // Without input: `certutil` asks for the password of a store that has one, and nobody may be there to answer.
  const { status, error, stdout, stderr } = spawnSync(program, words, { stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8', timeout: PATIENCE, windowsHide: true })
  const text = `${stderr ?? ''}\n${stdout ?? ''}`.split('\n').map(line => line.trim()).find(line => line !== '') ?? ''
  return { isDone: status === 0, isMissing: (error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT', text: error?.message ?? text }
}

process.exitCode = trustCommand(process.argv.slice(2), {
  platform: process.platform,
  home: homedir(),
  env: process.env,
  run,
  write: text => { process.stdout.write(`${text}\n`) },
  warn: text => { process.stderr.write(`${text}\n`) }
})
