// How does the log learn that file descriptors or local ports have run out? By one line for all connections that could not be opened.
//
// libuv closes a client's connection that gets no descriptor, without any event: so a timer tests whether one is available.
import { closeSync, openSync } from 'node:fs'
import { devNull } from 'node:os'
import { systemCodeOf } from '../errors.ts'

/** Between two tests, ms. */
const TRY = 5000
/** How long failures are counted before the first line, and between two lines, ms. */
const FIRST = 1000
const NEXT = 60_000

/** Called with the number of connections to upstreams that failed since the last call; 0 where the timer alone noticed the shortage. */
export type Tell = (count: number) => void

/** Something that the process shares, so that only the first caller reports it. */
class Shortage {
  readonly #codes: ReadonlySet<string | null>
  readonly #isOut: (() => unknown) | null
  readonly #tellers: Tell[] = []
  #count = 0
  #told = -Infinity
  #line: NodeJS.Timeout | undefined
  #tries: NodeJS.Timeout | undefined

  /** `tryOne`: takes one and gives it back, or throws. */
  constructor (codes: readonly string[], tryOne: (() => unknown) | null) {
    this.#codes = new Set(codes)
    this.#isOut = tryOne
  }

  tell (tell: Tell): () => void {
    this.#tellers.push(tell)
    if (this.#isOut !== null) this.#tries ??= setInterval(() => this.#try(), TRY).unref()
    return () => {
      const at = this.#tellers.indexOf(tell)
      if (at === -1) return
      if (this.#tellers.length === 1 && this.#line !== undefined) this.#say()
      this.#tellers.splice(at, 1)
      if (this.#tellers.length > 0) return
      clearInterval(this.#tries)
      this.#tries = undefined
    }
  }

  count (code: string | null): void {
    if (!this.#codes.has(code)) return
    this.#count++
    this.#sayLater()
  }

  #try (): void {
    try {
      this.#isOut?.()
    } catch (cause) {
      if (this.#codes.has(systemCodeOf(cause))) this.#sayLater()
    }
  }

  #sayLater (): void {
    this.#line ??= setTimeout(() => this.#say(), Math.max(FIRST, this.#told + NEXT - performance.now())).unref()
  }

  #say (): void {
    clearTimeout(this.#line)
    this.#line = undefined
    this.#told = performance.now()
    this.#tellers[0]?.(this.#count)
    this.#count = 0
  }
}

/** The limit of the process, that of the system, and the Windows code for both. */
const descriptors = new Shortage(['EMFILE', 'ENFILE', 'ENOBUFS'], () => { closeSync(openSync(devNull, 'r')) })
const localPorts = new Shortage(['EADDRNOTAVAIL'], null)

/** Has both shortages reported. Returns the function that ends it. */
export function tellShortage (noDescriptor: Tell, noLocalPort: Tell): () => void {
  const ends = [descriptors.tell(noDescriptor), localPorts.tell(noLocalPort)]
  return () => { for (const end of ends) end() }
}

/** Counts a connection that failed for lack of descriptors or ports; ignores other causes. */
export function countShortage (cause: unknown): void {
  const code = systemCodeOf(cause)
  descriptors.count(code)
  localPorts.count(code)
}
