// Reads a configuration: files or text in, options for the plugins and the report out.
import { basename, dirname, resolve } from 'node:path'
import { checkOpen, closedDoors } from '../access/doors.ts'
import { findDoors } from '../access/find-doors.ts'
import { RootError, UnreadableError, ValueError, problemsError, type IisConfigError } from '../errors.ts'
import type { ReadOptions } from '../options.ts'
import { Reading } from '../reading/reading.ts'
import { makeReport, type Report, type Row } from '../reading/report.ts'
import { findSections } from '../sections/find-sections.ts'
import { isServerConfig, namedAsSites, scopesOf } from '../sections/scopes.ts'
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
  /** Every file that was read: the one asked for, its transforms, and the files that `configSource` names. */
  readonly files: readonly string[]
  /** The rows of the report about a rule, a map, a site or the options of a plugin: pass the object that is in `options`, not a copy. */
  readonly rowsOf: (part: object) => readonly Row[]
}

/**
 * Reads a `web.config`, an `applicationHost.config` or a transform of one (`.xdt`).
 *
 * @throws `FST_ARR_IIS_CONFIG_…` with every problem's file and line: the file is missing or too large,
 * is not XML, has another root, has values that IIS would refuse, or has sections that refuse requests and that `open`
 * does not name. Nothing of such a file is used.
 */
export function readConfig (file: string, options: ReadOptions = {}): IisConfig {
  return unlessClosed(inspectConfig(file, options))
}

/** As `readConfig`; the error for sections that `open` does not name is returned, not thrown. */
export function inspectConfig (file: string, options: ReadOptions = {}): Inspected {
  checkOpen(options.open ?? [], file)
  return read(openXml(file, options.maxBytes ?? MAX_BYTES), file, options)
}

/** As `readConfig`, for text in memory. `file` is the name in the report; its folder is the one in which `configSource` looks. */
export function readConfigText (text: string, file = 'web.config', options: ReadOptions = {}): IisConfig {
  const { maxBytes = MAX_BYTES } = options
  checkOpen(options.open ?? [], file)
  const size = Buffer.byteLength(text)
  if (size > maxBytes) throw problemsError(UnreadableError, [{ file, line: 1, column: 1, message: `its ${size} bytes are more than maxBytes (${maxBytes}) allows` }])
  return unlessClosed(read(parseXml(text.replace(/^\uFEFF/, ''), file), file, options))
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

function read (written: XmlElement, file: string, { maxBytes = MAX_BYTES, documentRoot, transforms = [], open = [] }: ReadOptions): Inspected {
  const reading = new Reading()
  const files = [file, ...transforms]
  let root = configuration(written)
  if (isTransform(root)) {
    // A transform without a base file, such as Azure's applicationHost.xdt: what it inserts is read.
    root = { ...root, attributes: new Map(), children: [] }
    applyTransform(reading, root, written, true)
  }
  for (const transform of transforms) applyTransform(reading, root, configuration(openXml(transform, maxBytes)), false)
  const server = isServerConfig(root, basename(file))
  const scopes = namedAsSites(reading, scopesOf(reading, root, server), root)
  const include = (element: XmlElement): void => {
    includeFiles(reading, element, name => {
      files.push(name)
      return openXml(name, maxBytes)
    })
  }
  const doors = findDoors(reading, scopes, open, include)
  const found = findSections(reading, scopes, doors.effectOf, include)
  const options = compose(reading, found, server, documentRoot ?? (server ? undefined : dirname(resolve(file))))
  if (reading.problems.length > 0) throw problemsError(ValueError, reading.problems)
  const sections = [...found.values()].flat().map(({ element }) => element)
  const config = { options, files, rowsOf: (part: object) => reading.rowsOf(part), report: makeReport(file, reading.rows(sections), reading.sections, reading.mistakes) }
  return { config, closed: closedDoors(doors.closed, open) }
}

function configuration (root: XmlElement): XmlElement {
  if (root.name === 'configuration') return root
  throw problemsError(RootError, [{ ...root.place, message: `the root element is <${root.name}>, not <configuration>` }])
}
