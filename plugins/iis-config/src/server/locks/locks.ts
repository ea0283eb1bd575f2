// Which sections of a file are locked by a file above it? IIS refuses such a file (500.19).
// https://learn.microsoft.com/iis/get-started/planning-for-security/how-to-use-locking-in-iis-configuration
import { at } from '../../errors.ts'
import { reaches, type Scope } from '../../sections/scopes.ts'
import type { XmlElement } from '../../xml/element.ts'
import { brokenLock } from './element-locks.ts'

/** Elements that only hold sections. */
const GROUPS = ['system.webServer', 'system.applicationHost', 'system.web', 'system.ftpServer', 'system.webServer/security', 'system.webServer/security/authentication', 'system.webServer/rewrite', 'system.webServer/tracing']

/** Sections that are for applicationHost.config as IIS, URL Rewrite and ARR are installed; `<configSections>` goes before. */
const LOCKED = /^(webFarms|system\.applicationHost\/.*|system\.webServer\/(proxy|webSocket|rewrite\/(globalRules|allowedServerVariables)))$/

/** A section, with its path and its scope. */
interface Section {
  readonly path: string
  readonly scope: Scope
  readonly element: XmlElement
}

/** A section that a file may not have. */
export interface LockedSection {
  readonly element: XmlElement
  /** Its path, e.g. `system.webServer/rewrite/rules`. */
  readonly path: string
  /** By what it is locked. */
  readonly why: string
}

/** Finds the locked sections. The scopes are in the order in which their files inherit; `server` is the root of applicationHost.config. */
export function findLocked (scopes: readonly Scope[], server: XmlElement): LockedSection[] {
  const declared = declaredIn(server)
  const above = new Map<string, Section[]>()
  const locked: LockedSection[] = []
  for (const scope of scopes) {
    for (const section of sectionsIn(scope)) {
      const further = (above.get(section.path) ?? []).filter(one => isFurther(one.scope, scope))
      const why = scope.among?.rank === 0 ? null : whyLocked(section, further, declared)
      if (why !== null) locked.push({ element: section.element, path: section.path, why })
      else above.set(section.path, [...above.get(section.path) ?? [], section])
    }
  }
  return locked
}

function whyLocked ({ path, element }: Section, further: readonly Section[], declared: ReadonlyMap<string, Declared>): string | null {
  const own = declared.get(path)
  if (own?.only === true) return 'it is for applicationHost.config alone'
  const says = further.filter(({ scope }) => modeOf(scope.container) !== null)
    .reduce<Section | null>((nearest, one) => nearest === null || depthOf(one.scope) >= depthOf(nearest.scope) ? one : nearest, null)
  if (says !== null && modeOf(says.scope.container) === 'deny') return `<location> at ${at(says.scope.container.place)} locks it`
  if (says === null && (own === undefined ? LOCKED.test(path) : own.denies)) return 'it is locked unless a <location overrideMode="Allow"> of applicationHost.config unlocks it'
  for (const { element: one } of further) {
    const broken = brokenLock(one, element)
    if (broken !== null) return broken
  }
  return null
}

/** Whether a scope is in a file further up, and its sections hold for the other one. */
function isFurther (scope: Scope, below: Scope): boolean {
  const { site, path, among } = scope
  if (among === undefined || below.among === undefined || among.rank >= below.among.rank || !reaches(scope, below)) return false
  return site === null || (site === below.site && `${below.path.toLowerCase()}/`.startsWith(path === '/' ? '/' : `${path.toLowerCase()}/`))
}

const depthOf = ({ site, path }: Scope): number => site === null ? 0 : path.split('/').filter(part => part !== '').length + 1

/** What `<location>` says of the sections in it; null where it says nothing. */
function modeOf (container: XmlElement): 'allow' | 'deny' | null {
  const value = (name: string): string | undefined => container.attributes.get(name)?.value.trim().toLowerCase()
  const mode = value('overrideMode')
  if (mode === 'allow' || mode === 'deny') return mode
  const old = value('allowOverride')
  return old === undefined ? null : old === 'false' || old === '0' ? 'deny' : 'allow'
}

function sectionsIn (scope: Scope): Section[] {
  const walk = (group: XmlElement, before: string): Section[] => group.children.flatMap(element => {
    const path = `${before}${element.name}`
    if (before === '' && (element.name === 'location' || element.name === 'configSections')) return []
    return GROUPS.includes(path) ? walk(element, `${path}/`) : [{ path, scope, element }]
  })
  return walk(scope.container, '')
}

/** What `<configSections>` says of a section. */
interface Declared {
  /** Whether files below may not have it, unless it is unlocked. */
  readonly denies: boolean
  /** Whether no file below may have it. */
  readonly only: boolean
}

function declaredIn (root: XmlElement): Map<string, Declared> {
  const declared = new Map<string, Declared>()
  const walk = (group: XmlElement, before: string): void => {
    for (const element of group.children) {
      const value = (name: string): string => element.attributes.get(name)?.value.trim() ?? ''
      if (element.name === 'sectionGroup') walk(element, `${before}${value('name')}/`)
      if (element.name === 'section') declared.set(`${before}${value('name')}`, { denies: /^deny$/i.test(value('overrideModeDefault')), only: /^AppHostOnly$/i.test(value('allowDefinition')) })
    }
  }
  for (const sections of root.children) if (sections.name === 'configSections') walk(sections, '')
  return declared
}
