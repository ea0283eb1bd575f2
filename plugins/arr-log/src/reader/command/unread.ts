// Which lines could not be read, and does the command fail for it?
import { printable } from '../../format/escape.ts'
import type { Unread } from '../rows/rows.ts'

/** So many files are named. */
const NAMED = 3

/** Gathers what could not be read in all files. */
export class Unreadable {
  #count = 0
  #files = 0
  readonly #named: string[] = []

  add (path: string, { count, first }: Unread): void {
    if (count === 0) return
    this.#count += count
    if (++this.#files <= NAMED) this.#named.push(`${path}:${first}`)
  }

  /** Says on standard error what could not be read. `readAny`: whether another line could be. Sets the exit code where none could. */
  tell (readAny: boolean): void {
    if (this.#count === 0) return
    const more = this.#files > NAMED ? ` and ${this.#files - NAMED} more files` : ''
    process.stderr.write(`arr-log: ${this.#count} lines could not be read, the first at ${printable(this.#named.join(', '))}${more}\n`)
    if (!readAny) process.exitCode = 1
  }
}
