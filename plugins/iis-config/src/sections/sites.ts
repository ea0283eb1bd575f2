// `<sites>`: the sites with their bindings for host-routing, and the addresses and ports for listeners.
import type { HostRoutingOptions, ListenersOptions, SiteOptions } from '../config/plugin-options.ts'
import { at } from '../errors.ts'
import { readAttributes } from '../reading/attribute-table.ts'
import { collection } from '../reading/collection.ts'
import { written, type Reading } from '../reading/reading.ts'
import type { Layout } from '../server/layout.ts'
import type { XmlElement } from '../xml/element.ts'
import { listenersOf, readBinding, type ReadBinding } from './binding.ts'
import { APPLICATION, VIRTUAL_DIRECTORY, readSiteParts, type Https, type SiteDrafts } from './site-parts.ts'

/** The options that the section becomes, and the bindings of the sites that start. */
export interface Sites {
  readonly hostRouting: HostRoutingOptions
  readonly listeners: ListenersOptions
  readonly bindings: readonly { readonly site: string, readonly binding: ReadBinding }[]
}

/** Reads the section. Settings of logs and traces are added to the drafts. */
export function readSites (reading: Reading, section: XmlElement, drafts: SiteDrafts, layout: Layout): Sites {
  reading.used(section)
  const defaults: Https = {}
  for (const child of section.children) {
    if (child.name === 'siteDefaults') {
      reading.used(child)
      reading.differs(reading.attribute(child, 'serverAutoStart'), 'a site says for itself whether it starts')
      readSiteParts(reading, child, defaults, drafts, null, layout)
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
    readSiteParts(reading, element, https, drafts, name, layout)
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
  checkTwins(reading, bindings)
  return { hostRouting: { sites }, listeners: { listeners: listenersOf(reading, bindings.map(({ binding }) => binding)) }, bindings }
}

/** Two started sites with one binding are a problem, as IIS starts only one of them; so is a port with two protocols. */
function checkTwins (reading: Reading, bindings: Sites['bindings']): void {
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
