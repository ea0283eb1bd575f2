// Which tunnel has this id? Found in the same time however many are open.
//
// No Map: with many additions and deletions a second it costs more than the rest of the register (see CONTRIBUTING, speed). Chains
// make no garbage. The ids are random and our own, so no client can make a chain long.
import type { Place } from '../../sockets/roster.ts'
import type { Tunnel } from '../tunnel.ts'
import type { Link } from './tunnel-index.ts'

/** A tunnel's place in the register. */
export interface Registration {
  readonly id: string
  readonly place: Place<Tunnel>
  readonly key: Link | null
  /** The next one in the table of ids. */
  next: Registration | null
}

const FEWEST = 64

export class IdTable {
  #buckets = new Array<Registration | null>(FEWEST).fill(null)
  #size = 0

  get size (): number {
    return this.#size
  }

  add (one: Registration): void {
    if (this.#size++ === this.#buckets.length) this.#grow()
    this.#put(one)
  }

  /** Takes out one that is in the table. */
  strike (one: Registration): void {
    const at = this.#at(one.id)
    let before = this.#buckets[at] as Registration
    if (before === one) {
      this.#buckets[at] = one.next
    } else {
      while (before.next !== one) before = before.next as Registration
      before.next = one.next
    }
    one.next = null
    this.#size--
  }

  get (id: string): Registration | undefined {
    let one = this.#buckets[this.#at(id)] ?? null
    while (one !== null && one.id !== id) one = one.next
    return one ?? undefined
  }

  #put (one: Registration): void {
    const at = this.#at(one.id)
    one.next = this.#buckets[at] as Registration | null
    this.#buckets[at] = one
  }

  #grow (): void {
    const old = this.#buckets
    this.#buckets = new Array<Registration | null>(old.length * 2).fill(null)
    for (const first of old) {
      for (let one = first; one !== null;) {
        const { next }: Registration = one
        this.#put(one)
        one = next
      }
    }
  }

  #at (id: string): number {
    let hash = 0
    for (let i = 0; i < id.length; i++) hash = Math.imul(hash, 31) + id.charCodeAt(i) | 0
    return hash & this.#buckets.length - 1
  }
}
