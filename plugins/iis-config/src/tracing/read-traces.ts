// From Failed Request Tracing to the options of request-trace: rules for the sites that trace, the inner directory before the outer.
import type { RequestTraceOptions, TraceRule } from '../config/trace-options.ts'
import { readAttributes, lost, type AttributeTable } from '../reading/attribute-table.ts'
import { collection } from '../reading/collection.ts'
import { written, type Reading } from '../reading/reading.ts'
import { above, type Found, type Scope } from '../sections/scopes.ts'
import type { XmlElement } from '../xml/element.ts'
import { readTriggers } from './failure-definitions.ts'
import { readAreas } from './trace-areas.ts'
import { pathsOf } from './trace-paths.ts'
import { isSwitched, traceFiles, tracingSites, type TraceDraft } from './trace-switch.ts'

/** The rules of one section. */
interface Section {
  readonly scope: Scope
  readonly element: XmlElement
  readonly rules: ReadonlyArray<{ readonly pattern: string, readonly element: XmlElement, readonly rule: Omit<TraceRule, 'site' | 'path'> }>
}

const NO_PROGRAM = lost('no program is started when a trace is written')

const ADD = {
  path: () => {},
  customActionExe: NO_PROGRAM,
  customActionParams: NO_PROGRAM,
  customActionTriggerLimit: NO_PROGRAM
} as const satisfies AttributeTable<unknown>

/** The options; null where the files say nothing of traces. Without rules nothing is traced, and the files say so. */
export function readTraces (reading: Reading, found: readonly Found[], draft: TraceDraft, sites: readonly string[]): RequestTraceOptions | null {
  const sections = found.map(one => readSection(reading, one))
  tellTakenBack(reading, sections)
  const tracing = tracingSites(draft, sites)
  const rules = [...sections].sort(innerFirst).flatMap(section => rulesOf(reading, section, sites, tracing))
  if (rules.length === 0 && !isSwitched(draft)) return null
  const { elements, ...files } = traceFiles(reading, draft, tracing)
  return elements.reduce((options, element) => reading.made(options, element), { rules, ...files })
}

function readSection (reading: Reading, { scope, element }: Found): Section {
  reading.used(element)
  return {
    scope,
    element,
    rules: collection(reading, element, 'add', 'path').entries.map(add => {
      const text = reading.required(add, 'path')
      // A path ends before its query, and request-trace knows one sign for any letters.
      const pattern = text.replace(/[?#]/g, '*')
      if (pattern !== text) reading.differs(add.attributes.get('path'), 'a question mark stands for any number of letters here')
      readAttributes<unknown>(reading, add, ADD, undefined)
      const areas = readAreas(reading, add)
      return { pattern, element: add, rule: ruleOf({ areas, ...readTriggers(reading, add) }) }
    })
  }
}

/** The rules of a section for each site that traces. */
function rulesOf (reading: Reading, { scope, rules }: Section, sites: readonly string[], tracing: readonly string[]): TraceRule[] {
  return rules.flatMap(({ pattern, element, rule }) => {
    if (rule.statusCodes === undefined && rule.timeTaken === undefined && rule.verbosity === undefined) {
      reading.usedWith(element, 'it names no failure: nothing is traced, in IIS as well')
      return []
    }
    const places = placesOf(scope, sites, tracing)
    if (places.length === 0) reading.usedWith(element, 'nothing is traced, in IIS as well: traceFailedRequestsLogging is not enabled')
    else if (sites.length === 0) reading.differs(element, 'it is in force; whether IIS traces the site is in applicationHost.config (traceFailedRequestsLogging)')
    return places.flatMap(site => pathsOf(scope.path, pattern).map(path => reading.made(ruleOf({ site, path: path === '*' ? undefined : path, ...rule }), element)))
  })
}

/** A rule with what is set of it. */
function ruleOf (parts: { readonly [K in keyof TraceRule]?: TraceRule[K] | undefined }): TraceRule {
  return written<TraceRule>(parts as { [K in keyof TraceRule]: TraceRule[K] | undefined })
}

/** The sites that a scope's rules are for; undefined is all of them. */
function placesOf ({ site }: Scope, sites: readonly string[], tracing: readonly string[]): Array<string | undefined> {
  if (sites.length === 0) return [site ?? undefined]
  if (site !== null) return tracing.includes(site) ? [site] : []
  return tracing.length === sites.length ? [undefined] : [...tracing]
}

/** The first rule whose place fits decides: that of the inner directory, of one site, of the inner file. */
function innerFirst ({ scope: a }: Section, { scope: b }: Section): number {
  const depth = ({ path }: Scope): number => path === '/' ? 0 : path.split('/').length
  return depth(b) - depth(a) || Number(b.site !== null) - Number(a.site !== null) || (b.among?.rank ?? 0) - (a.among?.rank ?? 0)
}

/** Rules of a directory cannot be taken back below it. One that has the same path as an inner one is behind it, and does nothing there. */
function tellTakenBack (reading: Reading, sections: readonly Section[]): void {
  const aboveOf = above(sections)
  for (const { scope, element, rules } of sections) {
    const own = new Set(rules.map(({ pattern }) => pattern.toLowerCase()))
    const inherited = aboveOf(scope).flatMap(section => section.rules.map(({ pattern }) => pattern.toLowerCase())).filter(path => !own.has(path))
    for (const child of element.children) {
      const taken = child.name === 'clear' ? inherited.length > 0 : child.name === 'remove' && inherited.includes(child.attributes.get('path')?.value.toLowerCase() ?? '')
      if (taken) reading.differs(child, 'what it takes back of the directory above is traced here all the same')
    }
  }
}
