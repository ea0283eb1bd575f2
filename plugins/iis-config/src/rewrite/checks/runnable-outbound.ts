// Whether an outbound rule can run here: its preconditions and tags must exist, and its match must be possible.
import type { Reading } from '../../reading/reading.ts'
import type { XmlElement } from '../../xml/element.ts'
import type { OutboundRule, OutboundRules } from '../rewrite-options.ts'
import { framingVariable } from './framing.ts'
import { isVariableName } from './server-variables.ts'

/** Whether a rule stays in the options: it can run, or is switched off. Every part of another rule is reported as not supported. */
export function runsOutbound (reading: Reading, element: XmlElement, rule: OutboundRule, known: readonly OutboundRules[]): boolean {
  const why = undefinedName(rule, known) ?? impossible(rule)
  return why === null || !reading.leavesOut(element, why)
}

/** The error for a precondition or custom tags that no file defines, or null. Names are not case-sensitive: the rule gets the spelling of the definition. */
function undefinedName (rule: OutboundRule, known: readonly OutboundRules[]): string | null {
  const { match, preCondition } = rule
  if (preCondition !== undefined) {
    const named = spelling(known.flatMap(({ preConditions = [] }) => preConditions), preCondition)
    if (named === undefined) return `no file that was read has a precondition named "${preCondition}"`
    rule.preCondition = named
  }
  if (match.filterByTags?.includes('CustomTags') === true) {
    const named = spelling(known.flatMap(({ customTags = [] }) => customTags), match.customTags ?? '')
    if (named === undefined) return `no file that was read has custom tags named "${match.customTags ?? ''}"`
    match.customTags = named
  }
  return null
}

/** The definition's spelling of a name. */
function spelling (all: readonly { readonly name: string }[], wanted: string): string | undefined {
  return all.find(({ name }) => name.toLowerCase() === wanted.toLowerCase())?.name
}

/** The error for a rule that url-rewrite refuses, or null. */
function impossible ({ patternSyntax, match, conditions }: OutboundRule): string | null {
  if (conditions?.add.some(({ matchType }) => matchType === 'IsFile' || matchType === 'IsDirectory') === true) return 'an answer on its way does not wait for the disk'
  if (match.serverVariable !== undefined && !isVariableName(match.serverVariable)) return `"${match.serverVariable}" is no name of a server variable`
  const framing = framingVariable(match.serverVariable ?? '')
  if (framing !== null) return framing
  if (match.serverVariable !== undefined) return /^RESPONSE_STATUS$/i.test(match.serverVariable) ? 'the status of an answer can be read, but not rewritten' : null
  if (match.filterByTags !== undefined) return null
  if (patternSyntax === 'Wildcard') return 'a Wildcard pattern needs filterByTags or serverVariable, in IIS as well'
  return match.negate === true ? 'there is no place in a body that a pattern does not match' : null
}
