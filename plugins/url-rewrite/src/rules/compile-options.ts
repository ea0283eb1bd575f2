// How are the options compiled? Every mistake is reported.

import { engineMaker } from '../expressions/engine.ts'
import { compileMap, type Lookup, type RewriteMap } from '../expressions/rewrite-map.ts'
import { beginningOf, isAbsolute } from '../inbound/authority.ts'
import { checkWords, type WrittenRules } from '../options.ts'
import { compileOutbound } from './compile-outbound.ts'
import { compilePathOutbound, compilePaths, inDirectory, withCuts } from './compile-paths.ts'
import { compileRules } from './compile-rules.ts'
import { GLOBAL, type RuleSet } from '../inbound/compiled-rule.ts'
import type { AnyOutbound } from '../outbound/compiled-outbound.ts'
import type { Rule } from './rule.ts'
import type { CompileContext } from './compile-context.ts'

/** Rules ready to run. */
export interface Compiled {
  /** The sets for a site's requests, in their order; `rules` are those of the option of that name. */
  setsFor (site: string, rules: RuleSet | null): readonly RuleSet[]
  /** The outbound rules for the responses of a site to a path, in their order. */
  outboundFor (site: string, path: string): readonly AnyOutbound[]
  /** The first rule of any list that rewrites to an absolute URL, with its place. */
  firstAbsolute (rules: RuleSet | null): string | undefined
  /** Compiles a list that a function of the request returned. */
  readonly compileMore: (rules: readonly Rule[], mistake: (message: string) => void) => RuleSet | null
}

/** Compiles the options; `mistake` is called with one sentence for each mistake. */
export function compileOptions (written: WrittenRules, documentRoot: boolean, mistake: (message: string) => void): Compiled {
  checkWords(written, mistake)
  const maps = compileMaps(written.rewriteMaps ?? [], mistake)
  const { allowedServerVariables = '*' } = written
  const names = Array.isArray(allowedServerVariables) ? new Set(allowedServerVariables.map(name => String(name).toUpperCase())) : null
  const context: CompileContext = {
    maps,
    mistake,
    engine: engineMaker(written.riskyPatterns ?? 'linear'),
    allowed: name => names === null || names.has(name),
    origins: new Set((written.rewriteMaps ?? []).flatMap(map => [...Object.values(map?.entries ?? {}), map?.defaultValue ?? '']).map(value => beginningOf(String(value))?.origin?.toLowerCase()).filter(origin => origin !== undefined)),
    encodeAnew: written.useOriginalURLEncoding === true,
    noDisk: documentRoot ? null : 'needs the option documentRoot'
  }
  const list = (label: string, rules: unknown, own: CompileContext = context, prefix = '/'): RuleSet | null => {
    if (rules === undefined) return null
    if (Array.isArray(rules)) return compileRules(label, prefix, rules as readonly Rule[], own)
    mistake(`${label} must be a list of rules`)
    return null
  }
  const global = list(GLOBAL, written.globalRules, { ...context, allowed: () => true })
  const sites = new Map(Object.entries(written.siteRules ?? {}).map(([site, rules]) => [site, list(`siteRules.${site}`, rules)]))
  const paths = compilePaths(written.pathRules ?? [], (place, rules, prefix) => list(place, rules, context, prefix), mistake)
  const pathOutbound = compilePathOutbound(written.pathOutboundRules ?? [], context)
  const everywhere = written.outboundRules === undefined ? [] : compileOutbound('outboundRules', written.outboundRules, context)
  const outbound = new Map(Object.entries(written.siteOutboundRules ?? {}).map(([site, rules]) =>
    [site, [...everywhere, ...compileOutbound(`siteOutboundRules.${site}`, rules, context)]]))
  const everySet = [global, ...sites.values(), ...paths.map(path => path.set)]
  // Weak, so that lists that a function of the request creates are collected with their last reference.
  const cache = new WeakMap<object, Map<string, readonly RuleSet[]>>()
  const none = {}
  return {
    setsFor: (site, rules) => {
      let bySite = cache.get(rules ?? none)
      if (bySite === undefined) cache.set(rules ?? none, bySite = new Map())
      // Only sites with rules of their own get an entry, so that made-up names don't grow the map.
      const key = sites.has(site) || paths.some(path => path.site === site) ? site : ''
      let sets = bySite.get(key)
      if (sets === undefined) {
        const inner = paths.filter(path => path.site === undefined || path.site === key)
        sets = withCuts([global, rules, sites.get(key) ?? null, ...inner.map(path => path.set)], inner)
        bySite.set(key, sets)
      }
      return sets
    },
    outboundFor: (site, path) => inDirectory(outbound.get(site) ?? everywhere, pathOutbound, site, path),
    firstAbsolute: rules => {
      for (const set of [rules, ...everySet]) {
        const rule = set?.rules.find(({ action }) => action.type === 'Rewrite' && (action.target.origin !== null || isAbsolute(action.target.parts)))
        if (rule !== undefined) return `${set?.label} "${rule.name}"`
      }
      return undefined
    },
    compileMore: (rules, mistake) => {
      if (Array.isArray(rules)) return compileRules('rules', '/', rules, { ...context, mistake })
      mistake('rules must be a list of rules, or a function that returns one')
      return null
    }
  }
}

function compileMaps (maps: readonly RewriteMap[], mistake: (message: string) => void): Map<string, Lookup> {
  const compiled = new Map<string, Lookup>()
  for (const [index, map] of maps.entries()) {
    if (typeof map?.name !== 'string' || map.name === '') mistake(`rewriteMaps[${index}].name must be a text that is not empty`)
    else if (compiled.has(map.name.toLowerCase())) mistake(`rewriteMaps[${index}].name is ${JSON.stringify(map.name)}, and that of another map`)
    else if (typeof map.entries !== 'object' || map.entries === null) mistake(`rewriteMaps[${index}].entries must be an object`)
    else compiled.set(map.name.toLowerCase(), compileMap(map))
  }
  return compiled
}
