// Which number has the next trace of a site, and which files are too many? The folders are read once, when the server starts.
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

const SITE = /^W3SVC(\d{1,15})$/
const TRACE = /^fr(\d{6,15})\.(?:xml|html|har)$/
const DIGITS = 6

interface SiteNumbers {
  last: number
  /** Those whose files are there, in their order. */
  readonly kept: number[]
}

/** The numbers of all sites. */
export class Numbers {
  readonly #sites = new Map<number, SiteNumbers>()

  /** Continues what is in the directory. One that cannot be read is as good as empty: writing will tell. */
  async read (directory: string): Promise<void> {
    for (const name of await namesIn(directory)) {
      const site = SITE.exec(name)
      if (site === null) continue
      const found = new Set((await namesIn(join(directory, name))).map(file => Number(TRACE.exec(file)?.[1] ?? 0)))
      found.delete(0)
      const kept = [...found].sort((a, b) => a - b)
      this.#sites.set(Number(site[1]), { last: kept.at(-1) ?? 0, kept })
    }
  }

  /** E.g. `fr000001`. */
  next (siteId: number): string {
    return idOf(++this.#of(siteId).last)
  }

  /** The trace's files are there. Returns the ids of those that are over `most`, the oldest first. */
  written (siteId: number, id: string, most: number): string[] {
    const { kept } = this.#of(siteId)
    kept.push(Number(id.slice(2)))
    return kept.length > most ? kept.splice(0, kept.length - most).map(idOf) : []
  }

  #of (siteId: number): SiteNumbers {
    let site = this.#sites.get(siteId)
    if (site === undefined) this.#sites.set(siteId, site = { last: 0, kept: [] })
    return site
  }
}

/** The folder of a site's traces. */
export function folderOf (siteId: number): string {
  return `W3SVC${siteId}`
}

function idOf (number: number): string {
  return `fr${String(number).padStart(DIGITS, '0')}`
}

async function namesIn (directory: string): Promise<string[]> {
  try {
    return await readdir(directory)
  } catch {
    return []
  }
}
