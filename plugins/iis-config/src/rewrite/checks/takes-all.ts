// Does a rule match every request?
import type { ReadRule } from '../inbound-rules.ts'

/** Patterns that match every path. */
const EVERYTHING = new Set(['.*', '(.*)', '^.*', '^(.*)', '.*$', '(.*)$', '^.*$', '^(.*)$', '(.*?)', '^(.*?)$', '^', '$', '.?'])

/** Whether a rule matches every request. */
export function takesAll (rule: ReadRule['rule']): boolean {
  return (rule.conditions?.add.length ?? 0) === 0 && takesEveryPath(rule)
}

/** Whether a rule matches every request for some hosts, as far as its conditions ask for the host alone. */
export function takesSite (rule: ReadRule['rule']): boolean {
  return takesEveryPath(rule) && (rule.conditions?.add ?? []).every(({ input, negate }) => negate !== true && /^\{(HTTP_HOST|SERVER_NAME)\}$/i.test(input ?? ''))
}

function takesEveryPath ({ match, patternSyntax = 'ECMAScript' }: ReadRule['rule']): boolean {
  if (match.negate === true) return false
  return patternSyntax === 'Wildcard' ? /^\*+$/.test(match.url) : patternSyntax === 'ECMAScript' && EVERYTHING.has(match.url)
}
