// The executable fastify-arr.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { readArguments, UsageError, type Asked } from './asking/arguments.ts'
import { COMMANDS } from './asking/commands.ts'
import { helpText } from './asking/help.ts'

const words = process.argv.slice(2)
const borrowed = words[0] !== undefined && Object.hasOwn(COMMANDS, words[0]) ? COMMANDS[words[0]]?.borrowed : undefined

if (borrowed !== undefined) {
  const { runBorrowed } = await import('./borrowed.ts')
  await runBorrowed(borrowed, words.slice(1))
} else {
  try {
    await run(readArguments(words))
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    console.error(`${error.message.split('\n').map(line => `fastify-arr: ${line}`).join('\n')}\nAll options: fastify-arr --help`)
    process.exitCode = 2
  }
}

async function run (asked: Asked): Promise<void> {
  if (asked.help) process.stdout.write(helpText())
  else if (asked.version) process.stdout.write(`${version()}\n`)
  else if (asked.command === 'completion') {
    const { completionFor } = await import('./completion.ts')
    process.stdout.write(completionFor(asked.shell))
  } else {
    const { printSettings, runSite } = await import('./running/run.ts')
    await (asked.command === 'print-config' ? printSettings(asked) : runSite(asked))
  }
}

function version (): string {
  return (JSON.parse(readFileSync(createRequire(import.meta.url).resolve('fastify-arr/package.json'), 'utf8')) as { version: string }).version
}
