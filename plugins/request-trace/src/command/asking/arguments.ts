// What does the command line ask for?
import { parseArgs } from 'node:util'
import { mistakeIn } from './argument-mistake.ts'

/** A mistake of the one who asks; its message is shown without a stack. */
export class AskingError extends Error {}

export const COMMANDS = ['list', 'show', 'open', 'compare', 'har', 'findings'] as const
export type Command = typeof COMMANDS[number]

const TEXT = { type: 'string' } as const
const FLAG = { type: 'boolean' } as const

const OPTIONS = {
  status: TEXT,
  path: TEXT,
  websockets: { ...FLAG, short: 'w' },
  finding: TEXT,
  severity: TEXT,
  since: TEXT,
  until: TEXT,
  longer: TEXT,
  shorter: TEXT,
  host: TEXT,
  site: TEXT,
  client: TEXT,
  method: TEXT,
  ending: TEXT,
  close: TEXT,
  where: { ...TEXT, multiple: true },
  top: { ...TEXT, short: 'n' },
  folder: TEXT,
  out: { ...TEXT, short: 'o' },
  all: FLAG,
  utc: FLAG,
  json: FLAG,
  'no-color': FLAG,
  version: { ...FLAG, short: 'v' },
  help: { ...FLAG, short: 'h' }
} as const

type Name = keyof typeof OPTIONS
export type Asked = ReturnType<typeof parsed>['values']

const FILTERS: readonly Name[] = ['status', 'path', 'websockets', 'finding', 'severity', 'since', 'until', 'longer', 'shorter', 'host', 'site', 'client', 'method', 'ending', 'close', 'where']
const ALWAYS: readonly Name[] = ['folder', 'no-color', 'version', 'help']
const TAKES: Readonly<Record<Command, readonly Name[]>> = {
  list: [...FILTERS, 'top', 'utc', 'json'],
  findings: [...FILTERS, 'top', 'utc', 'json'],
  show: ['all', 'utc', 'json'],
  open: [],
  compare: ['json'],
  har: ['out']
}
/** How many traces: the least and the most. */
const COUNTS: Readonly<Partial<Record<Command, readonly [number, number]>>> = { show: [1, 1], open: [1, 1], compare: [2, 2], har: [1, Infinity] }

export interface Arguments {
  readonly command: Command
  readonly values: Asked
  readonly names: readonly string[]
}

/** @throws AskingError for what cannot be asked, with the nearest name of an unknown option. */
export function readArguments (args: readonly string[]): Arguments {
  const { values, positionals } = parsed(args)
  const first = positionals[0]
  const command = COMMANDS.find(name => name === first)
  const names = command === undefined ? positionals : positionals.slice(1)
  const asked = command ?? 'list'
  if (values.help === true || values.version === true) return { command: asked, values, names }
  for (const name of Object.keys(values) as Name[]) {
    if (!TAKES[asked].includes(name) && !ALWAYS.includes(name)) throw new AskingError(`--${name} is not for ${asked}, but for ${COMMANDS.filter(one => TAKES[one].includes(name)).join(', ')}`)
  }
  const [least, most] = COUNTS[asked] ?? [0, Infinity]
  if (names.length < least || names.length > most) throw new AskingError(`${asked} takes ${most === Infinity ? 'at least one trace' : least === 1 ? 'one trace' : 'two traces'}: a file, an id such as fr000001, or an X-ARR-LOG-ID`)
  if (values.top !== undefined && !/^[1-9]\d*$/.test(values.top)) throw new AskingError(`--top "${values.top}" is no number of rows`)
  return { command: asked, values, names }
}

function parsed (args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS })
  } catch (error) {
    throw new AskingError(mistakeIn(error as Error, Object.keys(OPTIONS)))
  }
}
