// `<outboundRules>`: rules, preconditions and custom tags.
import { collection, noteUnfound, one, type Collection } from '../reading/collection.ts'
import { written, type Reading } from '../reading/reading.ts'
import type { XmlElement } from '../xml/element.ts'
import { checkPattern } from './checks/patterns.ts'
import { GROUPINGS, SYNTAXES, readConditions } from './conditions.ts'
import type { CustomTags, OutboundRule, OutboundRules, OutboundTag, PatternSyntax, PreCondition } from './rewrite-options.ts'

const TAGS = ['A', 'Area', 'Base', 'Form', 'Frame', 'Head', 'IFrame', 'Img', 'Input', 'Link', 'Script', 'CustomTags'] as const satisfies readonly OutboundTag[]
const ACTIONS = { None: 'None', Rewrite: 'Rewrite', 0: 'None', 1: 'Rewrite' } as const

/** A section that was read: its rules, the element of each, and what the list deletes of those above. */
export interface OutboundList {
  readonly rules: OutboundRules
  readonly elements: readonly XmlElement[]
  readonly collection: Collection
}

/** Reads the section. */
export function readOutboundRules (reading: Reading, element: XmlElement): OutboundList {
  reading.used(element)
  const rewriteBeforeCache = reading.flag(element, 'rewriteBeforeCache')
  if (rewriteBeforeCache === true) reading.differs(element.attributes.get('rewriteBeforeCache'), 'there is no response cache here, so there is no before and after')
  const preConditions = one(reading, element, 'preConditions')
  const customTags = one(reading, element, 'customTags')
  const rules = collection(reading, element, 'rule', 'name')
  const options = written<OutboundRules>({
    rewriteBeforeCache,
    preConditions: preConditions && list(reading, preConditions, 'preCondition').map(entry => readPreCondition(reading, entry)),
    customTags: customTags && list(reading, customTags, 'tags').map(entry => readTags(reading, entry)),
    rules: rules.entries.map(entry => readRule(reading, entry))
  })
  return { rules: options, elements: rules.entries, collection: rules }
}

function readPreCondition (reading: Reading, element: XmlElement): PreCondition {
  const patternSyntax = reading.word(element, 'patternSyntax', SYNTAXES)
  return written<PreCondition>({
    name: reading.required(element, 'name'),
    logicalGrouping: reading.word(element, 'logicalGrouping', GROUPINGS),
    patternSyntax,
    add: collection(reading, element, 'add').entries.map(add => {
      const input = reading.required(add, 'input')
      const pattern = reading.required(add, 'pattern')
      const ignoreCase = reading.flag(add, 'ignoreCase')
      checkPattern(reading, add.attributes.get('pattern'), patternSyntax, ignoreCase)
      return written<PreCondition['add'][number]>({
        input,
        pattern,
        ignoreCase,
        negate: reading.flag(add, 'negate')
      })
    })
  })
}

function readTags (reading: Reading, element: XmlElement): CustomTags {
  return {
    name: reading.required(element, 'name'),
    tags: collection(reading, element, 'tag').entries.map(tag => ({
      name: reading.required(tag, 'name'),
      attribute: reading.required(tag, 'attribute')
    }))
  }
}

function readRule (reading: Reading, element: XmlElement): OutboundRule {
  const name = reading.required(element, 'name')
  const enabled = reading.flag(element, 'enabled')
  return reading.made(reading.ofRule(enabled, () => readParts(reading, element, { name, enabled })), element)
}

/** Reads the parts of a rule other than its name and `enabled`. */
function readParts (reading: Reading, element: XmlElement, { name, enabled }: Pick<OutboundRule, 'name' | 'enabled'>): OutboundRule {
  const patternSyntax = reading.word(element, 'patternSyntax', SYNTAXES)
  const match = one(reading, element, 'match')
  const conditions = one(reading, element, 'conditions')
  const action = one(reading, element, 'action')
  return written<OutboundRule>({
    name,
    enabled,
    preCondition: reading.text(element, 'preCondition') || undefined,
    patternSyntax,
    stopProcessing: reading.flag(element, 'stopProcessing'),
    match: match === undefined ? { pattern: '' } : readMatch(reading, match, patternSyntax),
    conditions: conditions && readConditions(reading, conditions, patternSyntax),
    action: action && readAction(reading, action)
  })
}

function readMatch (reading: Reading, element: XmlElement, syntax: PatternSyntax | undefined): OutboundRule['match'] {
  const pattern = reading.required(element, 'pattern')
  const ignoreCase = reading.flag(element, 'ignoreCase')
  checkPattern(reading, element.attributes.get('pattern'), syntax, ignoreCase, element.parent)
  return written<OutboundRule['match']>({
    pattern,
    serverVariable: reading.text(element, 'serverVariable') || undefined,
    filterByTags: readFilter(reading, element),
    customTags: reading.text(element, 'customTags') || undefined,
    occurrences: reading.integer(element, 'occurrences'),
    ignoreCase,
    negate: reading.flag(element, 'negate')
  })
}

/** `filterByTags="A, Form"`: flags in any order; `None` is the same as an empty value. */
function readFilter (reading: Reading, element: XmlElement): OutboundTag[] | undefined {
  const words = reading.text(element, 'filterByTags')?.split(',').map(word => word.trim()).filter(word => word !== '' && word.toLowerCase() !== 'none')
  const tags = words?.flatMap(word => {
    const tag = TAGS.find(one => one.toLowerCase() === word.toLowerCase())
    if (tag === undefined) reading.problem(element.attributes.get('filterByTags') ?? element, `filterByTags="${word}" is not one of None, ${TAGS.join(', ')}`)
    return tag ?? []
  })
  return tags?.length === 0 ? undefined : tags
}

function readAction (reading: Reading, element: XmlElement): OutboundRule['action'] {
  const type = reading.word(element, 'type', ACTIONS) ?? 'None'
  const value = reading.text(element, 'value')
  const replace = reading.flag(element, 'replace')
  if (type === 'Rewrite') return written({ type, value: value ?? '', replace })
  for (const name of ['value', 'replace']) {
    reading.differs(element.attributes.get(name), 'has no effect on an action of type None, in IIS as well')
  }
  return { type }
}

/** The entries of a list that inherits nothing. */
function list (reading: Reading, element: XmlElement, name: string): readonly XmlElement[] {
  const entries = collection(reading, element, name, 'name')
  noteUnfound(reading, entries)
  return entries.entries
}
