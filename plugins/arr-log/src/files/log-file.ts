// How are lines buffered and written without blocking an exchange?
import { Buffer } from 'node:buffer'
import { join } from 'node:path'
import { createAppender } from './appender.ts'
import { createBatch, LINE_END, linesIn, type Batch } from './batch.ts'
import type { Place } from './place.ts'

/** Callbacks for write errors: once per outage, not once per line. */
export interface Watcher {
  readonly onTrouble: (error: Error, path: string) => void
  /** `lost`: the lines lost in this outage. */
  readonly onRecovery: (path: string, lost: number) => void
}

/** The buffered bytes of several files together: on a full disk all files buffer at once. */
export interface Backlog {
  bytes: number
  readonly most: number
}

export interface LogFileOptions {
  readonly place: Place
  /** The header lines, written each time the file is opened. */
  readonly head: (at: number) => string
  /** Longest time a line stays buffered, ms. */
  readonly flushInterval: number
  /** Buffered bytes at which a write begins before that time. */
  readonly flushSize: number
  /** Limit of buffered bytes while writing fails; lines beyond it are lost and counted. */
  readonly maxBuffer: number
  /** The shared limit of all files of a server. Default: unlimited. */
  readonly backlog?: Backlog
  readonly watcher: Watcher
}

/** One log. Several processes may write to the same one. */
export interface LogFile {
  /** Buffers a line, without its line end. `at`: ms since the epoch. Never throws, never blocks. */
  write (line: string, at: number): void
  /** Writes what is buffered; resolves when that has succeeded or failed. */
  flush (): Promise<void>
  /** The same, synchronously, for a process that exits. */
  flushSync (): void
  /** The next line opens the file again. */
  reopen (): void
  close (): Promise<void>
  /** Lines lost since the start. */
  readonly lost: number
}

const NOTHING = Buffer.alloc(0)

export function createLogFile (options: LogFileOptions): LogFile {
  const { place, head, flushInterval, flushSize, maxBuffer, backlog = { bytes: 0, most: Infinity }, watcher } = options
  const appender = createAppender(place, head)
  let batches: Batch[] = []
  let writing: Batch | null = null
  let buffered = 0
  let timer: NodeJS.Timeout | null = null
  let running: Promise<void> | null = null
  let troubled = false
  let closed = false
  let lost = 0
  let lostInTrouble = 0

  return { write, flush, flushSync, reopen: appender.reopen, close, get lost () { return lost } }

  function write (line: string, at: number): void {
    const size = line.length + LINE_END.length
    if (buffered + size > maxBuffer || backlog.bytes + size > backlog.most) {
      lose(1)
      return
    }
    const name = place.nameOf(at)
    let batch = batches.at(-1)
    // A batch that is being written, or was written in part, takes no more lines.
    if (batch === undefined || batch.name !== name || batch === writing || batch.rest !== null) {
      batch = createBatch(name, at)
      batches.push(batch)
    }
    batch.lines.push(line)
    batch.size += size
    buffer(size)
    if (buffered >= flushSize && !troubled && running === null) flush().catch(() => {})
    else if (timer === null) schedule()
  }

  function buffer (bytes: number): void {
    buffered += bytes
    backlog.bytes += bytes
  }

  function schedule (): void {
    timer = setTimeout(() => {
      timer = null
      flush().catch(() => {})
    }, closed ? 0 : flushInterval)
    timer.unref()
  }

  async function flush (): Promise<void> {
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
      // A failed write is tried again even where no new lines arrive.
      if (!closed && batches.length > 0 && timer === null) schedule()
    }
    if (closed) await appender.close()
  }

  async function drain (): Promise<void> {
    // Only what is buffered now: lines that arrive meanwhile wait for `flushSize` or `flushInterval`, or a busy log would be written in small pieces.
    const last = batches.at(-1)
    for (let batch = batches[0]; batch !== undefined; batch = batch === last ? undefined : batches[0]) {
      writing = batch
      try {
        await appender.append(batch)
        batches.shift()
        buffer(-batch.size)
        lose(batch.dropped)
        recover(batch)
      } catch (error) {
        reportTrouble(error as Error, batch)
        return
      } finally {
        writing = null
      }
    }
  }

  function reportTrouble (error: Error, batch: Batch): void {
    if (troubled) return
    troubled = true
    watcher.onTrouble(error, join(place.directory, batch.name))
  }

  function recover (batch: Batch): void {
    if (!troubled) return
    watcher.onRecovery(join(place.directory, batch.name), lostInTrouble)
    troubled = false
    lostInTrouble = 0
  }

  function lose (lines: number): void {
    lost += lines
    lostInTrouble += lines
  }

  function flushSync (): void {
    const waiting = batches
    batches = batches.filter(batch => batch === writing)
    for (const batch of waiting) {
      // `drain` removes the batch that it is writing. If the operating system has it already, writing it again would duplicate it.
      if (batch !== writing) buffer(-batch.size)
      else if (batch.handed) continue
      try {
        appender.appendSync(batch)
      } catch (error) {
        lose(linesIn(batch))
        reportTrouble(error as Error, batch)
      }
      batch.rest = NOTHING
    }
  }

  async function close (): Promise<void> {
    closed = true
    if (timer !== null) clearTimeout(timer)
    timer = null
    await flush()
    await appender.close()
    for (const batch of batches) lose(linesIn(batch))
    if (batches.length > 0) watcher.onRecovery(join(place.directory, batches[0]!.name), lostInTrouble)
    batches = []
    buffer(-buffered)
  }
}
