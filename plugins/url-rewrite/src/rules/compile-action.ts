// How is an action compiled?

import { mistakeIn } from '../inbound/authority.ts'
import { compileTarget, type CompiledTarget, type TargetPolicy } from '../inbound/compiled-target.ts'
import { template, type CompileContext } from './compile-context.ts'
import type { CompiledAction } from '../inbound/compiled-rule.ts'
import type { Action } from './rule.ts'

const REDIRECTS: ReadonlySet<unknown> = new Set([301, 302, 303, 307, 308])

export function compileAction (action: Action = { type: 'None' }, encodeAnew: boolean, context: CompileContext): CompiledAction {
  const { origins } = context
  switch (action.type) {
    case 'Rewrite':
      return {
        type: 'Rewrite',
        target: target(action.url, { redirect: false, appendQuery: action.appendQueryString !== false, encodeAnew, origins }, context),
        logRewrittenUrl: action.logRewrittenUrl === true
      }
    case 'Redirect': {
      const status = action.redirectType ?? 301
      if (!REDIRECTS.has(status)) context.mistake(`action.redirectType is ${JSON.stringify(status)}, not 301, 302, 303, 307 or 308`)
      return { type: 'Redirect', target: target(action.url, { redirect: true, appendQuery: action.appendQueryString !== false, encodeAnew, origins }, context), status }
    }
    case 'CustomResponse': {
      const { statusCode: status, subStatusCode: subStatus = 0 } = action
      if (!Number.isInteger(status) || status < 200 || status > 599 || (status >= 300 && status <= 308)) context.mistake(`action.statusCode is ${JSON.stringify(status)}: a status from 200 to 599 that is no redirect`)
      if (!Number.isInteger(subStatus) || subStatus < 0 || subStatus > 999) context.mistake(`action.subStatusCode is ${JSON.stringify(subStatus)}: from 0 to 999`)
      return {
        type: 'CustomResponse',
        status,
        subStatus,
        reason: template(action.statusReason ?? '', 'action.statusReason', context),
        description: template(action.statusDescription ?? '', 'action.statusDescription', context)
      }
    }
    case 'AbortRequest':
    case 'None':
      return { type: action.type }
    default:
      context.mistake(`action.type is ${JSON.stringify((action as { type: unknown }).type)}, not Rewrite, Redirect, CustomResponse, AbortRequest or None`)
      return { type: 'None' }
  }
}

function target (url: unknown, policy: TargetPolicy, context: CompileContext): CompiledTarget {
  const compiled = template(url, 'action.url', context)
  const mistake = url === '' ? 'must not be empty' : mistakeIn(compiled.parts)
  if (mistake !== null) context.mistake(`action.url ${mistake}`)
  return compileTarget(compiled, policy)
}
