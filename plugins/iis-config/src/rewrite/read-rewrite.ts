// What do all `<rewrite>` sections of the files come to? One set of options for url-rewrite, each rule where its scope puts it.
import { noteUnfound } from '../reading/collection.ts'
import { at } from '../errors.ts'
import { readRules, type ReadRule, type RuleList } from './inbound-rules.ts'
import { readOutboundRules, type OutboundList } from './outbound-rules.ts'
import { placeOutbound, type ScopedOutbound } from './place-outbound.ts'
import type { Reading } from '../reading/reading.ts'
import { readAllowedServerVariables, readProviders, readRewriteMaps } from './rewrite-maps.ts'
import type { OutboundRule, Rule, RewriteMap, UrlRewriteOptions } from './rewrite-options.ts'
import { asksFiles, checkPreConditions, runs } from './checks/runnable.ts'
import { runsOutbound } from './checks/runnable-outbound.ts'
import { above, type Scope } from '../sections/scopes.ts'
import type { XmlElement } from '../xml/parse.ts'

/** A section with the scope it stands in. */
export interface Found {
  readonly scope: Scope
  readonly element: XmlElement
}

/** A list of inbound rules with its scope; `global` for `<globalRules>`. */
export interface ScopedRules extends RuleList {
  readonly scope: Scope
  readonly global: boolean
}

/** The names of one `<allowedServerVariables>`; they hold where it stands and below. */
export interface AllowedVariables {
  readonly scope: Scope
  readonly element: XmlElement
  readonly names: readonly string[]
}

/** What the rewrite sections hold, before it is known which rules can run. */
export interface RewriteSections {
  readonly lists: readonly ScopedRules[]
  readonly outbound: readonly ScopedOutbound[]
  readonly maps: readonly RewriteMap[]
  readonly allowed: readonly AllowedVariables[]
}

/** Reads every `<rewrite>` section, and leaves out, with a row in the report, the rules that cannot run here. */
export function readRewrite (reading: Reading, sections: readonly Found[], documentRoot: string | undefined, farms: ReadonlySet<string>): RewriteSections {
  const lists: ScopedRules[] = []
  const outbound: (ScopedOutbound & OutboundList)[] = []
  const maps = new Map<string, RewriteMap>()
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
          for (const { map, element: at } of readRewriteMaps(reading, child)) {
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
          allowed.push({ scope, element: child, names: readAllowedServerVariables(reading, child) })
          break
      }
    }
  }
  const known = { maps: new Set(maps.keys()), documentRoot, farms, shadowed }
  for (const { element } of outbound) for (const list of element.children) if (list.name === 'preConditions') checkPreConditions(reading, list, known.maps)
  const outboundAbove = above(outbound)
  return {
    lists: lists.map(list => ({ ...list, rules: list.rules.filter(({ element, rule }) => reading.ofRule(rule.enabled, () => runs(reading, element, known))) })),
    outbound: outbound.map(one => {
      const words = outboundAbove(one.scope, true).map(({ rules }) => rules)
      const able = (rule: OutboundRule, element: XmlElement): boolean =>
        reading.ofRule(rule.enabled, () => runs(reading, element, known) && runsOutbound(reading, element, rule, words))
      return { ...one, rules: { ...one.rules, rules: one.rules.rules.filter((rule, index) => able(rule, one.elements[index] as XmlElement)) } }
    }),
    maps: [...maps.values()],
    allowed
  }
}

