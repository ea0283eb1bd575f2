// The elements of a site other than its bindings: applications, limits, HSTS, logging, tracing.
import type { SiteOptions } from '../config/plugin-options.ts'
import { differs, lost, readAttributes, same, withoutEffect, type AttributeTable } from '../reading/attribute-table.ts'
import { written, type Reading } from '../reading/reading.ts'
import type { Layout } from '../server/layout.ts'
import { readTraceSwitch, type TraceDraft } from '../tracing/trace-switch.ts'
import type { XmlElement } from '../xml/element.ts'
import { readLogFile, type LogDraft } from './log.ts'

/** A site's options for https. */
export type Https = NonNullable<SiteOptions['https']>

/** What sites say of plugins that have one set of options for all of them. */
export interface SiteDrafts {
  readonly log: LogDraft
  readonly traces: TraceDraft
}

const PROCESS = 'worker processes and pools of IIS do not exist here; it is one Node process'
const FILES = 'the proxy serves no files, and a web.config in this folder is not read along'
const FILES_HERE = 'register @fastify/static for files'
const ROOTS = 'say where it was copied to (--root FOLDER=FOLDER, option roots), or give its web.config by name (site/app=FILE)'
const FILES_ADVICE = 'register @fastify/static for files, and check that web.config as well'

/** The attributes of `<application>`. */
export const APPLICATION = {
  path: differs('paths of applications have no meaning of their own here', ['/']),
  applicationPool: withoutEffect(PROCESS),
  enabledProtocols: withoutEffect(PROCESS),
  serviceAutoStartEnabled: withoutEffect(PROCESS),
  serviceAutoStartProvider: withoutEffect(PROCESS),
  preloadEnabled: withoutEffect(PROCESS)
} as const satisfies AttributeTable<unknown>

/** The attributes of `<virtualDirectory>`. */
export const VIRTUAL_DIRECTORY = {
  path: differs('virtual directories have no meaning of their own here', ['/']),
  physicalPath: differs(FILES),
  userName: differs('files are read as the user that runs Node'),
  password: differs('files are read as the user that runs Node'),
  logonMethod: differs('files are read as the user that runs Node'),
  allowSubDirConfig: withoutEffect('a web.config in a folder is not read along')
} as const satisfies AttributeTable<unknown>

/** The same where the files of the folder are looked for, and what they say is read at its path. */
const VIRTUAL_DIRECTORY_AMONG = { ...VIRTUAL_DIRECTORY, path: same, physicalPath: same, allowSubDirConfig: same } as const satisfies AttributeTable<unknown>

/** The attributes of `<limits>`. */
const LIMITS = {
  connectionTimeout: lost('how long IIS keeps a connection of this site that sends nothing; listeners has one limit for all sites, 72 seconds', 'set limits.keepAliveTimeout of listeners', ['00:02:00']),
  maxConnections: lost('IIS closes connections to this site above this number; listeners counts those of a port, of all sites together', 'set limits.connections of listeners', ['4294967295']),
  maxBandwidth: lost('IIS sends this many bytes a second for this site; here no speed is limited', 'limit it in the network, or in a proxy in front', ['4294967295']),
  maxUrlSegments: lost('IIS refuses URLs of more segments (400); here they are not counted', 'a rule of type CustomResponse with ^([^/]*/){33} refuses them', ['32'])
} as const satisfies AttributeTable<unknown>

/** Reads the elements that both `<site>` and `<siteDefaults>` may have. Settings of HSTS are added to `https`, those of logs and traces to the drafts. */
export function readSiteParts (reading: Reading, element: XmlElement, https: Https, { log, traces }: SiteDrafts, site: string | null, layout: Layout): void {
  for (const child of element.children) {
    switch (child.name) {
      case 'application':
      case 'applicationDefaults':
        readAttributes<unknown>(reading, child, layout.among ? { ...APPLICATION, path: same } : APPLICATION, undefined)
        for (const directory of child.children.filter(({ name }) => name.startsWith('virtualDirectory'))) readDirectory(reading, directory, layout)
        break
      case 'virtualDirectoryDefaults':
        readDirectory(reading, child, layout)
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
        readTraceSwitch(reading, child, traces, site)
        break
      case 'ftpServer':
        reading.losesAll(child, 'FTP is not supported')
        break
    }
  }
}

function readDirectory (reading: Reading, element: XmlElement, { among, folderNote }: Layout): void {
  const path = element.attributes.get('physicalPath')
  const folder = folderNote(path)
  readAttributes<unknown>(reading, element, among ? VIRTUAL_DIRECTORY_AMONG : VIRTUAL_DIRECTORY, undefined)
  if (folder === undefined) reading.differs(path, FILES, FILES_ADVICE)
  else if (folder.found) reading.differs(path, folder.note, FILES_HERE)
  else reading.loses(path, folder.note, ROOTS)
}

/** `<hsts>` (IIS 10, version 1709): the header, and the redirect to https. */
function readHsts (reading: Reading, element: XmlElement): Https {
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
