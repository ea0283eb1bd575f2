// How do outbound rules as written become ones that run?

import { literalSource, type Matcher, type PatternSyntax } from '../expressions/pattern.ts'
import { variable } from '../expressions/variables.ts'
import { compileConditions } from './compile-conditions.ts'
import { compileTags } from './compile-tags.ts'
import { NAME, matcher, template, type Workshop } from './workshop.ts'
import type { LinearPattern } from '@fastify-arr/linear-pattern'
import type { Checks } from '../expressions/conditions.ts'
import type { AnyOutbound } from '../outbound/compiled-outbound.ts'
import type { OutboundRule, OutboundRules } from './outbound-rule.ts'

/** Compiles a set of outbound rules; `label` names the option they stand in. Of a rule that is switched off only the name has to be right. */
export function compileOutbound (label: string, written: OutboundRules, inbound: Workshop): AnyOutbound[] {
  // A response on its way can't wait for the disk.
  const workshop = { ...inbound, noDisk: 'is for inbound rules: a response does not wait for the disk' }
  if (!Array.isArray(written?.rules)) {
    workshop.mistake(`${label}.rules must be a list of rules`)
    return []
  }
  const preConditions = new Map<string, Checks | null>()
  for (const { name, add, logicalGrouping = 'MatchAll', patternSyntax = 'ECMAScript' } of written.preConditions ?? []) {
    const own = { ...workshop, mistake: (message: string) => workshop.mistake(`${label}.preConditions "${name}": ${message}`) }
    preConditions.set(name, compileConditions({ logicalGrouping, add }, patternSyntax, true, own))
  }
  const rules: AnyOutbound[] = []
  for (const [index, rule] of (written.rules as readonly OutboundRule[]).entries()) {
    const place = `${label}${rule?.name ? ` "${rule.name}"` : `[${index}]`}`
    const own = { ...workshop, mistake: (message: string) => workshop.mistake(`${place}: ${message}`) }
    if (typeof rule !== 'object' || rule === null) {
      own.mistake('must be an object')
      continue
    }
    if (!rule.name) own.mistake('a rule needs a name')
    if (rule.enabled === false) continue
    if (rule.preCondition !== undefined && rule.preCondition !== '' && !preConditions.has(rule.preCondition)) own.mistake(`preCondition "${rule.preCondition}" is not among preConditions`)
    const compiled = compileRule(rule, preConditions.get(rule.preCondition ?? '') ?? null, written, own)
    if (compiled !== null) rules.push(compiled)
  }
  return rules
}

function compileRule (rule: OutboundRule, preChecks: Checks | null, written: OutboundRules, workshop: Workshop): AnyOutbound | null {
  const { match, action = { type: 'None' }, patternSyntax: syntax = 'ECMAScript' } = rule
  if (typeof match?.pattern !== 'string') {
    workshop.mistake('match.pattern must be a string')
    return null
  }
  if (action.type !== 'Rewrite' && action.type !== 'None') workshop.mistake(`action.type is ${JSON.stringify((action as { type: unknown }).type)}, not Rewrite or None`)
  const common = {
    name: rule.name,
    preChecks,
    checks: compileConditions(rule.conditions, syntax, true, workshop),
    negate: match.negate === true,
    value: action.type === 'Rewrite' ? template(action.value, 'action.value', workshop) : null,
    stop: rule.stopProcessing === true
  }
  const occurrences = match.occurrences === undefined || match.occurrences === 0 ? Infinity : match.occurrences
  if (!(occurrences > 0)) workshop.mistake('match.occurrences must be 0 or more')
  const whole = (): Matcher => matcher(match.pattern, syntax, match.ignoreCase, 'match.pattern', workshop)
  if (match.serverVariable !== undefined && match.serverVariable !== '') {
    const name = match.serverVariable
    const response = /^RESPONSE_(.+)$/i.exec(name)?.[1]
    if (!NAME.test(name)) workshop.mistake(`match.serverVariable is ${JSON.stringify(name)}, which is no name of a server variable`)
    if (response?.toUpperCase() === 'STATUS') workshop.mistake('RESPONSE_STATUS can be read, but not rewritten')
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
  const tags = compileTags(rule, written, workshop)
  if (tags.size > 0) return { ...common, target: 'tags', tags, matcher: whole(), occurrences }
  if (match.negate === true) workshop.mistake('match.negate needs filterByTags or serverVariable: there is no place in a body that a pattern does not match')
  const search = compileSearch(match.pattern, syntax, match.ignoreCase !== false, workshop)
  return search === null ? null : { ...common, target: 'text', search, occurrences }
}

/** A search through text, where an exact match is a substring and a wildcard makes no sense. */
function compileSearch (pattern: string, syntax: PatternSyntax, ignoreCase: boolean, workshop: Workshop): LinearPattern | null {
  if (syntax === 'Wildcard') workshop.mistake('a Wildcard pattern needs filterByTags or serverVariable, as in IIS')
  if (pattern === '') workshop.mistake('match.pattern must not be empty where the body is searched')
  try {
    return workshop.engine(syntax === 'ExactMatch' ? literalSource(pattern) : pattern, ignoreCase)
  } catch (error) {
    workshop.mistake(`match.pattern: ${(error as Error).message}`)
    return null
  }
}
