// `<traceFailedRequestsLogging>`: which sites trace, and where their files go.
import type { RequestTraceOptions } from '../config/trace-options.ts'
import { at } from '../errors.ts'
import { differs, readAttributes, type AttributeTable } from '../reading/attribute-table.ts'
import { written, type Reading } from '../reading/reading.ts'
import type { XmlAttribute, XmlElement } from '../xml/element.ts'

/** The options that have one value for all sites. */
export type TraceFiles = Omit<RequestTraceOptions, 'rules'>

/** What one element says. */
interface Switch extends TraceFiles {
  readonly element: XmlElement
  enabled?: boolean
}

/** What all of them say: `<siteDefaults>`, and each site by its name. */
export interface TraceDraft {
  defaults: Switch | null
  readonly sites: Map<string, Switch>
}

/** Before any is read. */
export function noTraces (): TraceDraft {
  return { defaults: null, sites: new Map() }
}

/** A GiB, in KiB: no trace is larger. */
const LARGEST = 1_048_576

/** The folder of the traces in a shipped applicationHost.config. */
const SHIPPED = /^%SystemDrive%\\inetpub\\logs\\FailedReqLogFiles\\?$/i

const TABLE = {
  enabled: (reading, element, name, one) => { one.enabled = reading.flag(element, name) },
  directory: (reading, element, name, one) => {
    const path = reading.text(element, name)?.trim() ?? ''
    if (path === '') return
    // On other systems, a path with a drive, a share or a variable of Windows would become a folder of that name.
    if (SHIPPED.test(path)) reading.byDefault(element.attributes.get(name) as XmlAttribute, 'the folder that IIS ships; traces go to the option directory, which is FailedReqLogFiles unless it is set')
    else if (/%[^%]+%|^[a-z]:|\\/i.test(path)) reading.differs(element.attributes.get(name), 'a path of Windows; traces go to the option directory, which is FailedReqLogFiles unless it is set')
    else one.directory = path
  },
  maxLogFiles: (reading, element, name, one) => { one.maxLogFiles = reading.integer(element, name, 1, 10_000) },
  maxLogFileSizeKB: (reading, element, name, one) => {
    const size = reading.integer(element, name)
    if (size !== undefined) one.maxLogFileSizeKB = Math.min(size, LARGEST)
  },
  customActionsEnabled: differs('no program is started when a trace is written', ['false', '0'])
} as const satisfies AttributeTable<Switch>

/** Reads one element: that of a site, or of all of them (`site` null). */
export function readTraceSwitch (reading: Reading, element: XmlElement, draft: TraceDraft, site: string | null): void {
  const one: Switch = { element }
  readAttributes<Switch>(reading, element, TABLE, one)
  const own = written<Switch>(one as { [K in keyof Switch]: Switch[K] | undefined })
  if (site === null) draft.defaults = own
  else draft.sites.set(site, own)
}

/** The sites that trace. */
export function tracingSites ({ defaults, sites }: TraceDraft, names: readonly string[]): string[] {
  return names.filter(name => sites.get(name)?.enabled ?? defaults?.enabled ?? false)
}

/** Whether the files say of any site that it traces, or that it does not. */
export function isSwitched ({ defaults, sites }: TraceDraft): boolean {
  return [defaults, ...sites.values()].some(one => one?.enabled !== undefined)
}

/** The options that hold for all sites: those of the first site that traces. Another one's that differ are told. */
export function traceFiles (reading: Reading, { defaults, sites }: TraceDraft, names: readonly string[]): TraceFiles & { readonly elements: readonly XmlElement[] } {
  const all = names.map(name => ({ own: sites.get(name), files: filesOf({ ...defaults, ...sites.get(name) }) }))
  const [first] = all
  for (const { own, files } of all.slice(1)) {
    if (own === undefined || JSON.stringify(files) === JSON.stringify(first?.files)) continue
    const chosen = first?.own?.element ?? defaults?.element
    for (const name of ['directory', 'maxLogFiles', 'maxLogFileSizeKB']) {
      reading.differs(own.element.attributes.get(name), `the traces of all sites have one folder and one size${chosen === undefined ? '' : `: what is said at ${at(chosen.place)} holds`}`)
    }
  }
  return { ...first?.files, elements: [defaults?.element ?? [], first?.own?.element ?? []].flat() }
}

function filesOf ({ directory, maxLogFiles, maxLogFileSizeKB }: TraceFiles): TraceFiles {
  return written<TraceFiles>({ directory, maxLogFiles, maxLogFileSizeKB })
}
