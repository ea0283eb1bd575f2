// How is an inbound rule compiled? Every mistake is reported.

import { compileSetting, type Setting } from '../inbound/set-variables.ts'
import { compileAction } from './compile-action.ts'
import { compileConditions } from './compile-conditions.ts'
import { NAME, matcher, template, type CompileContext } from './compile-context.ts'
import type { PatternSyntax } from '../expressions/pattern.ts'
import type { CompiledRule, RuleSet } from '../inbound/compiled-rule.ts'
import type { Rule, SetServerVariable } from './rule.ts'
import { inList } from './mistake-place.ts'

const SYNTAXES: ReadonlySet<unknown> = new Set<PatternSyntax>(['ECMAScript', 'Wildcard', 'ExactMatch'])

/** Compiles a list of rules; `label` is the name of their option. Of a rule that is switched off, only the name is checked. */
export function compileRules (label: string, prefix: string, rules: readonly Rule[], context: CompileContext): RuleSet {
  const compiled: CompiledRule[] = []
  const names = new Set<string>()
  for (const [index, rule] of rules.entries()) {
    const mistake = (message: string): void => context.mistake(inList(label, index, rule?.name, message))
    if (typeof rule !== 'object' || rule === null) {
      mistake('must be an object')
      continue
    }
    const named = typeof rule.name === 'string' && rule.name !== ''
    if (!named) mistake('name must be a text that is not empty')
    if (rule.enabled === false) continue
    if (named && names.has(rule.name)) mistake('name is that of another rule in this list')
    names.add(rule.name)
    compiled.push(compileRule(rule, { ...context, mistake }))
  }
  return { label, prefix, folded: prefix.toLowerCase(), rules: compiled, cuts: null }
}

function compileRule (rule: Rule, context: CompileContext): CompiledRule {
  const syntax = rule.patternSyntax ?? 'ECMAScript'
  if (!SYNTAXES.has(syntax)) context.mistake(`patternSyntax is ${JSON.stringify(syntax)}, not ECMAScript, Wildcard or ExactMatch`)
  if (typeof rule.match?.url !== 'string' || rule.match.url === '') context.mistake('match.url must be a pattern (`.*` matches every path)')
  return {
    name: rule.name,
    pattern: rule.match?.url ?? '',
    syntax,
    matcher: matcher(rule.match?.url ?? '', syntax, rule.match?.ignoreCase, 'match.url', context),
    negate: rule.match?.negate === true,
    checks: compileConditions(rule.conditions, syntax, false, context),
    settings: compileSettings(rule.serverVariables, context),
    action: compileAction(rule.action, rule.useOriginalURLEncoding ?? context.encodeAnew, context),
    stop: rule.stopProcessing === true
  }
}

function compileSettings (settings: readonly SetServerVariable[] | undefined, context: CompileContext): Setting[] {
  return (settings ?? []).map((setting, index) => {
    const place = `serverVariables[${index}]`
    const name = typeof setting.name === 'string' ? setting.name : ''
    if (!NAME.test(name)) context.mistake(`${place}.name must be the name of a server variable`)
    else if (!context.allowed(name.toUpperCase())) context.mistake(`${place}: allowedServerVariables does not have ${name} (IIS answers 500.50 in this case)`)
    return compileSetting(name, template(setting.value, `${place}.value`, context), setting.replace !== false)
  })
}
