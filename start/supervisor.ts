// Who starts the site's processes where it has more than one? This process, which then is no site: fastify-cli goes no further in it.
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'
import { sep } from 'node:path'
import { parseEnv } from 'node:util'
import { supervise } from '@fastify-arr/workers'
import { pino } from 'pino'
import logger from './console.ts'
import { leaveLater, tellLeaving } from './end/leaving.ts'
import { origin } from './origin.ts'
import type { Leaving } from './settings/machine.ts'

// ms. The time over which WebSockets are told at a reload, and what else the end of a worker takes besides `DRAIN_DEADLINE`.
const PATIENCE = 16_500

/** Supervises workers that each run the same command. Never returns. */
export function superviseSite (workers: number | 'auto', words: readonly string[], leaving: Leaving): never {
  const supervisor = supervise({
    ...origin()?.again ?? { exec: process.argv[1] as string, args: words.slice(words.indexOf('start')) },
    env: () => ({ ...withoutEnvFile(), ...origin()?.env() }),
    workers,
    endAfter: leaving.deadline + PATIENCE,
    log: pino(logger)
  })
  leaveLater(leaving.delay, tellLeaving)
  supervisor.done.then(code => { process.exit(code) }, () => {})
  goNoFurther()
}

/** fastify-cli has read the file `.env` into this process. A worker reads it itself: at a reload it may say something else. */
function withoutEnvFile (): Record<string, undefined> {
  try {
    const file = parseEnv(readFileSync('.env', 'utf8'))
    return Object.fromEntries(Object.entries(file).filter(([name, value]) => process.env[name] === value).map(([name]) => [name, undefined]))
  } catch {
    return {}
  }
}

/** Thrown where fastify-cli is to load no site. */
export class Supervising extends Error {}

/** fastify-cli ends the process where a module that it requires throws, by a function that it lets others replace. */
function goNoFurther (): never {
  const { cache } = createRequire(import.meta.url)
  const cli = Object.values(cache).find(module => module?.filename.endsWith(['', 'fastify-cli', 'start.js'].join(sep)) === true)
  const here = new Supervising('this process supervises, and loads no site')
  if (cli !== undefined) cli.exports.stop = (error: unknown) => { throw error }
  process.on('unhandledRejection', error => { if (error !== here) throw error })
  throw here
}
