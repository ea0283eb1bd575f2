// The command: what is asked for, done and told.
import { writeFileSync } from 'node:fs'
import picocolors from 'picocolors'
import { toHar } from '../files/to-har.ts'
import { AskingError, COMMANDS, readArguments, type Arguments } from './asking/arguments.ts'
import { HELP } from './asking/help.ts'
import { nearest } from './asking/nearest.ts'
import { version } from './asking/version.ts'
import { compareLines } from './comparing/compare-lines.ts'
import { differencesOf } from './comparing/compare.ts'
import { compileFilter } from './listing/filter.ts'
import { countFindings, countLines, listLines } from './listing/list.ts'
import { rowOf } from './listing/row.ts'
import { findTrace, isTrace, readTrace, traceFilesIn, type TraceFile, type Unread } from './listing/trace-files.ts'
import { openInBrowser, pageOf } from './open-page.ts'
import { showLines } from './telling/show.ts'
import { printable, type Terminal } from './telling/terminal.ts'

/** 0: done; 1: `compare` found a difference, or a file is no trace; 2: the command is wrong, or a trace is not there. */
export type ExitCode = 0 | 1 | 2

/** Runs one command line. */
export async function run (args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  try {
    const asked = readArguments(args)
    if (asked.values.help === true) {
      terminal.write(HELP)
      return 0
    }
    if (asked.values.version === true) {
      terminal.write(`${version()}\n`)
      return 0
    }
    const colours = terminal.colours && asked.values['no-color'] !== true
    return await answer(asked, { ...terminal, colours })
  } catch (error) {
    const wrong = error instanceof AskingError
    terminal.warn(`request-trace: ${printable(wrong ? error.message : (error as Error).message)}${wrong ? ' (request-trace --help says more)' : ''}\n`)
    return 2
  }
}

async function answer ({ command, values, names }: Arguments, terminal: Terminal): Promise<ExitCode> {
  const { write, width } = terminal
  const colours = picocolors.createColors(terminal.colours)
  const utc = values.utc === true
  const say = (lines: readonly string[]): void => { if (lines.length > 0) write(`${lines.join('\n')}\n`) }
  const json = (value: unknown): void => write(`${JSON.stringify(value)}\n`)
  const named = names.map(name => command === 'list' || command === 'findings' ? null : findTrace(name, values.folder)).filter(file => file !== null)
  const [one, other] = named
  if (command === 'show' && one !== undefined) {
    if (values.json === true) json({ ...one.trace, findings: one.findings })
    else say(showLines(one, { colours, width, utc, all: values.all === true }))
    return 0
  }
  if (command === 'open' && one !== undefined) {
    const page = pageOf(one)
    say([printable(page), ...await openInBrowser(page) ? [] : ['(no browser could be opened: open this file)']])
    return 0
  }
  if (command === 'compare' && one !== undefined && other !== undefined) {
    const differences = differencesOf(one, other)
    if (values.json === true) json(differences)
    else say(compareLines(one, other, differences, colours))
    return differences.length === 0 ? 0 : 1
  }
  if (command === 'har') {
    const text = oneHar(named)
    if (values.out === undefined) write(`${text}\n`)
    else writeFileSync(values.out, text, { mode: 0o640 })
    return 0
  }
  const wanted = compileFilter(values, Date.now())
  const { files, unread } = read(names, values.folder)
  const found = files.filter(wanted).sort((a, b) => b.trace.beganAt - a.trace.beganAt || (a.path < b.path ? 1 : -1))
  if (command === 'findings') {
    const counts = countFindings(found).slice(0, Number(values.top ?? Infinity))
    if (values.json === true) counts.forEach(json)
    else say(countLines(counts, found.length, colours))
  } else {
    const first = found.slice(0, Number(values.top ?? Infinity))
    if (values.json === true) first.forEach(file => json(rowOf(file)))
    else say(listLines(first, colours, width, utc))
  }
  for (const { path, why } of unread) terminal.warn(`request-trace: ${printable(`${path}: ${why}`)}\n`)
  return unread.length > 0 ? 1 : 0
}

function read (names: readonly string[], folder: string | undefined) {
  const [first] = names
  let paths
  try {
    paths = traceFilesIn(names, folder)
  } catch (error) {
    const meant = first === undefined ? null : nearest(first, COMMANDS)
    throw error instanceof AskingError && meant !== null ? new AskingError(`${error.message}; did you mean the command ${meant}?`) : error
  }
  const all = paths.map(readTrace)
  return { files: all.filter(isTrace), unread: all.filter((file): file is Unread => !isTrace(file)) }
}

/** One archive with the entries of all. */
function oneHar (files: readonly TraceFile[]): string {
  const archives = files.map(({ trace, findings }) => JSON.parse(toHar({ ...trace, findings })) as { log: { entries: unknown[], comment?: string } })
  const [first] = archives
  if (first === undefined) throw new AskingError('har takes at least one trace')
  if (archives.length === 1) return JSON.stringify(first, null, 1)
  const comment = archives.map(({ log }) => log.comment ?? '').filter(text => text !== '').join('\n\n')
  return JSON.stringify({ log: { ...first.log, entries: archives.flatMap(({ log }) => log.entries), ...comment === '' ? {} : { comment } } }, null, 1)
}
