// How are outbound rules compiled?

import { literalSource, type Matcher, type PatternSyntax } from '../expressions/pattern.ts'
import { variable } from '../expressions/variables.ts'
import { compileConditions } from './compile-conditions.ts'
import { compileTags } from './compile-tags.ts'
import { NAME, matcher, template, type CompileContext } from './compile-context.ts'
import type { LinearPattern } from '@fastify-arr/linear-pattern'
import type { Checks } from '../expressions/conditions.ts'
import type { AnyOutbound } from '../outbound/compiled-outbound.ts'
import type { OutboundRule, OutboundRules } from './outbound-rule.ts'
import { inList } from './mistake-place.ts'

/** Compiles a set of outbound rules; `label` is the name of their option. Of a rule that is switched off, only the name is checked. */
export function compileOutbound (label: string, written: OutboundRules, inbound: CompileContext): AnyOutbound[] {
  // A response can't wait for the file system.
  const context = { ...inbound, noDisk: 'is for inbound rules: a response does not wait for the disk' }
  if (!Array.isArray(written?.rules)) {
    context.mistake(`${label}.rules must be a list of rules`)
    return []
  }
  const preConditions = new Map<string, Checks | null>()
  for (const [index, { name, add, logicalGrouping = 'MatchAll', patternSyntax = 'ECMAScript' }] of (written.preConditions ?? []).entries()) {
    const own = { ...context, mistake: (message: string) => context.mistake(inList(`${label}.preConditions`, index, name, message)) }
    preConditions.set(name, compileConditions({ logicalGrouping, add }, patternSyntax, true, own))
  }
  const rules: AnyOutbound[] = []
  for (const [index, rule] of (written.rules as readonly OutboundRule[]).entries()) {
    const own = { ...context, mistake: (message: string) => context.mistake(inList(`${label}.rules`, index, rule?.name, message)) }
    if (typeof rule !== 'object' || rule === null) {
      own.mistake('must be an object')
      continue
    }
    if (!rule.name) own.mistake('name must be a text that is not empty')
    if (rule.enabled === false) continue
    if (rule.preCondition !== undefined && rule.preCondition !== '' && !preConditions.has(rule.preCondition)) own.mistake(`preCondition is ${JSON.stringify(rule.preCondition)}, which is not among preConditions`)
    const compiled = compileRule(rule, preConditions.get(rule.preCondition ?? '') ?? null, written, own)
    if (compiled !== null) rules.push(compiled)
  }
  return rules
}

function compileRule (rule: OutboundRule, preChecks: Checks | null, written: OutboundRules, context: CompileContext): AnyOutbound | null {
  const { match, action = { type: 'None' }, patternSyntax: syntax = 'ECMAScript' } = rule
  if (typeof match?.pattern !== 'string') {
    context.mistake('match.pattern must be a string')
    return null
  }
  if (action.type !== 'Rewrite' && action.type !== 'None') context.mistake(`action.type is ${JSON.stringify((action as { type: unknown }).type)}, not Rewrite or None`)
  const common = {
    name: rule.name,
    preChecks,
    checks: compileConditions(rule.conditions, syntax, true, context),
    negate: match.negate === true,
    value: action.type === 'Rewrite' ? template(action.value, 'action.value', context) : null,
    stop: rule.stopProcessing === true
  }
  const occurrences = match.occurrences === undefined || match.occurrences === 0 ? Infinity : match.occurrences
  if (!(occurrences > 0)) context.mistake('match.occurrences must be 0 or more')
  const whole = (): Matcher => matcher(match.pattern, syntax, match.ignoreCase, 'match.pattern', context)
  if (match.serverVariable !== undefined && match.serverVariable !== '') {
    const name = match.serverVariable
    const response = /^RESPONSE_(.+)$/i.exec(name)?.[1]
    if (!NAME.test(name)) context.mistake(`match.serverVariable is ${JSON.stringify(name)}, which is no name of a server variable`)
    if (response?.toUpperCase() === 'STATUS') context.mistake('RESPONSE_STATUS can be read, but not rewritten')
    return {
      ...common,
      target: 'header',
      header: response?.replaceAll('_', '-') ?? null,
      variable: name.toUpperCase(),
      read: variable(name),
      matcher: whole(),
      replace: action.type === 'Rewrite' && action.replace !== false
    }
  }
  const tags = compileTags(rule, written, context)
  if (tags.size > 0) return { ...common, target: 'tags', tags, matcher: whole(), occurrences }
  if (match.negate === true) context.mistake('match.negate needs filterByTags or serverVariable: there is no place in a body that a pattern does not match')
  const search = compileSearch(match.pattern, syntax, match.ignoreCase !== false, context)
  return search === null ? null : { ...common, target: 'text', search, occurrences }
}

/** Compiles the search of a body's text: an exact match finds a substring, and a wildcard is a mistake. */
function compileSearch (pattern: string, syntax: PatternSyntax, ignoreCase: boolean, context: CompileContext): LinearPattern | null {
  if (syntax === 'Wildcard') context.mistake('a Wildcard pattern needs filterByTags or serverVariable, as in IIS')
  if (pattern === '') context.mistake('match.pattern must not be empty where the body is searched')
  try {
    return context.engine(syntax === 'ExactMatch' ? literalSource(pattern) : pattern, ignoreCase)
  } catch (error) {
    context.mistake(`match.pattern: ${(error as Error).message}`)
    return null
  }
}
