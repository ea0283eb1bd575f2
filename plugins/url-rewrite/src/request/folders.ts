// In which folder is what a path names? The option `documentRoot`, one folder or a list of them by site and directory.

import type { DocumentFolder } from '../rules/rule.ts'

/** A directory with a folder of its own. */
export interface VirtualFolder {
  /** The directory with a slash at each end, in lower case. */
  readonly folded: string
  readonly folder: string
}

/** The folders of one request's site. */
export interface Folders {
  /** That of the site's root; empty where it has none. */
  readonly root: string
  /** Those of directories, the innermost first. */
  readonly inner: readonly VirtualFolder[]
}

const NONE: readonly VirtualFolder[] = []

/** One folder for everything. */
export const oneFolder = (root: string): Folders => ({ root, inner: NONE })

/** Gives the folders of a site, from a list that says them by site and directory. */
export function foldersBySite (list: readonly DocumentFolder[]): (site: string) => Folders {
  const shared = foldersOf(list.filter(({ site }) => site === undefined))
  const bySite = new Map([...new Set(list.map(({ site }) => site))].filter(site => site !== undefined)
    .map(name => [name, foldersOf(list.filter(({ site }) => site === undefined || site === name))]))
  return site => bySite.get(site) ?? shared
}

function foldersOf (list: readonly DocumentFolder[]): Folders {
  const folders = list.map(({ path = '/', folder }): VirtualFolder => ({ folded: `${path.replace(/\/+$/, '').toLowerCase()}/`, folder }))
  return {
    root: folders.findLast(({ folded }) => folded === '/')?.folder ?? '',
    inner: folders.filter(({ folded }) => folded !== '/').sort((a, b) => b.folded.length - a.folded.length)
  }
}

/** The file that a decoded path names; empty where its folder is not known. */
export function fileAt ({ root, inner }: Folders, path: string): string {
  const own = inner.length === 0 ? undefined : inner.find(({ folded }) => `${path.toLowerCase()}/`.startsWith(folded))
  const folder = own?.folder ?? root
  return folder === '' ? '' : folder.replace(/[/\\]$/, '') + (own === undefined ? path : path.slice(own.folded.length - 1))
}

/** Reports what is no folder in a list. */
export function checkFolders (given: unknown, mistake: (message: string) => void): void {
  if (given === undefined || typeof given === 'string' || typeof given === 'function') return
  if (!Array.isArray(given)) return mistake('documentRoot must be a folder, a list of folders or a function')
  for (const [index, one] of (given as Array<Partial<Record<keyof DocumentFolder, unknown>> | null>).entries()) {
    if (typeof one?.folder !== 'string' || one.folder === '') mistake(`documentRoot[${index}].folder must be a folder`)
    if (one?.path !== undefined && (typeof one.path !== 'string' || !one.path.startsWith('/'))) mistake(`documentRoot[${index}].path must begin with a slash`)
    if (one?.site !== undefined && typeof one.site !== 'string') mistake(`documentRoot[${index}].site must be a name`)
  }
}
