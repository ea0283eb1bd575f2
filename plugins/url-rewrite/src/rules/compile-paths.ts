// How are the rules of directories compiled, and what do they take out of the lists above them?

import { canonicalPath } from '../request/canonical-path.ts'
import { decoded } from '../request/text.ts'
import { compileOutbound } from './compile-outbound.ts'
import { GLOBAL, type Cut, type RuleSet } from '../inbound/compiled-rule.ts'
import type { AnyOutbound } from '../outbound/compiled-outbound.ts'
import type { CompileContext } from './compile-context.ts'
import type { PathOutboundRules } from './outbound-rule.ts'
import type { PathRules } from './rule.ts'

interface CompiledPath {
  readonly site: string | undefined
  readonly set: RuleSet
  /** Names of rules from above, in lower case. */
  readonly removed: ReadonlySet<string>
}

/** Compiles the lists; the rules of an outer directory come before those of an inner one. */
export function compilePaths (
  paths: readonly PathRules[],
  list: (place: string, rules: unknown, prefix: string) => RuleSet | null,
  mistake: (message: string) => void
): CompiledPath[] {
  const compiled: CompiledPath[] = []
  for (const [index, { path, site, remove, rules }] of paths.entries()) {
    const prefix = prefixOf(path, `pathRules[${index}]`, mistake)
    if (prefix === null) continue
    const set = list(`pathRules ${path}`, rules, prefix)
    if (set !== null) compiled.push({ site, set, removed: namesOf(remove, `pathRules ${path}`, mistake) })
  }
  // The sort is stable for directories of the same length.
  return compiled.sort((a, b) => a.set.prefix.length - b.set.prefix.length)
}

/** The sets that have rules; each with what the directories below its own take out of it. */
export function withCuts (sets: ReadonlyArray<RuleSet | null>, paths: readonly CompiledPath[]): readonly RuleSet[] {
  const cutting = paths.filter(({ removed }) => removed.size > 0)
  return sets.filter((set): set is RuleSet => set !== null && set.rules.length > 0).map(set => {
    const cuts = set.label === GLOBAL ? [] : cutting.filter(path => path.set !== set && isAbove(set, path.set)).map(({ set: { folded }, removed }): Cut => ({ folded, names: removed }))
    return cuts.length === 0 ? set : { ...set, cuts }
  })
}

/** Whether a list is further up than a directory's. `rules` and `siteRules` have the prefix `/` too, and are above a `pathRules` of `/`. */
const isAbove = (set: RuleSet, path: RuleSet): boolean => path.folded.startsWith(set.folded) && (set.folded !== path.folded || !set.label.startsWith('pathRules '))

/** The outbound rules of one directory. */
interface CompiledPathOutbound {
  readonly site: string | undefined
  /** With a slash at each end, in lower case. */
  readonly folded: string
  readonly removed: ReadonlySet<string>
  readonly rules: readonly AnyOutbound[]
}

/** Compiles the lists, the outer directory before the inner. */
export function compilePathOutbound (paths: readonly PathOutboundRules[], context: CompileContext): CompiledPathOutbound[] {
  const compiled: CompiledPathOutbound[] = []
  for (const [index, { path, site, remove, ...rules }] of paths.entries()) {
    const prefix = prefixOf(path, `pathOutboundRules[${index}]`, context.mistake)
    if (prefix === null) continue
    const label = `pathOutboundRules ${path}`
    compiled.push({ site, folded: prefix.toLowerCase(), removed: namesOf(remove, label, context.mistake), rules: compileOutbound(label, rules, context) })
  }
  return compiled.sort((a, b) => a.folded.length - b.folded.length)
}

/** The rules of the server and the site, with what the directories of a path add and take out. */
export function inDirectory (above: readonly AnyOutbound[], paths: readonly CompiledPathOutbound[], site: string, url: string): readonly AnyOutbound[] {
  if (paths.length === 0 || !url.startsWith('/')) return above
  const path = `${decoded(canonicalPath(url.split('?', 1)[0] as string)).toLowerCase()}/`
  return paths.filter(one => (one.site === undefined || one.site === site) && path.startsWith(one.folded))
    .reduce((rules, { removed, rules: own }) => [...removed.size === 0 ? rules : rules.filter(({ name }) => !removed.has(name.toLowerCase())), ...own], above)
}

/** The directory with a slash at its end; null, and a mistake, where it is no path. */
function prefixOf (path: unknown, place: string, mistake: (message: string) => void): string | null {
  if (typeof path === 'string' && path.startsWith('/')) return `${path.replace(/\/+$/, '')}/`
  mistake(`${place}.path must begin with a slash`)
  return null
}

function namesOf (names: unknown, place: string, mistake: (message: string) => void): ReadonlySet<string> {
  if (names === undefined) return new Set()
  if (Array.isArray(names) && names.every(name => typeof name === 'string')) return new Set((names as string[]).map(name => name.toLowerCase()))
  mistake(`${place}.remove must be a list of names`)
  return new Set()
}
