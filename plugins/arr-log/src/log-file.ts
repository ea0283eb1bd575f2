// How do lines get onto the disk, whole, in order, and without anybody waiting for them?
import { Buffer } from 'node:buffer'
import { mkdirSync, openSync, closeSync, writeSync } from 'node:fs'
import { mkdir, open, stat, type FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Place } from './place.ts'

/** Lines of one file, in the order they came. */
interface Batch {
  readonly name: string
  /** When its first line was made, ms since the epoch. */
  readonly at: number
  lines: string[]
  size: number
  /** Bytes that an earlier attempt did not get onto the disk. */
  rest: Buffer | null
  /** Whether `rest` begins inside a line whose beginning is on the disk. */
  torn: boolean
}

/** What a log file tells its owner; each is called once per trouble, not once per line. */
export interface Watcher {
  readonly onTrouble: (error: Error, path: string) => void
  readonly onRecovery: (path: string, lost: number) => void
}

export interface LogFileOptions {
  readonly place: Place
  /** What stands at the top of each block. */
  readonly head: (at: number) => string
  /** Longest time a line waits, ms. */
  readonly flushInterval: number
  /** Bytes that start a flush before its time. */
  readonly flushSize: number
  /** Bytes that may wait while the disk does not take them; lines beyond are lost and counted. */
  readonly maxBuffer: number
  readonly watcher: Watcher
}

/** One growing log: buffers lines and appends them in whole-line writes, so that two processes can share the file. */
export interface LogFile {
  /** Takes a line, without its line end, made at a moment (ms since the epoch). Never throws, never waits. */
  write (line: string, at: number): void
  /** Writes what is buffered; resolves when it is on the disk or could not be put there. */
  flush (): Promise<void>
  /** The same at once, for a process that is about to end. */
  flushSync (): void
  /** Closes the file; the next line opens it again. */
  reopen (): void
  close (): Promise<void>
  /** Lines that were lost, since the beginning. */
  readonly lost: number
}

const LINE_END = '\r\n'
const NEWLINE = 0x0a
// Owner writes, group reads: lines name people's addresses.
const MODE = 0o640

interface OpenFile {
  readonly handle: FileHandle
  readonly path: string
  readonly name: string
  readonly ino: bigint
  readonly dev: bigint
  size: number
}

