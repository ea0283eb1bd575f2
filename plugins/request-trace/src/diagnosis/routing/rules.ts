// Which rule was to take the request, and why did it not?
import type { Finding } from '../../trace/trace.ts'
import { flagOf, textOf } from '../story/event-values.ts'
import { found } from '../findings.ts'
import { pathOf } from '../story/path-of.ts'
import { seen, type Seen, type Story } from '../story/story.ts'

interface Tried {
  readonly rule: string
  readonly start: number
  pattern: Seen | null
  /** The first condition that did not hold. */
  failed: Seen | null
  conditionsHeld: boolean | null
  applied: boolean
  end: number
}

export function ruleFindings (story: Story): Finding[] {
  const { trace } = story
  const tried = rulesOf(story)
  const asked = seen(story, 'ATTEMPT_START').length > 0 || story.sent !== null || story.answer !== null
  const refused = seen(story, 'REQUEST_REJECTED').length > 0 || seen(story, 'SITE_UNKNOWN').length > 0
  const findings: Finding[] = []
  // A rule that redirects, or answers, is no want of an upstream.
  // A file that is missing, or an application's own 404, is none either.
  const routed = tried.length > 0 || story.handshake || seen(story, 'MODULE_SET_RESPONSE_ERROR_STATUS').some(({ event }) => ['ApplicationRequestRouting', 'Fastify'].includes(textOf(event, 'ModuleName')))
  if (!asked && !refused && routed && trace.status === 404 && !tried.some(({ applied }) => applied)) {
    const rules = tried.length === 0 ? 'no rule was tried' : tried.length === 1 ? `the rule "${tried[0]?.rule ?? ''}" did not match` : `none of ${tried.length} rules matched`
    findings.push(found('NO_UPSTREAM', tried.map(({ end }) => end), `No upstream for ${pathOf(trace.url)}: ${rules}, and the answer was 404.`, 'Write a rule of url-rewrite for it, or name `upstream` in upstream-proxy for all that no rule takes. In IIS the same 404 comes where "Enable proxy" of ARR is off.'))
  }
  // Where something went wrong, a rule that nearly matched may be the reason.
  if (trace.status !== null && trace.status < 400 && tried.some(({ applied }) => applied)) return findings
  for (const one of tried) {
    const pattern = textOf(one.pattern?.event, 'Pattern')
    const input = textOf(one.pattern?.event, 'Input')
    if (!one.applied && /^\^?\//.test(pattern) && !input.startsWith('/') && !flagOf(one.pattern?.event, 'Matched')) {
      findings.push(found('PATTERN_WITH_SLASH', [one.start, one.pattern?.index, one.end], `The rule "${one.rule}" has the pattern ${pattern}, and it was tried on "${input}": IIS puts no slash before the URL.`, `Write ${pattern.replace(/^\^?\//, start => start.replace('/', ''))} instead.`))
    } else if (one.conditionsHeld === false && one.failed !== null) {
      const { event } = one.failed
      const value = textOf(event, 'ExpandedInput')
      findings.push(found('CONDITION_FAILED', [one.start, one.failed.index, one.end], `The pattern of the rule "${one.rule}" matched, and its condition ${textOf(event, 'Input')} did not hold: "${value}" ${flagOf(event, 'Negate') ? 'matches' : 'does not match'} ${textOf(event, 'Pattern')}.`, 'Right for a rule that is not meant for this request. Elsewhere change the condition: IIS tries patterns without case on the whole value; HTTP_HOST has the port, where the client gave one.'))
    }
  }
  return findings
}

/** The rules in the order in which they were tried. */
function rulesOf (story: Story): Tried[] {
  const tried: Tried[] = []
  for (const [index, event] of story.events.entries()) {
    const last = tried.at(-1)
    if (event.name === 'RULE_EVALUATION_START') tried.push({ rule: textOf(event, 'RuleName'), start: index, pattern: null, failed: null, conditionsHeld: null, applied: false, end: index })
    else if (last === undefined) continue
    else if (event.name === 'PATTERN_MATCH') last.pattern = { event, index }
    else if (event.name === 'CONDITION_EVALUATION' && !flagOf(event, 'Succeeded')) last.failed ??= { event, index }
    else if (event.name === 'CONDITIONS_EVALUATION_END') last.conditionsHeld = flagOf(event, 'Succeeded')
    else if (event.name === 'RULE_EVALUATION_END') {
      last.applied = flagOf(event, 'Succeeded')
      last.end = index
    }
  }
  return tried
}
