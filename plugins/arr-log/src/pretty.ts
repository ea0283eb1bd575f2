// The pino transport for a terminal: pino-pretty, with each exchange as one readable line.
import { PinoPretty, type PrettyOptions } from 'pino-pretty'
import { painted, plain, RESET } from './reader/show/colour.ts'
import { harmless } from './format/escape.ts'
import { isRejected, type Rejected } from './observe/rejected.ts'
import { readable, type ShownExchange } from './reader/show/readable.ts'
import { isLine } from './reader/columns.ts'

interface Entry {
  readonly exchange?: unknown
  readonly rejected?: unknown
}

/**
 * pino-pretty's options for a server with arr-log. Entries other than arr-log's are shown as pino-pretty shows them.
 * `options` are pino-pretty's own and are added.
 */
export function prettyOptions (options: PrettyOptions = {}): PrettyOptions {
  // pino-pretty formats an entry's message before its level and time; arr-log's lines have both in them already.
  let isArrLog = false
  return {
    translateTime: 'SYS:HH:MM:ss',
    ...options,
    ignore: ['pid', 'hostname', 'reqId', 'exchange', 'rejected', options.ignore].filter(Boolean).join(','),
    messageFormat (log, messageKey, levelLabel, extras) {
      const { exchange, rejected } = log as Entry
      const told = isLine(exchange) ? exchange : isRejected(rejected) ? shownOf(rejected) : undefined
      isArrLog = told !== undefined
      if (told !== undefined) {
        const coloured = extras.colors.red('x') !== 'x'
        return coloured ? RESET + readable(told, painted) : readable(told, plain)
      }
      if (typeof options.messageFormat === 'function') return options.messageFormat(log, messageKey, levelLabel, extras)
      const message = log[messageKey]
      // pino-pretty sanitises only the messages that it formats itself.
      return typeof message === 'string' ? harmless(message) : ''
    },
    customPrettifiers: {
      ...options.customPrettifiers,
      level: (_level, _key, _log, { labelColorized }) => isArrLog ? '' : labelColorized,
      time: time => isArrLog ? '' : String(time)
    }
  }
}

function shownOf (rejected: Rejected): ShownExchange {
  const { at, status, method, uri, reason } = rejected
  return { endedAt: at, status: status ?? 0, rejection: reason, ...method === null ? {} : { method }, ...uri === null ? {} : { path: uri } }
}

/** The pino transport: `transport: { target: '@fastify-arr/arr-log/pretty' }`, or a stream to log to. */
export default function pretty (options: PrettyOptions = {}): ReturnType<typeof PinoPretty> {
  return PinoPretty(prettyOptions(options))
}
