// Settings in a place where IIS does not look for them, and settings that contradict each other.
import { at } from '../errors.ts'
import type { Reading } from '../reading/reading.ts'
import type { XmlElement } from '../xml/element.ts'
import type { ReadBinding } from './binding.ts'
import type { Found } from './scopes.ts'

/** Elements that belong into one place. */
const PLACES: Readonly<Record<string, string>> = {
  rewrite: '<system.webServer>',
  proxy: '<system.webServer>',
  webSocket: '<system.webServer>',
  httpRedirect: '<system.webServer>',
  rules: '<system.webServer><rewrite>',
  globalRules: '<system.webServer><rewrite>',
  outboundRules: '<system.webServer><rewrite>',
  rewriteMaps: '<system.webServer><rewrite>',
  allowedServerVariables: '<system.webServer><rewrite>',
  webFarms: '<configuration>',
  sites: '<system.applicationHost>',
  preConditions: '<outboundRules>',
  customTags: '<outboundRules>'
}

/** What the settings are checked against. */
export interface Placed {
  /** Whether the file is about a whole server. */
  readonly server: boolean
  /** The `<allowedServerVariables>` of the file. */
  readonly allowed: readonly { readonly element: XmlElement }[]
  readonly found: ReadonlyMap<string, readonly Found[]>
  readonly bindings: readonly { readonly site: string, readonly binding: ReadBinding }[]
}

/** Text in a section has no effect, rules in a CDATA included. Text in children of `<proxy>` is left to `proxyChildren`. */
function strayText (reading: Reading, element: XmlElement): void {
  if (element.textPlace !== undefined && element.parent?.name !== 'proxy') {
    const text = element.text.replace(/\s+/g, ' ')
    reading.mistake('misplaced', { ...element, place: element.textPlace }, `text in <${element.name}> means nothing: ${text.length > 60 ? `${text.slice(0, 59)}…` : text}`)
  }
  for (const child of element.children) strayText(reading, child)
}

/** Reports an element that was not read although its name is known: it is in the wrong place. */
export function misplaced (reading: Reading, element: XmlElement): void {
  const place = Object.hasOwn(PLACES, element.name) ? PLACES[element.name] : undefined
  if (place !== undefined) reading.mistake('misplaced', element, `<${element.name}> belongs into ${place}; in <${element.parent?.name ?? ''}> IIS refuses it`)
}

/** Adds the mistakes it finds to the reading. */
export function findPlaceMistakes (reading: Reading, { server, allowed, found, bindings }: Placed): void {
  for (const { element } of found.get('system.webServer/rewrite') ?? []) {
    for (const child of element.children) if (child.name === 'proxy' || child.name === 'preConditions' || child.name === 'customTags') misplaced(reading, child)
  }
  if (!server) {
    for (const { element } of found.get('system.webServer/proxy') ?? []) {
      reading.mistake('server-only', element, '<proxy> is a setting of the server: in a web.config IIS refuses it (500.19)')
    }
    for (const { element } of allowed) {
      reading.mistake('locked-section', element, '<allowedServerVariables> is locked in a web.config unless the server unlocks it (500.19)')
    }
    for (const { element } of found.get('system.webServer/rewrite') ?? []) {
      for (const child of element.children) {
        if (child.name === 'globalRules') reading.mistake('server-only', child, '<globalRules> is for applicationHost.config: in a web.config IIS refuses it (500.19)')
      }
    }
  }
  for (const sections of found.values()) for (const { element } of sections) strayText(reading, element)
  for (const { element } of found.get('system.webServer/proxy') ?? []) proxyChildren(reading, element)
  for (const { element } of found.get('webFarms') ?? []) farmPlaces(reading, element)
  sharedCertificates(reading, bindings)
}

/** Settings of `<proxy>` that are written as elements, or in a namespace. */
function proxyChildren (reading: Reading, element: XmlElement): void {
  if (element.namespace !== '') reading.mistake('namespace', element, '<proxy> has a namespace of its own; IIS has none for sections')
  for (const child of element.children) {
    if (child.name !== 'cache') reading.mistake('element-for-attribute', child, `settings of <proxy> are attributes: <proxy ${child.name}="${child.text || '…'}">`)
  }
}

/** Settings of a farm that IIS has elsewhere. */
function farmPlaces (reading: Reading, section: XmlElement): void {
  for (const farm of section.children.filter(child => child.name === 'webFarm')) {
    for (const child of farm.children) {
      if (['healthCheck', 'affinity', 'loadBalancing', 'protocol'].includes(child.name)) {
        reading.mistake('misplaced', child, `<${child.name}> belongs into <applicationRequestRouting> of the farm`)
      }
      const port = child.name === 'server' ? child.attributes.get('port') ?? child.attributes.get('httpPort') : undefined
      if (port !== undefined) reading.mistake('misplaced', port, `a server's port is <applicationRequestRouting httpPort="${port.value}" /> inside of <server>`)
      const address = child.name === 'server' ? child.attributes.get('address') : undefined
      if (address !== undefined && /:\/\/|^[^:[\]]+:\d+$/.test(address.value)) reading.mistake('misplaced', address, 'an address is a name or an IP address, without scheme or port')
    }
  }
}

/** Bindings without SNI: all hosts of one address and port share one certificate. */
function sharedCertificates (reading: Reading, bindings: Placed['bindings']): void {
  const first = new Map<string, { site: string, binding: ReadBinding }>()
  for (const one of bindings) {
    if (one.binding.protocol !== 'https' || one.binding.sni) continue
    const key = `${one.binding.listener.host}:${one.binding.listener.port}`
    const before = first.get(key)
    if (before === undefined) first.set(key, one)
    else if (before.binding.host !== one.binding.host) {
      reading.mistake('one-certificate', one.binding.element, `without SNI (sslFlags="1") this host shares one certificate with ${before.binding.host || 'every host'} at ${at(before.binding.element.place)}; listeners always chooses by name`)
    }
  }
}
