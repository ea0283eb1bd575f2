// Puts the rules of directories into the options of url-rewrite, where there are several files: with what each inherits and takes out.
import { at } from '../../errors.ts'
import { noteUnfound, type Collection } from '../../reading/collection.ts'
import type { Reading } from '../../reading/reading.ts'
import type { Scope } from '../../sections/scopes.ts'
import { placesOf } from '../../server/places.ts'
import type { Layout } from '../../server/layout.ts'
import type { ReadRule } from '../inbound-rules.ts'
import type { ScopedRules } from '../read-rewrite.ts'
import type { PathRules, Rule, UrlRewriteOptions } from '../rewrite-options.ts'

/** Adds `pathRules`: one entry for each directory that has rules of its own, or takes some out of those above. */
export function placePaths (reading: Reading, options: UrlRewriteOptions, lists: readonly ScopedRules[], applications: Layout['applications'], plain: (rules: readonly ReadRule[]) => Rule[]): void {
  const placed: PathRules[] = []
  for (const { site, path, own, inherited, cut } of placesOf(lists, applications)) {
    if (path === '/') continue
    const isThere = (key: string): boolean => [...inherited, ...own].some(({ rules }) => rules.some(({ rule }) => rule.name.toLowerCase() === key))
    for (const { collection } of own) noteUnfound(reading, collection, isThere)
    const reaching = inherited.map((list, index) => ({ ...list, rules: list.rules.filter(rule => !takesOut(inherited.slice(index + 1), list, rule)) }))
    const gone = [...cut.flatMap(list => list.rules), ...reaching.flatMap(list => list.rules.filter(rule => takesOut(own, list, rule)))]
    const remove = [...new Set(gone.map(({ rule }) => rule.name))]
    const rules = joined(own)
    tellTwins(reading, rules, reaching.flatMap(list => list.rules).filter(rule => !gone.includes(rule)))
    if (rules.length > 0 || remove.length > 0) placed.push({ path, ...site !== null && { site }, ...remove.length > 0 && { remove }, rules: plain(rules) })
  }
  if (placed.length > 0) options.pathRules = placed
}

/** Whether lists of a directory delete a rule of a list above. `<clear/>` is about lists of its own kind. */
function takesOut (own: readonly ScopedRules[], { redirect }: ScopedRules, { rule }: ReadRule): boolean {
  return own.some(list => list.redirect === redirect && (list.collection.cleared !== null || list.collection.removed.has(rule.name.toLowerCase())))
}

/** Joins the lists of one place, such as the root and `<location path=".">`: each list may delete rules of the lists before it. */
export function joined (lists: readonly ScopedRules[]): ReadRule[] {
  let all: ReadRule[] = []
  for (const { rules, collection: { cleared, removed } } of lists) {
    all = [...cleared === null ? all.filter(({ rule }) => !removed.has(rule.name.toLowerCase())) : [], ...rules]
  }
  return all
}

/**
 * Reports deletions in a list that an application below does not inherit: there, what is deleted would still hold in IIS. Here a list deletes for
 * everything below it.
 */
export function tellDeletions (reading: Reading, lists: readonly { readonly scope: Scope, readonly collection: Collection }[], applications: Layout['applications']): void {
  for (const { scope, collection: { cleared, removed } } of lists) {
    if (scope.among === undefined || scope.among.inherits) continue
    const below = applications.find(({ site, path }) => site === scope.site && isBelow(path, scope.path))
    if (below === undefined) continue
    for (const cut of [cleared, ...removed.values()]) if (cut !== null) reading.loses(cut, `it deletes for the application ${below.path} as well, which in IIS does not inherit it`, 'delete it in the application, or move the rules')
  }
}

function isBelow (path: string, folder: string): boolean {
  return path.toLowerCase().startsWith(folder === '/' ? '/' : `${folder.toLowerCase()}/`)
}

/** A rule with the name of an inherited one: IIS refuses the file. */
function tellTwins (reading: Reading, rules: readonly ReadRule[], inherited: readonly ReadRule[]): void {
  for (const { element, rule } of rules) {
    const twin = inherited.find(one => one.rule.name.toLowerCase() === rule.name.toLowerCase())
    if (twin !== undefined && element.name === 'rule') reading.mistake('inherited-twice', element, `rule "${rule.name}" is inherited from ${at(twin.element.place)} as well: IIS refuses it without a <remove> (500.19); here both run`)
  }
}
