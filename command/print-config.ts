// What is in force? The settings as a file for `--config`: what options, variables and a file amount to.
import { existsSync } from 'node:fs'
import { relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { trustedProxies } from '../start/settings/trusted-proxies.ts'
import type { Settings } from '../start/settings/environment.ts'
import { SCHEMA } from './config/mistakes.ts'

const INSTALLED = './node_modules/fastify-arr/site.schema.json'
/** Where `null` says that there is none, which is not the default. */
const OFF: ReadonlySet<string> = new Set(['httpsPort', 'monitorPort', 'logDirectory'])

/** The text. */
export function configText (settings: Settings, env: NodeJS.ProcessEnv): string {
  const all: Record<string, unknown> = {
    ...settings,
    ...env.FASTIFY_ADDRESS && { address: env.FASTIFY_ADDRESS },
    ...env.FASTIFY_LOG_LEVEL && { logLevel: env.FASTIFY_LOG_LEVEL },
    trustProxy: trustedProxies(env.TRUST_PROXY)
  }
  const said = Object.entries(all).filter(([key, value]) => Array.isArray(value) ? value.length > 0 : value !== null || OFF.has(key))
  return `${JSON.stringify({ $schema: schemaFrom(process.cwd()), ...Object.fromEntries(said) }, null, 2)}\n`
}

/** As editors find it: by a path in the project, or by the file's URL. */
function schemaFrom (folder: string): string {
  const path = relative(folder, SCHEMA).replaceAll('\\', '/')
  if (existsSync(INSTALLED)) return INSTALLED
  return path.startsWith('..') || path.includes(':') ? pathToFileURL(SCHEMA).href : `./${path}`
}
