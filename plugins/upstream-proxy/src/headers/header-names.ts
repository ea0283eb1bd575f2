// May a client's header of this name go on to the upstream? Each name is looked at once, and kept in mind.
import { HOP_BY_HOP } from './hop-by-hop.ts'
import type { Ownership } from './owned-headers.ts'
import { TOKEN } from './raw-headers.ts'

/** How many names are kept in mind, and of what length. */
export const MOST_NAMES = 1000
export const LONGEST_NAME = 64

/** What is known about one spelling of a name. */
export interface Name {
  readonly lower: string
  /** With hyphens for underscores, where the two are taken for the same. */
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

// Expect is answered at this hop, and asked anew where it is asked on.
const NEVER: ReadonlySet<string> = new Set([...HOP_BY_HOP, 'host', 'expect', 'x-arr-log-id'])

/** The names of clients' headers, as one registration of the proxy takes them. */
export class HeaderNames {
  // Bounded, for clients may invent names: long ones are not kept, and nobody can take the place of those that are used for ever.
  readonly #known = new Map<string, Name>()
  readonly #replaced: ReadonlySet<string>
  readonly #ownership: Ownership
  /** What a name with underscores must not be taken for. */
  readonly #aliases: ReadonlySet<string>

  /** `replaced` are those that the proxy writes or removes, whoever the client is. */
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
      // What frames the message, and what a proxy says, has no place behind it (RFC 9110 §6.5.1).
      trails: passes && !isOwned && alias !== 'content-length' && !/^(?:x-forwarded-.*|forwarded)$/.test(alias),
      isHost: lower === 'host' || lower === ':authority',
      isCookie: lower === 'cookie'
    }
  }
}

function hyphenated (name: string): string {
  return name.replaceAll('_', '-')
}
