// How is a file's name spelt? A site that comes from Windows asks for its files in any case.
import { readdir, stat } from 'node:fs/promises'

interface Listing {
  readonly changed: number
  readonly exact: ReadonlySet<string>
  /** The names by their lower case. */
  readonly lowered: ReadonlyMap<string, string>
}

// Folders whose names are kept. Bounded, because a client chooses which folders are asked for.
const MOST = 1000

/** Finds names without regard to case. */
export class Spellings {
  readonly #listings = new Map<string, Listing>()
  /** The folders that are being looked at. */
  readonly #looks = new Map<string, Promise<Listing | null>>()

  /** The segments as the file system spells them; null where there is no such file. The exact spelling goes before any other. */
  async find (root: string, segments: readonly string[]): Promise<readonly string[] | null> {
    const found: string[] = []
    for (const segment of segments) {
      const folder = [root, ...found].join('/')
      const listing = await this.#listingOf(folder)
      const name = listing?.exact.has(segment) === true ? segment : listing?.lowered.get(lowered(segment))
      if (name === undefined) return null
      found.push(name)
    }
    return found
  }

  /** One look at a folder at a time: one with many names takes long. */
  #listingOf (folder: string): Promise<Listing | null> {
    const under = this.#looks.get(folder)
    if (under !== undefined) return under
    const look = this.#look(folder).finally(() => this.#looks.delete(folder))
    this.#looks.set(folder, look)
    return look
  }

  async #look (folder: string): Promise<Listing | null> {
    try {
      const changed = (await stat(folder)).mtimeMs
      const known = this.#listings.get(folder)
      if (known?.changed === changed) return known
      const names = await readdir(folder)
      const listing = { changed, exact: new Set(names), lowered: new Map(names.map(name => [lowered(name), name])) }
      if (this.#listings.size >= MOST) this.#listings.clear()
      this.#listings.set(folder, listing)
      return listing
    } catch {
      return null
    }
  }
}

/** In lower case, except for letters that are not the upper case of it: the Kelvin sign is no K, neither to Windows nor to a rule's pattern. */
function lowered (name: string): string {
  if (!/[\u0080-\uffff]/.test(name)) return name.toLowerCase()
  return [...name].map(letter => {
    const lower = letter.toLowerCase()
    return lower.toUpperCase() === letter ? lower : letter
  }).join('')
}
