// Where are the files of one log: in which folder, under which names, and which are deleted?
import { readdirSync } from 'node:fs'
import { readdir, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { compileName, type NameOf, type Period } from './period.ts'

/** How long closed files are kept. */
export interface Retain {
  /** The number of files, the one being written included. */
  readonly files?: number
  /** Age in days, by the last write. */
  readonly days?: number
}

/** The folder of one log, and the names of its files. */
export interface Place {
  readonly directory: string
  /** The file that a line of this moment belongs to; with roll-over by size, a constant that stands for the current file. */
  readonly nameOf: NameOf
  /** The actual name, for the size of the open file. */
  readonly current: (name: string, size: number) => string
  /** Called with the name of each opened file. */
  readonly onOpen: (name: string) => void
}

export interface PlaceOptions {
  readonly directory: string
  readonly prefix: { readonly dated: string, readonly numbered: string }
  readonly suffix: string
  readonly period: Period
  readonly local: boolean
  /** With roll-over by size: bytes after which a file is full. */
  readonly truncateSize: number
  readonly retain: Retain | null
}

const DAY = 86_400_000

export function createPlace (options: PlaceOptions): Place {
  const { directory, prefix, suffix, period, retain } = options
  const onOpen = retain === null ? () => {} : (name: string) => { sweep(options, retain, name).catch(() => {}) }
  if (period === 'size' || period === 'none') return numbered(options, onOpen)
  const nameOf = compileName({ period, prefix: prefix.dated, suffix, local: options.local })
  return { directory, nameOf, current: name => name, onOpen }
}

// `u_extend1.log`, `u_extend2.log` …: after a restart the highest number in the folder is continued.
function numbered ({ directory, prefix, suffix, period, truncateSize }: PlaceOptions, onOpen: Place['onOpen']): Place {
  const limit = period === 'none' ? Infinity : truncateSize
  const pattern = patternOf(prefix.numbered, suffix)
  let number = 0
  return {
    directory,
    nameOf: () => prefix.numbered,
    current (_name, size) {
      if (number === 0) number = Math.max(1, highest(directory, pattern))
      else if (size >= limit) number++
      return `${prefix.numbered}${number}${suffix}.log`
    },
    onOpen
  }
}

function highest (directory: string, pattern: RegExp): number {
  try {
    return Math.max(0, ...readdirSync(directory).map(name => Number(pattern.exec(name)?.[1] ?? 0)))
  } catch {
    return 0
  }
}

function patternOf (prefix: string, suffix: string): RegExp {
  return new RegExp(`^${prefix}(\\d+)${suffix}\\.log$`)
}

/** Deletes old files of this log. Other files in the folder stay. */
export async function sweep ({ directory, prefix }: PlaceOptions, retain: Retain, keep: string): Promise<void> {
  // With and without `_x`: the chosen columns may have changed since.
  const patterns = [patternOf(prefix.dated, '(?:_x)?'), patternOf(prefix.numbered, '(?:_x)?')]
  const names = (await readdir(directory)).filter(name => name !== keep && patterns.some(pattern => pattern.test(name)))
  // A file that cannot be read, or is gone, must not prevent the deletion of the others.
  const found = await Promise.all(names.map(async name => {
    const path = join(directory, name)
    return await stat(path).then(({ mtimeMs: time }) => ({ path, time }), () => null)
  }))
  const files = found.filter(file => file !== null)
  files.sort((a, b) => b.time - a.time)
  const oldest = retain.days === undefined ? -Infinity : Date.now() - retain.days * DAY
  const spare = retain.files === undefined ? Infinity : retain.files - 1
  const old = files.filter((file, position) => position >= spare || file.time < oldest)
  await Promise.allSettled(old.map(file => unlink(file.path)))
}
