// Reads a configuration: files or text in, options for the plugins and the report out.
import { basename } from 'node:path'
import { checkOpen, closedDoors } from '../access/doors.ts'
import { findDoors } from '../access/find-doors.ts'
import { RootError, UnreadableError, ValueError, problemsError, type IisConfigError } from '../errors.ts'
import type { ReadOptions } from '../options.ts'
import { Reading } from '../reading/reading.ts'
import { makeReport, type Report, type Row } from '../reading/report.ts'
import { findSections } from '../sections/find-sections.ts'
import { isServerConfig, namedAsSites, scopesOf, siteNamesIn, type Found } from '../sections/scopes.ts'
import { applicationFinder } from '../server/applications.ts'
import { serverFileIn } from '../server/folders/copied-server.ts'
import { isFolder } from '../server/folders/roots.ts'
import { gather, type InMemory } from '../server/gather.ts'
import { takeLockedOut } from '../server/locks/take-locked-out.ts'
import { decodeXml } from '../xml/decode.ts'
import type { XmlElement } from '../xml/element.ts'
import { includeFiles } from '../xml/include.ts'
import { MAX_BYTES, openXml } from '../xml/open.ts'
import { parseXml } from '../xml/parse.ts'
import { applyTransform, isTransform } from '../xml/transform.ts'
import { compose } from './compose.ts'
import type { PluginOptions } from './plugin-options.ts'

/** A configuration that was read. */
export interface IisConfig {
  readonly options: PluginOptions
  readonly report: Report
  /** Every file that was read: those asked for, those found in the folders of sites, transforms, and the files that `configSource` names. */
  readonly files: readonly string[]
  /** Each `web.config` that was looked for in the folder of a site, an application or a virtual directory, and is not there. */
  readonly missing: readonly string[]
  /** The rows of the report about a rule, a map, a site or the options of a plugin: pass the object that is in `options`, not a copy. */
  readonly rowsOf: (part: object) => readonly Row[]
}

/**
 * Reads a `web.config`, an `applicationHost.config` or a transform of one (`.xdt`); or several files, of which those behind
 * `applicationHost.config` are given with their place (`shop=web.config`, `shop/app=app/web.config`); or the folder of a server that was copied.
 *
 * @throws `FST_ARR_IIS_CONFIG_…` with every problem's file and line: the file is missing or too large,
 * is not XML, has another root, has values that IIS would refuse, or has sections that refuse requests and that `open`
 * does not name. Nothing of such a file is used.
 */
export function readConfig (file: string | readonly string[], options: ReadOptions = {}): IisConfig {
  return unlessClosed(inspectConfig(file, options))
}

/** As `readConfig`; the error for sections that `open` does not name is returned, not thrown. `input` is the file `-`. */
export function inspectConfig (file: string | readonly string[], options: ReadOptions = {}, input?: Uint8Array): Inspected {
  const [first = ''] = [file].flat()
  checkOpen(options.open ?? [], first)
  return read(file, first, options, opener(options.maxBytes ?? MAX_BYTES, input))
}

/** Whether a path is an applicationHost.config, or the folder of a server; false as well for one that cannot be read. */
export function isOfServer (path: string, input?: Uint8Array): boolean {
  try {
    return isFolder(path) ? serverFileIn(path) !== null : isServerConfig(opener(MAX_BYTES, input)(path), basename(path))
  } catch {
    return false
  }
}

function opener (maxBytes: number, input: Uint8Array | undefined): (name: string) => XmlElement {
  return name => {
    if (name !== '-' || input === undefined) return openXml(name, maxBytes)
    if (input.length > maxBytes) throw problemsError(UnreadableError, [{ file: name, line: 1, column: 1, message: `standard input is longer than the ${maxBytes} bytes that maxBytes allows` }])
    return parseXml(decodeXml(input, name), name)
  }
}

/** As `readConfig`, for text in memory. `file` is the name in the report; its folder is the one in which `configSource` looks. */
export function readConfigText (text: string, file = 'web.config', options: ReadOptions = {}): IisConfig {
  const { maxBytes = MAX_BYTES } = options
  checkOpen(options.open ?? [], file)
  const size = Buffer.byteLength(text)
  if (size > maxBytes) throw problemsError(UnreadableError, [{ file, line: 1, column: 1, message: `its ${size} bytes are more than maxBytes (${maxBytes}) allows` }])
  return unlessClosed(read({ name: file }, file, options, name => name === file ? parseXml(text.replace(/^\uFEFF/, ''), file) : openXml(name, maxBytes)))
}

/** A configuration, and the error for the sections that refuse requests and are not named in `open`; null where there are none. */
export interface Inspected {
  readonly config: IisConfig
  readonly closed: IisConfigError & { readonly open: readonly string[] } | null
}

function unlessClosed ({ config, closed }: Inspected): IisConfig {
  if (closed !== null) throw closed
  return config
}

function read (named: string | readonly string[] | InMemory, name: string, options: ReadOptions, open: (file: string) => XmlElement): Inspected {
  const { maxBytes = MAX_BYTES, transforms = [], open: doorsOpen = [] } = options
  const reading = new Reading()
  const files: string[] = []
  const { documents, layout, missing } = gather(named, options, (file, first) => {
    files.push(file, ...first ? transforms : [])
    const root = transformed(reading, configuration(open(file)))
    if (first) for (const transform of transforms) applyTransform(reading, root, configuration(openXml(transform, maxBytes)), false)
    return root
  })
  const applicationAt = applicationFinder(layout.applications)
  const scopes = documents.flatMap((document, rank) => {
    const own = scopesOf(reading, document, layout.among ? { rank, applicationAt } : null)
    return document.server ? namedAsSites(reading, own, document.root) : own
  })
  const included = new Set<XmlElement>()
  const include = (element: XmlElement): void => {
    // A section that refuses requests is looked through before it is read.
    if (included.has(element)) return
    included.add(element)
    includeFiles(reading, element, name => {
      files.push(name)
      return openXml(name, maxBytes)
    })
  }
  const doors = findDoors(reading, scopes, doorsOpen, {
    include,
    // A locked section refuses requests in IIS, as every request of its site fails: it is looked through before it is taken out.
    takeOut: () => layout.among ? takeLockedOut(reading, documents, scopes) : new Set(),
    hasSites: documents.some(({ server, root }) => server && siteNamesIn(root).length > 0)
  })
  const handlers: Found[] = []
  const found = findSections(reading, scopes, doors.effectOf, layout.served.length > 0 ? handlers : null, include)
  const composed = compose(reading, found, handlers, layout, doorsOpen)
  if (reading.problems.length > 0) throw problemsError(ValueError, reading.problems)
  const sections = [...found.values()].flat().map(({ element }) => element)
  const config = { options: composed, files, missing, rowsOf: (part: object) => reading.rowsOf(part), report: makeReport(name, { ...reading, rows: reading.rows(sections), general: reading.general }) }
  return { config, closed: closedDoors(doors.closed, doorsOpen) }
}

/** What a transform without a base file inserts, as of Azure's applicationHost.xdt; any other file as it is. */
function transformed (reading: Reading, written: XmlElement): XmlElement {
  if (!isTransform(written)) return written
  const root = { ...written, attributes: new Map(), children: [] }
  applyTransform(reading, root, written, true)
  return root
}

function configuration (root: XmlElement): XmlElement {
  if (root.name === 'configuration') return root
  throw problemsError(RootError, [{ ...root.place, message: `the root element is <${root.name}>, not <configuration>` }])
}
