// How are whole lines appended to a log file that may be moved, emptied, full or written by another process?
import { Buffer } from 'node:buffer'
import { closeSync, fstatSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { mkdir, open, stat, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { bytesOf, dropTornLine, LINE_END, NEWLINE, type Batch } from './batch.ts'
import { forget, inTurn } from './open-files.ts'
import type { Place } from './place.ts'

interface OpenFile {
  readonly handle: FileHandle
  readonly path: string
  readonly name: string
  readonly ino: bigint
  readonly dev: bigint
  size: number
}

/** Writes each batch to its file. One call at a time. */
export interface Appender {
  /** Resolves when the operating system has the batch. A batch that failed can be passed again: it holds what is left to write. */
  append (batch: Batch): Promise<void>
  /** The same, synchronously; throws. */
  appendSync (batch: Batch): void
  /** The next batch opens its file again. */
  reopen (): void
  close (): Promise<void>
}

// Owner writes, group reads: lines contain personal data (client addresses).
const MODE = 0o640
/** Errors after which the open file is still good: there is only no room. */
const NO_ROOM = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])

/** `head`: the header lines, written each time a file is opened. */
export function createAppender (place: Place, head: (at: number) => string): Appender {
  let file: OpenFile | null = null
  // Whether the open file has got a head since it was opened.
  let begun = false
  let reopening = false
  // A file that was closed because too many were open. If the same file is opened again, it gets no second head.
  let left: OpenFile | null = null
  // The file that `appendSync` wrote to, null before.
  let ended: { readonly name: string, size: number } | null = null

  return {
    append: batch => inTurn(makeRoom, () => append(batch)),
    appendSync,
    reopen () { reopening = true },
    async close () {
      forget(makeRoom)
      await release()
    }
  }

  async function makeRoom (): Promise<void> {
    left = begun ? file : null
    await release()
  }

  async function append (batch: Batch): Promise<void> {
    const before = await ensureOpen(batch)
    const opened = file!
    // The beginning of this line is in another file, or another process has written after it.
    if (before !== null && batch.torn) dropTornLine(batch)
    const lines = bytesOf(batch)
    // One append for head and lines: another process's lines come before or after it, never between.
    const bytes = before === null ? lines : Buffer.concat([Buffer.from(before), lines])
    let written = 0
    batch.handed = begun = true
    try {
      while (written < bytes.length) {
        const { bytesWritten } = await opened.handle.write(bytes, written, bytes.length - written)
        if (bytesWritten === 0) throw new Error('nothing was written')
        written += bytesWritten
      }
    } catch (error) {
      batch.handed = false
      batch.rest = bytes.subarray(written)
      if (written > 0) batch.torn = bytes[written - 1] !== NEWLINE
      if (!NO_ROOM.has((error as NodeJS.ErrnoException).code ?? '')) await release()
      throw error
    } finally {
      opened.size += written
    }
  }

  function appendSync (batch: Batch): void {
    const name = place.current(batch.name, ended?.size ?? file?.size ?? 0)
    const path = join(place.directory, name)
    mkdirSync(place.directory, { recursive: true })
    const descriptor = openSync(path, 'a', MODE)
    try {
      const lines = bytesOf(batch)
      const isBegun = ended?.name === name || (begun && (file ?? left)?.name === name)
      const bytes = isBegun ? lines : Buffer.concat([Buffer.from(head(batch.at)), lines])
      for (let written = 0, now = 0; written < bytes.length; written += now) {
        now = writeSync(descriptor, bytes, written)
        if (now === 0) throw new Error('nothing was written')
      }
      ended = { name, size: fstatSync(descriptor).size }
    } finally {
      closeSync(descriptor)
    }
  }

  /** Makes sure that the open file is the batch's and still at its path. Returns what goes before the lines; null if the last write was this process's own. */
  async function ensureOpen (batch: Batch): Promise<string | null> {
    let name = place.current(batch.name, file?.size ?? 0)
    const size = file !== null && !reopening && file.name === name ? await sizeIfThere(file) : null
    if (size !== null && size === file!.size) return null
    if (size !== null) {
      // A file that was emptied in place (copytruncate) has lost its head as well.
      const isCut = size < file!.size
      file!.size = size
      name = place.current(batch.name, size)
      if (name === file!.name) return await afterOthers(file!) + (isCut ? head(batch.at) : '')
    }
    const known = reopening ? null : left
    left = null
    reopening = false
    // An earlier or another process may have filled the file.
    do await openFile(name)
    while ((name = place.current(batch.name, file!.size)) !== file!.name)
    begun = known !== null && known.path === file!.path && known.ino === file!.ino && known.dev === file!.dev && known.size <= file!.size
    if (begun && known!.size === file!.size) return null
    return await afterOthers(file!) + (begun ? '' : head(batch.at))
  }

  async function openFile (name: string): Promise<void> {
    await release()
    const path = join(place.directory, name)
    await mkdir(place.directory, { recursive: true })
    const handle = await open(path, 'a+', MODE)
    try {
      const { ino, dev, size } = await handle.stat({ bigint: true })
      file = { handle, path, name, ino, dev, size: Number(size) }
      begun = false
    } catch (error) {
      await handle.close()
      throw error
    }
    place.onOpen(name)
  }

  async function release (): Promise<void> {
    const old = file
    file = null
    await old?.handle.close().catch(() => {})
  }
}

// A killed process may have left an incomplete line: a line end is written before the next line.
async function afterOthers ({ handle, size }: OpenFile): Promise<string> {
  if (size === 0) return ''
  const last = Buffer.alloc(1)
  await handle.read(last, 0, 1, size - 1)
  return last[0] === NEWLINE ? '' : LINE_END
}

/** The size of the file at the path; null if that is not the open file any more. */
async function sizeIfThere (file: OpenFile): Promise<number | null> {
  try {
    const { ino, dev, size } = await stat(file.path, { bigint: true })
    return ino === file.ino && dev === file.dev ? Number(size) : null
  } catch {
    // Moved or deleted. Any other error is reported when the path is opened.
    return null
  }
}
