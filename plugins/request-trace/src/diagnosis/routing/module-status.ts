// Which module set the status? The event that says it in IIS's traces.
import type { Finding } from '../../trace/trace.ts'
import { numberOf, textOf } from '../story/event-values.ts'
import { found } from '../findings.ts'
import { seen, type Story } from '../story/story.ts'

/** IIS's statuses with substatus: what is behind them, and what to do (Microsoft, HTTP status codes in IIS). */
const MEANINGS: Readonly<Record<string, readonly [says: string, remedy: string]>> = {
  401.2: ['the sign-in failed because of the configuration', 'Look at which kinds of authentication the site has.'],
  403.4: ['TLS is required', 'Ask with https.'],
  403.14: ['the folder has no default document, and its list is not shown', 'Often a rule that was to take the request did not: look at the rules.'],
  '404.0': ['nothing is there', 'Look at the path, and whether a rule was to take the request. With ARR: is "Enable proxy" on?'],
  404.4: ['no handler takes it: with ARR, often because "Enable proxy" is off', 'IIS Manager, server, Application Request Routing Cache, Server Proxy Settings: Enable proxy.'],
  404.11: ['the request filter refuses double escaping', 'Escape once, or `allowDoubleEscaping`.'],
  404.13: ['the body is too large', '`maxAllowedContentLength`.'],
  404.15: ['the query is too long', '`maxQueryString`.'],
  500.19: ['the configuration cannot be read', 'ConfigExceptionInfo names the file and the line.'],
  500.52: ['an outbound rule met a compressed answer, or another fault of URL Rewrite', 'Let the upstream not compress: set HTTP_ACCEPT_ENCODING to nothing in the rule.'],
  502.2: ['the answer was no valid HTTP (CGI)', "Look at the application's own log."],
  502.3: ['the connection with the upstream failed', 'ErrorCode says how: 0x80072efd refused, 0x80072ee2 timed out (raise `timeout` of the proxy or farm), 0x80072ee7 name not found, 0x80072efe broken off.'],
  502.4: ['the farm has no server', 'Look at the state and the health of its servers.'],
  '503.0': ['the application pool is not there', 'Look whether it has stopped, and at the event log.']
}

export function moduleFindings (story: Story): Finding[] {
  const last = seen(story, 'MODULE_SET_RESPONSE_ERROR_STATUS').at(-1)
  if (last === undefined) return []
  const { event, index } = last
  const status = `${numberOf(event, 'HttpStatus') ?? 0}.${numberOf(event, 'HttpSubStatus') ?? 0}`
  const meaning = Object.hasOwn(MEANINGS, status) ? MEANINGS[status] : undefined
  const reason = textOf(event, 'HttpReason')
  const code = textOf(event, 'ErrorCode')
  const words = [reason === '' ? '' : ` (${reason})`, meaning === undefined ? '' : `: ${meaning[0]}`, code === '' || code === '0' ? '' : `; ErrorCode ${code}`].join('')
  return [found('MODULE_SET_STATUS', [index], `The module ${textOf(event, 'ModuleName')} set ${status}${words}.`, meaning?.[1] ?? "Look this module's configuration up; the events before this one show what it did.")]
}
