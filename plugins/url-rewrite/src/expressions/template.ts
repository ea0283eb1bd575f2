// What does `{…}` in a rule become? Compiles substitution strings to functions of the state.

import { decoded, join, type Text } from '../request/text.ts'
import { functionNamed } from './text-functions.ts'
import { variable, isKnown } from './variables.ts'
import type { State } from '../request/state.ts'
import type { Lookup } from './rewrite-map.ts'

/** The `source` of a value from a rewrite map: no variable and no capture has this name. */
export const MAP = 'map:'

/** One piece of a template: text as written, or a value with its source: `R`, `C`, a variable in upper case, a map or a function. */
export type Part =
  | { readonly literal: string }
  | { readonly literal: null, readonly source: string, readonly value: (state: State) => Text }

/** A compiled substitution string. */
export interface Template {
  readonly parts: readonly Part[]
  readonly expand: (state: State) => Text
}

/** What templates may refer to, and where their mistakes are reported. */
export interface Surroundings {
  /** By lower-case name. */
  readonly maps: ReadonlyMap<string, Lookup>
  readonly mistake: (message: string) => void
  /** Called with the upper-case name of each variable that only a rule could set. */
  readonly unknown?: (name: string) => void
}

/** Compiles a substitution string; mistakes in it are reported, and the rest still expands. */
export function compileTemplate (written: string, surroundings: Surroundings): Template {
  const { parts, end } = parse(written, 0, surroundings, false)
  if (end < written.length) surroundings.mistake(`"${written}" has a "}" without its "{"`)
  return { parts, expand: expander(parts) }
}

const nothing = (): Text => ''

function expander (parts: readonly Part[]): (state: State) => Text {
  const [only] = parts
  if (only === undefined) return nothing
  if (parts.length === 1) return only.literal === null ? only.value : () => only.literal
  return state => join(parts.map(part => part.literal ?? part.value(state)))
}

function parse (written: string, start: number, surroundings: Surroundings, nested: boolean): { parts: Part[], end: number } {
  const parts: Part[] = []
  let literal = ''
  let at = start
  while (at < written.length) {
    const character = written[at] as string
    if (character === '}') {
      if (nested) break
      return { parts, end: at }
    }
    if (character !== '{') {
      literal += character
      at++
      continue
    }
    if (literal !== '') parts.push({ literal })
    literal = ''
    const reference = parseReference(written, at, surroundings)
    parts.push(reference.part)
    at = reference.end
  }
  if (literal !== '') parts.push({ literal })
  return { parts, end: at }
}

function parseReference (written: string, start: number, surroundings: Surroundings): { part: Part, end: number } {
  const name = /^[^{}:]*/.exec(written.slice(start + 1))?.[0] ?? ''
  const after = start + 1 + name.length
  if (written[after] === '}') {
    if (name === '') surroundings.mistake(`"${written}" has an empty "{}"`)
    else if (!isKnown(name)) surroundings.unknown?.(name.toUpperCase())
    const value = variable(name)
    return { part: { literal: null, source: name.toUpperCase(), value }, end: after + 1 }
  }
  if (written[after] !== ':') {
    surroundings.mistake(`"${written}" has a "{" without its "}"`)
    return { part: { literal: '' }, end: written.length }
  }
  const inner = parse(written, after + 1, surroundings, true)
  if (inner.end >= written.length) surroundings.mistake(`"${written}" has a "{" without its "}"`)
  return { part: { literal: null, ...reference(name, inner.parts, written, surroundings) }, end: inner.end + 1 }
}

/** Resolves the name before the colon: a capture, a function or a map. */
function reference (name: string, parts: readonly Part[], written: string, surroundings: Surroundings): { source: string, value: (state: State) => Text } {
  const word = name.toLowerCase()
  if (word === 'r' || word === 'c') {
    const [only] = parts
    const digits = parts.length === 1 ? only?.literal ?? '' : ''
    if (!/^\d{1,2}$/.test(digits)) surroundings.mistake(`"${written}" has "{${name}:" without a number after it`)
    const index = Number(digits)
    return word === 'r' ? { source: 'R', value: state => state.ruleCaptures[index] ?? '' } : { source: 'C', value: state => state.conditionCaptures[index] ?? '' }
  }
  const inner = expander(parts)
  const apply = functionNamed(word)
  if (apply !== undefined) return { source: `${word}:`, value: state => apply(inner(state)) }
  const lookup = surroundings.maps.get(word)
  if (lookup !== undefined) return { source: MAP, value: state => lookup(decoded(inner(state))) }
  surroundings.mistake(`"${written}" uses "{${name}:…}", and there is neither a function nor a rewrite map of that name`)
  return { source: '', value: nothing }
}
