// Where is a page on this machine? A path of the site's folder, of the server, or of the folder of a URL.
import { existsSync, readdirSync, type Dirent } from 'node:fs'
import { dirname, join as joined, resolve } from 'node:path'
import type { ErrorPageOptions } from '../config/plugin-options.ts'
import { entryBelow } from '../server/folders/roots.ts'
import { expanded } from '../server/folders/windows-path.ts'
import type { Layout } from '../server/layout.ts'
import { SHIPPED, type WrittenPage } from './settings.ts'

/** A folder of a site, and the path of its URLs. */
export interface Directory {
  readonly site: string | null
  readonly path: string
  readonly root: string
}

/** A page as an option, and what is to be told of it; or why there is none. */
export type FoundPage =
  | { readonly page: ErrorPageOptions, readonly note?: string }
  | { readonly page: null, readonly why: 'unknown' | 'shipped' | string }

const ABSOLUTE = /^(?:[a-z]:|[%\\])/i
/** Pages that an application makes. */
const DYNAMIC = /\.(?:aspx?|ashx|asmx|cshtml|php|jsp)$/i
const MISSING = 'there is no such file on this machine; until it is there, the error is answered without a page'

/** Finds the pages of a place. */
export class PageFinder {
  readonly #directories: readonly Directory[]
  readonly #fileAt: Layout['fileAt']

  constructor (directories: readonly Directory[], fileAt: Layout['fileAt']) {
    this.#directories = directories
    this.#fileAt = fileAt
  }

  find ({ kind, text, languages }: WrittenPage, site: string | null, path: string): FoundPage {
    if (kind === 'redirect') return redirectTo(text)
    if (kind === 'url') return this.#ofUrl(text, site)
    if (leadsOut(text)) return { page: null, why: 'the path leads out of the folder of the site' }
    const home = (this.#at(site, '/') ?? this.#at(site, path))?.root ?? null
    if (languages !== null) return this.#ofLanguage(text, languages, home)
    const file = this.#path(text, home)
    return file === null ? { page: null, why: 'unknown' } : { page: { file }, ...!existsSync(file) && { note: MISSING } }
  }

  /** The directory of a site that a path is in: the one with the longest path. */
  #at (site: string | null, path: string): Directory | null {
    const around = this.#directories.filter(one => one.site === site && (one.path === '/' || `${path.toLowerCase()}/`.startsWith(`${one.path.toLowerCase()}/`)))
    return around.sort((a, b) => b.path.length - a.path.length)[0] ?? null
  }

  #ofUrl (text: string, site: string | null): FoundPage {
    const path = `/${resolved(partsOf(text.replace(/[?#].*$/, ''))).join('/')}`
    if (DYNAMIC.test(path)) return { page: null, why: 'the page is made by an application, and only files are sent for errors' }
    const directory = this.#at(site, path)
    if (directory === null) return { page: null, why: 'unknown' }
    const file = join(directory.root, path.slice(directory.path === '/' ? 0 : directory.path.length))
    const isThere = existsSync(file)
    if (!isThere && !/\.[^./]+$/.test(path)) return { page: null, why: 'no file of the site has this URL: it leads to an application, and only files are sent for errors' }
    return { page: { file }, note: `the file is sent with the status of the error${isThere ? '' : `; ${MISSING}`}` }
  }

  #ofLanguage (text: string, languages: string, home: string | null): FoundPage {
    if (leadsOut(languages)) return { page: null, why: 'prefixLanguageFilePath leads out of the folder of the site' }
    const parts = partsOf(text)
    const folder = ABSOLUTE.test(languages) ? this.#path(`${languages.replace(/\\+$/, '')}\\x`, null) : this.#path(`${languages}/x`, home)
    const isThere = folder !== null && hasPage(dirname(folder), parts)
    if (!isThere && SHIPPED.test(languages)) return { page: null, why: 'shipped' }
    if (folder === null) return { page: null, why: 'unknown' }
    if (parts.length === 0 || parts.some(part => part === '..' || part.includes(':'))) return { page: null, why: 'the path leads out of the folder of the language' }
    return { page: { file: parts.join('/'), languages: dirname(folder) }, ...!isThere && { note: MISSING } }
  }

  #path (text: string, home: string | null): string | null {
    if (!ABSOLUTE.test(text)) return home === null ? null : join(home, text)
    const copied = this.#fileAt(text)
    if (copied !== null || process.platform !== 'win32') return copied
    const own = resolve(expanded(text))
    return existsSync(dirname(own)) ? own : null
  }
}

function redirectTo (text: string): FoundPage {
  // IIS sends what is written; a header can't have all of it.
  const redirect = /^[\x21-\x7e]+$/.test(text) ? text : encodeURI(text.replace(/\p{Cs}/gu, ''))
  return { page: { redirect } }
}

function partsOf (path: string): string[] {
  return path.split(/[/\\]+/).filter(part => part !== '' && part !== '.' && part !== '~')
}

/** Without dot segments: as with a URL, nothing is above the root (RFC 3986 §5.2.4). */
function resolved (parts: readonly string[]): string[] {
  const kept: string[] = []
  for (const part of parts) {
    if (part === '..') kept.pop()
    else kept.push(part)
  }
  return kept
}

/** Whether a path that is relative to a folder goes above it: any file of this machine could be sent. */
function leadsOut (text: string): boolean {
  if (ABSOLUTE.test(text)) return false
  let depth = 0
  return partsOf(text).some(part => (depth += part === '..' ? -1 : 1) < 0)
}

/** A path below a folder, by names whose case may differ from those on the disk. */
function join (root: string, path: string): string {
  return entryBelow(root, resolved(partsOf(path)))
}

/** Whether the folder of a language, or the folder itself, has a page. */
function hasPage (folder: string, parts: readonly string[]): boolean {
  let entries: Dirent[] = []
  try {
    entries = readdirSync(folder, { withFileTypes: true })
  } catch { /* It has none. */ }
  return ['', ...entries.filter(entry => !entry.isFile()).map(({ name }) => name)].some(name => existsSync(joined(folder, name, ...parts)))
}
