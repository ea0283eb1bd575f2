// From the sections `<httpErrors>` to the options of error-pages, with a place for each that says something of its own.
import { resolve } from 'node:path'
import type { ErrorPageOptions, ErrorPageRules, ErrorPagesOptions } from '../config/plugin-options.ts'
import { written, type Reading } from '../reading/reading.ts'
import type { DocumentFolder } from '../rewrite/rewrite-options.ts'
import type { Found } from '../sections/scopes.ts'
import type { Layout } from '../server/layout.ts'
import { placesOf } from '../server/places.ts'
import type { Part } from '../xml/element.ts'
import { PageFinder, type Directory, type FoundPage } from './find-page.ts'
import { readHttpErrors } from './http-errors.ts'
import { unsaid, type ErrorSettings, type WrittenPage } from './settings.ts'

/** What a place says, once its files are found. */
interface Ruled {
  readonly site: string | null
  readonly path: string
  readonly rules: ErrorPageRules
}

/** Of IIS's own pages and lines for errors, none is here. */
const LINE: ErrorPageOptions = { text: 'The page cannot be displayed because an error has occurred.' }
const NOWHERE = 'it is not known where this file lies on this machine'
const SHIPPED_NOTE = 'the page that IIS ships says no more than the status'

/** The pages for errors; null where no place has one. */
export function readErrorPages (reading: Reading, found: readonly Found[], { documentRoot, applications, fileAt }: Layout): ErrorPagesOptions | null {
  const said = found.map(({ scope, element }) => ({ scope, element, change: readHttpErrors(reading, element) }))
  if (said.length === 0) return null
  const directories = directoriesOf(documentRoot)
  const finder = new PageFinder(directories, fileAt)
  const told = new Map<WrittenPage['part'], FoundPage[]>()
  const all: Ruled[] = []
  // The outer before the inner, and a place of all sites before that of one.
  const places = placesOf(said, [...directories, ...applications]).sort((a, b) => a.path.length - b.path.length || Number(a.site !== null) - Number(b.site !== null))
  for (const { site, path, own, inherited } of places) {
    const settings = unsaid()
    for (const { change } of [...inherited, ...own]) change(settings)
    const isOverSites = site === null && directories.some(one => one.site !== null)
    const rules = rulesOf(settings, page => {
      const one = finder.find(page, site, path)
      // The server's own place has no folder: each of its sites has.
      if (one.page !== null || one.why !== 'unknown' || !isOverSites) told.set(page.part, [...told.get(page.part) ?? [], one])
      return one.page
    })
    if (rules.pages?.['*'] === LINE) for (const { element } of own) reading.differs(element.attributes.get('existingResponse'), 'an error without a page of its own gets one line, where IIS has a line or a page for each status')
    const around = all.filter(one => isAround(one, { site, path })).at(-1)
    if (JSON.stringify(around?.rules ?? { pages: {} }) !== JSON.stringify(rules)) all.push({ site, path, rules })
  }
  for (const [part, pages] of told) tell(reading, part, pages)
  if (all.every(({ rules }) => Object.keys(rules.pages ?? {}).length === 0)) return null
  const [outermost, ...others] = all[0]?.site === null && all[0].path === '/' ? all : [null, ...all]
  const further = others.flatMap(one => one === null ? [] : [written<ErrorPagesOptions & Partial<Omit<Ruled, 'rules'>>>({ site: one.site ?? undefined, path: one.path === '/' ? undefined : one.path, ...one.rules })])
  return { ...outermost?.rules, ...further.length > 0 && { places: further as NonNullable<ErrorPagesOptions['places']> } }
}

function directoriesOf (documentRoot: Layout['documentRoot']): Directory[] {
  if (documentRoot === undefined) return []
  const folders = typeof documentRoot === 'string' ? [{ folder: documentRoot }] : documentRoot
  return folders.map(({ folder, site, path }: DocumentFolder) => ({ root: resolve(folder), site: site ?? null, path: path ?? '/' }))
}

/** Whether a place holds another one; of several, the last is the nearest, as they come by the length of their paths. */
function isAround ({ site, path }: Ruled, inner: Pick<Ruled, 'site' | 'path'>): boolean {
  return (site === null || site === inner.site) && (path === '/' || inner.path.toLowerCase().startsWith(`${path.toLowerCase()}/`))
}

/** The rules of a place; without pages where nobody would get them. */
function rulesOf ({ pages, errorMode, existingResponse, defaultPath, defaultMode }: ErrorSettings, find: (page: WrittenPage) => ErrorPageOptions | null): ErrorPageRules {
  if (errorMode === 'Detailed' || existingResponse === 'PassThrough') return { pages: {} }
  const options: Record<string, ErrorPageOptions> = {}
  for (const [key, page] of pages) {
    const one = find(page)
    if (one !== null) options[key] = one
  }
  const text = defaultPath?.value.trim() ?? ''
  const other = defaultPath === undefined || text === '' ? null : find({ kind: defaultMode, text, languages: null, part: defaultPath })
  if (other !== null) options['*'] = other
  // What an upstream says of its errors must not pass for want of a page.
  else if (existingResponse === 'Replace') options['*'] = LINE
  return Object.keys(options).length === 0 ? { pages: {} } : { pages: options, errorMode, existingResponse }
}

/** Tells what became of a page in the places that have it. */
function tell (reading: Reading, part: Part, pages: readonly FoundPage[]): void {
  const lost = pages.flatMap(one => one.page === null ? [one.why] : [])
  const notes = pages.flatMap(one => one.page !== null && one.note !== undefined ? [one.note] : [])
  const [why] = lost
  if (why === undefined || (lost.length < pages.length && why === 'shipped')) {
    for (const note of new Set(notes)) reading.differs(part, note)
  } else if (why === 'shipped') {
    for (const one of 'attributes' in part ? [part, ...part.attributes.values()] : [part]) reading.byDefault(one, SHIPPED_NOTE)
  } else if (lost.length < pages.length) {
    reading.differs(part, 'the page is sent where the folder of the site is on this machine, and not elsewhere')
  } else if ('attributes' in part) {
    reading.losesAll(part, why === 'unknown' ? NOWHERE : why, why === 'unknown' ? 'name the folder with root' : undefined)
  } else {
    reading.loses(part, why === 'unknown' ? NOWHERE : why, why === 'unknown' ? 'name the folder with root' : undefined)
  }
}
