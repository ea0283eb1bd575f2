// Which web.config files belong to applicationHost.config? Those that are given, and those in the folders of its sites.
import { dirname, join, resolve } from 'node:path'
import { optionError } from '../errors.ts'
import type { DocumentFolder } from '../rewrite/rewrite-options.ts'
import type { XmlAttribute, XmlElement } from '../xml/element.ts'
import { drivesOf } from './folders/copied-server.ts'
import { inOrder, type Document, type Gathered } from './document.ts'
import { WebConfigFinder } from './folders/find-web-configs.ts'
import { pathOf, type GivenFile, type Place } from './folders/given-file.ts'
import type { FolderNote, ServedFolder } from './layout.ts'
import { entryBelow, rootsOf, type FolderOf } from './folders/roots.ts'
import { directoriesOf, sitesIn, type SiteDirectory } from './sites-of-server.ts'

/** Where the files of the server are. */
export interface Copied {
  readonly roots: readonly (readonly [from: string, to: string])[]
  /** The folder of a whole server that was copied; null where applicationHost.config was given. */
  readonly folder: string | null
  readonly documentRoot: string | undefined
  /** Whether the files of the folders are served; undefined where nobody says. */
  readonly files: boolean | undefined
}

/** Gathers the files of a server. */
export function gatherServer (server: Document, given: readonly GivenFile[], { roots, folder, documentRoot, files }: Copied, open: (file: string) => XmlElement): Gathered {
  const directories = directoriesOf(server.root)
  const names = sitesIn(server.root).map(site => site.attributes.get('name')?.value ?? '')
  const folders: DocumentFolder[] = documentRoot === undefined ? [] : [{ folder: documentRoot }]
  const served: ServedFolder[] = [...folders]
  const notes = new Map<XmlAttribute, FolderNote>()
  const missing: string[] = []
  const named: Document[] = []
  for (const one of given) {
    const place = placeIn(names, one)
    if (isAmong(named, place)) throw optionError(one.file, [`another file is given for ${place.site ?? ''}${place.path} as well`])
    named.push({ file: one.file, root: open(one.file), server: false, ...place })
    folders.push({ folder: dirname(resolve(one.file)), site: place.site as string, path: place.path })
    // The file may lie among others.
    if (files === true) served.push({ folder: dirname(resolve(one.file)), site: place.site as string, path: place.path })
  }
  const found: Document[] = []
  const finder = new WebConfigFinder()
  const folderOf = rootsOf([...roots, ...folder === null ? [] : drivesOf(folder)])
  for (const directory of directories) lookInto(directory, folderOf)
  return {
    documents: [server, ...inOrder([...named, ...found])],
    missing,
    layout: {
      server: true,
      among: true,
      documentRoot: folders.length === 0 ? undefined : folders,
      served: files !== false && served.some(({ folder }) => folder !== null) ? served : [],
      fileAt: fileFinder(folderOf),
      applications: directories.filter(({ application, path }) => application && path !== '/'),
      folderNote: attribute => attribute && notes.get(attribute)
    }
  }

  /** Opens the web.config of a directory's folder, and those below it, where the folder is on this machine. */
  function lookInto ({ site, path, physicalPath, subFolders }: SiteDirectory, folderOf: FolderOf): void {
    if (physicalPath === undefined) return
    const isNamed = isAmong(named, { site, path })
    const at = folderOf(physicalPath.value)
    if (!served.some(one => one.site === site && one.path === path)) served.push({ folder: at === null ? null : resolve(at), site, path })
    if (at === null) {
      notes.set(physicalPath, isNamed
        ? { found: true, note: 'its web.config is read as it was given; those of the folders below are not' }
        : { found: false, note: 'no root leads to this folder: its web.config is not read, nor one below it' })
      return
    }
    notes.set(physicalPath, { found: true, note: files !== false ? `on this machine the folder is ${at}; its files are served as @fastify-arr/static-content does` : `files are not served; on this machine the folder is ${at}` })
    if (!isNamed) folders.push({ folder: resolve(at), site, path })
    // A folder below may have the URL of another application or virtual directory, whose folder is elsewhere.
    const isOther = (below: string): boolean => isAmong(directories, { site, path: pathOf(`${path}${below}`) })
    let isThere = false
    for (const { file, below } of finder.find(at, subFolders, isOther)) {
      const place: Place = { site, path: pathOf(`${path}${below}`) }
      isThere ||= below === ''
      if (!isAmong(named, place)) found.push({ file, root: open(file), server: false, ...place })
    }
    if (!isThere) missing.push(join(at, 'web.config'))
  }
}

/** The file on this machine that a path of the server is. */
function fileFinder (folderOf: FolderOf): Gathered['layout']['fileAt'] {
  return path => {
    const cut = Math.max(path.lastIndexOf('\\'), path.lastIndexOf('/'))
    const at = cut === -1 ? null : folderOf(path.slice(0, cut))
    return at === null ? null : resolve(entryBelow(at, [path.slice(cut + 1)]))
  }
}

function isAmong (places: readonly Place[], { site, path }: Place): boolean {
  return places.some(one => one.site === site && one.path.toLowerCase() === path.toLowerCase())
}

/** The place of a given file: its site by the name that `<sites>` has, or the only one. */
function placeIn (names: readonly string[], { file, place }: GivenFile): Place {
  const [only, ...more] = names
  const quoted = names.map(name => JSON.stringify(name)).join(', ')
  if (place === null || place.site === null) {
    if (only === undefined || more.length > 0) throw optionError(file, [`there are ${names.length} sites in applicationHost.config${quoted === '' ? '' : ` (${quoted})`}: name the one that this file is for, as in ${only ?? 'site'}=${file}`])
    return { site: only, path: place?.path ?? '/' }
  }
  const site = names.find(name => name.toLowerCase() === place.site?.toLowerCase())
  if (site === undefined) throw optionError(file, [`there is no site ${JSON.stringify(place.site)} in applicationHost.config; there ${names.length === 1 ? 'is' : 'are'} ${quoted === '' ? 'none' : quoted}`])
  return { site, path: place.path }
}
