// Which folder serves this path of this site? The one with the longest path.
import type { Folder } from './folder.ts'

/** A folder, and the segments of the request's path behind the folder's own. */
export interface Place {
  readonly folder: Folder
  readonly rest: readonly string[]
}

export class Folders {
  /** Those of one site before those of all, the longest path first. */
  readonly #folders: readonly Folder[]

  constructor (folders: readonly Folder[]) {
    this.#folders = [...folders].sort((a, b) => b.path.length - a.path.length || Number(a.site === null) - Number(b.site === null))
  }

  /** The place of a path, given as decoded segments; null where no folder has it. */
  find (site: string | null, segments: readonly string[]): Place | null {
    for (const folder of this.#folders) {
      if (folder.site !== null && folder.site !== site) continue
      if (folder.path.every((segment, index) => segments[index]?.toLowerCase() === segment)) return { folder, rest: segments.slice(folder.path.length) }
    }
    return null
  }
}
