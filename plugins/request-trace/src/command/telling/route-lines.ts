// Which rules were tried, and which servers?
import { flagOf, textOf } from '../../diagnosis/story/event-values.ts'
import { duration } from '../../diagnosis/story/duration.ts'
import type { Trace, TraceEvent } from '../../trace/trace.ts'
import type { Colors } from './paint.ts'
import { printable } from './terminal.ts'

/** A line for each rule, condition and action. */
export function ruleLines (trace: Trace, colours: Colors): string[] {
  return trace.events.flatMap((event, index) => {
    const say = (text: string): string => printable(text)
    switch (event.name) {
      case 'SITE_SELECTED': return [`  site ${say(textOf(event, 'SiteName'))} ${colours.dim(say(textOf(event, 'Binding')))}`.trimEnd()]
      case 'SITE_UNKNOWN': return [colours.red(`  no site has the host ${say(textOf(event, 'Host'))}`)]
      case 'REQUEST_REJECTED': return [colours.red(`  refused by the filter: ${say(textOf(event, 'Reason'))} ${say(textOf(event, 'Detail'))}`.trimEnd())]
      case 'RULE_EVALUATION_START': return [`  rule ${colours.bold(say(textOf(event, 'RuleName')))}: ${ruleResult(trace.events, index) ? colours.green('applied') : colours.dim('not applied')}`]
      case 'PATTERN_MATCH': return [`    ${mark(flagOf(event, 'Matched'), colours)} ${flagOf(event, 'Negate') ? 'not ' : ''}${say(textOf(event, 'Pattern'))}  ${colours.dim(`on "${say(textOf(event, 'Input'))}"`)}`]
      case 'CONDITION_EVALUATION': return [`    ${mark(flagOf(event, 'Succeeded'), colours)} ${say(textOf(event, 'Input'))} ${flagOf(event, 'Negate') ? 'not ' : ''}${say(textOf(event, 'Pattern'))}  ${colours.dim(`"${say(textOf(event, 'ExpandedInput'))}"`)}`]
      case 'REWRITE_ACTION': return [`    → ${say(textOf(event, 'RequestURL') === '' ? textOf(event, 'Substitution') : textOf(event, 'RequestURL'))}`]
      case 'GENERAL_SET_REQUEST_HEADER': return [`    sets ${say(textOf(event, 'HeaderName'))}: ${textOf(event, 'HeaderValue') === '' ? colours.dim('(removed)') : say(textOf(event, 'HeaderValue'))}`]
      default: return []
    }
  })
}

/** A line for each step towards an upstream. */
export function attemptLines (trace: Trace, colours: Colors): string[] {
  return trace.events.flatMap(event => {
    const at = colours.dim(duration(event.time).padStart(9))
    const server = printable(textOf(event, 'Server'))
    const parts = (['LookupTime', 'ConnectTime', 'SecureTime', 'TlsVersion', 'Cipher'] as const).map(name => [name, textOf(event, name)] as const).filter(([, value]) => value !== '')
    switch (event.name) {
      case 'FARM_CHOICE': return [`  ${at}  farm ${printable(textOf(event, 'Farm'))}: ${server === '' ? colours.red('no server') : server} ${colours.dim(printable([textOf(event, 'Algorithm'), textOf(event, 'Why')].filter(text => text !== '').join(', ')))}`.trimEnd()]
      case 'ATTEMPT_START': return [`  ${at}  ${server}`]
      case 'ATTEMPT_CONNECTED': return [`  ${at}    ${flagOf(event, 'Reused') ? 'on an open connection' : 'connected'} ${colours.dim(printable(parts.map(([name, value]) => name.endsWith('Time') ? `${name.slice(0, -4).toLowerCase()} ${Math.round(Number(value) * 10) / 10} ms` : value).join(', ')))}`.trimEnd()]
      case 'ATTEMPT_FAILED': return [`  ${at}    ${colours.red(printable(`${textOf(event, 'Code')} ${textOf(event, 'SystemCode')}`.trim()))}`]
      case 'ARR_RESPONSE_HEADERS_END': return [`  ${at}    answered ${printable(`${textOf(event, 'HttpStatus')} ${textOf(event, 'HttpReason')}`.trim())}`]
      case 'MODULE_SET_RESPONSE_ERROR_STATUS': return [`  ${at}  ${colours.yellow(printable(`${textOf(event, 'ModuleName')} set ${textOf(event, 'HttpStatus')}.${textOf(event, 'HttpSubStatus')} ${textOf(event, 'HttpReason')}`.trim()))}`]
      default: return []
    }
  })
}

function mark (held: boolean, colours: Colors): string {
  return held ? colours.green('✓') : colours.red('✗')
}

/** The result that belongs to a rule's beginning. */
function ruleResult (events: readonly TraceEvent[], start: number): boolean {
  return flagOf(events.slice(start + 1).find(({ name }) => name === 'RULE_EVALUATION_END' || name === 'RULE_EVALUATION_START'), 'Succeeded')
}
