// The sections that are not read: whether something is lost with them, and what to do instead.
import type { Class } from '../reading/report.ts'
import type { XmlElement } from '../xml/element.ts'
import { applicationOf } from './applications.ts'
import { isShipped } from './shipped.ts'

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

/** An entry of the report, without its place. */
interface Entry extends Unread {
  readonly class: Class
  readonly advice?: string
}

const APPLICATION = { lost: false, note: 'settings of a .NET application, which stays behind the proxy' }

/** Sections that are not read, by path. A section without an entry has that of the nearest path above it. */
const UNREAD: Readonly<Record<string, Unread>> = {
  configSections: { lost: false, note: 'declares sections; nothing here depends on it' },
  configProtectedData: { lost: false, note: 'encryption of configuration; nothing here depends on it' },
  configBuilders: { lost: false, note: 'sources of .NET settings; nothing here depends on it' },
  appSettings: APPLICATION,
  connectionStrings: APPLICATION,
  runtime: APPLICATION,
  startup: APPLICATION,
  entityFramework: APPLICATION,
  mscorlib: APPLICATION,
  'system.data': APPLICATION,
  'system.data.dataset': APPLICATION,
  'system.data.odbc': APPLICATION,
  'system.data.oledb': APPLICATION,
  'system.data.oracleclient': APPLICATION,
  'system.data.sqlclient': APPLICATION,
  'system.diagnostics': APPLICATION,
  'system.identityModel': APPLICATION,
  'system.identityModel.services': APPLICATION,
  'system.net': APPLICATION,
  'system.runtime.caching': APPLICATION,
  'system.runtime.remoting': APPLICATION,
  'system.runtime.serialization': APPLICATION,
  'system.serviceModel.activation': APPLICATION,
  'system.transactions': APPLICATION,
  'system.windows.forms': APPLICATION,
  'system.workflow.runtime': APPLICATION,
  'system.xaml.hosting': APPLICATION,
  'system.xml.serialization': APPLICATION,
  'system.ftpServer': { lost: false, note: 'settings of the FTP server, which has no part in HTTP' },
  'system.web': { lost: false, note: 'settings of an ASP.NET application, which stays behind the proxy' },
  'system.web.extensions': { lost: false, note: 'settings of an ASP.NET application, which stays behind the proxy' },
  'system.serviceModel': APPLICATION,
  'system.codedom': APPLICATION,
  'system.webServer/globalModules': { lost: false, note: 'loads modules of IIS' },
  'system.webServer/modules': { lost: false, note: 'loads modules of IIS' },
  'system.webServer/validation': { lost: false, note: 'checks the configuration of IIS itself' },
  'system.webServer/asp': { lost: false, note: 'settings of classic ASP' },
  'system.webServer/isapiFilters': { lost: false, note: 'loads filters of IIS' },
  'system.webServer/cgi': { lost: false, note: 'limits of CGI programs, which do not run here' },
  'system.webServer/serverSideInclude': { lost: false, note: 'settings of pages with server-side includes, which are not served here' },
  'system.webServer/applicationInitialization': { lost: false, note: 'wakes an application inside IIS; one behind the proxy runs already' },
  'system.webServer/management': { lost: false, note: 'settings of IIS Manager' },
  'system.webServer/tracing/traceProviderDefinitions': { lost: false, note: 'names the sources of traces' },
  'system.webServer/fastCgi': { lost: true, note: 'starts programs such as PHP inside IIS; start them yourself behind an HTTP server, and proxy to its port' },
  'system.webServer/cors': { lost: true, note: 'answers CORS requests; register @fastify/cors, or let the backend answer them' },
  'system.webServer/diskCache': { lost: true, note: 'there is no response cache here' },
  'system.webServer/httpLogging': { lost: true, note: 'which requests are logged; arr-log logs all of them' },
  'system.webServer/httpTracing': { lost: true, note: 'traces of URLs for ETW; url-rewrite publishes its rules on diagnostics_channel' },
  'system.webServer/odbcLogging': { lost: true, note: 'a log in a database; the lines are entries of the Fastify logger as well' },
  'system.webServer/webdav': { lost: true, note: 'writes files by WebDAV; proxy to a server that does' },
  'system.webServer/handlers': { lost: true, note: 'says which part of IIS answers which files; register a Fastify plugin for what has to be answered here' },
  'system.webServer/staticContent': { lost: true, note: 'types and caching of files; register @fastify/static for files served here' },
  'system.webServer/defaultDocument': { lost: true, note: 'the page of a directory; see the option index of @fastify/static' },
  'system.webServer/directoryBrowse': { lost: true, note: 'lists of directories; see the option list of @fastify/static' },
  'system.webServer/urlCompression': { lost: true, note: 'compression; register @fastify/compress where the backend does not compress' },
  'system.webServer/httpCompression': { lost: false, note: 'how IIS compresses; urlCompression says whether it does' },
  'system.webServer/caching': { lost: true, note: 'there is no response cache here' },
  'system.webServer/security': { lost: true, note: 'access rules are not applied here: write them as hooks, or keep them in the backend' },
  'system.applicationHost/webLimits': { lost: true, note: 'limits of the whole server; see the options limits and timeouts of listeners' },
  'system.applicationHost/applicationPools': { lost: false, note: 'worker processes of IIS; here it is one Node process' },
  'system.applicationHost/customMetadata': { lost: false, note: 'nothing here depends on it' },
  'system.applicationHost/listenerAdapters': { lost: false, note: 'nothing here depends on it' },
  'system.applicationHost/serviceAutoStartProviders': { lost: false, note: 'nothing here depends on it' },
  'system.applicationHost/configHistory': { lost: false, note: 'nothing here depends on it' }
}

/** The report's entry for a section that is not read. One that asks for what the plugins do by default is not lost; one that closes something is. */
export function unreadSection (element: XmlElement, path: string, effect: Effect | undefined): Entry {
  const known = unread(path)
  const application = applicationOf(element)
  if (application !== undefined) return { lost: true, class: 'missing', ...application }
  if (effect === 'closes') return { lost: true, class: 'door', note: known.lost ? known.note : 'access rules are not applied here: write them as hooks, or keep them in the backend' }
  if (known.lost && (effect === 'plain' || isShipped(element, path))) return { lost: false, class: 'default', note: 'says no more than what IIS does by default' }
  return { ...known, class: known.lost ? 'missing' : 'same' }
}

/** The entry of the longest path. */
function unread (path: string): Unread {
  for (let end = path.length; end > 0; end = path.lastIndexOf('/', end - 1)) {
    const known = Object.hasOwn(UNREAD, path.slice(0, end)) ? UNREAD[path.slice(0, end)] : undefined
    if (known !== undefined) return known
  }
  return { lost: true, note: 'this section is not one of IIS, URL Rewrite or ARR' }
}
