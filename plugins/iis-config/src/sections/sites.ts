// What does `<sites>` say? Sites with their bindings for host-routing, and where listeners has to listen.
import { differs, lost, readAttributes, type AttributeTable } from '../reading/attribute-table.ts'
import { listenersOf, readBinding, type ReadBinding } from './binding.ts'
import { collection } from '../reading/collection.ts'
import { at } from '../errors.ts'
import { readLogFile, type LogDraft } from './log.ts'
import type { HostRoutingOptions, ListenersOptions, SiteOptions } from '../config/plugin-options.ts'
import type { Reading } from '../reading/reading.ts'
import { written } from '../rewrite/rewrite-options.ts'
import { readTraceSwitch } from './tracing.ts'
import type { XmlElement } from '../xml/parse.ts'

/** What the section comes to. */
export interface Sites {
  readonly hostRouting: HostRoutingOptions
  readonly listeners: ListenersOptions
  readonly bindings: readonly { readonly site: string, readonly binding: ReadBinding }[]
}

type Https = NonNullable<SiteOptions['https']>

const PROCESS = 'worker processes and pools of IIS do not exist here; it is one Node process'
const FILES = 'the proxy serves no files, and a web.config in this folder is not read along'
const FILES_ADVICE = 'register @fastify/static for files, and check that web.config as well'

const APPLICATION = {
  path: differs('paths of applications have no meaning of their own here', ['/']),
  applicationPool: differs(PROCESS),
  enabledProtocols: differs(PROCESS),
  serviceAutoStartEnabled: differs(PROCESS),
  serviceAutoStartProvider: differs(PROCESS),
  preloadEnabled: differs(PROCESS)
} as const satisfies AttributeTable<unknown>

const VIRTUAL_DIRECTORY = {
  path: differs('virtual directories have no meaning of their own here', ['/']),
  physicalPath: differs(FILES),
  userName: differs('files are read as the user that runs Node'),
  password: differs('files are read as the user that runs Node'),
  logonMethod: differs('files are read as the user that runs Node'),
  allowSubDirConfig: differs('files are read as the user that runs Node')
} as const satisfies AttributeTable<unknown>

const LIMITS = {
  connectionTimeout: lost('limits of one site are not supported', 'see limits of listeners', ['00:02:00']),
  maxConnections: lost('limits of one site are not supported', 'see limits.connections of listeners', ['4294967295']),
  maxBandwidth: lost('the speed of a site is not limited', undefined, ['4294967295']),
  maxUrlSegments: lost('the segments of a URL are not counted', 'a rule of type AbortRequest or CustomResponse can refuse long paths', ['32'])
} as const satisfies AttributeTable<unknown>

/** Reads the section. Log settings go into the draft. */
export function readSites (reading: Reading, section: XmlElement, log: LogDraft): Sites {
  reading.used(section)
  const defaults: Https = {}
  for (const child of section.children) {
    if (child.name === 'siteDefaults') {
      reading.used(child)
      reading.differs(reading.attribute(child, 'serverAutoStart'), 'a site says for itself whether it starts')
      readParts(reading, child, defaults, log, null)
    } else if (child.name === 'applicationDefaults') readAttributes<unknown>(reading, child, APPLICATION, undefined)
    else if (child.name === 'virtualDirectoryDefaults') readAttributes<unknown>(reading, child, VIRTUAL_DIRECTORY, undefined)
  }
  const bindings: { site: string, binding: ReadBinding }[] = []
  const sites = collection(reading, section, 'site', 'name').entries.map(element => {
    const name = reading.required(element, 'name')
    const https: Https = {}
    const enabled = reading.flag(element, 'serverAutoStart')
    const id = reading.integer(element, 'id', 1)
    const own: ReadBinding[] = []
    for (const list of element.children.filter(child => child.name === 'bindings')) {
      reading.used(list)
      own.push(...collection(reading, list, 'binding').entries.flatMap(binding => readBinding(reading, binding) ?? []))
    }
    readParts(reading, element, https, log, name)
    if (enabled !== false) bindings.push(...own.map(binding => ({ site: name, binding })))
    const policy = { ...defaults, ...https }
    return reading.made(written<SiteOptions>({
      name,
      id,
      bindings: own.map(({ text }) => text),
      https: Object.keys(policy).length > 0 ? policy : undefined,
      enabled
    }), element)
  })
  tellTwins(reading, bindings)
  return { hostRouting: { sites }, listeners: { listeners: listenersOf(reading, bindings.map(({ binding }) => binding)) }, bindings }
}

/** Of two sites that start with the same binding IIS starts one, and a port is for one protocol. */
function tellTwins (reading: Reading, bindings: Sites['bindings']): void {
  const sites = new Map<string, Sites['bindings'][number]>()
  const ports = new Map<string, ReadBinding>()
  for (const one of bindings) {
    const { element, text, protocol, listener } = one.binding
    const twin = sites.get(text.toLowerCase())
    if (twin !== undefined && twin.site !== one.site) reading.problem(element, `site "${one.site}" has the binding of site "${twin.site}" at ${at(twin.binding.element.place)}; with serverAutoStart="false" one of them may keep it`)
    else sites.set(text.toLowerCase(), one)
    const port = `${listener.host} ${listener.port}`
    const other = ports.get(port)
    if (other !== undefined && other.protocol !== protocol) reading.problem(element, `port ${listener.port} is for ${other.protocol} already, at ${at(other.element.place)}`)
    else ports.set(port, one.binding)
  }
}

/** What a site and the defaults of all sites can both hold. */
function readParts (reading: Reading, element: XmlElement, https: Https, log: LogDraft, site: string | null): void {
  for (const child of element.children) {
    switch (child.name) {
      case 'application':
      case 'applicationDefaults':
        readAttributes<unknown>(reading, child, APPLICATION, undefined)
        for (const directory of child.children.filter(({ name }) => name.startsWith('virtualDirectory'))) readDirectory(reading, directory)
        break
      case 'virtualDirectoryDefaults':
        readDirectory(reading, child)
        break
      case 'limits':
        readAttributes<unknown>(reading, child, LIMITS, undefined)
        break
      case 'hsts':
        Object.assign(https, readHsts(reading, child))
        break
      case 'logFile':
        readLogFile(reading, child, log, site)
        break
      case 'traceFailedRequestsLogging':
        readTraceSwitch(reading, child)
        break
      case 'ftpServer':
        reading.losesAll(child, 'FTP is not supported')
        break
    }
  }
}

function readDirectory (reading: Reading, element: XmlElement): void {
  readAttributes<unknown>(reading, element, VIRTUAL_DIRECTORY, undefined)
  reading.differs(element.attributes.get('physicalPath'), FILES, FILES_ADVICE)
}

/** `<hsts>` (IIS 10, version 1709): one part of it is the header, the other the redirect. */
export function readHsts (reading: Reading, element: XmlElement): Https {
  reading.used(element)
  const enabled = reading.flag(element, 'enabled') === true
  const maxAge = reading.integer(element, 'max-age') ?? 0
  const includeSubDomains = reading.flag(element, 'includeSubDomains')
  const preload = reading.flag(element, 'preload')
  const redirect = reading.flag(element, 'redirectHttpToHttps')
  if (!enabled) return {}
  if (redirect === true) reading.differs(element.attributes.get('redirectHttpToHttps'), 'the redirect goes to the port of the https binding, and keeps method and body')
  return written<Https>({
    redirect,
    hsts: written<NonNullable<Https['hsts']>>({ maxAge, includeSubDomains, preload })
  })
}
