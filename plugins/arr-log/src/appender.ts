// How do bytes get to the end of a log file, whole lines at a time, whatever happens to the file?
import { Buffer } from 'node:buffer'
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { mkdir, open, stat, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { bytesOf, dropTornLine, LINE_END, NEWLINE, type Batch } from './batch.ts'
import type { Place } from './place.ts'

interface OpenFile {
  readonly handle: FileHandle
  readonly path: string
  readonly name: string
  readonly ino: bigint
  readonly dev: bigint
  size: number
}

/** Writes batches to the file each belongs to. One call at a time. */
export interface Appender {
  /** Resolves when the batch is on its way to the disk; a batch that failed can be given again, it knows how far it got. */
  append (batch: Batch): Promise<void>
  /** The same at once; throws. */
  appendSync (batch: Batch): void
  /** The next batch opens its file anew. */
  reopen (): void
  close (): Promise<void>
}

// Owner writes, group reads: lines name people's addresses.
const MODE = 0o640
/** Errors that say nothing against the open file but that there is no room. */
const NO_ROOM = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])

/** `head` is what stands at the top of each block: it is written whenever a file is opened. */
export function createAppender (place: Place, head: (at: number) => string): Appender {
  let file: OpenFile | null = null
  let reopening = false

  return {
    append,
    appendSync,
    reopen () { reopening = true },
    close: release
  }

  async function append (batch: Batch): Promise<void> {
    const fresh = await ensureOpen(batch)
    const opened = file!
    if (fresh && batch.torn) dropTornLine(batch)
    const lines = bytesOf(batch)
    // One write for all of it: appended whole, another process's lines come before or after, never between.
    const bytes = fresh ? Buffer.concat([await opening(opened, batch), lines]) : lines
    let written = 0
    try {
      while (written < bytes.length) {
        const { bytesWritten } = await opened.handle.write(bytes, written, bytes.length - written)
        if (bytesWritten === 0) throw new Error('nothing was written')
        written += bytesWritten
      }
    } catch (error) {
      batch.rest = bytes.subarray(written)
      if (written > 0) batch.torn = bytes[written - 1] !== NEWLINE
      if (!NO_ROOM.has((error as NodeJS.ErrnoException).code ?? '')) await release()
      throw error
    } finally {
      opened.size += written
    }
  }

  function appendSync (batch: Batch): void {
    const path = join(place.directory, place.current(batch.name, file?.size ?? 0))
    mkdirSync(place.directory, { recursive: true })
    const descriptor = openSync(path, 'a', MODE)
    try {
      const lines = bytesOf(batch)
      writeSync(descriptor, file?.path === path ? lines : Buffer.concat([Buffer.from(head(batch.at)), lines]))
    } finally {
      closeSync(descriptor)
    }
  }

  /** Makes sure that the open file is the batch's own and still at its path; true if it was opened just now. */
  async function ensureOpen (batch: Batch): Promise<boolean> {
    const name = place.current(batch.name, file?.size ?? 0)
    if (file !== null && !reopening && file.name === name && await isStillThere(file)) return false
    reopening = false
    await openFile(name)
    // An earlier process may have left the file full, or another one may have filled it.
    let next = place.current(batch.name, file!.size)
    while (next !== file!.name) {
      await openFile(next)
      next = place.current(batch.name, file!.size)
    }
    return true
  }

  async function openFile (name: string): Promise<void> {
    await release()
    const path = join(place.directory, name)
    await mkdir(place.directory, { recursive: true })
    const handle = await open(path, 'a+', MODE)
    try {
      const { ino, dev, size } = await handle.stat({ bigint: true })
      file = { handle, path, name, ino, dev, size: Number(size) }
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

  async function opening (opened: OpenFile, batch: Batch): Promise<Buffer> {
    const text = head(batch.at)
    if (opened.size === 0) return Buffer.from(text)
    // A writer that was killed may have left half a line; ours must not be glued to it.
    const last = Buffer.alloc(1)
    await opened.handle.read(last, 0, 1, opened.size - 1)
    return Buffer.from(last[0] === NEWLINE ? text : LINE_END + text)
  }
}

async function isStillThere (file: OpenFile): Promise<boolean> {
  try {
    const { ino, dev } = await stat(file.path, { bigint: true })
    return ino === file.ino && dev === file.dev
  } catch {
    // Moved or deleted. If it is worse than that, opening the path will tell.
    return false
  }
}
