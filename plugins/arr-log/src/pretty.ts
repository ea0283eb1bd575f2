// How does a server's log look on a terminal? A pino-pretty that shows each exchange as one readable line.
import { PinoPretty, type PrettyOptions } from 'pino-pretty'
import { painted, plain, RESET } from './reader/colour.ts'
import { harmless } from './format/escape.ts'
import { isRejected, type Rejected } from './observe/rejected.ts'
import { readable, type Told } from './reader/readable.ts'
import { isLine } from './reader/columns.ts'

interface Entry {
  readonly exchange?: unknown
  readonly rejected?: unknown
}

/**
 * pino-pretty's options for a server with arr-log; every other entry looks as pino-pretty shows it. Whatever is
 * given is added to them.
 */
export function prettyOptions (options: PrettyOptions = {}): PrettyOptions {
  // pino-pretty makes an entry's message first, then its level and time, which our lines have in them already.
  let ours = false
  return {
    translateTime: 'SYS:HH:MM:ss',
    ...options,
    ignore: ['pid', 'hostname', 'reqId', 'exchange', 'rejected', options.ignore].filter(Boolean).join(','),
    messageFormat (log, messageKey, levelLabel, extras) {
      const { exchange, rejected } = log as Entry
      const told = isLine(exchange) ? exchange : isRejected(rejected) ? toldOf(rejected) : undefined
      ours = told !== undefined
      if (told !== undefined) {
        const coloured = extras.colors.red('x') !== 'x'
        return coloured ? RESET + readable(told, painted) : readable(told, plain)
      }
      if (typeof options.messageFormat === 'function') return options.messageFormat(log, messageKey, levelLabel, extras)
      const message = log[messageKey]
      // pino-pretty cleans only the messages that it formats itself.
      return typeof message === 'string' ? harmless(message) : ''
    },
    customPrettifiers: {
      ...options.customPrettifiers,
      level: (_level, _key, _log, { labelColorized }) => ours ? '' : labelColorized,
      time: time => ours ? '' : String(time)
    }
  }
}

function toldOf (rejected: Rejected): Told {
  const { at, status, method, uri, reason } = rejected
  return { endedAt: at, status: status ?? 0, rejection: reason, ...method === null ? {} : { method }, ...uri === null ? {} : { path: uri } }
}

/** The pino transport: `transport: { target: '@fastify-arr/arr-log/pretty' }`, or a stream to log to. */
export default function pretty (options: PrettyOptions = {}): ReturnType<typeof PinoPretty> {
  return PinoPretty(prettyOptions(options))
}
