// When are the other processes told what is open here? A moment after it has changed, together with what else has changed by then.
import type { WorkerName } from '@fastify-arr/facts'
import { Watch } from '../../sockets/watch.ts'
import type { Counts } from './others.ts'

/** What is open here. */
export interface Own {
  readonly places: number
  readonly keys: Iterable<string>
  of (key: string): number
}

/** False where it is not sent, and is to be told again later. */
type Tell = (counts: Counts, to?: WorkerName) => boolean

/** ms. The second one holds where a limit is near. */
const LATER = 25
const SOON = 5
/** Characters of keys in one message. */
const MOST = 100_000
/** A key that is longer than a request's head may be is not told. */
const LONGEST_KEY = 20_000

/** One that is to be told all keys. The iterator goes on as they change; what it has passed is told as a change. */
interface Owed {
  readonly who: WorkerName
  readonly keys: Iterator<string>
  part: string[] | null
  isFirst: boolean
}

export class Telling {
  readonly #own: Own
  readonly #tell: Tell
  readonly #watch = new Watch(() => { this.#send() })
  readonly #changed = new Set<string>()
  readonly #owed = new Map<number, Owed>()
  #hasChanged = false
  #due = Infinity

  constructor (own: Own, tell: Tell) {
    this.#own = own
    this.#tell = tell
  }

  /** How many there are has changed, and of the key. */
  changed (key: string | null, isNear: boolean): void {
    this.#hasChanged = true
    if (key !== null && key.length <= LONGEST_KEY) this.#changed.add(key)
    this.#wait(isNear ? SOON : LATER)
  }

  /** It knows nothing. */
  owe (who: WorkerName): void {
    this.#owed.set(who.pid, { who, keys: this.#own.keys[Symbol.iterator](), part: null, isFirst: true })
    this.#wait(1)
  }

  forget (pid: number): void {
    this.#owed.delete(pid)
  }

  stop (): void {
    this.#watch.stop()
    this.#due = -Infinity
  }

  #wait (ms: number): void {
    const due = performance.now() + ms
    if (this.#due <= due) return
    this.#due = due
    this.#watch.set(ms)
  }

  #send (): void {
    this.#due = Infinity
    const isSent = !this.#hasChanged || this.#tellChanges()
    if (!isSent) return this.#wait(LATER)
    for (const owed of this.#owed.values()) {
      if (this.#tellAll(owed)) this.#owed.delete(owed.who.pid)
      else this.#wait(LATER)
    }
  }

  #tellChanges (): boolean {
    do {
      const part = nextPart(this.#changed.values())
      if (!this.#tell(this.#counts(part))) return false
      for (const key of part) this.#changed.delete(key)
    } while (this.#changed.size > 0)
    this.#hasChanged = false
    return true
  }

  #tellAll (owed: Owed): boolean {
    for (;;) {
      owed.part ??= nextPart({ [Symbol.iterator]: () => owed.keys })
      if (owed.part.length === 0 && !owed.isFirst) return true
      if (!this.#tell({ ...this.#counts(owed.part), ...owed.isFirst && { whole: true } }, owed.who)) return false
      owed.part = null
      owed.isFirst = false
    }
  }

  #counts (keys: readonly string[]): Counts {
    return { places: this.#own.places, keys: keys.map(key => [key, this.#own.of(key)]) }
  }
}

/** As many as go into one message. The iterator goes on after them. */
function nextPart (keys: Iterable<string>): string[] {
  const iterator = keys[Symbol.iterator]()
  const part: string[] = []
  for (let length = 0; length < MOST;) {
    const { value, done } = iterator.next()
    if (done === true) break
    if (value.length > LONGEST_KEY) continue
    part.push(value)
    length += value.length + 10
  }
  return part
}