/** Puts the lists where their scopes belong: rules of the file's root in `rules`, of a site in `siteRules`, of a directory in `pathRules`. */
export function rewriteOptions (reading: Reading, { lists, outbound, maps, allowed }: RewriteSections, sites: readonly string[], documentRoot: string | undefined): UrlRewriteOptions {
  const options: UrlRewriteOptions = {}
  const plain = (rules: readonly ReadRule[]): Rule[] => withoutTwins(reading, rules)
  const global = lists.filter(list => list.global)
  const shared = lists.filter(list => !list.global && list.scope.path === '/' && list.scope.site === null)
  const ofSites = lists.filter(list => !list.global && list.scope.path === '/' && list.scope.site !== null)
  const ofPaths = lists.filter(list => !list.global && list.scope.path !== '/')

  if (global.length > 0) options.globalRules = global.flatMap(list => plain(list.rules))
  placeSiteRules(reading, options, shared, ofSites, sites, plain)
  for (const list of global) noteUnfound(reading, list.collection)
  for (const list of shared) noteUnfound(reading, list.collection, key => shared.some(({ rules }) => rules.some(({ rule }) => rule.name.toLowerCase() === key)))
  for (const { scope, rules, collection } of ofPaths) {
    for (const cut of [collection.cleared, ...collection.removed.values()]) {
      if (cut !== null) reading.loses(cut, `rules of directories above ${scope.path} still run before these`, 'give those rules a negated condition on {URL}')
    }
    if (rules.length > 0) {
      (options.pathRules ??= []).push({ path: scope.path, ...scope.site !== null && { site: scope.site }, rules: plain(rules) })
    }
  }
  placeOutbound(reading, options, outbound, sites)
  if (documentRoot !== undefined && lists.some(list => list.rules.some(({ rule }) => asksFiles(rule)))) options.documentRoot = documentRoot
  if (maps.length > 0) options.rewriteMaps = [...maps]
  if (allowed.length > 0 && notAllowed(lists, allowed).length === 0) options.allowedServerVariables = [...new Set(allowed.flatMap(({ names }) => names))]
  return options
}

/** Rules other than global ones that set a variable that no `<allowedServerVariables>` names: 500.50 in IIS. */
export function notAllowed (lists: readonly ScopedRules[], allowed: readonly AllowedVariables[]): { element: XmlElement, name: string }[] {
  const allowedAbove = above(allowed)
  return lists.filter(list => !list.global).flatMap(({ scope, rules }) => {
    const names = new Set(allowedAbove(scope, true).flatMap(one => one.names.map(name => name.toLowerCase())))
    return rules.flatMap(({ element, rule }) =>
      (rule.serverVariables ?? []).filter(({ name }) => !names.has(name.toLowerCase())).map(({ name }) => ({ element, name })))
  })
}

/** Where a site takes rules of the server back, every site gets a list of its own; else the shared list stays shared. */
function placeSiteRules (reading: Reading, options: UrlRewriteOptions, shared: readonly ScopedRules[], ofSites: readonly ScopedRules[], sites: readonly string[], plain: (rules: readonly ReadRule[]) => Rule[]): void {
  const common = oneAfterTheOther(shared)
  const cuts = ofSites.some(({ collection }) => collection.cleared !== null || collection.removed.size > 0) && common.length > 0
  if (shared.length > 0 && !cuts) options.rules = plain(common)
  // Not property by property: a site may be named __proto__.
  const siteRules: [string, Rule[]][] = []
  const names = cuts ? new Set([...sites, ...ofSites.map(list => list.scope.site as string)]) : new Set(ofSites.map(list => list.scope.site as string))
  for (const name of names) {
    const own = ofSites.filter(list => list.scope.site === name)
    const inherited = !cuts ? [] : common.filter(({ rule }) => !own.some(({ collection }) => collection.cleared !== null || collection.removed.has(rule.name.toLowerCase())))
    for (const list of own) noteUnfound(reading, list.collection, key => common.some(({ rule }) => rule.name.toLowerCase() === key))
    siteRules.push([name, plain([...inherited, ...oneAfterTheOther(own)])])
  }
  if (siteRules.length > 0) options.siteRules = Object.fromEntries(siteRules)
}

/** The root and `<location path=".">` are one place: what the second takes back, it takes from the first. */
function oneAfterTheOther (lists: readonly ScopedRules[]): ReadRule[] {
  let all: ReadRule[] = []
  for (const { rules, collection: { cleared, removed } } of lists) {
    all = [...cleared === null ? all.filter(({ rule }) => !removed.has(rule.name.toLowerCase())) : [], ...rules]
  }
  return all
}

/** Lists that several sections make together may hold a name twice, which IIS refuses as well. */
function withoutTwins (reading: Reading, rules: readonly ReadRule[]): Rule[] {
  const names = new Map<string, XmlElement>()
  for (const { element, rule } of rules) {
    const first = names.get(rule.name)
    if (first !== undefined) reading.problem(element, `a second rule with name="${rule.name}" in one list; the first is at ${at(first.place)}`)
    names.set(rule.name, element)
  }
  return rules.map(({ rule }) => rule)
}
