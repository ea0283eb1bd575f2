// Which rules were tried, what matched, what was the outcome? Recorded for `explain` and for traces.

import { currentUrl } from '../expressions/variables.ts'
import { decoded } from '../request/text.ts'
import type { ConditionStep, Explanation, Outcome, RuleStep } from '@fastify-arr/facts'
import type { Exchange } from '../request/exchange.ts'
import type { Observer } from './run.ts'

type Writable<T> = { -readonly [K in keyof T]: T[K] }

/** An observer that records each step. */
export interface Recorder extends Observer {
  explanation (exchange: Exchange, outcome: Outcome | null): Explanation
}

/** A new recorder for one request. */
export function recorder (): Recorder {
  const steps: Array<Writable<RuleStep>> = []
  let conditions: ConditionStep[] = []
  const strings = (captures: Parameters<Observer['applied']>[1]['ruleCaptures']): string[] => captures.map(capture => decoded(capture ?? ''))
  return {
    rule: (set, { name, pattern, syntax, negate, checks, stop }, input, matched, { query }) => {
      conditions = []
      steps.push({
        list: set.label,
        rule: name,
        pattern,
        patternSyntax: syntax,
        negate,
        input,
        query: query ?? '',
        logicalGrouping: checks?.any === true ? 'MatchAny' : 'MatchAll',
        stopProcessing: stop,
        matched,
        conditions,
        applied: false
      })
    },
    check: ({ input, pattern, matcher, kind, negate }, value, held) => {
      conditions.push({ input, value, pattern, matchType: matcher !== null ? 'Pattern' : kind === 'file' ? 'IsFile' : 'IsDirectory', negate, held })
    },
    applied: (_rule, state) => {
      const step = steps.at(-1) as Writable<RuleStep>
      step.applied = true
      step.captures = { rule: strings(state.ruleCaptures), conditions: strings(state.conditionCaptures) }
      step.url = currentUrl(state)
      step.headers = { ...state.headers }
    },
    explanation: ({ method, url }, outcome) => ({ method, url, steps, outcome })
  }
}
