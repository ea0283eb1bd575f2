// How do outbound rules as written become ones that run?

import { NAME, compileConditions, matcher, template, type Workshop } from './compile.ts'
import { literalSource, type Matcher } from './pattern.ts'
import type { LinearPattern } from '@fastify-arr/linear-pattern'
import { variable, type ReadVariable } from './variables.ts'
import type { Checks } from './conditions.ts'
import type { OutboundRule, OutboundRules, OutboundTag, PatternSyntax } from './rules.ts'
import type { Template } from './template.ts'

/** What every outbound rule has, ready to run. */
interface CompiledOutbound {
  readonly name: string
  readonly preChecks: Checks | null
  readonly checks: Checks | null
  readonly negate: boolean
  /** Null where the action is None. */
  readonly value: Template | null
  readonly stop: boolean
}

/** A rule for one header or variable. */
export interface HeaderRule extends CompiledOutbound {
  readonly target: 'header'
  /** The response header's name as the rule writes it, or null where the target is a request's. */
  readonly header: string | null
  /** Upper-case. */
  readonly variable: string
  readonly read: ReadVariable
  readonly matcher: Matcher
  readonly replace: boolean
}

/** A rule for attributes of tags: by tag, the attributes it looks at; both in lower case. */
export interface TagRule extends CompiledOutbound {
  readonly target: 'tags'
  readonly tags: ReadonlyMap<string, ReadonlySet<string>>
  readonly matcher: Matcher
  readonly occurrences: number
}

/** A rule for the body as text. */
export interface TextRule extends CompiledOutbound {
  readonly target: 'text'
  readonly search: LinearPattern
  readonly occurrences: number
}

export type AnyOutbound = HeaderRule | TagRule | TextRule

// IIS URL Rewrite 2.0 reference, "Pre-defined tags".
const TAGS = {
  A: ['href'],
  Area: ['href'],
  Base: ['href'],
  Form: ['action'],
  Frame: ['src', 'longdesc'],
  Head: ['profile'],
  IFrame: ['src', 'longdesc'],
  Img: ['src', 'longdesc', 'usemap'],
  Input: ['src', 'usemap'],
  Link: ['href'],
  Script: ['src']
} as const satisfies Record<Exclude<OutboundTag, 'CustomTags'>, readonly string[]>

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

function compileTags ({ match }: OutboundRule, written: OutboundRules, workshop: Workshop): Map<string, Set<string>> {
  const tags = new Map<string, Set<string>>()
  const add = (tag: string, attribute: string): void => {
    const known = tags.get(tag.toLowerCase())
    if (known === undefined) tags.set(tag.toLowerCase(), new Set([attribute.toLowerCase()]))
    else known.add(attribute.toLowerCase())
  }
  for (const tag of match.filterByTags ?? []) {
    if (tag === 'CustomTags') {
      const custom = written.customTags?.find(({ name }) => name === match.customTags)
      if (custom === undefined) workshop.mistake(`match.customTags ${JSON.stringify(match.customTags)} is not among customTags`)
      for (const { name, attribute } of custom?.tags ?? []) add(name, attribute)
    } else if (Object.hasOwn(TAGS, tag)) {
      for (const attribute of TAGS[tag]) add(tag, attribute)
    } else {
      workshop.mistake(`match.filterByTags has ${JSON.stringify(tag)}, which is none of ${Object.keys(TAGS).join(', ')}, CustomTags`)
    }
  }
  return tags
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
