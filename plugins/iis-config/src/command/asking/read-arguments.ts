// What does the command line ask for?
import { parseArgs } from 'node:util'
import type { ReadOptions } from '../../options.ts'
import { rootsIn } from '../../server/folders/root-pairs.ts'
import { mistakeIn } from './argument-mistake.ts'
import { nearest } from './nearest.ts'

/** A mistake in the command line; its message is shown in one line. */
export class ArgumentError extends Error {}

const COMMANDS = ['check', 'convert'] as const
const FLAG = { type: 'boolean' } as const
const TEXT = { type: 'string' } as const

const OPTIONS = {
  json: FLAG,
  all: FLAG,
  js: FLAG,
  transform: { ...TEXT, multiple: true },
  open: { ...TEXT, multiple: true },
  root: { ...TEXT, multiple: true },
  base: TEXT,
  files: FLAG,
  'no-files': FLAG,
  'no-color': FLAG,
  version: { ...FLAG, short: 'v' },
  help: { ...FLAG, short: 'h' }
} as const

export interface Arguments {
  readonly command: typeof COMMANDS[number] | 'help' | 'version'
  readonly files: readonly string[]
  readonly json: boolean
  readonly all: boolean
  readonly js: boolean
  readonly noColor: boolean
  /** How the files are read. */
  readonly options: ReadOptions
}

/** @throws ArgumentError, which names what is wrong and the nearest name. */
export function readArguments (args: readonly string[]): Arguments {
  const { values, positionals: [first, ...files] } = parsed(args)
  const asked = { files, json: values.json === true, all: values.all === true, js: values.js === true, noColor: values['no-color'] === true, options: {} }
  if (values.help === true) return { ...asked, command: 'help' }
  if (values.version === true) return { ...asked, command: 'version' }
  const command = COMMANDS.find(name => name === first)
  if (command === undefined) throw new ArgumentError(first === undefined ? 'there must be a command, check or convert, and a file' : `there is no command ${first}${didYouMean(first)}`)
  if (files.length === 0) throw new ArgumentError(`${command} takes at least one file`)
  if (files.filter(file => /(?:^|=)-$/.test(file)).length > 1) throw new ArgumentError('- is there twice: standard input is one file')
  const open = (values.open ?? []).flatMap(names => names.split(',')).map(name => name.trim()).filter(name => name !== '')
  return {
    ...asked,
    command,
    options: { transforms: values.transform ?? [], open, roots: rootsIn(values.root ?? []), ...values.base !== undefined && { base: values.base }, ...filesOf(values) }
  }
}

function parsed (args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS })
  } catch (error) {
    throw new ArgumentError(mistakeIn(error as Error, Object.keys(OPTIONS)))
  }
}

function didYouMean (command: string): string {
  const meant = nearest(command, COMMANDS)
  return meant === null ? ': check and convert are there' : `: did you mean ${meant}?`
}

function filesOf ({ files, 'no-files': none }: { files?: boolean | undefined, 'no-files'?: boolean | undefined }): { files?: boolean } {
  return none === true ? { files: false } : files === true ? { files: true } : {}
}
