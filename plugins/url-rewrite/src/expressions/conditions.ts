// Do a rule's conditions hold, and what did they capture?

import { decoded, type Text } from '../request/text.ts'
import type { FileKind, State } from '../request/state.ts'
import type { Captures, Matcher } from './pattern.ts'

/** One compiled condition. */
export interface Check {
  /** As written, for traces. */
  readonly input: string
  /** As written; null for `IsFile` and `IsDirectory`. */
  readonly pattern: string | null
  readonly expand: (state: State) => Text
  readonly negate: boolean
  /** Null for `IsFile` and `IsDirectory`. */
  readonly matcher: Matcher | null
  readonly kind: FileKind
}

/** A rule's compiled conditions. */
export interface Checks {
  readonly any: boolean
  readonly trackAll: boolean
  readonly list: readonly Check[]
}

/** Called for each condition that was tried. */
export type CheckTried = (check: Check, input: string, held: boolean) => void

const NONE: Captures = []

/** Thrown where a condition needs a file whose kind is not known yet: look it up, then run the rules again. */
export class FileWanted extends Error {
  readonly path: string
  constructor (path: string) {
    super(`what stands at ${path} is not known yet`)
    this.path = path
  }
}

/** Whether one condition holds; its captures where a pattern matched. */
function hold (check: Check, input: Text, state: State): Captures | null {
  if (check.matcher !== null) {
    const captures = check.matcher(input)
    if (check.negate) return captures === null ? NONE : null
    return captures
  }
  const path = decoded(input)
  const kind = state.files?.get(path)
  if (kind === undefined) throw new FileWanted(path)
  return (kind === check.kind) !== check.negate ? NONE : null
}

/** Tries the conditions in order; `{C:n}` in the state is what they captured. */
export function checksHold (checks: Checks, state: State, tried?: CheckTried): boolean {
  state.conditionCaptures = NONE
  let all: Array<Text | undefined> | null = null
  for (const check of checks.list) {
    const input = check.expand(state)
    const captures = hold(check, input, state)
    tried?.(check, decoded(input), captures !== null)
    if (captures === null) {
      if (checks.any) continue
      return false
    }
    if (checks.trackAll) {
      // One numbering over all conditions: {C:0} is the whole match of the first, then the groups of each in order.
      if (captures.length > 0) all = all === null ? [...captures] : [...all, ...captures.slice(1)]
      if (all !== null) state.conditionCaptures = all
    } else if (captures.length > 0) {
      state.conditionCaptures = captures
    }
    if (checks.any) return true
  }
  return !checks.any || checks.list.length === 0
}