export function createLogFile (options: LogFileOptions): LogFile {
  const { place, head, flushInterval, flushSize, maxBuffer, watcher } = options
  let batches: Batch[] = []
  let buffered = 0
  let timer: NodeJS.Timeout | null = null
  let running: Promise<void> | null = null
  let file: OpenFile | null = null
  let reopening = false
  let troubled = false
  let closed = false
  let lost = 0
  let lostInTrouble = 0

  return {
    write,
    flush,
    flushSync,
    reopen () { reopening = true },
    async close () {
      closed = true
      if (timer !== null) clearTimeout(timer)
      timer = null
      await flush()
      await release()
    },
    get lost () { return lost }
  }

  function write (line: string, at: number): void {
    const size = line.length + LINE_END.length
    if (buffered + size > maxBuffer) {
      lose(1)
      return
    }
    const name = place.nameOf(at)
    let batch = batches.at(-1)
    if (batch === undefined || batch.name !== name || batch.rest !== null) {
      batch = { name, at, lines: [], size: 0, rest: null, torn: false }
      batches.push(batch)
    }
    batch.lines.push(line)
    batch.size += size
    buffered += size
    if (buffered >= flushSize && !troubled) {
      if (running === null) flush().catch(() => {})
    } else if (timer === null) {
      schedule()
    }
  }

  function schedule (): void {
    timer = setTimeout(() => {
      timer = null
      flush().catch(() => {})
    }, closed ? 0 : flushInterval)
    timer.unref()
  }

  async function flush (): Promise<void> {
    // One writer at a time; lines that come meanwhile are in a batch of their own.
    if (running !== null) {
      await running
      return flush()
    }
    if (batches.length === 0) return
    running = drain()
    try {
      await running
    } finally {
      running = null
    }
    if (batches.length > 0 && timer === null && !closed) schedule()
  }

  async function drain (): Promise<void> {
    while (batches.length > 0) {
      const batch = batches[0]!
      try {
        await append(batch)
      } catch (error) {
        if (!troubled) watcher.onTrouble(error as Error, join(place.directory, batch.name))
        troubled = true
        return
      }
      batches.shift()
      buffered -= batch.size
      if (troubled) {
        troubled = false
        watcher.onRecovery(join(place.directory, batch.name), lostInTrouble)
        lostInTrouble = 0
      }
    }
  }

  async function append (batch: Batch): Promise<void> {
    // From here on a new line opens a new batch.
    batch.rest ??= bytesOf(batch)
    const fresh = await ensureOpen(batch)
    const { handle } = file!
    if (fresh && batch.torn) dropTornLine(batch)
    const bytes = fresh ? Buffer.concat([await opening(file!, batch), batch.rest]) : batch.rest
    const headSize = bytes.length - batch.rest.length
    let written = 0
    while (written < bytes.length) {
      try {
        const result = await handle.write(bytes, written, bytes.length - written)
        written += result.bytesWritten
      } catch (error) {
        const taken = Math.max(0, written - headSize)
        if (taken > 0) batch.torn = batch.rest[taken - 1] !== NEWLINE
        batch.rest = batch.rest.subarray(taken)
        throw error
      }
    }
    file!.size += written
  }

  function bytesOf (batch: Batch): Buffer {
    const bytes = Buffer.from(batch.lines.join(LINE_END) + LINE_END)
    batch.lines = []
    return bytes
  }

  /** Makes sure the open file is the batch's own and still at its path; true if it was opened for it. */
  async function ensureOpen (batch: Batch): Promise<boolean> {
    const name = place.current(batch.name, file?.size ?? 0)
    if (file !== null && !reopening && file.name === name && await isStillThere(file)) return false
    reopening = false
    await release()
    await openFile(name)
    // The file may have been left full by an earlier process, or filled by another one.
    const next = place.current(batch.name, file!.size)
    if (next !== name) {
      await release()
      await openFile(next)
    }
    return true
  }

  async function openFile (name: string): Promise<void> {
    const path = join(place.directory, name)
    await mkdir(dirname(path), { recursive: true })
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

  /** The beginning of the first line went to a file that is gone: the rest of it belongs nowhere. */
  function dropTornLine (batch: Batch): void {
    const end = batch.rest!.indexOf(NEWLINE)
    batch.rest = batch.rest!.subarray(end === -1 ? batch.rest!.length : end + 1)
    batch.torn = false
    lose(1)
  }

  function lose (lines: number): void {
    lost += lines
    lostInTrouble += lines
  }

  function flushSync (): void {
    // An asynchronous write that is under way has its bytes already; what comes after it is ours to write.
    const waiting = running === null ? batches : batches.slice(1)
    batches = running === null ? [] : batches.slice(0, 1)
    for (const batch of waiting) {
      const path = join(place.directory, place.current(batch.name, file?.size ?? 0))
      mkdirSync(dirname(path), { recursive: true })
      const fd = openSync(path, 'a', MODE)
      try {
        const bytes = batch.rest ?? bytesOf(batch)
        writeSync(fd, file?.path === path ? bytes : Buffer.concat([Buffer.from(head(batch.at)), bytes]))
      } finally {
        closeSync(fd)
      }
      buffered -= batch.size
    }
  }
}

async function isStillThere (file: OpenFile): Promise<boolean> {
  try {
    const { ino, dev } = await stat(file.path, { bigint: true })
    return ino === file.ino && dev === file.dev
  } catch {
    // Moved or deleted: whatever else is wrong, opening it again will tell.
    return false
  }
}
