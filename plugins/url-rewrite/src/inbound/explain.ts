// Which rules were tried, what matched, what came out? The story of one request, for people and traces.

import { currentUrl } from '../expressions/variables.ts'
import { decoded } from '../request/text.ts'
import type { Exchange } from '../request/exchange.ts'
import type { Onlooker, Outcome } from './run.ts'

/** One condition that was tried. */
export interface ConditionStep {
  /** As written, e.g. `{HTTP_HOST}`. */
  readonly input: string
  /** What that was for this request. */
  readonly value: string
  readonly held: boolean
}

/** One rule that was tried. */
export interface RuleStep {
  /** Where the rule stands, e.g. `globalRules`, `siteRules.Shop`, `pathRules /app`. */
  readonly list: string
  readonly rule: string
  /** What its pattern was tried on. */
  readonly input: string
  /** Whether the pattern matched, negation counted in. */
  readonly matched: boolean
  /** Those that were tried: the rest no longer mattered. */
  readonly conditions: readonly ConditionStep[]
  /** Whether pattern and conditions held, so that the action was carried out. */
  readonly applied: boolean
  /** What it captured, where it applied: `{R:n}` and `{C:n}`. */
  readonly captures?: { readonly rule: readonly string[], readonly conditions: readonly string[] }
  /** The URL after it, where it applied. */
  readonly url?: string
  /** The headers that rules have set so far, where it applied. */
  readonly headers?: Readonly<Record<string, string>>
}

/** The story of one request. */
export interface Explanation {
  readonly method: string
  readonly url: string
  readonly steps: readonly RuleStep[]
  /** What came out; null where no rule matched. */
  readonly outcome: Outcome | null
}

type Writable<T> = { -readonly [K in keyof T]: T[K] }

/** An onlooker that writes the story down. */
export interface Storyteller extends Onlooker {
  tell (exchange: Exchange, outcome: Outcome | null): Explanation
}

/** A fresh onlooker for one request. */
export function storyteller (): Storyteller {
  const steps: Array<Writable<RuleStep>> = []
  let conditions: ConditionStep[] = []
  const strings = (captures: Parameters<Onlooker['applied']>[1]['ruleCaptures']): string[] => captures.map(capture => decoded(capture ?? ''))
  return {
    rule: (set, rule, input, matched) => {
      conditions = []
      steps.push({ list: set.label, rule: rule.name, input, matched, conditions, applied: false })
    },
    check: (check, value, held) => { conditions.push({ input: check.input, value, held }) },
    applied: (_rule, state) => {
      const step = steps.at(-1) as Writable<RuleStep>
      step.applied = true
      step.captures = { rule: strings(state.ruleCaptures), conditions: strings(state.conditionCaptures) }
      step.url = currentUrl(state)
      step.headers = { ...state.headers }
    },
    tell: ({ method, url }, outcome) => ({ method, url, steps, outcome })
  }
}
