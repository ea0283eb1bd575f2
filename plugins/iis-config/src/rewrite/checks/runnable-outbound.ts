// Can an outbound rule run here? It must not speak of what is not there, nor ask of a body what no body can tell.
import type { Reading } from '../../reading/reading.ts'
import type { OutboundRule, OutboundRules } from '../rewrite-options.ts'
import { isVariableName } from './server-variables.ts'
import type { XmlElement } from '../../xml/parse.ts'

/** Whether a rule can run, or is switched off; otherwise every part of it is reported as not supported, and it has to be left out. */
export function runsOutbound (reading: Reading, element: XmlElement, rule: OutboundRule, known: readonly OutboundRules[]): boolean {
  const why = nameless(rule, known) ?? impossible(rule)
  return why === null || !reading.leavesOut(element, why)
}

/** What it speaks of and nobody names. A name in other letters is the same name, and is then written as it is where it is given. */
function nameless (rule: OutboundRule, known: readonly OutboundRules[]): string | null {
  const { match, preCondition } = rule
  if (preCondition !== undefined) {
    const named = same(known.flatMap(({ preConditions = [] }) => preConditions), preCondition)
    if (named === undefined) return `no file that was read has a precondition named "${preCondition}"`
    rule.preCondition = named
  }
  if (match.filterByTags?.includes('CustomTags') === true) {
    const named = same(known.flatMap(({ customTags = [] }) => customTags), match.customTags ?? '')
    if (named === undefined) return `no file that was read has custom tags named "${match.customTags ?? ''}"`
    match.customTags = named
  }
  return null
}

function same (all: readonly { readonly name: string }[], wanted: string): string | undefined {
  return all.find(({ name }) => name.toLowerCase() === wanted.toLowerCase())?.name
}

function impossible ({ patternSyntax, match, conditions }: OutboundRule): string | null {
  if (conditions?.add.some(({ matchType }) => matchType === 'IsFile' || matchType === 'IsDirectory') === true) return 'an answer on its way does not wait for the disk'
  if (match.serverVariable !== undefined && !isVariableName(match.serverVariable)) return `"${match.serverVariable}" is no name of a server variable`
  if (match.serverVariable !== undefined) return /^RESPONSE_STATUS$/i.test(match.serverVariable) ? 'the status of an answer can be read, but not rewritten' : null
  if (match.filterByTags !== undefined) return null
  if (patternSyntax === 'Wildcard') return 'a Wildcard pattern needs filterByTags or serverVariable, in IIS as well'
  return match.negate === true ? 'there is no place in a body that a pattern does not match' : null
}
