// How does a rule as written become one that runs? Every mistake found on the way is collected.

import { compileSetting, type Setting } from './set-variables.ts'
import { compilePattern, type Matcher } from './pattern.ts'
import { compileTemplate, type Surroundings, type Template } from './template.ts'
import type { Engine } from './engine.ts'
import { mistakeIn } from './authority.ts'
import { compileTarget, type CompiledTarget, type TargetPolicy } from './target.ts'
import type { Check, Checks } from './conditions.ts'
import type { CompiledAction, CompiledRule, RuleSet } from './compiled-rule.ts'
import type { Action, Condition, Conditions, PatternSyntax, Rule, SetServerVariable } from './rules.ts'

/** What rules are compiled with. */
export interface Workshop extends Surroundings {
  /** Compiles a regular expression; throws with a sentence where it can't be run safely. */
  readonly engine: Engine
  /** Whether a rule may set this variable, by upper-case name. */
  readonly allowed: (name: string) => boolean
  /** The option `useOriginalURLEncoding`. */
  readonly encodeAnew: boolean
  /** The origins that rewrite maps lead to. */
  readonly origins: ReadonlySet<string>
  /** Why no condition may ask what stands on the disk; null where it may. */
  readonly noDisk: string | null
}

const SYNTAXES: ReadonlySet<unknown> = new Set<PatternSyntax>(['ECMAScript', 'Wildcard', 'ExactMatch'])
const REDIRECTS: ReadonlySet<unknown> = new Set([301, 302, 303, 307, 308])
/** A variable's name that makes a header's name, where it is one. */
export const NAME = /^(?!(?:HTTP|RESPONSE)_$)[\w.-]+$/i

/** Compiles a list of rules; `label` names the option they stand in. Of a rule that is switched off only the name has to be right. */
export function compileRules (label: string, prefix: string, rules: readonly Rule[], workshop: Workshop): RuleSet {
  const compiled: CompiledRule[] = []
  const names = new Set<string>()
  for (const [index, rule] of rules.entries()) {
    const place = `${label}${typeof rule?.name === 'string' && rule.name !== '' ? ` "${rule.name}"` : `[${index}]`}`
    const mistake = (message: string): void => workshop.mistake(`${place}: ${message}`)
    if (typeof rule !== 'object' || rule === null) {
      mistake('must be an object')
      continue
    }
    const named = typeof rule.name === 'string' && rule.name !== ''
    if (!named) mistake('a rule needs a name')
    if (rule.enabled === false) continue
    if (named && names.has(rule.name)) mistake('another rule in this list has the same name')
    names.add(rule.name)
    compiled.push(compileRule(rule, { ...workshop, mistake }))
  }
  return { label, prefix, folded: prefix.toLowerCase(), rules: compiled }
}

function compileRule (rule: Rule, workshop: Workshop): CompiledRule {
  const syntax = rule.patternSyntax ?? 'ECMAScript'
  if (!SYNTAXES.has(syntax)) workshop.mistake(`patternSyntax is ${JSON.stringify(syntax)}, not ECMAScript, Wildcard or ExactMatch`)
  if (typeof rule.match?.url !== 'string' || rule.match.url === '') workshop.mistake('match.url must be a pattern (`.*` matches every path)')
  return {
    name: rule.name,
    matcher: matcher(rule.match?.url ?? '', syntax, rule.match?.ignoreCase, 'match.url', workshop),
    negate: rule.match?.negate === true,
    checks: compileConditions(rule.conditions, syntax, false, workshop),
    settings: compileSettings(rule.serverVariables, workshop),
    action: compileAction(rule.action, rule.useOriginalURLEncoding ?? workshop.encodeAnew, workshop),
    stop: rule.stopProcessing === true
  }
}

const NEVER: Matcher = () => null

/** Compiles a pattern, naming the place it stands in where it can't be used. */
export function matcher (source: unknown, syntax: PatternSyntax, ignoreCase: boolean | undefined, place: string, workshop: Workshop): Matcher {
  if (typeof source !== 'string') return NEVER
  try {
    return compilePattern({ source, syntax, ignoreCase: ignoreCase !== false }, workshop.engine)
  } catch (error) {
    workshop.mistake(`${place}: ${(error as Error).message}`)
    return NEVER
  }
}

/** Compiles conditions; null where there are none. */
export function compileConditions (conditions: Conditions | undefined, syntax: PatternSyntax, trackAll: boolean, workshop: Workshop): Checks | null {
  if (conditions === undefined) return null
  const grouping: unknown = conditions.logicalGrouping ?? 'MatchAll'
  if (grouping !== 'MatchAll' && grouping !== 'MatchAny') workshop.mistake(`conditions.logicalGrouping is ${JSON.stringify(grouping)}, not MatchAll or MatchAny`)
  if (!Array.isArray(conditions.add)) {
    workshop.mistake('conditions.add must be a list')
    return null
  }
  if (conditions.add.length === 0) return null
  return {
    any: grouping === 'MatchAny',
    trackAll: conditions.trackAllCaptures ?? trackAll,
    list: (conditions.add as readonly Condition[]).map((condition, index) => compileCondition(condition, index, syntax, workshop))
  }
}

function compileCondition (condition: Condition, index: number, syntax: PatternSyntax, workshop: Workshop): Check {
  const place = `conditions.add[${index}]`
  const type: unknown = condition.matchType ?? 'Pattern'
  const onDisk = type === 'IsFile' || type === 'IsDirectory'
  if (!onDisk && type !== 'Pattern') workshop.mistake(`${place}.matchType is ${JSON.stringify(type)}, not Pattern, IsFile or IsDirectory`)
  if (onDisk && workshop.noDisk !== null) workshop.mistake(`${place}: ${type} ${workshop.noDisk}`)
  if (!onDisk && typeof condition.pattern !== 'string') workshop.mistake(`${place}.pattern must be a string`)
  if (!onDisk && typeof condition.input !== 'string') workshop.mistake(`${place}.input must be a string`)
  const input = condition.input ?? '{REQUEST_FILENAME}'
  return {
    input,
    expand: template(input, `${place}.input`, workshop).expand,
    negate: condition.negate === true,
    matcher: onDisk ? null : matcher(condition.pattern, syntax, condition.ignoreCase, `${place}.pattern`, workshop),
    kind: type === 'IsDirectory' ? 'directory' : 'file'
  }
}

/** Compiles a substitution string, naming the place it stands in where it holds a mistake. */
export function template (written: unknown, place: string, workshop: Workshop): Template {
  if (typeof written !== 'string') {
    workshop.mistake(`${place} must be a string`)
    return compileTemplate('', workshop)
  }
  return compileTemplate(written, { ...workshop, mistake: message => workshop.mistake(`${place}: ${message}`) })
}

function compileSettings (settings: readonly SetServerVariable[] | undefined, workshop: Workshop): Setting[] {
  return (settings ?? []).map((setting, index) => {
    const place = `serverVariables[${index}]`
    const name = typeof setting.name === 'string' ? setting.name : ''
    if (!NAME.test(name)) workshop.mistake(`${place}.name must be the name of a server variable`)
    else if (!workshop.allowed(name.toUpperCase())) workshop.mistake(`${place}: allowedServerVariables does not have ${name} (IIS answers 500.50 in this case)`)
    return compileSetting(name, template(setting.value, `${place}.value`, workshop), setting.replace !== false)
  })
}

function compileAction (action: Action = { type: 'None' }, encodeAnew: boolean, workshop: Workshop): CompiledAction {
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
