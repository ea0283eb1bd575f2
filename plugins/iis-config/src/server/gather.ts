// Which files make up the configuration, and what is the place of each?
import { basename, dirname, join, resolve } from 'node:path'
import { UnreadableError, optionError, problemsError } from '../errors.ts'
import type { ReadOptions } from '../options.ts'
import type { DocumentFolder } from '../rewrite/rewrite-options.ts'
import { isServerConfig } from '../sections/scopes.ts'
import type { XmlElement } from '../xml/element.ts'
import { serverFileIn } from './folders/copied-server.ts'
import { inOrder, type Document, type Gathered } from './document.ts'
import { WebConfigFinder } from './folders/find-web-configs.ts'
import { givenFile, pathOf, type GivenFile } from './folders/given-file.ts'
import { entryOf, isFolder, isWindowsPath } from './folders/roots.ts'
import { gatherServer } from './whole-server.ts'

/** A text in memory, by the name that the report gives it. */
export interface InMemory {
  readonly name: string
}

/** Gathers the files; `open` reads one of them, `first` is true for the one that the transforms are for. */
export function gather (named: string | readonly string[] | InMemory, { roots = {}, base, documentRoot, files }: ReadOptions, open: (file: string, first: boolean) => XmlElement): Gathered {
  const [first, ...others] = isInMemory(named) ? [{ file: named.name, place: null }] : [named].flat().map(givenFile)
  if (first === undefined) throw optionError('', ['there must be a file'])
  check(first.file, roots, base)
  const folder = !isInMemory(named) && first.place === null && isFolder(first.file) ? first.file : null
  const file = folder === null ? first.file : serverFileIn(folder) ?? entryOf(folder, 'web.config')
  if (file === null) throw problemsError(UnreadableError, [{ file: first.file, line: 1, column: 1, message: 'cannot be read: it is not a file, nor the folder of a server, which has applicationHost.config in it or in System32/inetsrv/config; there is no web.config either' }])
  const root = open(file, true)
  const server = first.place === null && isServerConfig(root, basename(file))
  const document: Document = { file, root, server, site: null, path: first.place?.path ?? pathOf(base ?? '') }
  const alone = others.length === 0 && folder === null && Object.keys(roots).length === 0 && base === undefined && first.place === null
  if (alone) {
    const root = documentRoot ?? (server ? undefined : dirname(resolve(file)))
    const served = files === true && root !== undefined ? [{ folder: resolve(root) }] : []
    return { documents: [document], layout: { server, among: false, documentRoot: root, applications: [], served, fileAt: () => null, folderNote: () => undefined }, missing: [] }
  }
  if (server) {
    if (base !== undefined) throw optionError(file, ['base: a web.config has a place in a site, applicationHost.config has none'])
    return gatherServer(document, others.map(one => ({ ...one, file: fileIn(one) })), { roots: Object.entries(roots), folder, documentRoot, files }, file => open(file, false))
  }
  if (first.place !== null && first.place.site !== null) throw noServer(first)
  const more = others.map((one): Document => {
    if (one.place !== null && one.place.site !== null) throw noServer(one)
    const file = fileIn(one)
    const root = open(file, false)
    if (one.place === null && isServerConfig(root, basename(file))) throw optionError(file, ['applicationHost.config must be the first of the files'])
    return { file, root, server: false, site: null, path: one.place?.path ?? pathOf(base ?? '') }
  })
  const own = [document, ...more]
  const folders = own.map(({ file, path }, index): DocumentFolder => ({ folder: index === 0 && documentRoot !== undefined ? documentRoot : dirname(resolve(file)), path }))
  const inner = folder === null ? [] : [...new WebConfigFinder().find(folder, true, () => false)].filter(({ below }) => below !== '')
  return {
    documents: inOrder([...own, ...inner.map(({ file, below }): Document => ({ file, root: open(file, false), server: false, site: null, path: pathOf(`${base ?? ''}${below}`) }))]),
    missing: [],
    layout: {
      server: false,
      among: true,
      documentRoot: folders,
      served: files === true ? folders : [],
      fileAt: () => null,
      applications: own.filter(({ path }) => path !== '/').map(({ site, path }) => ({ site, path })),
      folderNote: () => undefined
    }
  }
}

function isInMemory (named: string | readonly string[] | InMemory): named is InMemory {
  return typeof named === 'object' && 'name' in named
}

/** A file that is named, or the web.config of the folder that is. */
function fileIn ({ file }: GivenFile): string {
  return isFolder(file) ? entryOf(file, 'web.config') ?? join(file, 'web.config') : file
}

function noServer ({ file, place }: GivenFile): Error {
  return optionError(file, [`it is given for the site ${JSON.stringify(place?.site)}: applicationHost.config must be the first of the files, then`])
}

/** Every root must be a path of Windows and a folder here; the base a path. */
function check (file: string, roots: unknown, base: unknown): void {
  const isRecord = typeof roots === 'object' && roots !== null && !Array.isArray(roots)
  const wrong = [
    ...isRecord ? [] : ['roots must be an object, such as { \'C:\\\\inetpub\': \'/srv/inetpub\' }'],
    ...Object.entries(isRecord ? roots as Record<string, unknown> : {}).flatMap(([from, to]) => [
      ...isWindowsPath(from) ? [] : [`roots: ${JSON.stringify(from)} must be an absolute path of Windows`],
      ...typeof to === 'string' && isFolder(to) ? [] : [`roots: ${JSON.stringify(to)}, for ${JSON.stringify(from)}, must be a folder on this machine`]
    ]),
    ...base === undefined || (typeof base === 'string' && base.startsWith('/')) ? [] : [`base: ${JSON.stringify(base)} must be a path that begins with a slash`]
  ]
  if (wrong.length > 0) throw optionError(file, wrong)
}
