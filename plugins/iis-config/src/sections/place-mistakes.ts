// Which settings stand where IIS does not look for them, or cannot be what they say?
import type { ReadBinding } from './binding.ts'
import { at } from '../errors.ts'
import type { Reading } from '../reading/reading.ts'
import type { Found, RewriteSections } from '../rewrite/read-rewrite.ts'
import type { XmlElement } from '../xml/parse.ts'

/** Elements that have one place, and which. */
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

/** What is asked about the places of things. */
export interface Placed {
  readonly server: boolean
  readonly rewrite: RewriteSections
  readonly found: ReadonlyMap<string, readonly Found[]>
  readonly bindings: readonly { readonly site: string, readonly binding: ReadBinding }[]
}

/** Text has no place in these sections, and what somebody put into a CDATA is no rule. Children of `<proxy>` are told as what they are. */
function strayText (reading: Reading, element: XmlElement): void {
  if (element.textPlace !== undefined && element.parent?.name !== 'proxy') {
    const text = element.text.replace(/\s+/g, ' ')
    reading.mistake('misplaced', { ...element, place: element.textPlace }, `text in <${element.name}> means nothing: ${text.length > 60 ? `${text.slice(0, 59)}…` : text}`)
  }
  for (const child of element.children) strayText(reading, child)
}

/** An element of a known name that nothing has read: it stands in the wrong place. */
export function misplaced (reading: Reading, element: XmlElement): void {
  const place = Object.hasOwn(PLACES, element.name) ? PLACES[element.name] : undefined
  if (place !== undefined) reading.mistake('misplaced', element, `<${element.name}> belongs into ${place}; in <${element.parent?.name ?? ''}> IIS refuses it`)
}

/** Adds what is found to the reading's mistakes. */
export function findPlaceMistakes (reading: Reading, { server, rewrite, found, bindings }: Placed): void {
  for (const { element } of found.get('system.webServer/rewrite') ?? []) {
    for (const child of element.children) if (child.name === 'proxy' || child.name === 'preConditions' || child.name === 'customTags') misplaced(reading, child)
  }
  if (!server) {
    for (const { element } of found.get('system.webServer/proxy') ?? []) {
      reading.mistake('server-only', element, '<proxy> is a setting of the server: in a web.config IIS refuses it (500.19)')
    }
    for (const { element } of rewrite.allowed) {
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
  for (const { element } of found.get('webFarms') ?? []) farmInventions(reading, element)
  sharedCertificates(reading, bindings)
}

function proxyChildren (reading: Reading, element: XmlElement): void {
  if (element.namespace !== '') reading.mistake('namespace', element, '<proxy> has a namespace of its own; IIS has none for sections')
  for (const child of element.children) {
    if (child.name !== 'cache') reading.mistake('element-for-attribute', child, `settings of <proxy> are attributes: <proxy ${child.name}="${child.text || '…'}">`)
  }
}

function farmInventions (reading: Reading, section: XmlElement): void {
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

/** Without SNI all hosts of one address and port share one certificate. */
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
