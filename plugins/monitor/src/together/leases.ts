// What is followed here for pages that other workers serve? For as long as they go on asking: one that dies is forgotten.
import type { Followed } from '../views/views.ts'
import type { LookAsked, Numbered } from './messages.ts'
import { PARTS, type Own } from './parts.ts'

/** ms after the last question. An asker waits 2 s for the slowest, and one more before it asks again. */
const PATIENCE = 8_000
/** Of all askers: a worker has 50 streams at most. */
const MOST = 512
/** Parts that may wait for one asker: then nothing more is read, and what is read has bounds of its own. */
const MOST_PARTS = 4

interface Lease {
  readonly followed: Followed<unknown>
  readonly isNews: boolean
  parts: Numbered[]
  last: number
  askedAt: number
}

export class Leases {
  readonly #own: Own
  readonly #failed: (error: unknown) => void
  readonly #leases = new Map<string, Lease>()
  #timer: NodeJS.Timeout | null = null

  /** `failed` is told why a view could not be read. */
  constructor (own: Own, failed: (error: unknown) => void) {
    this.#own = own
    this.#failed = failed
  }

  get size (): number {
    return this.#leases.size
  }

  /** The parts that the asker has not got, by the ids of its looks. One that fails is left out. */
  answer (asker: number, looks: readonly LookAsked[]): Record<string, readonly Numbered[]> {
    const answer: Record<string, readonly Numbered[]> = {}
    for (const look of looks) {
      try {
        const parts = this.#read(asker, look)
        if (parts !== undefined) answer[look.id] = parts
      } catch (error) {
        this.#failed(error)
      }
    }
    return answer
  }

  #read (asker: number, look: LookAsked): readonly Numbered[] | undefined {
    const lease = this.#lease(asker, look)
    if (lease === undefined) return undefined
    lease.askedAt = performance.now()
    const seen = look.seen[process.pid] ?? 0
    lease.parts = lease.isNews ? lease.parts.filter(([number]) => number > seen) : []
    if (lease.parts.length < MOST_PARTS) lease.parts.push([++lease.last, lease.followed.read()])
    return lease.parts
  }

  end (asker: number, id: number): void {
    const key = `${asker} ${id}`
    this.#leases.get(key)?.followed.end()
    this.#leases.delete(key)
    if (this.#leases.size > 0 || this.#timer === null) return
    clearInterval(this.#timer)
    this.#timer = null
  }

  endAll (): void {
    for (const key of [...this.#leases.keys()]) this.end(...key.split(' ').map(Number) as [number, number])
  }

  #lease (asker: number, { id, name, question, seen }: LookAsked): Lease | undefined {
    const key = `${asker} ${id}`
    const known = this.#leases.get(key)
    if (known !== undefined) return known
    if (this.#leases.size >= MOST || !Object.hasOwn(PARTS, name)) return undefined
    const reader = PARTS[name]
    // Of one that was forgotten, numbers go on where they were.
    const lease: Lease = { followed: reader.follow(this.#own, question as never), isNews: reader.tells === 'news', parts: [], last: seen[process.pid] ?? 0, askedAt: 0 }
    this.#leases.set(key, lease)
    this.#timer ??= setInterval(() => { this.#forget() }, PATIENCE / 4).unref()
    return lease
  }

  #forget (): void {
    const before = performance.now() - PATIENCE
    for (const [key, { askedAt }] of this.#leases) if (askedAt < before) this.end(...key.split(' ').map(Number) as [number, number])
  }
}
