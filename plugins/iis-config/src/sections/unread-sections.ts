// The sections that are not read: whether something is lost with them, and what to do instead.
import type { XmlElement } from '../xml/element.ts'

/**
 * The effect of a section that can refuse requests: `closes` where IIS refuses requests because of it, `lost` where it asks for
 * something that no plugin does, `plain` where it asks only for what the plugins do by default.
 */
export type Effect = 'closes' | 'lost' | 'plain'

interface Unread {
  /** Whether IIS would treat requests differently because of the section. */
  readonly lost: boolean
  readonly note: string
}

/** Sections that are not read, by path. A section without an entry has that of the nearest path above it. */
const UNREAD: Readonly<Record<string, Unread>> = {
  configSections: { lost: false, note: 'declares sections; nothing here depends on it' },
  configProtectedData: { lost: false, note: 'encryption of configuration; nothing here depends on it' },
  configBuilders: { lost: false, note: 'sources of .NET settings; nothing here depends on it' },
  appSettings: { lost: false, note: 'settings of a .NET application, which stays behind the proxy' },
  connectionStrings: { lost: false, note: 'settings of a .NET application, which stays behind the proxy' },
  runtime: { lost: false, note: 'settings of a .NET application, which stays behind the proxy' },
  startup: { lost: false, note: 'settings of a .NET application, which stays behind the proxy' },
  'system.web': { lost: false, note: 'settings of an ASP.NET application, which stays behind the proxy' },
  'system.web.extensions': { lost: false, note: 'settings of an ASP.NET application, which stays behind the proxy' },
  'system.serviceModel': { lost: false, note: 'settings of a .NET application, which stays behind the proxy' },
  'system.codedom': { lost: false, note: 'settings of a .NET application, which stays behind the proxy' },
  'system.webServer/aspNetCore': { lost: false, note: 'starts an ASP.NET Core application; start it yourself and proxy to its port' },
  'system.webServer/iisnode': { lost: false, note: 'starts a Node application inside IIS; here it is a Node application already' },
  'system.webServer/httpPlatform': { lost: false, note: 'starts an application behind IIS; start it yourself and proxy to its port' },
  'system.webServer/globalModules': { lost: false, note: 'loads modules of IIS' },
  'system.webServer/modules': { lost: false, note: 'loads modules of IIS' },
  'system.webServer/validation': { lost: false, note: 'checks the configuration of IIS itself' },
  'system.webServer/asp': { lost: false, note: 'settings of classic ASP' },
  'system.webServer/isapiFilters': { lost: false, note: 'loads filters of IIS' },
  'system.webServer/handlers': { lost: true, note: 'says which part of IIS answers which files; register a Fastify plugin for what has to be answered here' },
  'system.webServer/staticContent': { lost: true, note: 'types and caching of files; register @fastify/static for files served here' },
  'system.webServer/defaultDocument': { lost: true, note: 'the page of a directory; see the option index of @fastify/static' },
  'system.webServer/directoryBrowse': { lost: true, note: 'lists of directories; see the option list of @fastify/static' },
  'system.webServer/httpErrors': { lost: true, note: 'pages for errors; see setErrorHandler and setNotFoundHandler of Fastify' },
  'system.webServer/urlCompression': { lost: true, note: 'compression; register @fastify/compress where the backend does not compress' },
  'system.webServer/httpCompression': { lost: true, note: 'compression; register @fastify/compress where the backend does not compress' },
  'system.webServer/caching': { lost: true, note: 'there is no response cache here' },
  'system.webServer/security': { lost: true, note: 'access rules are not applied here: write them as hooks, or keep them in the backend' },
  'system.webServer/security/requestFiltering': { lost: true, note: 'requests are not filtered here: limit bodies with bodyLimit, paths with a rule of type AbortRequest' },
  'system.applicationHost/applicationPools': { lost: false, note: 'worker processes of IIS; here it is one Node process' },
  'system.applicationHost/customMetadata': { lost: false, note: 'nothing here depends on it' },
  'system.applicationHost/listenerAdapters': { lost: false, note: 'nothing here depends on it' },
  'system.applicationHost/serviceAutoStartProviders': { lost: false, note: 'nothing here depends on it' },
  'system.applicationHost/configHistory': { lost: false, note: 'nothing here depends on it' }
}

/** Values that ask for what the plugins do by default, by section and attribute. */
const HARMLESS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'system.webServer/httpErrors': { existingResponse: 'PassThrough', errorMode: 'DetailedLocalOnly' },
  'system.webServer/directoryBrowse': { enabled: 'false' },
  'system.webServer/security': {},
  'system.webServer/security/authentication': {}
}

/** The report's entry for a section that is not read. One that asks for what the plugins do by default is not lost; one that closes something is. */
export function unreadSection (element: XmlElement, path: string, effect: Effect | undefined): Unread {
  const known = unread(path)
  if (effect === 'closes') return { lost: true, note: known.lost ? known.note : 'access rules are not applied here: write them as hooks, or keep them in the backend' }
  return known.lost && (effect === 'plain' || saysNothing(element, path)) ? { lost: false, note: 'asks for what happens here anyway' } : known
}

/** Whether a section has no children, and only attributes whose value asks for what the plugins do by default. */
function saysNothing (element: XmlElement, path: string): boolean {
  if (!Object.hasOwn(HARMLESS, path) || element.children.length > 0) return false
  return [...element.attributes.values()].every(({ name, value }) => HARMLESS[path]?.[name]?.toLowerCase() === value.trim().toLowerCase())
}

/** The entry of the longest path. */
function unread (path: string): Unread {
  for (let end = path.length; end > 0; end = path.lastIndexOf('/', end - 1)) {
    const known = Object.hasOwn(UNREAD, path.slice(0, end)) ? UNREAD[path.slice(0, end)] : undefined
    if (known !== undefined) return known
  }
  return { lost: true, note: 'this section is not known here' }
}
