// Reads all `<rewrite>` sections: lists of rules with their scopes, maps, allowed variables.
import type { Reading } from '../reading/reading.ts'
import { above, type Found, type Scope } from '../sections/scopes.ts'
import { hasFolder, type Layout } from '../server/layout.ts'
import type { XmlElement } from '../xml/element.ts'
import { readAllowedServerVariables, type AllowedVariables } from './allowed-variables.ts'
import { runsOutbound } from './checks/runnable-outbound.ts'
import { checkPreConditions, runs, type Surroundings } from './checks/runnable.ts'
import { readRules, type RuleList } from './inbound-rules.ts'
import { readOutboundRules, type OutboundList } from './outbound-rules.ts'
import type { ScopedOutbound } from './place-outbound.ts'
import { PlacedMaps } from './places/placed-maps.ts'
import { readProviders, readRewriteMaps } from './rewrite-maps.ts'
import type { OutboundRule, RewriteMap } from './rewrite-options.ts'

/** A list of inbound rules with its scope. `global` is true for `<globalRules>`. */
export interface ScopedRules extends RuleList {
  readonly scope: Scope
  readonly global: boolean
  /** Whether `<httpRedirect>` became the rules: a `<clear/>` of `<rules>` does not take them away. */
  readonly redirect?: true
}

/** The contents of all rewrite sections, without the rules that cannot run here. */
export interface RewriteSections {
  readonly lists: readonly ScopedRules[]
  readonly outbound: readonly ScopedOutbound[]
  readonly maps: readonly RewriteMap[]
  readonly allowed: readonly AllowedVariables[]
}

/** Reads every `<rewrite>` section. Rules that cannot run here are left out, with a row in the report. */
export function readRewrite (reading: Reading, sections: readonly Found[], layout: Layout, farms: ReadonlySet<string>): RewriteSections {
  const lists: ScopedRules[] = []
  const outbound: (ScopedOutbound & OutboundList)[] = []
  const maps = new Map<string, RewriteMap>()
  const placed = new PlacedMaps()
  const shadowed = new Map<XmlElement, ReadonlySet<string>>()
  const allowed: AllowedVariables[] = []

  for (const { scope, element } of sections) {
    reading.used(element)
    for (const child of element.children) {
      switch (child.name) {
        case 'globalRules':
        case 'rules':
          lists.push({ scope, global: child.name === 'globalRules', ...readRules(reading, child) })
          break
        case 'outboundRules':
          outbound.push({ kind: 'outboundRules', scope, element: child, ...readOutboundRules(reading, child) })
          break
        case 'rewriteMaps':
          for (const { map, element: at } of readRewriteMaps(reading, child, key => placed.has(scope, key))) {
            if (layout.among) {
              placed.add(scope, map)
              continue
            }
            const key = map.name.toLowerCase()
            const before = maps.get(key)
            if (before === undefined) maps.set(key, map)
            else if (JSON.stringify(before) !== JSON.stringify(map)) {
              reading.losesAll(at, 'maps of all sites share their names here, and another one has this name', 'give it another name')
              shadowed.set(element, new Set([...shadowed.get(element) ?? [], key]))
            }
          }
          break
        case 'providers':
          readProviders(reading, child)
          break
        case 'allowedServerVariables':
          allowed.push({ scope, element: child, ...readAllowedServerVariables(reading, child, key => scope.among !== undefined && allowed.some(one => one.names.some(name => name.toLowerCase() === key))) })
          break
      }
    }
  }
  const known = (scope: Scope): Surroundings => ({
    maps: layout.among ? placed.namesIn(scope) : new Set(maps.keys()),
    documentRoot: hasFolder(layout.documentRoot, scope.site),
    farms,
    shadowed
  })
  for (const { scope, element } of outbound) for (const list of element.children) if (list.name === 'preConditions') checkPreConditions(reading, list, known(scope).maps)
  const outboundAbove = above(outbound)
  const rewrite: RewriteSections = {
    lists: lists.map(list => {
      const surroundings = known(list.scope)
      return { ...list, rules: list.rules.filter(({ element, rule }) => reading.ofRule(rule.enabled, () => runs(reading, element, surroundings))) }
    }),
    outbound: outbound.map(one => {
      const named = outboundAbove(one.scope, true).map(({ rules }) => rules)
      const surroundings = known(one.scope)
      const able = (rule: OutboundRule, element: XmlElement): boolean =>
        reading.ofRule(rule.enabled, () => runs(reading, element, surroundings) && runsOutbound(reading, element, rule, named))
      return { ...one, rules: { ...one.rules, rules: one.rules.rules.filter((rule, index) => able(rule, one.elements[index] as XmlElement)) } }
    }),
    maps: layout.among ? placed.maps : [...maps.values()],
    allowed
  }
  if (layout.among) placed.rename([...rewrite.lists, ...rewrite.outbound])
  return rewrite
}
