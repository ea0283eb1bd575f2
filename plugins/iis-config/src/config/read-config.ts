// What did IIS know? Text or file in; plain options for the plugins and the report out.
import { basename, dirname, resolve } from 'node:path'
import { readHttpProtocol } from '../rewrite/custom-headers.ts'
import { checkOpen, closedDoors } from '../access/doors.ts'
import { RootError, UnreadableError, ValueError, problemsError, type IisConfigError } from '../errors.ts'
import { endProxying, nameServers, readFarms } from '../sections/farms.ts'
import { findDoors } from '../access/find-doors.ts'
import { readHttpRedirects } from '../rewrite/http-redirect.ts'
import { readLog, type LogDraft } from '../sections/log.ts'
import type { ScopedOutbound } from '../rewrite/place-outbound.ts'
import { findPlaceMistakes } from '../sections/place-mistakes.ts'
import type { PluginOptions } from './plugin-options.ts'
import { readProxy, readWebSocket, upstreamProxyOptions, type ProxyDraft } from '../sections/proxy.ts'
import { Reading } from '../reading/reading.ts'
import { makeReport, type Report, type Row } from '../reading/report.ts'
import { readRewrite, rewriteOptions, type Found, type RewriteSections } from '../rewrite/read-rewrite.ts'
import { findRuleMistakes } from '../rewrite/checks/rule-mistakes.ts'
import { isServerConfig, namedAsSites, scopesOf, type Scope } from '../sections/scopes.ts'
import { findSections, type SectionPath } from '../sections/find-sections.ts'
import { readSites, type Sites } from '../sections/sites.ts'
import { MAX_BYTES, includeFiles, openXml } from '../xml/source.ts'
import { readTraceRules } from '../sections/tracing.ts'
import { applyTransform, isTransform } from '../xml/transform.ts'
import { parseXml, type XmlElement } from '../xml/parse.ts'

/** How a configuration is read. */
export interface ReadOptions {
  /** The largest file that is opened, in bytes. Default: `4194304`. */
  readonly maxBytes?: number
  /** The folder that conditions about files are about. Default: the folder of a `web.config`; none for other files. */
  readonly documentRoot?: string
  /** Transforms that are applied to the file before it is read, in this order, e.g. `web.Release.config`. Default: none. */
  readonly transforms?: readonly string[]
  /**
   * Sections whose refusals are let through, e.g. `['ipSecurity', 'access']`: IIS refuses requests because of them, and
   * nothing does so here. A section of the file that does, and is not named, is an error. Default: none.
   */
  readonly open?: readonly string[]
}

/** A configuration that was read. */
export interface IisConfig {
  readonly options: PluginOptions
  readonly report: Report
  /** Every file that was read: the one asked for, and those it takes parts from. */
  readonly files: readonly string[]
  /** The rows of the report about a rule, a map, a site or the options of a plugin: pass that very object of `options`. */
  readonly rowsOf: (part: object) => readonly Row[]
}

/**
 * Reads a `web.config`, an `applicationHost.config` or a transform of one (`.xdt`).
 *
 * @throws `FST_ARR_IIS_CONFIG_…` with every problem's file and line: the file is missing or too large,
 * is not XML, has another root, holds values that IIS would refuse, or closes what `open` does not name. Nothing of
 * such a file is used.
 */
export function readConfig (file: string, options: ReadOptions = {}): IisConfig {
  return unlessClosed(inspectConfig(file, options))
}

/** As `readConfig`; what a file closes is given beside it, and is not thrown. */
export function inspectConfig (file: string, options: ReadOptions = {}): Inspected {
  checkOpen(options.open ?? [], file)
  return read(openXml(file, options.maxBytes ?? MAX_BYTES), file, options)
}

/** As `readConfig`, for text that is already there; `file` is the name used in the report, and says where `configSource` looks. */
export function readConfigText (text: string, file = 'web.config', options: ReadOptions = {}): IisConfig {
  const { maxBytes = MAX_BYTES } = options
  checkOpen(options.open ?? [], file)
  const size = Buffer.byteLength(text)
  if (size > maxBytes) throw problemsError(UnreadableError, [{ file, line: 1, column: 1, message: `its ${size} bytes are more than maxBytes (${maxBytes}) allows` }])
  return unlessClosed(read(parseXml(text.replace(/^\uFEFF/, ''), file), file, options))
}

