// Puts the outbound rules into the options of url-rewrite: a site has those of the server, except those it deletes, and then its own.
import { noteUnfound, type Collection } from '../reading/collection.ts'
import type { Reading } from '../reading/reading.ts'
import { placesOf } from '../server/places.ts'
import type { Scope } from '../sections/scopes.ts'
import type { Layout } from '../server/layout.ts'
import type { XmlElement } from '../xml/element.ts'
import type { OutboundRule, OutboundRules, PathOutboundRules, UrlRewriteOptions } from './rewrite-options.ts'

/** A list of outbound rules with its scope: `<outboundRules>`, or the rules that `<customHeaders>` and `removeServerHeader` become. A list deletes only rules of its own kind. */
export interface ScopedOutbound {
  readonly kind: 'outboundRules' | 'customHeaders' | 'removeServerHeader'
  readonly scope: Scope
  readonly element: XmlElement
  readonly rules: OutboundRules
  readonly collection: Collection
}

/** Adds `outboundRules` and `siteOutboundRules`. Where a site deletes rules of the server, every site gets a list of its own instead of the shared one. */
export function placeOutbound (reading: Reading, options: UrlRewriteOptions, lists: readonly ScopedOutbound[], sites: readonly string[], layout: Layout): void {
  const shared = lists.filter(({ scope }) => scope.path === '/' && scope.site === null)
  const ofSites = lists.filter(({ scope }) => scope.path === '/' && scope.site !== null)
  const ofPaths = lists.filter(({ scope }) => scope.path !== '/')

  if (layout.among) placePathOutbound(reading, options, lists, layout)
  else for (const list of ofPaths) reportPath(reading, list, [...shared, ...ofSites])
  const cut = ofSites.some(own => shared.some(above => deletedBy(own, above).length > 0))
  if (!cut && shared.some(isThere)) options.outboundRules = shared.map(({ rules }) => rules).reduce(joined)
  if (!cut) for (const { kind, collection } of shared) if (kind === 'outboundRules') noteUnfound(reading, collection)

  const bySite = new Map<string, ScopedOutbound[]>(cut ? sites.map(name => [name, []]) : [])
  for (const list of ofSites) bySite.set(list.scope.site as string, [...bySite.get(list.scope.site as string) ?? [], list])
  // Entries, not assignments to properties: a site may be named __proto__.
  const placed: [string, OutboundRules][] = []
  for (const [name, own] of bySite) {
    for (const { kind, collection } of own) {
      if (kind === 'outboundRules') noteUnfound(reading, collection, key => [...shared, ...layout.among ? own : []].some(({ rules }) => rules.rules.some(rule => rule.name.toLowerCase() === key)))
    }
    const inherited = shared.map(above => cut ? without(above, own) : { ...referredFrom(above.rules, own), rules: [] })
    const all = [...inherited, ...remaining(own).map(({ rules }) => rules)].reduce(joined, { rules: [] })
    if (all.rules.length > 0 || own.some(isThere)) placed.push([name, all])
  }
  if (placed.length > 0) options.siteOutboundRules = Object.fromEntries(placed)
}

/** The rules of a list above that a list of a site or directory deletes. */
function deletedBy ({ kind, collection }: ScopedOutbound, above: ScopedOutbound): readonly OutboundRule[] {
  if (kind !== above.kind) return []
  return collection.cleared !== null ? above.rules.rules : above.rules.rules.filter(({ name }) => collection.removed.has(name.toLowerCase()))
}

/** A list above without the rules that the site's lists delete. */
function without (above: ScopedOutbound, own: readonly ScopedOutbound[]): OutboundRules {
  const gone = own.flatMap(list => deletedBy(list, above))
  return { ...above.rules, rules: above.rules.rules.filter(rule => !gone.includes(rule)) }
}

