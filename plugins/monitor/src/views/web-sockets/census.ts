// Which tunnels are open, and how much passes through each? Looked at once a second, however many ask, and in slices: no turn is long.
//
// What is kept for a tunnel is on its request and ends with it: about 300 bytes, and about 400 more for its words. Nothing is kept for
// a tunnel that opens while nobody looks.
import type { RequestFacts, Told, TunnelsFact } from '@fastify-arr/facts'
import type { FastifyRequest } from 'fastify'
import { Seen } from './seen.ts'
import { Sieve } from './sieve.ts'
import { Slices, type Work } from './slices.ts'
import type { Named } from './words.ts'

/** Between two looks, ms: a little less than the second after which a page asks again. */
const EVERY = 900
/** How many filters are remembered; of more, the one that was not asked for the longest gives way. */
const FILTERS = 8
/** So many are looked at between two looks at the clock. */
const STEP = 64

type Tunnels = Pick<TunnelsFact, 'size' | 'get' | 'requests'> & Iterable<{ readonly request?: FastifyRequest }>

/** The open tunnels of one server. */
export class Census {
  readonly #tunnels: () => Tunnels | undefined
  readonly #now: () => number
  readonly #seen = Symbol('what the list of WebSockets knows of a tunnel')
  readonly #slices = new Slices()
  readonly #sieves: Sieve[] = []
  #all: readonly Seen[] = []
  /** Those of the look that is under way; null where none is. */
  #next: Seen[] | null = null
  #at = -Infinity
  #isSpeaking = false

  /** `tunnels` is asked each time: its plugin may be registered later. */
  constructor (tunnels: () => Tunnels | undefined, now: () => number = Date.now) {
    this.#tunnels = tunnels
    this.#now = now
  }

  get size (): number {
    return this.#tunnels()?.size ?? 0
  }

  readonly find = (id: string): Named | undefined => this.#tunnels()?.get(id)

  /** Those of the last look. Of many thousands, the first look gives some, and the next one all. */
  all (): readonly Seen[] {
    const now = this.#now()
    if (this.#next === null && (now - this.#at >= EVERY || now < this.#at)) {
      this.#at = now
      this.#slices.start(this.#look(this.#next = []))
    }
    return this.#next !== null && this.#all.length === 0 ? this.#next : this.#all
  }

  /** Those that a filter names, as far as it has been asked. */
  named (filter: string): readonly Seen[] {
    const all = this.all()
    const now = this.#now()
    const sieve = this.#sieve(filter, now)
    const work = sieve.work(all, this.find, now)
    if (work !== null) this.#slices.start(work)
    return all.filter(seen => sieve.passes(seen))
  }

  /** Those whose words are known. */
  spoken (): readonly Seen[] {
    const all = this.all()
    if (!this.#isSpeaking) {
      this.#isSpeaking = true
      this.#slices.start(this.#speak(all))
    }
    return all.filter(seen => seen.hasWords)
  }

  end (): void {
    this.#slices.end()
    this.#all = []
    this.#next = null
    this.#at = -Infinity
    this.#isSpeaking = false
    this.#sieves.length = 0
  }

  * #look (next: Seen[]): Work {
    let looked = 0
    for (const request of this.#requests()) {
      const seen = this.#of(request)
      if (seen === undefined) continue
      seen.meter.look(seen.tunnel, this.#now())
      next.push(seen)
      if (++looked % STEP === 0) yield
    }
    this.#all = next
    this.#next = null
  }

  * #speak (all: readonly Seen[]): Work {
    let spoken = 0
    for (const seen of all) {
      if (seen.hasWords) continue
      seen.words(this.find)
      if (++spoken % STEP === 0) yield
    }
    this.#isSpeaking = false
  }

  /** Undefined for a request that has no tunnel. */
  #of (request: FastifyRequest): Seen | undefined {
    const noted = request as FastifyRequest & Record<symbol, Seen | undefined>
    const known = noted[this.#seen]
    if (known !== undefined) return known
    const tunnel = (request as Told<RequestFacts>).upstream?.tunnel
    if (tunnel === null || tunnel === undefined) return undefined
    const seen = new Seen(request, tunnel)
    noted[this.#seen] = seen
    return seen
  }

  #sieve (text: string, now: number): Sieve {
    let sieve = this.#sieves.find(one => one.text === text)
    if (sieve === undefined) {
      const slot = this.#sieves.length < FILTERS ? this.#sieves.length : oldest(this.#sieves)
      sieve = this.#sieves[slot] = new Sieve(text, slot)
      sieve.clear(this.#all)
      sieve.clear(this.#next ?? [])
    }
    sieve.usedAt = now
    return sieve
  }

  #requests (): Iterable<FastifyRequest> {
    const tunnels = this.#tunnels()
    if (tunnels === undefined) return []
    return tunnels.requests?.() ?? requestsOf(tunnels)
  }
}

function oldest (sieves: readonly Sieve[]): number {
  let slot = 0
  for (let i = 1; i < sieves.length; i++) if ((sieves[i] as Sieve).usedAt < (sieves[slot] as Sieve).usedAt) slot = i
  return slot
}

/** Of whoever gives snapshots alone. */
function * requestsOf (tunnels: Tunnels): Generator<FastifyRequest> {
  for (const { request } of tunnels) if (request !== undefined) yield request
}
