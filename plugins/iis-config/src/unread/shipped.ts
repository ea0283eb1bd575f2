// What do the sections say that IIS ships? A section that says no more than this is no loss.
import type { XmlElement } from '../xml/element.ts'
import { isShippedHandler } from './handlers.ts'
import { isShippedType } from './mime-types.ts'

/** What an element may say: whether a value of an attribute is the default, and the same of its children. Other attributes and children say more. */
interface Shipped {
  readonly attributes?: Readonly<Record<string, (value: string) => boolean>>
  readonly children?: Readonly<Record<string, Shipped>>
  /** Whether the element as a whole is one of those that IIS ships. */
  readonly is?: (element: XmlElement) => boolean
  /** Anything inside has no effect here. */
  readonly free?: true
}

/** Attributes that every section may have: they say what a file further down may change. */
const LOCKS = /^lock(Attributes|Elements|AllAttributesExcept|AllElementsExcept|Item)$/

const any = (): boolean => true
const only = (...values: readonly string[]) => (value: string): boolean => values.includes(value.trim().toLowerCase())
const attribute = ({ attributes }: XmlElement, name: string): string => attributes.get(name)?.value.trim() ?? ''

const FREE: Shipped = { free: true }

/** A list of entries that IIS ships; `<clear/>` and `<remove/>` take back what is not here anyway. */
const list = (is: (add: XmlElement) => boolean, entry = 'add'): Shipped => ({ children: { [entry]: { is, attributes: {}, free: true }, remove: FREE, clear: FREE } })

const DOCUMENTS = ['default.htm', 'default.asp', 'index.htm', 'index.html', 'iisstart.htm', 'default.aspx']

/** Sections by their path below `<configuration>`. Those without an entry are never the default. https://learn.microsoft.com/iis/configuration/ */
const SHIPPED: Readonly<Record<string, Shipped>> = {
  'system.applicationHost/webLimits': {
    attributes: { connectionTimeout: only('00:02:00'), demandStartThreshold: any, dynamicIdleThreshold: any, headerWaitTimeout: only('00:00:00'), minBytesPerSecond: only('240') }
  },
  // Without a profile nothing is cached.
  'system.webServer/caching': { attributes: { enabled: any, enableKernelCache: any, maxCacheSize: any, maxResponseSize: any }, children: { profiles: { children: { remove: FREE, clear: FREE } } } },
  'system.webServer/defaultDocument': { attributes: { enabled: any }, children: { files: list(add => DOCUMENTS.includes(attribute(add, 'value').toLowerCase())) } },
  'system.webServer/directoryBrowse': { attributes: { enabled: only('false'), showFlags: any } },
  // Without a drive nothing is cached on a disk.
  'system.webServer/diskCache': { attributes: { enabled: any }, children: { compression: FREE, clear: FREE } },
  'system.webServer/fastCgi': { children: { clear: FREE, remove: FREE } },
  'system.webServer/handlers': { attributes: { accessPolicy: value => /\bread\b/i.test(value) }, ...list(isShippedHandler) },
  'system.webServer/httpLogging': { attributes: { dontLog: only('false'), selectiveLogging: only('logall') } },
  'system.webServer/httpTracing': {},
  'system.webServer/odbcLogging': {},
  'system.webServer/staticContent': {
    attributes: { enableDocFooter: only('false'), isDocFooterFileName: any, defaultDocFooter: any },
    children: { ...list(add => isShippedType(attribute(add, 'fileExtension'), attribute(add, 'mimeType')), 'mimeMap').children, clientCache: { attributes: { cacheControlMode: only('nocontrol'), httpExpires: any, cacheControlMaxAge: any, setEtag: any } } }
  },
  // Only files are compressed by default, and the plugins serve none.
  'system.webServer/urlCompression': { attributes: { doStaticCompression: any, doDynamicCompression: only('false'), dynamicCompressionBeforeCache: any } },
  'system.webServer/webdav/authoring': { attributes: { enabled: only('false') }, free: true },
  'system.webServer/webdav/authoringRules': {},
  'system.webServer/webdav/globalSettings': FREE,
  'system.webServer/security': {},
  'system.webServer/security/authentication': {}
}

/** Whether a section says no more than what IIS ships, or what the plugins do by default. */
export function isShipped (section: XmlElement, path: string): boolean {
  return Object.hasOwn(SHIPPED, path) && says(section, SHIPPED[path] as Shipped)
}

/** Whether an element says no more than a shipped one. */
function says (element: XmlElement, { attributes = {}, children = {}, is = any, free }: Shipped): boolean {
  const own = (name: string): ((value: string) => boolean) | undefined => Object.hasOwn(attributes, name) ? attributes[name] : undefined
  const inner = (name: string): Shipped | undefined => Object.hasOwn(children, name) ? children[name] : undefined
  if (!is(element)) return false
  const saysMore = [...element.attributes.values()].some(({ name, namespace, value }) => {
    if (namespace !== '' || LOCKS.test(name)) return false
    return own(name)?.(value) === false || (free !== true && own(name) === undefined)
  })
  return !saysMore && (free === true || element.children.every(child => {
    const shape = inner(child.name)
    return shape !== undefined && says(child, shape)
  }))
}
