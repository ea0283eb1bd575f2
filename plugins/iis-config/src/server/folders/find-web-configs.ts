// Which web.config files are in a folder and below it?
import { readdirSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { UnreadableError, problemsError } from '../../errors.ts'
import { isFolder } from './roots.ts'

/** The limit of folders that are looked into, of all sites together. */
const MOST_FOLDERS = 50_000

/** The limit of nesting. */
const DEEPEST = 64

/** Folders that hold thousands of others, and no site. */
const SKIPPED = ['node_modules', '.git']

/** A web.config, and the directory it is in: `` for the folder itself, else e.g. `/in/it`. */
export interface FoundFile {
  readonly file: string
  readonly below: string
}

/** Looks through folders; counts them, so that a wrong root ends in an error and not in a search through the disk. */
export class WebConfigFinder {
  #left = MOST_FOLDERS
  /** Folders that links have led to: a link may lead back to where it is. */
  readonly #linked = new Set<string>()

  /** The web.config of a folder and, with `deep`, those of the folders below, the outer before the inner. Links are followed, each to a folder once: their files are served. `skip` leaves directories out. */
  find (folder: string, deep: boolean, skip: (below: string) => boolean, below = '', depth = 0): FoundFile[] {
    if (--this.#left < 0) throw problemsError(UnreadableError, [{ file: folder, line: 1, column: 1, message: `there are more than ${MOST_FOLDERS} folders below the roots: give the web.config files by name, as site/app=FILE` }])
    const entries = entriesOf(folder)
    const own = entries.find(entry => entry.name.toLowerCase() === 'web.config' && !entry.isDirectory())
    const here = own === undefined ? [] : [{ file: join(folder, own.name), below }]
    if (!deep || depth >= DEEPEST) return here
    const inner = entries.filter(entry => (entry.isDirectory() || this.#leads(entry, join(folder, entry.name))) && !SKIPPED.includes(entry.name.toLowerCase()) && !skip(`${below}/${entry.name}`))
    return [...here, ...inner.flatMap(({ name }) => this.find(join(folder, name), true, skip, `${below}/${name}`, depth + 1))]
  }

  /** Whether an entry is a link to a folder that no other link has led to. */
  #leads (entry: Entry, path: string): boolean {
    if (!entry.isSymbolicLink() || !isFolder(path)) return false
    const real = realpathSync(path)
    if (this.#linked.has(real)) return false
    this.#linked.add(real)
    return true
  }
}

interface Entry {
  readonly name: string
  isDirectory: () => boolean
  isSymbolicLink: () => boolean
}

function entriesOf (folder: string): Entry[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).sort((a, b) => a.name < b.name ? -1 : 1)
  } catch (error) {
    throw problemsError(UnreadableError, [{ file: folder, line: 1, column: 1, message: `cannot be read: ${(error as Error).message}` }])
  }
}
