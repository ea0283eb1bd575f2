// How are the log files written away from the server's own thread? As a pino transport.
import build from 'pino-abstract-transport'
import type { Exchange } from './exchange.ts'
import { compileFormat } from './format.ts'
import { isRejected } from './httperr.ts'
import { createLogFiles } from './log-files.ts'
import { fileMistakes, refuse, settle, type FileOptions } from './options.ts'
import { isLine } from './reader/columns.ts'

export interface TransportOptions extends FileOptions {
  /** The names of the plugin's custom fields that are written, after `time-taken`. Default: none. */
  readonly customFields?: readonly string[]
}

interface Entry {
  readonly exchange?: unknown
  readonly rejected?: unknown
}

/**
 * Writes each `exchange` that arr-log logged to its site's file; other entries pass by. For a server whose
 * arr-log has `file: false`. Signals do not reach a worker thread: files that are moved away are noticed, SIGHUP
 * is not. Cookies and other secret headers never are in an entry, so their columns are `-`.
 */
export default async function transport (options: TransportOptions = {}) {
  const { customFields = [], ...rest } = options
  const mistakes = fileMistakes(rest)
  if (!Array.isArray(customFields) || customFields.some(name => typeof name !== 'string')) mistakes.push('customFields must be a list of names')
  refuse(mistakes)
  const settings = settle(rest)
  const format = compileFormat(settings, customFields)
  const files = createLogFiles(settings, format, customFields.length, {
    onTrouble: (error, path) => { process.stderr.write(`arr-log: ${path} cannot be written, lines wait: ${error.message}\n`) },
    onRecovery: (path, lost) => { process.stderr.write(`arr-log: the trouble with ${path} is over; lines lost: ${lost}\n`) }
  })

  return build(async source => {
    for await (const { exchange, rejected } of source as AsyncIterable<Entry>) {
      // Others may log something of their own under these names.
      if (isRejected(rejected)) files.writeRejected(rejected)
      else if (isLine(exchange) && Number.isInteger(exchange.siteId)) files.tell(exchange as Exchange)
    }
  }, { close: async () => { await files.close() } })
}
