// How does an inbound rule as written become one that runs? Every mistake found on the way is collected.

import { compileSetting, type Setting } from '../inbound/set-variables.ts'
import { compileAction } from './compile-action.ts'
import { compileConditions } from './compile-conditions.ts'
import { NAME, matcher, template, type Workshop } from './workshop.ts'
import type { PatternSyntax } from '../expressions/pattern.ts'
import type { CompiledRule, RuleSet } from '../inbound/compiled-rule.ts'
import type { Rule, SetServerVariable } from './rule.ts'

const SYNTAXES: ReadonlySet<unknown> = new Set<PatternSyntax>(['ECMAScript', 'Wildcard', 'ExactMatch'])

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

function compileSettings (settings: readonly SetServerVariable[] | undefined, workshop: Workshop): Setting[] {
  return (settings ?? []).map((setting, index) => {
    const place = `serverVariables[${index}]`
    const name = typeof setting.name === 'string' ? setting.name : ''
    if (!NAME.test(name)) workshop.mistake(`${place}.name must be the name of a server variable`)
    else if (!workshop.allowed(name.toUpperCase())) workshop.mistake(`${place}: allowedServerVariables does not have ${name} (IIS answers 500.50 in this case)`)
    return compileSetting(name, template(setting.value, `${place}.value`, workshop), setting.replace !== false)
  })
}
