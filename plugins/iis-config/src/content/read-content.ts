// From the sections that say how files are served to the folders of static-content, one for each place that says something.
import type { ContentFolder, StaticContentOptions } from '../config/plugin-options.ts'
import { written, type Reading } from '../reading/reading.ts'
import { SEGMENTS } from '../access/request-filtering.ts'
import type { Found, Scope } from '../sections/scopes.ts'
import { entryBelow } from '../server/folders/roots.ts'
import type { Layout } from '../server/layout.ts'
import { placesOf } from '../server/places.ts'
import type { XmlElement } from '../xml/element.ts'
import { CONTENT_SECTIONS, type ContentPath } from './content-sections.ts'
import { readHttpCompression, readUrlCompression } from './compression.ts'
import { readDefaultDocument } from './default-document.ts'
import { readHandlers, servesFiles, takenBy } from './handlers.ts'
import { shipped, type Change, type Settings } from './settings.ts'
import { readStaticContent } from './static-content.ts'

/** A place that files are served at. */
interface Directory {
  readonly site: string | null
  readonly path: string
  /** Null where the folder is not on this machine. */
  readonly root: string | null
}

interface Said {
  readonly scope: Scope
  readonly change: Change
}

/**
 * The folders with their settings; null where none is served. Each place that sections are for gets a folder of its own: a
 * `<location>` may have other default documents than its site.
 */
export function readContent (reading: Reading, found: ReadonlyMap<string, readonly Found[]>, handlers: readonly Found[], { served }: Layout): StaticContentOptions | null {
  if (served.length === 0) return null
  const directories = served.map(({ folder, site, path }): Directory => ({ site: site ?? null, path: path ?? '/', root: folder }))
  const said = [
    ...CONTENT_SECTIONS.flatMap(path => (found.get(path) ?? []).map(({ scope, element }): Said => ({ scope, change: readSection(reading, path, element) }))),
    ...handlers.map(({ scope, element }): Said => ({ scope, change: readHandlers(element) }))
  ]
  const folders = placesOf(said, directories).flatMap(({ site, path, own, inherited }) => {
    const directory = directoryAt(directories, site, path)
    if (directory === null) return []
    const settings = shipped()
    for (const { change } of [...inherited, ...own]) change(settings)
    const { root } = directory
    if (root === null || !servesFiles(settings)) return [placed(site, path, { served: false })]
    return [placed(site, path, optionsOf(below(root, directory.path, path), settings))]
  })
  return { folders }
}

/** The directory that a place of a site is in: the one with the longest path. A place of all sites is in none of them. */
function directoryAt (directories: readonly Directory[], site: string | null, path: string): Directory | null {
  const around = directories.filter(one => one.site === site && (one.path === '/' || `${path.toLowerCase()}/`.startsWith(`${one.path.toLowerCase()}/`)))
  return around.sort((a, b) => b.path.length - a.path.length)[0] ?? null
}

function readSection (reading: Reading, path: ContentPath, element: XmlElement): Change {
  switch (path) {
    case 'system.webServer/staticContent': return readStaticContent(reading, element)
    case 'system.webServer/defaultDocument': return readDefaultDocument(reading, element)
    case 'system.webServer/urlCompression': return readUrlCompression(reading, element)
    case 'system.webServer/httpCompression':
      readHttpCompression(reading, element)
      return () => {}
    case 'system.webServer/directoryBrowse':
      reading.used(element)
      if (reading.flag(element, 'enabled') === true) reading.loses(element, 'folders are never listed', 'see the option list of @fastify/static')
      reading.text(element, 'showFlags')
      return () => {}
  }
}

function placed (site: string | null, path: string, options: ContentFolder): ContentFolder {
  return written<ContentFolder>({ site: site ?? undefined, path: path === '/' ? undefined : path, ...options })
}

function optionsOf (root: string, settings: Settings): ContentFolder {
  const { mediaTypes, cache, documents, compress, handlers } = settings
  const { extensions, names } = takenBy(handlers)
  const types = { ...Object.fromEntries(mediaTypes), ...Object.fromEntries(extensions.map(extension => [extension, null])) }
  return written<ContentFolder>({
    root,
    defaultDocuments: documents.enabled ? documents.files : [],
    mediaTypes: Object.keys(types).length === 0 ? undefined : types,
    clientCache: cacheOf(cache),
    compress: compress ? true : undefined,
    hiddenSegments: names.length === 0 ? undefined : [...new Set([...SEGMENTS, ...names])],
    ignoreCase: true
  })
}

function cacheOf ({ mode, maxAge, expires, custom }: Settings['cache']): ContentFolder['clientCache'] {
  const more = custom === '' ? {} : { custom }
  if (mode === 'DisableCache') return { noCache: true, ...more }
  if (mode === 'UseMaxAge') return { maxAge, ...more }
  if (mode === 'UseExpires' && expires !== undefined) return { expires, ...more }
  return custom === '' ? undefined : more
}

/** The folder of a path in the file system. */
function below (root: string, path: string, place: string): string {
  return join(root, place.slice(path === '/' ? 0 : path.length))
}

/** A path below a folder, by names whose case may differ from those on the disk. */
function join (root: string, path: string): string {
  return entryBelow(root, path.replace(/[?#].*$/, '').split(/[/\\]+/).filter(part => part !== '' && part !== '~'))
}
