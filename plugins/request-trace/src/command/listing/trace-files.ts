// Which traces are there, and what do they say?
import { readdirSync, readFileSync, statSync, type Stats } from 'node:fs'
import { basename, join, sep } from 'node:path'
import { diagnose } from '../../diagnosis/diagnose.ts'
import { readXml } from '../../reader/read-xml.ts'
import type { Finding, Trace } from '../../trace/trace.ts'
import { AskingError } from '../asking/arguments.ts'

/** Where traces are looked for, where nothing is named. */
export const FOLDERS = ['FailedReqLogFiles', join('logs', 'FailedReqLogFiles')]
const MOST_BYTES = 64 * 1_024 * 1_024
const DEEPEST = 4

/** A trace that was read. Its findings are those that it holds, else those that are drawn from it now. */
export interface TraceFile {
  readonly path: string
  readonly trace: Trace
  readonly findings: readonly Finding[]
}

/** A file that is no trace, or cannot be read. */
export interface Unread {
  readonly path: string
  readonly why: string
}

/** The files of traces in folders, and the files that are named; without paths, those of the default folder. */
export function traceFilesIn (paths: readonly string[], folder: string | undefined): string[] {
  const places = paths.length > 0 ? paths : [folder ?? defaultFolder()]
  return [...new Set(places.flatMap(path => {
    const stats = statsOf(path)
    if (stats === null) throw new AskingError(`${path}: no such file or folder`)
    return stats.isDirectory() ? filesBelow(path, 0) : [path]
  }))]
}

/** Reads a file. */
export function readTrace (path: string): TraceFile | Unread {
  try {
    const stats = statSync(path)
    // A pipe or a device may have no end.
    if (!stats.isFile()) return { path, why: 'no file' }
    if (stats.size > MOST_BYTES) return { path, why: 'too large for a trace' }
    const trace = readXml(readFileSync(path, 'utf8'), basename(path).replace(/\.xml$/i, ''))
    return { path, trace, findings: trace.findings.length > 0 ? trace.findings : diagnose(trace) }
  } catch (error) {
    return { path, why: (error as Error).message.replace(/^request-trace: /, '') }
  }
}

export function isTrace (one: TraceFile | Unread): one is TraceFile {
  return 'trace' in one
}

/** The file that a name means: a path, with any of its endings, an id, or an X-ARR-LOG-ID. */
export function findTrace (name: string, folder: string | undefined): TraceFile {
  const asFile = [name, name.replace(/\.(?:html|har)$/i, '.xml'), `${name}.xml`].find(path => /\.xml$/i.test(path) && statsOf(path)?.isFile() === true) ??
    (statsOf(name)?.isFile() === true ? name : undefined)
  if (asFile !== undefined) return readable(asFile)
  const where = folder ?? FOLDERS.find(path => statsOf(path)?.isDirectory() === true)
  const files = where === undefined ? [] : traceFilesIn([where], undefined)
  const wanted = name.replaceAll('\\', '/').toLowerCase().replace(/\.(?:xml|html|har)$/, '')
  const named = files.filter(path => {
    const short = path.split(sep).join('/').toLowerCase().replace(/\.xml$/, '')
    return short === wanted || short.endsWith(`/${wanted}`)
  })
  if (named.length > 1) throw new AskingError(`${name} is the name of ${named.length} traces: ${named.join(', ')}`)
  if (named[0] !== undefined) return readable(named[0])
  const logId = wanted.replace(/[{}]/g, '')
  const found = /^[0-9a-f-]{32,36}$/.test(logId) ? files.map(readTrace).filter(isTrace).find(({ trace }) => trace.logId.toLowerCase() === logId) : undefined
  if (found !== undefined) return found
  throw new AskingError(`${name}: no such trace${where === undefined ? `, and no folder ${FOLDERS.join(' or ')}: name it with --folder` : ` in ${where}`}`)
}

function readable (path: string): TraceFile {
  const read = readTrace(path)
  if (!isTrace(read)) throw new AskingError(`${path}: ${read.why}`)
  return read
}

function defaultFolder (): string {
  const found = FOLDERS.find(path => statsOf(path)?.isDirectory() === true)
  if (found === undefined) throw new AskingError(`there is no folder ${FOLDERS.join(' or ')} here: name one`)
  return found
}

function filesBelow (folder: string, depth: number): string[] {
  return readdirSync(folder, { withFileTypes: true }).sort((one, other) => one.name < other.name ? -1 : 1).flatMap(entry => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return depth < DEEPEST ? filesBelow(path, depth + 1) : []
    return /\.xml$/i.test(entry.name) ? [path] : []
  })
}

function statsOf (path: string): Stats | null {
  return statSync(path, { throwIfNoEntry: false }) ?? null
}
