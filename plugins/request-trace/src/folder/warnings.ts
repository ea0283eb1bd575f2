// What is an operator told? One line for a disk that fails, one a minute for what is lost otherwise.
import type { FastifyBaseLogger } from 'fastify'

const MINUTE = 60_000

/** The warnings of one server. */
export class Warnings {
  readonly #log: FastifyBaseLogger
  #troubled = false
  #toldAt = { tooMany: -MINUTE, broke: -MINUTE }

  constructor (log: FastifyBaseLogger) {
    this.#log = log
  }

  unwritten (error: unknown): void {
    if (this.#troubled) return
    this.#troubled = true
    this.#log.warn({ err: error }, 'request-trace: a trace cannot be written; serving goes on, and traces are in fastify.traces only')
  }

  recovered (): void {
    if (!this.#troubled) return
    this.#troubled = false
    this.#log.info('request-trace: traces can be written again')
  }

  /** `lost`: since the start. */
  tooMany (lost: number): void {
    if (this.#isDue('tooMany')) this.#log.warn({ lost }, 'request-trace: more traces at once than are written; `lost` were not, since the start')
  }

  broke (error: unknown): void {
    if (this.#isDue('broke')) this.#log.warn({ err: error }, 'request-trace: an exchange could not be recorded')
  }

  close (): void {
    this.#toldAt = { tooMany: Infinity, broke: Infinity }
  }

  #isDue (what: 'tooMany' | 'broke'): boolean {
    const now = performance.now()
    if (now - this.#toldAt[what] < MINUTE) return false
    this.#toldAt[what] = now
    return true
  }
}