/** A configuration, and the error for what it closes. */
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
    // A transform by itself, as Azure's applicationHost.xdt: what it inserts is read, as if the rest were there.
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
  const found = findSections(reading, scopes, doors, include)
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

/** Reads section after section; the order matters where one says what another meant. */
function compose (reading: Reading, found: ReadonlyMap<SectionPath, readonly Found[]>, server: boolean, documentRoot: string | undefined): PluginOptions {
  const each = (path: SectionPath, visit: (section: Found) => void): void => { found.get(path)?.forEach(visit) }
  const log: LogDraft = { options: {}, from: null }
  const proxy: ProxyDraft = { options: {} }
  const sites: Sites[] = []

  each('system.applicationHost/log', ({ element }) => { readLog(reading, element, log) })
  each('system.applicationHost/sites', ({ element }) => { sites.push(readSites(reading, element, log)) })
  each('system.webServer/tracing/traceFailedRequests', ({ element }) => { readTraceRules(reading, element) })
  each('system.webServer/proxy', ({ scope, element }) => {
    if (forAll(reading, scope, element)) readProxy(reading, element, proxy)
  })
  each('system.webServer/webSocket', ({ scope, element }) => {
    if (forAll(reading, scope, element)) readWebSocket(reading, element, proxy)
  })
  const farms = (found.get('webFarms') ?? []).flatMap(({ element }) => readFarms(reading, element, proxy))

  const rewrite = withOtherRules(reading, readRewrite(reading, found.get('system.webServer/rewrite') ?? [], documentRoot, new Set(farms.map(({ name }) => name.toLowerCase()))), found)
  findRuleMistakes(reading, rewrite)
  findPlaceMistakes(reading, { server, rewrite, found, bindings: sites.flatMap(({ bindings }) => bindings) })
  const read = rewrite.lists.flatMap(list => list.rules)
  const rules = read.map(({ rule }) => rule)
  if (proxy.enabled === false) endProxying(reading, read, farms)
  nameServers(rules, farms)
  const siteNames = sites.flatMap(({ hostRouting }) => hostRouting.sites.map(({ name }) => name))
  const urlRewrite = rewriteOptions(reading, rewrite, siteNames, documentRoot)
  const proxied = rules.some(({ action }) => action?.type === 'Rewrite' && /^(https?|wss?):/i.test(action.url))
  const upstreamProxy = upstreamProxyOptions(proxy, proxied)
  const [site] = sites
  return {
    ...site !== undefined && siteNames.length > 0 && { hostRouting: site.hostRouting, listeners: site.listeners },
    ...Object.keys(urlRewrite).length > 0 && { urlRewrite },
    ...upstreamProxy !== undefined && { upstreamProxy },
    ...log.from !== null && { arrLog: log.options }
  }
}

/** The proxy's options are the same for all sites and paths: what is meant for one of them alone would hold for the others. */
function forAll (reading: Reading, { site, path }: Scope, element: XmlElement): boolean {
  if (site === null && path === '/') return true
  reading.losesAll(element, `the proxy's options are the same for all sites and paths, and this is for ${site ?? ''}${path} alone`)
  return false
}

/** `<httpRedirect>` and `<customHeaders>` become rules, too, behind those of `<rewrite>`. */
function withOtherRules (reading: Reading, sections: RewriteSections, found: ReadonlyMap<SectionPath, readonly Found[]>): RewriteSections {
  const redirects = readHttpRedirects(reading, found.get('system.webServer/httpRedirect') ?? [])
  const headers = (found.get('system.webServer/httpProtocol') ?? []).map(({ scope, element }): ScopedOutbound =>
    ({ kind: 'customHeaders', scope, element, ...readHttpProtocol(reading, element) }))
  return {
    ...sections,
    lists: [...sections.lists, ...redirects],
    outbound: [...sections.outbound, ...headers]
  }
}
