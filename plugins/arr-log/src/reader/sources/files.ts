// Which files does a path stand for, and what is in them?
import { open, readdir, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Row } from '../rows/row.ts'
import { Rows, type Unread } from '../rows/rows.ts'
import { decoded } from './decoded.ts'

/** Who takes what is read. */
export interface Taking {
  readonly each: (row: Row) => void
  /** Told of a process that has written a sign of life, and when. */
  readonly alive?: ((id: string, at: number) => void) | undefined
  /** Waited for between two chunks. */
  readonly drained?: (() => Promise<unknown> | undefined) | undefined
}

/** Bytes that are read at a time. */
const AT_A_TIME = 524_288
const LOG = /\.log(?:\.gz)?$/i

/** The log files of a path: the file itself, or all `*.log` and `*.log.gz` in the folder and its subfolders, sorted by path. */
export async function filesOf (path: string): Promise<string[]> {
  if (!(await stat(path)).isDirectory()) return [path]
  const found = await readdir(path, { withFileTypes: true, recursive: true })
  return found
    .filter(entry => entry.isFile() && LOG.test(entry.name))
    .map(entry => join(entry.parentPath, entry.name))
    .sort()
}

/** The folder of a site, `W3SVC1`, which names the site where no column does; null for another folder. */
export function siteFolder (path: string): string | null {
  const folder = basename(dirname(path))
  return /^W3SVC\d+$/i.test(folder) ? folder : null
}

/** Reads a stream to its end. Returns which lines could not be read. */
export async function readStream (stream: AsyncIterable<Buffer>, folder: string | null, { each, alive = nothing, drained = nothing }: Taking): Promise<Unread> {
  const rows = new Rows(each, folder, alive)
  for await (const chunk of decoded(stream)) {
    rows.feed(chunk)
    await drained()
  }
  rows.end()
  return rows.unread
}

/** Reads a file to its end; `onBytes` is told how many bytes of it were read. */
export async function readFile (path: string, taking: Taking, onBytes: (count: number) => void = nothing): Promise<Unread> {
  return await readStream(chunksOf(path, onBytes), siteFolder(path), taking)
}

/** The bytes of a file, in a buffer that is used again: a chunk is valid until the next one is asked for. */
async function * chunksOf (path: string, onBytes: (count: number) => void): AsyncGenerator<Buffer> {
  const file = await open(path)
  try {
    const buffer = Buffer.allocUnsafeSlow(AT_A_TIME)
    while (true) {
      const { bytesRead } = await file.read(buffer, 0, AT_A_TIME, null)
      if (bytesRead === 0) return
      onBytes(bytesRead)
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    await file.close()
  }
}

function nothing (): undefined {}
