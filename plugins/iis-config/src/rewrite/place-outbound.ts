// Which outbound rules hold for which site? Those of the server, but for what a site takes back, and then its own.
import { noteUnfound, type Collection } from '../reading/collection.ts'
import type { Reading } from '../reading/reading.ts'
import type { OutboundRule, OutboundRules, UrlRewriteOptions } from './rewrite-options.ts'
import type { Scope } from '../sections/scopes.ts'
import type { XmlElement } from '../xml/parse.ts'

/** A list of outbound rules with its scope. Lists of one kind take back from each other: `<outboundRules>`, or the rules that `<customHeaders>` becomes. */
export interface ScopedOutbound {
  readonly kind: 'outboundRules' | 'customHeaders'
  readonly scope: Scope
  readonly element: XmlElement
  readonly rules: OutboundRules
  readonly collection: Collection
}

/** Puts the lists where their scopes belong. Where a site takes rules of the server back, every site gets a list of its own. */
export function placeOutbound (reading: Reading, options: UrlRewriteOptions, lists: readonly ScopedOutbound[], sites: readonly string[]): void {
  const shared = lists.filter(({ scope }) => scope.path === '/' && scope.site === null)
  const ofSites = lists.filter(({ scope }) => scope.path === '/' && scope.site !== null)
  const ofPaths = lists.filter(({ scope }) => scope.path !== '/')

  for (const list of ofPaths) tellPath(reading, list, [...shared, ...ofSites])
  const cut = ofSites.some(own => shared.some(above => takenBack(own, above).length > 0))
  if (!cut && shared.some(isThere)) options.outboundRules = shared.map(({ rules }) => rules).reduce(joined)
  if (!cut) for (const { kind, collection } of shared) if (kind === 'outboundRules') noteUnfound(reading, collection)

  const bySite = new Map<string, ScopedOutbound[]>(cut ? sites.map(name => [name, []]) : [])
  for (const list of ofSites) bySite.set(list.scope.site as string, [...bySite.get(list.scope.site as string) ?? [], list])
  // Not property by property: a site may be named __proto__.
  const placed: [string, OutboundRules][] = []
  for (const [name, own] of bySite) {
    for (const { kind, collection } of own) {
      if (kind === 'outboundRules') noteUnfound(reading, collection, key => shared.some(({ rules }) => rules.rules.some(rule => rule.name.toLowerCase() === key)))
    }
    const inherited = shared.map(above => cut ? without(above, own) : { ...wordsFor(above.rules, own), rules: [] })
    const all = [...inherited, ...own.map(({ rules }) => rules)].reduce(joined, { rules: [] })
    if (all.rules.length > 0 || own.some(isThere)) placed.push([name, all])
  }
  if (placed.length > 0) options.siteOutboundRules = Object.fromEntries(placed)
}

/** The rules of a list above that a list of a site or folder takes back. */
function takenBack ({ kind, collection }: ScopedOutbound, above: ScopedOutbound): readonly OutboundRule[] {
  if (kind !== above.kind) return []
  return collection.cleared !== null ? above.rules.rules : above.rules.rules.filter(({ name }) => collection.removed.has(name.toLowerCase()))
}

function without (above: ScopedOutbound, own: readonly ScopedOutbound[]): OutboundRules {
  const gone = own.flatMap(list => takenBack(list, above))
  return { ...above.rules, rules: above.rules.rules.filter(rule => !gone.includes(rule)) }
}

/** The preconditions and tags from above that lists of a site speak of, and do not have themselves. */
function wordsFor ({ preConditions = [], customTags = [] }: OutboundRules, own: readonly ScopedOutbound[]): Omit<OutboundRules, 'rules'> {
  const lists = own.map(list => list.rules)
  const rules = lists.flatMap(list => list.rules)
  const has = (names: readonly { readonly name: string }[] | undefined, name: string): boolean => names?.some(one => one.name === name) === true
  const conditions = preConditions.filter(({ name }) => rules.some(({ preCondition }) => preCondition === name) && !lists.some(list => has(list.preConditions, name)))
  const tags = customTags.filter(({ name }) => rules.some(({ match }) => match.customTags === name) && !lists.some(list => has(list.customTags, name)))
  return { ...conditions.length > 0 && { preConditions: conditions }, ...tags.length > 0 && { customTags: tags } }
}

function tellPath (reading: Reading, list: ScopedOutbound, further: readonly ScopedOutbound[]): void {
  const { scope: { site, path }, element, rules, collection } = list
  if (rules.rules.length > 0) {
    reading.losesAll(element, `outbound rules of one directory (${path}) are not supported`, 'move them up and give them a condition on {URL}')
    return
  }
  const cuts = [collection.cleared, ...collection.removed.values()].filter(cut => cut !== null)
  if (cuts.length === 0 || !further.some(one => (one.scope.site === null || one.scope.site === site) && takenBack(list, one).length > 0)) return
  for (const taking of cuts) {
    reading.loses(taking, `outbound rules and headers from above still hold for ${path}`, 'give those rules a negated condition on {URL}')
  }
}

/** A section without a header comes to nothing. */
function isThere ({ kind, rules }: ScopedOutbound): boolean {
  return kind === 'outboundRules' || rules.rules.length > 0
}

function joined (before: OutboundRules, more: OutboundRules): OutboundRules {
  return {
    ...before,
    ...more,
    ...(before.preConditions ?? more.preConditions) && { preConditions: [...before.preConditions ?? [], ...more.preConditions ?? []] },
    ...(before.customTags ?? more.customTags) && { customTags: [...before.customTags ?? [], ...more.customTags ?? []] },
    rules: [...before.rules, ...more.rules]
  }
}
