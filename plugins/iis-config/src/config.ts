// What did IIS know? Text or file in; plain options for the plugins and the report out.
import { readFileSync, statSync } from 'node:fs'
import { basename } from 'node:path'
import { decodeXml } from './decode.ts'
import { RootError, UnreadableError, ValueError, problemsError } from './errors.ts'
import { Reading } from './reading.ts'
import { makeReport, type Report } from './report.ts'
import { readRewrite, rewriteOptions } from './rewrite.ts'
import type { UrlRewriteOptions } from './rewrite-options.ts'
import { isServerConfig, scopesOf } from './scopes.ts'
import { findSections } from './sections.ts'
import { parseXml, type XmlElement } from './xml.ts'

/** How a configuration is read. */
export interface ReadOptions {
  /** The largest file that is opened, in bytes. Default: `4194304`. */
  readonly maxBytes?: number
}

/** Options for each plugin; a key is there only where the file says something for that plugin. */
export interface PluginOptions {
  urlRewrite?: UrlRewriteOptions
}

/** A configuration that was read. */
export interface IisConfig {
  readonly options: PluginOptions
  readonly report: Report
}

const MAX_BYTES = 4 * 1024 * 1024

/**
 * Reads a `web.config`, an `applicationHost.config` or an `.xdt` file.
 *
 * @throws `FST_ARR_IIS_CONFIG_…` with every problem's file and line: the file is missing or too large,
 * is not XML, has another root, or holds values that IIS would refuse. Nothing of such a file is used.
 */
export function readConfig (file: string, options: ReadOptions = {}): IisConfig {
  const maxBytes = options.maxBytes ?? MAX_BYTES
  return read(openXml(file, maxBytes), file)
}

/** As `readConfig`, for text that is already there; `file` is the name used in the report. */
export function readConfigText (text: string, file = 'web.config', options: ReadOptions = {}): IisConfig {
  if (Buffer.byteLength(text) > (options.maxBytes ?? MAX_BYTES)) throw tooLarge(file, Buffer.byteLength(text), options.maxBytes ?? MAX_BYTES)
  return read(parseXml(text.replace(/^\uFEFF/, ''), file), file)
}

function read (root: XmlElement, file: string): IisConfig {
  if (root.name !== 'configuration') {
    throw problemsError(RootError, [{ ...root.place, message: `the root element is <${root.name}>, not <configuration>` }])
  }
  const reading = new Reading()
  const server = isServerConfig(root, basename(file))
  const found = findSections(reading, scopesOf(reading, root, server))

  const rewrite = readRewrite(reading, found.get('system.webServer/rewrite') ?? [])
  const urlRewrite = rewriteOptions(reading, rewrite, [])

  if (reading.problems.length > 0) throw problemsError(ValueError, reading.problems)
  const sections = [...found.values()].flat().map(section => section.element)
  return {
    options: { ...Object.keys(urlRewrite).length > 0 && { urlRewrite } },
    report: makeReport(file, reading.rows(sections), reading.sections, reading.mistakes)
  }
}

function openXml (file: string, maxBytes: number): XmlElement {
  let bytes
  try {
    const stats = statSync(file)
    if (!stats.isFile()) throw new Error('it is not a file')
    if (stats.size > maxBytes) throw tooLarge(file, stats.size, maxBytes)
    bytes = readFileSync(file)
  } catch (error) {
    if ((error as { code?: string }).code?.startsWith('FST_') === true) throw error
    throw problemsError(UnreadableError, [{ file, line: 1, column: 1, message: `cannot be read: ${(error as Error).message}` }])
  }
  return parseXml(decodeXml(bytes, file), file)
}

function tooLarge (file: string, size: number, maxBytes: number): Error {
  return problemsError(UnreadableError, [{ file, line: 1, column: 1, message: `${size} bytes are more than maxBytes (${maxBytes}) allows` }])
}
