// What does a text such as `shop/app=C:\copy\web.config` name? A file, and its place in the server.
import { existsSync } from 'node:fs'

/** A place in the server: a directory of a site. */
export interface Place {
  /** Null where no site is named: the file is one of a site whose name nobody asks for. */
  readonly site: string | null
  /** `/` for the site's root, else e.g. `/app`. */
  readonly path: string
}

/** A file, and its place where one is given. */
export interface GivenFile {
  readonly file: string
  readonly place: Place | null
}

/** Characters that no name of a site has in IIS; those in front of `=` tell a place from the beginning of a path. */
const PLACE = /^(?!\.)[^\\:*?"<>|=]*$/

/** Reads `FILE`, `site=FILE`, `site/app=FILE` or `/app=FILE`. A text that is the name of a file is that file. */
export function givenFile (text: string): GivenFile {
  const equals = text.indexOf('=')
  const place = text.slice(0, Math.max(0, equals))
  const file = text.slice(equals + 1)
  if (equals < 1 || file === '' || !PLACE.test(place) || existsSync(text)) return { file: text, place: null }
  const slash = place.indexOf('/')
  const site = slash === -1 ? place : place.slice(0, slash)
  return { file, place: { site: site === '' ? null : site, path: pathOf(slash === -1 ? '' : place.slice(slash)) } }
}

/** A directory as scopes have it: with a slash in front and none behind. */
export function pathOf (text: string): string {
  return `/${text.split('/').filter(part => part !== '' && part !== '.').join('/')}`
}
