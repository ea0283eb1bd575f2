// Which tunnels have this key? Found in the same time however many are open.
//
// A Map has many additions and deletions here, which CONTRIBUTING warns of: its old tables, once in the old generation, keep what
// they refer to until the next full collection. They refer to links alone, and a link that is struck refers to nothing.
import type { Tunnel } from '../tunnel.ts'

/** A tunnel's place among those of the same name. */
export interface Link {
  readonly name: string
  /** Null once it is struck. */
  tunnel: Tunnel | null
  previous: Link | null
  next: Link | null
}

/** Tunnels by a name that several may share. */
export class TunnelIndex {
  /** The youngest of each name. */
  readonly #first = new Map<string, Link>()

  /** How many names there are. */
  get size (): number {
    return this.#first.size
  }

  add (name: string, tunnel: Tunnel): Link {
    const next = this.#first.get(name) ?? null
    const link: Link = { name, tunnel, previous: null, next }
    if (next !== null) next.previous = link
    this.#first.set(name, link)
    return link
  }

  /** Takes a tunnel out; a second time changes nothing. */
  strike (link: Link): void {
    if (link.tunnel === null) return
    const { name, previous, next } = link
    if (next !== null) next.previous = previous
    if (previous !== null) previous.next = next
    else if (next !== null) this.#first.set(name, next)
    else this.#first.delete(name)
    link.tunnel = link.previous = link.next = null
  }

  /** All of this name as they are now; who joins or leaves meanwhile changes nothing in it. */
  of (name: string): Tunnel[] {
    const all: Tunnel[] = []
    for (let link = this.#first.get(name) ?? null; link !== null; link = link.next) all.push(link.tunnel as Tunnel)
    return all
  }
}
