// Was the request refused before anything was asked: by the sites or by a filter?
import type { Finding } from '../../trace/trace.ts'
import { numberOf, textOf } from '../story/event-values.ts'
import { found } from '../findings.ts'
import { seen, type Story } from '../story/story.ts'

/** What to do about a part of the filter; by its option of request-filter, without case. */
const REMEDIES: Readonly<Record<string, string>> = {
  origins: 'Add the origin to `origins`, as the browser writes it: scheme, host and port.',
  ipsecurity: 'Allow the address in `ipSecurity`. Where a proxy is in front, Fastify must trust it (`trustProxy`): elsewhere its address is looked at.',
  concurrentrequests: 'Raise `concurrentRequests`, or find the client that asks so much at once.',
  requestrate: 'Raise `requestRate`, or find the client that asks so often.',
  handshakerate: 'Raise `handshakeRate`. A client that connects again at once after each failure is the usual reason: let it wait longer each time.',
  websocketsperclient: 'Raise `webSocketsPerClient`, or close those that are no longer used. Behind one NAT, all are one client.',
  allowdoubleescaping: 'The URL is escaped twice (%25…): escape it once in the client, or set `allowDoubleEscaping` to true.',
  maxquerystring: 'Raise `maxQueryString`, or send less in the query.',
  maxurl: 'Raise `maxUrl`, or ask for a shorter path.',
  maxallowedcontentlength: 'Raise `maxAllowedContentLength`, or send less.',
  hiddensegments: 'Rename the segment of the path, or take it out of `hiddenSegments`.',
  fileextensions: 'Allow the extension in `fileExtensions`.',
  verbs: 'Allow the method in `verbs`. A WebSocket comes with GET.'
}

export function rejectionFindings (story: Story): Finding[] {
  const findings: Finding[] = []
  for (const { event, index } of seen(story, 'SITE_UNKNOWN')) {
    const host = textOf(event, 'Host')
    findings.push(found('SITE_UNKNOWN', [story.request?.index, index], `No site has the host "${host}" (${textOf(event, 'Reason')}).`, `Add a binding for ${host === '' ? 'requests without a host' : host} to a site, or one with an empty host, which takes all. A proxy in front that puts its own Host must pass the client's on (nginx: \`proxy_set_header Host $host;\`).`))
  }
  for (const { event, index } of seen(story, 'REQUEST_REJECTED')) {
    const reason = textOf(event, 'Reason')
    const detail = textOf(event, 'Detail')
    const status = numberOf(event, 'HttpStatus')
    const subStatus = numberOf(event, 'HttpSubStatus') ?? 0
    const answered = status === null ? '' : ` with ${status}${subStatus > 0 ? `.${subStatus}` : ''}`
    findings.push(found('REQUEST_REJECTED', [index], `The filter refused the request${answered}: ${reason}${detail === '' ? '' : ` (${detail})`}.`, (Object.hasOwn(REMEDIES, reason.toLowerCase()) ? REMEDIES[reason.toLowerCase()] : undefined) ?? `Right where such requests are not wanted. Elsewhere change \`${reason}\` of request-filter (requestFiltering in IIS).`))
  }
  return findings
}
