// How does an action as written become one that runs?

import { mistakeIn } from '../inbound/authority.ts'
import { compileTarget, type CompiledTarget, type TargetPolicy } from '../inbound/compiled-target.ts'
import { template, type Workshop } from './workshop.ts'
import type { CompiledAction } from '../inbound/compiled-rule.ts'
import type { Action } from './rule.ts'

const REDIRECTS: ReadonlySet<unknown> = new Set([301, 302, 303, 307, 308])

export function compileAction (action: Action = { type: 'None' }, encodeAnew: boolean, workshop: Workshop): CompiledAction {
  const { origins } = workshop
  switch (action.type) {
    case 'Rewrite':
      return {
        type: 'Rewrite',
        target: target(action.url, { redirect: false, appendQuery: action.appendQueryString !== false, encodeAnew, origins }, workshop),
        logRewrittenUrl: action.logRewrittenUrl === true
      }
    case 'Redirect': {
      const status = action.redirectType ?? 301
      if (!REDIRECTS.has(status)) workshop.mistake(`action.redirectType is ${JSON.stringify(status)}, not 301, 302, 303, 307 or 308`)
      return { type: 'Redirect', target: target(action.url, { redirect: true, appendQuery: action.appendQueryString !== false, encodeAnew, origins }, workshop), status }
    }
    case 'CustomResponse': {
      const { statusCode: status, subStatusCode: subStatus = 0 } = action
      if (!Number.isInteger(status) || status < 200 || status > 599 || (status >= 300 && status <= 308)) workshop.mistake(`action.statusCode is ${JSON.stringify(status)}: a status from 200 to 599 that is no redirect`)
      if (!Number.isInteger(subStatus) || subStatus < 0 || subStatus > 999) workshop.mistake(`action.subStatusCode is ${JSON.stringify(subStatus)}: from 0 to 999`)
      return {
        type: 'CustomResponse',
        status,
        subStatus,
        reason: template(action.statusReason ?? '', 'action.statusReason', workshop),
        description: template(action.statusDescription ?? '', 'action.statusDescription', workshop)
      }
    }
    case 'AbortRequest':
    case 'None':
      return { type: action.type }
    default:
      workshop.mistake(`action.type is ${JSON.stringify((action as { type: unknown }).type)}, not Rewrite, Redirect, CustomResponse, AbortRequest or None`)
      return { type: 'None' }
  }
}

function target (url: unknown, policy: TargetPolicy, workshop: Workshop): CompiledTarget {
  const compiled = template(url, 'action.url', workshop)
  const mistake = url === '' ? 'must not be empty' : mistakeIn(compiled.parts)
  if (mistake !== null) workshop.mistake(`action.url ${mistake}`)
  return compileTarget(compiled, policy)
}
