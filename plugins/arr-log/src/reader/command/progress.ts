// How far has it read? A line on the terminal's standard error, where that is a terminal and reading takes its time.
import { statSync } from 'node:fs'

const EVERY = 200
const PATIENCE = 1000

/** Shows the share of bytes that were read. Nothing is shown in the first second, nor where standard error is no terminal. */
export class Progress {
  readonly #total: number
  readonly #isShown = process.stderr.isTTY === true
  readonly #began = Date.now()
  #read = 0
  #shownAt = 0

  constructor (paths: readonly string[]) {
    this.#total = this.#isShown ? paths.reduce((total, path) => total + statSync(path).size, 0) : 0
  }

  add (bytes: number): void {
    if (!this.#isShown) return
    this.#read += bytes
    const now = Date.now()
    if (now - this.#began < PATIENCE || now - this.#shownAt < EVERY) return
    this.#shownAt = now
    process.stderr.write(`\r${Math.floor(this.#read / this.#total * 100)} % of ${Math.round(this.#total / 1_048_576)} MiB`)
  }

  /** Clears the line. */
  end (): void {
    if (this.#shownAt > 0) process.stderr.write('\r\x1b[K')
  }
}
