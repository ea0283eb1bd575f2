// How does the command start the site? As `npm start` does: by fastify-cli, in this process, with the same modules and the same app.
import cluster from 'node:cluster'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { FastifyInstance } from 'fastify'
import { symbols } from 'pino'
import type { Settings } from '../../start/settings/environment.ts'
import { startedBy } from '../../start/origin.ts'
import { UsageError, type Asked } from '../asking/arguments.ts'
import { putInForce, type InForce } from '../config/environment.ts'
import { hearKeys, hearsKeys, type Running } from './keys.ts'

interface Cli {
  start (words: readonly string[]): Promise<FastifyInstance>
}

// ms, as `npm start` gives; with a longer deadline more.
const GRACE = 4500
const LAST_LINES = 1000

/** Starts it, and hears keys where there is a terminal. @throws UsageError before anything has started. */
export async function runSite (asked: Asked): Promise<void> {
  // fastify-cli reads the file `.env` when it is loaded: what it says are variables.
  const cli = createRequire(import.meta.url)('fastify-cli/start.js') as Cli
  const initial = { ...process.env }
  let inForce = await settle(asked, initial)
  const words = wordsFor(inForce.settings)
  const keys = hearsKeys()
  startedBy({
    words,
    again: { exec: process.argv[1] as string, args: process.argv.slice(2) },
    env: () => ({ ...Object.fromEntries(inForce.fromFile.map(name => [name, undefined])), PORT: initial.PORT }),
    said: sentence => inForce.said(sentence),
    keys
  })
  const { endStart } = await import('../../start/end/failure.ts')
  const { Supervising } = await import('../../start/supervisor.ts')
  const start = async (): Promise<FastifyInstance | null> => await cli.start(words.slice(1)).catch((error: unknown) => {
    if (error instanceof Supervising) return null
    return endStart(error)
  })
  let fastify = await start()
  if (!keys || cluster.isWorker) return

  const running: Running = {
    settings: () => inForce.settings,
    fastify: () => fastify,
    async again () {
      // A mistake that was made since then leaves the site as it is.
      inForce = await settle(asked, initial)
      if (fastify === null) return
      process.env.PORT = String(inForce.settings.httpPort)
      const { log } = fastify
      await fastify.close()
      endWorker(log)
      fastify = await start()
    }
  }
  hearKeys(running)
}

/** On a terminal the log is written by a worker thread, which otherwise ends with the process. */
function endWorker (log: object): void {
  const stream = (log as { readonly [symbols.streamSym]?: { end (): void } })[symbols.streamSym]
  if (stream !== undefined && 'worker' in stream) stream.end()
}

/** Prints the settings that would be in force. @throws UsageError where they have a mistake. */
export async function printSettings (asked: Asked): Promise<void> {
  createRequire(import.meta.url)('fastify-cli/start.js')
  const { configText } = await import('../print-config.ts')
  const { settings } = await settle(asked, { ...process.env })
  process.stdout.write(configText(settings, process.env))
}

async function settle (asked: Asked, initial: NodeJS.ProcessEnv): Promise<InForce> {
  const file = asked.config === null ? null : await (await import('../config/file.ts')).readConfig(asked.config)
  const inForce = putInForce(asked, file, initial)
  const { upstream, webConfig } = inForce.settings
  if (asked.command === 'site' && upstream === null && webConfig === null) throw new UsageError('there is nothing to proxy to: fastify-arr --to http://localhost:3000, fastify-arr --web-config FILE, or fastify-arr demo.')
  return inForce
}

function wordsFor ({ leaving: { deadline } }: Settings): string[] {
  const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
  return ['start', '--options', '--logging-module', file('../../start/console.js'), '--close-grace-delay', String(Math.max(GRACE, deadline + LAST_LINES)), '--require', file('../../start/program.js'), file('../../app.js')]
}
