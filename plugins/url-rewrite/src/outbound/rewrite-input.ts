// What does one outbound rule make of one input?

import { checksHold } from '../expressions/conditions.ts'
import { decoded } from '../request/text.ts'
import type { Captures } from '../expressions/pattern.ts'
import type { State } from '../request/state.ts'
import type { AnyOutbound } from './compiled-outbound.ts'

/** The rules whose preconditions hold for this response. `state.response` must be set. */
export const rulesInPlay = (rules: readonly AnyOutbound[], state: State): AnyOutbound[] =>
  rules.filter(({ preChecks }) => preChecks === null || checksHold(preChecks, state))

/** The new text where a rule applies to an input; null where it does not apply, `undefined` where it applies and its action is None. */
export function rewriteInput (rule: AnyOutbound, captures: Captures | null, state: State): string | null | undefined {
  if ((captures === null) !== rule.negate) return null
  state.ruleCaptures = captures ?? []
  state.conditionCaptures = []
  if (rule.checks !== null && !checksHold(rule.checks, state)) return null
  return rule.value === null ? undefined : decoded(rule.value.expand(state))
}
