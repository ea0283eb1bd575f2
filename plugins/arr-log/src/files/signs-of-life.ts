// Is a process still there whose WebSockets are all silent? As long as some are open, its files have a word from it once a minute.
import { stampOf } from '../format/stamp.ts'
import { signOfLife } from '../format/writing-process.ts'
import type { LogFile } from './log-file.ts'

/** ms. */
const INTERVAL = 60_000

/** The open WebSockets of one file, whose openings have a line. */
export class SignsOfLife {
  readonly #file: Pick<LogFile, 'write'>
  #open = 0
  #written = 0
  #timer: NodeJS.Timeout | undefined

  constructor (file: Pick<LogFile, 'write'>) {
    this.#file = file
  }

  /** A line was written at this time, ms since the epoch; `change` is 1 for an opening, -1 for the end of a WebSocket. */
  wrote (at: number, change: -1 | 0 | 1): void {
    this.#written = at
    if (change === 0) return
    this.#open = Math.max(0, this.#open + change)
    if (this.#open === 0) this.stop()
    else this.#timer ??= setInterval(() => { this.#say() }, INTERVAL).unref()
  }

  stop (): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #say (): void {
    const now = Date.now()
    if (now - this.#written < INTERVAL) return
    const { date, time } = stampOf(now)
    this.#file.write(signOfLife(date, time), now)
  }
}
