// Finds the sections of a file: those that are read, by their path, and the others for the report.
import { CONTENT_SECTIONS, isContent } from '../content/content-sections.ts'
import { FILTER_SECTIONS } from '../filter/filter-sections.ts'
import type { Reading } from '../reading/reading.ts'
import type { XmlElement } from '../xml/element.ts'
import { pathFinder } from '../xml/path.ts'
import { misplaced } from './place-mistakes.ts'
import type { Found, Scope } from './scopes.ts'
import { unreadSection, type Effect } from '../unread/unread-sections.ts'

/** Elements that only hold sections. */
const GROUPS = ['system.webServer', 'system.applicationHost', 'system.webServer/tracing', 'system.webServer/security', 'system.webServer/webdav']

/** The sections that are read. */
const READ = [
  'system.webServer/rewrite',
  'system.webServer/proxy',
  'system.webServer/webSocket',
  'system.webServer/httpRedirect',
  'system.webServer/httpProtocol',
  'system.webServer/httpErrors',
  'system.webServer/tracing/traceFailedRequests',
  ...FILTER_SECTIONS,
  ...CONTENT_SECTIONS,
  'system.applicationHost/sites',
  'system.applicationHost/log',
  'webFarms'
] as const

/** The path of a section that is read. */
export type SectionPath = typeof READ[number]

/**
 * Finds the sections that are read, by their path, and adds the others to the report.
 *
 * @param effectOf the effect of a section that can refuse requests; undefined for other sections.
 * @param handlers gets the sections `<handlers>`, and the others that say how files are served are read; null where no files are.
 * @param include replaces `configSource` by the contents of the file it names.
 */
export function findSections (reading: Reading, scopes: readonly Scope[], effectOf: (element: XmlElement) => Effect | undefined, handlers: Found[] | null, include: (element: XmlElement) => void): Map<SectionPath, Found[]> {
  const found = new Map<SectionPath, Found[]>()
  const pathOf = pathFinder()
  for (const scope of scopes) visit(scope.container, '', scope)
  return found

  function visit (group: XmlElement, before: string, scope: Scope): void {
    for (const element of group.children) {
      if (element.name === 'location' && before === '') continue
      const path = before === '' ? element.name : `${before}/${element.name}`
      if (isRead(path) && (handlers !== null || !isContent(path))) {
        include(element)
        found.set(path, [...found.get(path) ?? [], { scope, element }])
      } else if (GROUPS.includes(path) && element.children.length > 0) {
        reading.container(element)
        visit(element, path, scope)
      } else {
        if (path === 'system.webServer/handlers' && handlers !== null) {
          include(element)
          handlers.push({ scope, element })
        }
        misplaced(reading, element)
        reading.sections.push({ ...element.place, path: pathOf(element), ...unreadSection(element, path, effectOf(element)) })
      }
    }
  }
}

function isRead (path: string): path is SectionPath {
  return (READ as readonly string[]).includes(path)
}
