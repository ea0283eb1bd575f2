// Where is a folder of the server on this machine? The option `roots` says which folder was copied to where.
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { below, expanded, partsOf } from './windows-path.ts'

/** Gives the folder on this machine that a path of the server is: null where no root is above it, or nothing is there. */
export type FolderOf = (physicalPath: string) => string | null

interface Root {
  readonly from: readonly string[]
  readonly to: string
}

/** Makes the function from `{ 'C:\\inetpub': '/srv/www' }`. The root with the longest path wins, then the earlier one. */
export function rootsOf (pairs: readonly (readonly [from: string, to: string])[]): FolderOf {
  const roots = pairs.flatMap(([from, to]): Root[] => readingsOf(from).map(from => ({ from, to }))).sort((a, b) => b.from.length - a.from.length)
  return physicalPath => {
    for (const path of readingsOf(physicalPath)) {
      for (const { from, to } of roots) {
        const rest = below(path, from)
        const folder = rest === null ? null : folderAt(to, rest)
        if (folder !== null) return folder
      }
    }
    return null
  }
}

/** Whether a text is a path of Windows that can be a root. */
export function isWindowsPath (path: string): boolean {
  return readingsOf(path).length > 0
}

/** A path as it is written, and with its references to the environment replaced. */
function readingsOf (path: string): (readonly string[])[] {
  const written = partsOf(path)
  const whole = partsOf(expanded(path))
  return [written, whole].filter((parts, index, all) => parts !== null && (index === 0 || parts.join('\\') !== all[0]?.join('\\'))) as (readonly string[])[]
}

/** A folder below another one, by names whose case may differ from those on the disk. */
function folderAt (folder: string, names: readonly string[]): string | null {
  const at = entryBelow(folder, names)
  return isFolder(at) ? at : null
}

/** A path below a folder, by names whose case may differ from those on the disk; as they are written where nothing is there. */
export function entryBelow (folder: string, names: readonly string[]): string {
  return names.reduce((at, name) => entryOf(at, name) ?? join(at, name), folder)
}

/** The entry of a folder with this name, of the same case where there is one; null where there is none. */
export function entryOf (folder: string, name: string): string | null {
  try {
    const names = readdirSync(folder)
    const found = names.includes(name) ? name : names.find(one => one.toLowerCase() === name.toLowerCase())
    return found === undefined ? null : join(folder, found)
  } catch {
    return null
  }
}

/** Whether a path is a folder; false as well where it cannot be looked at. */
export function isFolder (path: string): boolean {
  try {
    return statSync(path).isDirectory()
  } catch {
    return false
  }
}
