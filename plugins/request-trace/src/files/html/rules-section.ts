// Which rules were tried, and what did they do? A tree: list, rule, pattern and conditions.
import type { Trace, TraceEvent, Value } from '../../trace/trace.ts'
import { html, type Content, type Markup } from './markup.ts'
import { definitions } from './summary-section.ts'

/** A list of rules, and what was told of each rule in turn. */
interface RuleList {
  readonly start: TraceEvent
  end: TraceEvent | null
  readonly rules: TraceEvent[][]
}

export function rulesSection (trace: Trace): Markup | null {
  const lists = listsOf(trace.events)
  if (lists.length === 0) return null
  return html`<section aria-labelledby="rules"><h2 id="rules">Rules</h2>${lists.map(list)}</section>`
}

function listsOf (events: readonly TraceEvent[]): RuleList[] {
  const lists: RuleList[] = []
  let rule: TraceEvent[] | null = null
  for (const event of events) {
    const last = lists.at(-1)
    if (event.name === 'URL_REWRITE_START') {
      lists.push({ start: event, end: null, rules: [] })
    } else if (last !== undefined && last.end === null) {
      if (event.name === 'URL_REWRITE_END') last.end = event
      if (event.name === 'RULE_EVALUATION_START') last.rules.push(rule = [])
      rule?.push(event)
      if (event.name === 'RULE_EVALUATION_END' || event.name === 'URL_REWRITE_END') rule = null
    }
  }
  return lists
}

function list ({ start, end, rules }: RuleList): Markup {
  const scope = start.data.Scope === 0 ? 'Global rules' : start.data.Scope === 1 ? 'Rules of the site and its paths' : `Rules ${start.data.Scope ?? ''}`
  const url = end?.data.RequestURL
  return html`<h3>${scope}, for <code>${said(start.data.RequestURL)}</code></h3><ol class="tree">${rules.map(ruleMarkup)}</ol><p>URL after them: ${url === undefined || url === '' ? 'as it was' : html`<code>${said(url)}</code>`}</p>`
}

function ruleMarkup (events: readonly TraceEvent[]): Markup {
  const find = (name: string): Readonly<Record<string, Value>> | undefined => events.find(event => event.name === name)?.data
  const start = find('RULE_EVALUATION_START') ?? {}
  const pattern = find('PATTERN_MATCH')
  const end = find('RULE_EVALUATION_END')
  const action = find('REWRITE_ACTION')
  const applied = end?.Succeeded === true
  const conditions = events.filter(({ name }) => name === 'CONDITION_EVALUATION')
  const headers = events.filter(({ name }) => name === 'GENERAL_SET_REQUEST_HEADER')
  return html`<li><details${applied ? html` open` : null}><summary>${said(start.RuleName)}: ${applied ? '✓ applied' : '✗ did not apply'}</summary>${definitions([
    ['Pattern', code(pattern?.Pattern, pattern?.Negate)],
    ['Tried on', code(pattern?.Input)],
    ['Matched', pattern === undefined ? '' : yes(pattern.Matched)],
    ['Query', start.QueryString === undefined || start.QueryString === '' ? '' : code(start.QueryString)],
    ['Conditions', conditions.length === 0 ? '' : html`<ol class="plain">${conditions.map(({ data }) => condition(data))}</ol>`],
    ['Set', headers.length === 0 ? '' : html`<ol class="plain">${headers.map(({ data }) => html`<li><code>${said(data.HeaderName)}: ${said(data.HeaderValue)}</code></li>`)}</ol>`],
    ['Written as', code(action?.Substitution)],
    ['Captured', code(action?.Captures)],
    ['URL after it', code(action?.RequestURL ?? (applied ? end.RequestURL : undefined))],
    ['Stops', applied ? yes(end.StopProcessing) : '']
  ])}</details></li>`
}

function condition ({ Input, ExpandedInput, MatchType, Pattern, Negate, Succeeded }: Readonly<Record<string, Value>>): Markup {
  const test = MatchType === 1 || MatchType === 'IsFile' ? 'is a file' : MatchType === 2 || MatchType === 'IsDirectory' ? 'is a directory' : null
  return html`<li>${Succeeded === true ? '✓ held' : '✗ did not hold'}: ${code(Input)} = ${code(ExpandedInput)} ${Negate === true ? 'not ' : ''}${test ?? html`against ${code(Pattern)}`}</li>`
}

function code (value: Value | undefined, negate?: Value): Content {
  return value === undefined ? null : html`<code>${said(value)}</code>${negate === true ? ' (negated)' : ''}`
}

function yes (value: Value | undefined): string {
  return value === true ? 'yes' : value === false ? 'no' : ''
}

function said (value: Value | undefined): string {
  return String(value ?? '')
}
