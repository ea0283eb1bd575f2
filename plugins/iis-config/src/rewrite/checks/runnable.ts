// Whether a rule can run here: its maps, its document root and its target must exist.
import type { Reading } from '../../reading/reading.ts'
import type { XmlAttribute, XmlElement } from '../../xml/element.ts'
import type { Rule } from '../rewrite-options.ts'
import { bracesMistake, references, tablesAsked } from './expressions.ts'
import { patternMistake, patternsIn, refusing } from './patterns.ts'
import { targetMistake } from './targets.ts'

/** Variables whose values are paths on a disk. */
const FILE_VARIABLES = ['request_filename', 'document_root', 'path_translated']

/** What rules may refer to. */
export interface Surroundings {
  /** Names of rewrite maps, in lower case. */
  readonly maps: ReadonlySet<string>
  /** Whether it is known in which folder files are. */
  readonly documentRoot: boolean
  /** Names of web farms, in lower case. */
  readonly farms: ReadonlySet<string>
  /** Names, in lower case, of maps that had to be left out, by their `<rewrite>` element: rules of that element refer to them. */
  readonly shadowed: ReadonlyMap<XmlElement, ReadonlySet<string>>
}

/**
 * Whether a rule stays in the options: it can run, or is switched off. Every part of another rule is reported as not supported.
 * Unmatched braces in an expression are a problem, as in IIS.
 */
export function runs (reading: Reading, element: XmlElement, { maps, documentRoot, farms, shadowed }: Surroundings): boolean {
  for (const attribute of expressionsIn(element)) {
    const mistake = bracesMistake(attribute.value)
    if (mistake !== null) reading.problem(attribute, `${attribute.name}="${attribute.value}" ${mistake}`)
  }
  if (!element.children.some(({ name }) => name === 'match')) return !reading.leavesOut(element, 'it has no <match>, so that no request is one for it')
  const pattern = refusing(element) ? undefined : patternsIn(element).find(([attribute, ignoreCase]) => patternMistake(attribute.value, ignoreCase) !== null)
  if (pattern !== undefined) return !reading.leavesOut(element, patternMistake(pattern[0].value, pattern[1]) ?? '', undefined, pattern[0])
  const section = element.parent?.parent
  const own = section == null ? undefined : shadowed.get(section)
  const asked = expressionsIn(element).flatMap(({ value }) => tablesAsked(value))
  const taken = asked.find(name => own?.has(name.toLowerCase()))
  if (taken !== undefined) return !reading.leavesOut(element, `its rewrite map ${taken} has the name of another one`, 'give the map another name')
  const missing = asked.find(name => !maps.has(name.toLowerCase()))
  if (missing !== undefined) {
    return !reading.leavesOut(element, `it asks {${missing}:…}, and there is no rewrite map of this name`,
      /^(http|env|ssl)$/i.test(missing) ? 'this is Apache\'s spelling: in IIS a request header is {HTTP_NAME}' : 'add the map, or the file it is in')
  }
  if (!documentRoot && matchTypesIn(element).some(type => /^(isfile|isdirectory|1|2)$/i.test(type))) {
    return !reading.leavesOut(element, 'it asks for files, and it is not known in which folder', 'read the file with the option documentRoot')
  }
  const action = element.children.find(({ name }) => name === 'action')
  const mistake = /^(rewrite|redirect|1|2)$/i.test(action?.attributes.get('type')?.value.trim() ?? '') ? targetMistake(action?.attributes.get('url')?.value ?? '', farms) : null
  return mistake === null || !reading.leavesOut(element, `its url ${mistake}`)
}

/** Checks preconditions. Rules share them, so none can be left out: a reference to a map that does not exist is a problem. */
export function checkPreConditions (reading: Reading, element: XmlElement, maps: ReadonlySet<string>): void {
  for (const attribute of expressionsIn(element)) {
    const missing = tablesAsked(attribute.value).find(name => !maps.has(name.toLowerCase()))
    const mistake = bracesMistake(attribute.value) ?? (missing === undefined ? null : `asks {${missing}:…}, and there is no rewrite map of this name`)
    if (mistake !== null) reading.problem(attribute, `${attribute.name}="${attribute.value}" ${mistake}`)
  }
}

/** Whether a rule refers to files, so that url-rewrite needs the option documentRoot. */
export function asksFiles ({ conditions, action, serverVariables }: Rule): boolean {
  if (conditions?.add.some(({ matchType }) => matchType === 'IsFile' || matchType === 'IsDirectory') === true) return true
  const expressions = [
    ...conditions?.add.map(({ input }) => input ?? '') ?? [],
    ...serverVariables?.map(({ value }) => value) ?? [],
    action !== undefined && 'url' in action ? action.url : ''
  ]
  return expressions.some(expression => references(expression).some(({ name }) => FILE_VARIABLES.includes(name.toLowerCase())))
}

/** The attributes below a rule that are expressions: not names, words of a list, or patterns. */
export function expressionsIn (rule: XmlElement): XmlAttribute[] {
  return rule.children.flatMap(child => [
    ...[...child.attributes.values()].filter(({ name }) => isExpression(child.name, name)),
    ...expressionsIn(child)
  ])
}

function isExpression (element: string, attribute: string): boolean {
  switch (element) {
    case 'add': return attribute === 'input'
    case 'set': return attribute === 'value'
    case 'action': return ['url', 'value', 'statusReason', 'statusDescription'].includes(attribute)
    default: return false
  }
}

function matchTypesIn (rule: XmlElement): string[] {
  return rule.children.filter(child => child.name === 'conditions').flatMap(conditions =>
    conditions.children.flatMap(add => [add.attributes.get('matchType')?.value ?? '']))
}
