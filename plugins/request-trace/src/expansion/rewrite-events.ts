// Which events does an explanation of the rules become? IIS's, from URL_REWRITE_START to URL_REWRITE_END, for each list of rules.
import type { ConditionStep, Explanation, Outcome, RuleStep } from '@fastify-arr/facts'
import type { EventList } from './event-list.ts'

/** IIS's numbers for words. */
const SYNTAX = { ECMAScript: 0, Wildcard: 1, ExactMatch: 2 } as const
const GROUPING = { MatchAll: 0, MatchAny: 1 } as const
const MATCH_TYPE = { Pattern: 0, IsFile: 1, IsDirectory: 2 } as const
const GLOBAL = 0
const DISTRIBUTED = 1
const INBOUND = 0

export function addRewrite (list: EventList, time: number, { url, steps, outcome }: Explanation): void {
  let current = url
  let set: Readonly<Record<string, string>> = {}
  let rules: string | null = null
  let matched = false
  const last = steps.findLast(({ applied }) => applied)
  for (const step of steps) {
    if (step.list !== rules) {
      // IIS leaves the URL out where nothing matched.
      if (rules !== null) list.add(time, 'URL_REWRITE_END', { RequestURL: matched ? current : '' })
      rules = step.list
      matched = false
      list.add(time, 'URL_REWRITE_START', { RequestURL: current, Scope: rules.startsWith('global') ? GLOBAL : DISTRIBUTED, Type: INBOUND })
    }
    addRule(list, time, step, set, step === last ? outcome : null)
    if (!step.applied) continue
    matched = true
    current = step.url ?? current
    set = step.headers ?? set
  }
  if (rules !== null) list.add(time, 'URL_REWRITE_END', { RequestURL: matched ? current : '' })
}

function addRule (list: EventList, time: number, step: RuleStep, before: Readonly<Record<string, string>>, outcome: Outcome | null): void {
  const rule = { RuleName: step.rule, RequestURL: step.input, QueryString: step.query, StopProcessing: step.stopProcessing }
  list.add(time, 'RULE_EVALUATION_START', { ...rule, PatternSyntax: SYNTAX[step.patternSyntax], RelativePath: '/' })
  list.add(time, 'PATTERN_MATCH', { Pattern: step.pattern, Input: step.input, Negate: step.negate, Matched: step.matched })
  if (step.conditions.length > 0) addConditions(list, time, step)
  if (step.applied) {
    const url = step.url ?? ''
    const mark = url.indexOf('?')
    list.add(time, 'REWRITE_ACTION', {
      Substitution: substitution(outcome) ?? url,
      RequestURL: mark === -1 ? url : url.slice(0, mark),
      QueryString: mark === -1 ? '' : url.slice(mark + 1),
      Captures: captured(step)
    })
    for (const [name, value] of Object.entries(step.headers ?? {})) {
      if (before[name] !== value) list.add(time, 'GENERAL_SET_REQUEST_HEADER', { HeaderName: name, HeaderValue: value, Replace: true })
    }
  }
  list.add(time, 'RULE_EVALUATION_END', { ...rule, Succeeded: step.applied })
}

function addConditions (list: EventList, time: number, { conditions, logicalGrouping }: RuleStep): void {
  list.add(time, 'CONDITIONS_EVALUATION_START', { LogicalGrouping: GROUPING[logicalGrouping] })
  for (const { input, value, matchType, pattern, negate, held } of conditions) {
    list.add(time, 'CONDITION_EVALUATION', { Input: input, ExpandedInput: value, MatchType: MATCH_TYPE[matchType], Pattern: pattern ?? '', Negate: negate, Succeeded: held })
  }
  const hold = ({ held }: ConditionStep) => held
  list.add(time, 'CONDITIONS_EVALUATION_END', { Succeeded: logicalGrouping === 'MatchAny' ? conditions.some(hold) : conditions.every(hold) })
}

/** What the last rule does, where it is more than a new URL. */
function substitution (outcome: Outcome | null): string | null {
  switch (outcome?.type) {
    case 'Redirect': return `Redirect ${outcome.status} ${outcome.location}`
    case 'CustomResponse': return `CustomResponse ${outcome.status}.${outcome.subStatus}`
    case 'AbortRequest': return 'AbortRequest'
    case 'BadRequest': return 'BadRequest'
    default: return null
  }
}

function captured ({ captures }: RuleStep): string {
  if (captures === undefined) return ''
  return [...captures.rule.map((text, index) => `{R:${index}}=${text}`), ...captures.conditions.map((text, index) => `{C:${index}}=${text}`)].join(' ')
}
