// Which requests do the rules leave to IIS itself, which answers with a file or an application of the site?
import type { Local } from '../../reading/report.ts'
import type { ReadRule } from '../inbound-rules.ts'
import type { RewriteSections, ScopedRules } from '../read-rewrite.ts'
import { takesSite } from './takes-all.ts'

const ABSOLUTE = /^(https?|wss?):/i
/** The whole URL is a value: whether it is absolute, a map says. */
const VALUE = /^\{/

/** Every rule that leads to a file, and the requests that no rule takes. Nothing where there are no inbound rules. */
export function leadsToFiles ({ lists }: RewriteSections): Local[] {
  const found = lists.flatMap(list => list.rules.flatMap((read, index) => toFile(read, list.rules.slice(index + 1), lists, list)))
  const all = lists.flatMap(({ rules }) => rules)
  const [first] = lists.filter(({ rules }) => rules.length > 0)
  if (first === undefined || all.some(({ rule }) => rule.enabled !== false && takesSite(rule) && leaves(rule))) return found
  const place = first.rules[0]?.element.parent ?? first.rules[0]?.element
  return place === undefined ? found : [...found, { ...place.place, rule: null, note: 'requests that no rule takes: IIS answers them with a file, or with an application of the site; here a route of Fastify answers, or 404' }]
}

/** A rule that leads to a file. */
function toFile ({ element, rule }: ReadRule, later: readonly ReadRule[], lists: readonly ScopedRules[], { global }: ScopedRules): Local[] {
  if (rule.enabled === false) return []
  const behind = global ? [...later, ...lists.filter(list => !list.global).flatMap(({ rules }) => rules)] : later
  const goesOn = (rule.stopProcessing !== true || global) && behind.some(other => other.rule.enabled !== false && takesSite(other.rule) && leaves(other.rule))
  if (goesOn) return []
  const { action } = rule
  if (action?.type === 'Rewrite' && !ABSOLUTE.test(action.url) && !VALUE.test(action.url)) {
    return [{ ...element.place, rule: rule.name, note: `rewrites to ${action.url}, a file or an application of the site; no files are served here: a route of Fastify answers, or 404` }]
  }
  const asksFile = rule.conditions?.add.some(({ matchType, negate }) => (matchType === 'IsFile' || matchType === 'IsDirectory') && negate !== true) === true
  if ((action === undefined || action.type === 'None') && asksFile && rule.stopProcessing === true) {
    return [{ ...element.place, rule: rule.name, note: 'leaves files and folders to IIS, which serves them; no files are served here: a route of Fastify answers, or 404' }]
  }
  return []
}

/** Whether a rule answers, or leads to another server. */
function leaves ({ action }: ReadRule['rule']): boolean {
  if (action === undefined || action.type === 'None') return false
  return action.type !== 'Rewrite' || ABSOLUTE.test(action.url) || VALUE.test(action.url)
}
