// The pino transport: writes the log files in a worker thread.
import build from 'pino-abstract-transport'
import type { Exchange } from './exchange/exchange.ts'
import { compileFormat } from './format/compile.ts'
import { isRejected } from './observe/rejected.ts'
import { createLogFiles } from './files/log-files.ts'
import { fileMistakes, refuse, settle, type FileOptions } from './options.ts'
import { isLine } from './reader/columns.ts'

export interface TransportOptions extends FileOptions {
  /** Names of the plugin's custom fields to write, after `time-taken`. Default: none. */
  readonly customFields?: readonly string[]
}

interface Entry {
  readonly exchange?: unknown
  readonly rejected?: unknown
}

/**
 * Writes each `exchange` entry of arr-log to its site's file and ignores all other entries. For a server whose arr-log has
 * `file: false`. Signals do not reach a worker thread: moved files are noticed, SIGHUP is not. An entry never holds cookies
 * or other secret headers, so their columns are `-`.
 */
export default async function transport (options: TransportOptions = {}) {
  const { customFields = [], ...rest } = options
  const mistakes = fileMistakes(rest)
  if (!Array.isArray(customFields) || customFields.some(name => typeof name !== 'string')) mistakes.push('`customFields` must be a list of names')
  refuse(mistakes)
  const settings = settle(rest)
  const format = compileFormat(settings, customFields)
  const files = createLogFiles(settings, format, customFields.length, {
    onTrouble: (error, path) => { process.stderr.write(`arr-log: ${path} cannot be written, lines wait: ${error.message}\n`) },
    onRecovery: (path, lost) => { process.stderr.write(`arr-log: the trouble with ${path} is over; lines lost: ${lost}\n`) }
  })

  return build(async source => {
    for await (const { exchange, rejected } of source as AsyncIterable<Entry>) {
      // Other code may log something else under these names.
      if (isRejected(rejected)) files.writeRejected(rejected)
      else if (isLine(exchange) && Number.isInteger(exchange.siteId)) files.writeExchange(exchange as Exchange)
    }
  }, { close: async () => { await files.close() } })
}
