// `<allowedServerVariables>`: the variables that rules other than global ones may set.
import { collection, noteUnfound, type Collection } from '../reading/collection.ts'
import type { Reading } from '../reading/reading.ts'
import { above, type Scope } from '../sections/scopes.ts'
import type { XmlElement } from '../xml/element.ts'
import type { ReadRule } from './inbound-rules.ts'

/** The names of one `<allowedServerVariables>`, which apply to its scope and the scopes below. */
export interface AllowedVariables {
  readonly scope: Scope
  readonly element: XmlElement
  readonly names: readonly string[]
  /** What the list deletes of those above, where there are several files. */
  readonly collection: Collection
}

/** A list of rules with its scope. */
interface RulesInScope {
  readonly scope: Scope
  readonly global: boolean
  readonly rules: readonly ReadRule[]
}

/** Reads the names of the list. */
export function readAllowedServerVariables (reading: Reading, element: XmlElement, isAbove: (key: string) => boolean = () => false): Pick<AllowedVariables, 'names' | 'collection'> {
  reading.used(element)
  const allowed = collection(reading, element, 'add', 'name')
  noteUnfound(reading, allowed, isAbove)
  return { names: allowed.entries.map(add => reading.required(add, 'name')), collection: allowed }
}

/** Rules that set a variable which no `<allowedServerVariables>` names (500.50 in IIS). Global rules may set any. */
export function notAllowed (lists: readonly RulesInScope[], allowed: readonly AllowedVariables[]): { element: XmlElement, name: string }[] {
  const allowedAbove = above(allowed)
  return lists.filter(list => !list.global).flatMap(({ scope, rules }) => {
    const names = new Set<string>()
    for (const one of allowedAbove(scope, true).reverse()) {
      if (one.scope.among !== undefined && one.collection.cleared !== null) names.clear()
      if (one.scope.among !== undefined) for (const key of one.collection.removed.keys()) names.delete(key)
      for (const name of one.names) names.add(name.toLowerCase())
    }
    return rules.flatMap(({ element, rule }) =>
      (rule.serverVariables ?? []).filter(({ name }) => !names.has(name.toLowerCase())).map(({ name }) => ({ element, name })))
  })
}
