// Puts the rules that were read into the options of url-rewrite, by their scope.
import { at } from '../errors.ts'
import { noteUnfound } from '../reading/collection.ts'
import type { Reading } from '../reading/reading.ts'
import type { Layout } from '../server/layout.ts'
import type { XmlElement } from '../xml/element.ts'
import { notAllowed } from './allowed-variables.ts'
import { asksFiles } from './checks/runnable.ts'
import type { ReadRule } from './inbound-rules.ts'
import { placeOutbound } from './place-outbound.ts'
import { joined, placePaths, tellDeletions } from './places/place-paths.ts'
import type { RewriteSections, ScopedRules } from './read-rewrite.ts'
import type { Rule, UrlRewriteOptions } from './rewrite-options.ts'

/** The options of url-rewrite. Rules of the file's root go into `rules`, those of a site into `siteRules`, those of a directory into `pathRules`. */
export function rewriteOptions (reading: Reading, { lists, outbound, maps, allowed }: RewriteSections, sites: readonly string[], layout: Layout): UrlRewriteOptions {
  const options: UrlRewriteOptions = {}
  const plain = (rules: readonly ReadRule[]): Rule[] => withUniqueNames(reading, rules)
  const global = lists.filter(list => list.global)
  const shared = lists.filter(list => !list.global && list.scope.path === '/' && list.scope.site === null)
  const ofSites = lists.filter(list => !list.global && list.scope.path === '/' && list.scope.site !== null)
  const ofPaths = lists.filter(list => !list.global && list.scope.path !== '/')

  if (global.length > 0) options.globalRules = global.flatMap(list => plain(list.rules))
  placeSiteRules(reading, options, shared, ofSites, sites, plain)
  for (const list of global) noteUnfound(reading, list.collection)
  for (const list of shared) noteUnfound(reading, list.collection, key => shared.some(({ rules }) => rules.some(({ rule }) => rule.name.toLowerCase() === key)))
  if (layout.among) placePaths(reading, options, lists.filter(list => !list.global), layout.applications, plain)
  else placeFolders(reading, options, ofPaths, plain)
  if (layout.among) tellDeletions(reading, [...lists.filter(list => list.redirect === undefined), ...outbound], layout.applications)
  placeOutbound(reading, options, outbound, sites, layout)
  if (layout.documentRoot !== undefined && lists.some(list => list.rules.some(({ rule }) => asksFiles(rule)))) options.documentRoot = typeof layout.documentRoot === 'string' ? layout.documentRoot : [...layout.documentRoot]
  if (maps.length > 0) options.rewriteMaps = [...maps]
  if (allowed.length > 0 && notAllowed(lists, allowed).length === 0) options.allowedServerVariables = [...new Set(allowed.flatMap(({ names }) => names))]
  return options
}

/** Adds `pathRules`, where there is one file alone. */
function placeFolders (reading: Reading, options: UrlRewriteOptions, ofPaths: readonly ScopedRules[], plain: (rules: readonly ReadRule[]) => Rule[]): void {
  for (const { scope, rules, collection } of ofPaths) {
    for (const cut of [collection.cleared, ...collection.removed.values()]) {
      if (cut !== null) reading.loses(cut, `rules of directories above ${scope.path} still run before these`, 'give those rules a negated condition on {URL}')
    }
    if (rules.length > 0) {
      (options.pathRules ??= []).push({ path: scope.path, ...scope.site !== null && { site: scope.site }, rules: plain(rules) })
    }
  }
}

/** Adds `rules` and `siteRules`. Where a site deletes rules of the server, every site gets a list of its own instead of the shared one. */
function placeSiteRules (reading: Reading, options: UrlRewriteOptions, shared: readonly ScopedRules[], ofSites: readonly ScopedRules[], sites: readonly string[], plain: (rules: readonly ReadRule[]) => Rule[]): void {
  const common = joined(shared)
  const cuts = ofSites.some(({ collection }) => collection.cleared !== null || collection.removed.size > 0) && common.length > 0
  if (shared.length > 0 && !cuts) options.rules = plain(common)
  // Entries, not assignments to properties: a site may be named __proto__.
  const siteRules: [string, Rule[]][] = []
  const names = cuts ? new Set([...sites, ...ofSites.map(list => list.scope.site as string)]) : new Set(ofSites.map(list => list.scope.site as string))
  for (const name of names) {
    const own = ofSites.filter(list => list.scope.site === name)
    const fromServer = !cuts ? [] : common.filter(({ rule }) => !own.some(({ collection }) => collection.cleared !== null || collection.removed.has(rule.name.toLowerCase())))
    for (const list of own) noteUnfound(reading, list.collection, key => [common, ...list.scope.among === undefined ? [] : own.map(({ rules }) => rules)].some(rules => rules.some(({ rule }) => rule.name.toLowerCase() === key)))
    siteRules.push([name, plain([...fromServer, ...joined(own)])])
  }
  if (siteRules.length > 0) options.siteRules = Object.fromEntries(siteRules)
}

/** The rules of a list. A duplicate name, which joined lists may have, is a problem, as in IIS. */
function withUniqueNames (reading: Reading, rules: readonly ReadRule[]): Rule[] {
  const names = new Map<string, XmlElement>()
  for (const { element, rule } of rules) {
    const first = names.get(rule.name)
    if (first !== undefined) reading.problem(element, `a second rule with name="${rule.name}" in one list; the first is at ${at(first.place)}`)
    names.set(rule.name, element)
  }
  return rules.map(({ rule }) => rule)
}
