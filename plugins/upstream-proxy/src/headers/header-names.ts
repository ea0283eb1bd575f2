// May a client's header of this name go on to the upstream? Each spelling is classified once and cached.
import { HOP_BY_HOP } from './hop-by-hop.ts'
import type { Ownership } from './owned-headers.ts'
import { TOKEN } from './raw-headers.ts'

/** How many names are cached, and of what length. */
export const MOST_NAMES = 1000
export const LONGEST_NAME = 64

/** What is known about one spelling of a name. */
export interface Name {
  readonly lower: string
  /** With hyphens for underscores, where the two count as the same name. */
  readonly alias: string
  /** Whether a client's header of this name may pass at all. */
  readonly passes: boolean
  /** Whether it passes only where the client is trusted. */
  readonly isOwned: boolean
  /** Whether a trailer of this name may pass. */
  readonly trails: boolean
  readonly isHost: boolean
  readonly isCookie: boolean
}

// Expect is handled at this hop: where the upstream is asked too, the header is written anew.
const NEVER: ReadonlySet<string> = new Set([...HOP_BY_HOP, 'host', 'expect', 'x-arr-log-id'])

/** The classified header names of clients, for one registration of the proxy. */
export class HeaderNames {
  // Bounded, because clients may invent names: long ones are not cached, and the cache is emptied when it is full, so that invented names cannot keep the places of common ones.
  readonly #known = new Map<string, Name>()
  readonly #replaced: ReadonlySet<string>
  readonly #ownership: Ownership
  /** The names that a name with underscores must not pass for. */
  readonly #aliases: ReadonlySet<string>

  /** `replaced` are the names that the proxy writes or removes for every client. */
  constructor (replaced: ReadonlySet<string>, ownership: Ownership) {
    this.#replaced = replaced
    this.#ownership = ownership
    this.#aliases = new Set([...NEVER, 'content-length', ...replaced, ...ownership.owned].map(hyphenated))
  }

  of (spelling: string): Name {
    let name = this.#known.get(spelling)
    if (name === undefined) {
      name = this.#look(spelling)
      if (this.#known.size >= MOST_NAMES) this.#known.clear()
      if (spelling.length <= LONGEST_NAME) this.#known.set(spelling, name)
    }
    return name
  }

  #look (spelling: string): Name {
    const { owned, underscores } = this.#ownership
    const lower = spelling.toLowerCase()
    const alias = underscores === 'none' ? lower : hyphenated(lower)
    const pretends = alias !== lower && (underscores === 'all' || this.#aliases.has(alias))
    // HTTP/2's pseudo-headers are no tokens.
    const passes = TOKEN.test(spelling) && !NEVER.has(lower) && !this.#replaced.has(lower) && !pretends
    const isOwned = owned.has(lower)
    return {
      lower,
      alias,
      passes,
      isOwned,
      // Framing and forwarding headers are not allowed in trailers (RFC 9110 §6.5.1).
      trails: passes && !isOwned && alias !== 'content-length' && !/^(?:x-forwarded-.*|forwarded)$/.test(alias),
      isHost: lower === 'host' || lower === ':authority',
      isCookie: lower === 'cookie'
    }
  }
}

function hyphenated (name: string): string {
  return name.replaceAll('_', '-')
}
