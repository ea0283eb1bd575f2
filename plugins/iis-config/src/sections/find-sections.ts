// Which sections are there, which of them are read, and what is lost with the others?
import type { Doors } from '../access/find-doors.ts'
import { misplaced } from './place-mistakes.ts'
import type { Reading } from '../reading/reading.ts'
import type { Found } from '../rewrite/read-rewrite.ts'
import type { Scope } from './scopes.ts'
import { pathFinder, type XmlElement } from '../xml/parse.ts'

/** Elements that only hold sections. */
const GROUPS = ['system.webServer', 'system.applicationHost', 'system.webServer/tracing', 'system.webServer/security']

/** The sections that are read. */
export const READ = [
  'system.webServer/rewrite',
  'system.webServer/proxy',
  'system.webServer/webSocket',
  'system.webServer/httpRedirect',
  'system.webServer/httpProtocol',
  'system.webServer/tracing/traceFailedRequests',
  'system.applicationHost/sites',
  'system.applicationHost/log',
  'webFarms'
] as const

export type SectionPath = typeof READ[number]

/** Sections that are not read: whether a request would have met them, and what to do. The longest path that fits is taken. */
const UNREAD: Readonly<Record<string, { readonly lost: boolean, readonly note: string }>> = {
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

/** Values that ask for what happens here anyway, by section and attribute. */
const HARMLESS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'system.webServer/httpErrors': { existingResponse: 'PassThrough', errorMode: 'DetailedLocalOnly' },
  'system.webServer/directoryBrowse': { enabled: 'false' },
  'system.webServer/security': {},
  'system.webServer/security/authentication': {}
}

/** Finds the sections that are read, by their path, and lists the others. `include` fetches what a section keeps in another file. */
export function findSections (reading: Reading, scopes: readonly Scope[], doors: Doors, include: (element: XmlElement) => void): Map<SectionPath, Found[]> {
  const found = new Map<SectionPath, Found[]>()
  const pathOf = pathFinder()
  for (const scope of scopes) visit(scope.container, '', scope)
  return found

  function visit (group: XmlElement, before: string, scope: Scope): void {
    for (const element of group.children) {
      if (element.name === 'location' && before === '') continue
      const path = before === '' ? element.name : `${before}/${element.name}`
      if (isRead(path)) {
        include(element)
        found.set(path, [...found.get(path) ?? [], { scope, element }])
      } else if (GROUPS.includes(path) && element.children.length > 0) {
        reading.container(element)
        visit(element, path, scope)
      } else {
        misplaced(reading, element)
        reading.sections.push({ ...element.place, path: pathOf(element), ...comesTo(element, path, doors) })
      }
    }
  }
}

function isRead (path: string): path is SectionPath {
  return (READ as readonly string[]).includes(path)
}

/** What a section comes to that is not read: one that says what happens here anyway is not lost, one that closes something is. */
function comesTo (element: XmlElement, path: string, doors: Doors): { lost: boolean, note: string } {
  const known = unread(path)
  const comes = doors.comesTo(element)
  if (comes === 'closes') return { lost: true, note: known.lost ? known.note : 'access rules are not applied here: write them as hooks, or keep them in the backend' }
  return known.lost && (comes === 'plain' || saysNothing(element, path)) ? { lost: false, note: 'asks for what happens here anyway' } : known
}

/** Sections without children, whose attributes all have the value that asks for what happens here anyway. */
function saysNothing (element: XmlElement, path: string): boolean {
  if (!Object.hasOwn(HARMLESS, path) || element.children.length > 0) return false
  return [...element.attributes.values()].every(({ name, value }) => HARMLESS[path]?.[name]?.toLowerCase() === value.trim().toLowerCase())
}

function unread (path: string): { lost: boolean, note: string } {
  for (let end = path.length; end > 0; end = path.lastIndexOf('/', end - 1)) {
    const known = Object.hasOwn(UNREAD, path.slice(0, end)) ? UNREAD[path.slice(0, end)] : undefined
    if (known !== undefined) return known
  }
  return { lost: true, note: 'this section is not known here' }
}