/** The lists of one place of several files, each without what a list behind it deletes. */
function remaining (own: readonly ScopedOutbound[]): readonly ScopedOutbound[] {
  return own.map((list, index) => list.scope.among === undefined ? list : { ...list, rules: without(list, own.slice(index + 1)) })
}

/** Adds `pathOutboundRules`: one entry for each directory that has rules of its own, or takes some out of those above. */
function placePathOutbound (reading: Reading, options: UrlRewriteOptions, lists: readonly ScopedOutbound[], { applications }: Layout): void {
  const placed: PathOutboundRules[] = []
  for (const { site, path, own, inherited, cut } of placesOf(lists, applications)) {
    if (path === '/') continue
    for (const { kind, collection } of own) {
      if (kind === 'outboundRules') noteUnfound(reading, collection, key => [...inherited, ...own].some(({ rules }) => rules.rules.some(rule => rule.name.toLowerCase() === key)))
    }
    const gone = [...cut.flatMap(({ rules }) => rules.rules), ...inherited.flatMap(above => own.flatMap(list => deletedBy(list, above)))]
    const remove = [...new Set(gone.map(({ name }) => name))]
    const rules = [...inherited.map(above => ({ ...referredFrom(above.rules, own), rules: [] })), ...remaining(own).map(({ rules }) => rules)].reduce(joined, { rules: [] })
    if (rules.rules.length > 0 || remove.length > 0) placed.push({ path, ...site !== null && { site }, ...remove.length > 0 && { remove }, ...rules })
  }
  if (placed.length > 0) options.pathOutboundRules = placed
}

/** The preconditions and custom tags from above that lists of a site refer to and do not define themselves. */
function referredFrom ({ preConditions = [], customTags = [] }: OutboundRules, own: readonly ScopedOutbound[]): Omit<OutboundRules, 'rules'> {
  const lists = own.map(list => list.rules)
  const rules = lists.flatMap(list => list.rules)
  const has = (names: readonly { readonly name: string }[] | undefined, name: string): boolean => names?.some(one => one.name === name) === true
  const conditions = preConditions.filter(({ name }) => rules.some(({ preCondition }) => preCondition === name) && !lists.some(list => has(list.preConditions, name)))
  const tags = customTags.filter(({ name }) => rules.some(({ match }) => match.customTags === name) && !lists.some(list => has(list.customTags, name)))
  return { ...conditions.length > 0 && { preConditions: conditions }, ...tags.length > 0 && { customTags: tags } }
}

/** Reports the rules of a directory, which are not supported, and deletions in a directory, which have no effect. */
function reportPath (reading: Reading, list: ScopedOutbound, further: readonly ScopedOutbound[]): void {
  const { scope: { site, path }, element, rules, collection } = list
  if (rules.rules.length > 0) {
    reading.losesAll(element, `outbound rules of one directory (${path}) are not supported`, 'move them up and give them a condition on {URL}')
    return
  }
  const cuts = [collection.cleared, ...collection.removed.values()].filter(cut => cut !== null)
  if (cuts.length === 0 || !further.some(one => (one.scope.site === null || one.scope.site === site) && deletedBy(list, one).length > 0)) return
  for (const cut of cuts) {
    reading.loses(cut, `outbound rules and headers from above still hold for ${path}`, 'give those rules a negated condition on {URL}')
  }
}

/** Whether a list belongs into the options: `<customHeaders>` without a header does not. */
function isThere ({ kind, rules }: ScopedOutbound): boolean {
  return kind === 'outboundRules' || rules.rules.length > 0
}

/** Two lists one after the other. */
function joined (before: OutboundRules, more: OutboundRules): OutboundRules {
  return {
    ...before,
    ...more,
    ...(before.preConditions ?? more.preConditions) && { preConditions: [...before.preConditions ?? [], ...more.preConditions ?? []] },
    ...(before.customTags ?? more.customTags) && { customTags: [...before.customTags ?? [], ...more.customTags ?? []] },
    rules: [...before.rules, ...more.rules]
  }
}
