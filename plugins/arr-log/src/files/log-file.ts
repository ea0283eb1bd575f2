// How does a line get from an exchange to the disk without anybody waiting for it?
import { Buffer } from 'node:buffer'
import { join } from 'node:path'
import { createAppender } from './appender.ts'
import { createBatch, LINE_END, linesIn, type Batch } from './batch.ts'
import type { Place } from './place.ts'

/** What a log file tells its owner: once per trouble, not once per line. */
export interface Watcher {
  readonly onTrouble: (error: Error, path: string) => void
  /** `lost`: the lines this trouble cost. */
  readonly onRecovery: (path: string, lost: number) => void
}

/** Bytes of several files that wait for the disk: on a full one, all of them would. */
export interface Backlog {
  bytes: number
  readonly most: number
}

export interface LogFileOptions {
  readonly place: Place
  /** What stands at the top of each block. */
  readonly head: (at: number) => string
  /** Longest time a line waits, ms. */
  readonly flushInterval: number
  /** Bytes that are written without waiting for the time. */
  readonly flushSize: number
  /** Bytes that may wait while the disk takes none; lines beyond are lost and counted. */
  readonly maxBuffer: number
  /** What may wait of all files of a server; one that nobody shares where there is none. */
  readonly backlog?: Backlog
  readonly watcher: Watcher
}

/** One growing log. Two processes may write the same one. */
export interface LogFile {
  /** Takes a line, without its line end, made at a moment (ms since the epoch). Never throws, never waits. */
  write (line: string, at: number): void
  /** Writes what is buffered; resolves when that was done or could not be done. */
  flush (): Promise<void>
  /** The same at once, for a process that is about to end. */
  flushSync (): void
  /** The next line opens the file anew. */
  reopen (): void
  close (): Promise<void>
  /** Lines that were lost, since the beginning. */
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
    // A batch that is being written, or was in part, takes no more.
    if (batch === undefined || batch.name !== name || batch === writing || batch.rest !== null) {
      batch = createBatch(name, at)
      batches.push(batch)
    }
    batch.lines.push(line)
    batch.size += size
    wait(size)
    if (buffered >= flushSize && !troubled && running === null) flush().catch(() => {})
    else if (timer === null) schedule()
  }

  function wait (bytes: number): void {
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
      // What was not taken is tried again, whether new lines come or not.
      if (!closed && batches.length > 0 && timer === null) schedule()
    }
    if (closed) await appender.close()
  }

  async function drain (): Promise<void> {
    // What comes meanwhile waits for its own size or time: a busy log would be written in crumbs.
    const last = batches.at(-1)
    for (let batch = batches[0]; batch !== undefined; batch = batch === last ? undefined : batches[0]) {
      writing = batch
      try {
        await appender.append(batch)
        batches.shift()
        wait(-batch.size)
        lose(batch.dropped)
        recover(batch)
      } catch (error) {
        complain(error as Error, batch)
        return
      } finally {
        writing = null
      }
    }
  }

  function complain (error: Error, batch: Batch): void {
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
      // Whoever is writing it takes it off; what the system has got already would be there twice.
      if (batch !== writing) wait(-batch.size)
      else if (batch.handed) continue
      try {
        appender.appendSync(batch)
      } catch (error) {
        lose(linesIn(batch))
        complain(error as Error, batch)
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
    wait(-buffered)
  }
}
