// What do `<conditions>` say? Those of inbound and of outbound rules are written alike.
import { collection } from '../reading/collection.ts'
import { checkPattern } from './checks/patterns.ts'
import type { Reading } from '../reading/reading.ts'
import { written, type Conditions, type PatternSyntax } from './rewrite-options.ts'
import type { XmlElement } from '../xml/parse.ts'

export const SYNTAXES = { ECMAScript: 'ECMAScript', Wildcard: 'Wildcard', ExactMatch: 'ExactMatch', 0: 'ECMAScript', 1: 'Wildcard', 2: 'ExactMatch' } as const
export const GROUPINGS = { MatchAll: 'MatchAll', MatchAny: 'MatchAny', 0: 'MatchAll', 1: 'MatchAny' } as const
const MATCH_TYPES = { Pattern: 'Pattern', IsFile: 'IsFile', IsDirectory: 'IsDirectory', 0: 'Pattern', 1: 'IsFile', 2: 'IsDirectory' } as const

/** Reads the element. Its patterns have the syntax of the rule. */
export function readConditions (reading: Reading, element: XmlElement, syntax: PatternSyntax | undefined): Conditions {
  return written<Conditions>({
    logicalGrouping: reading.word(element, 'logicalGrouping', GROUPINGS),
    trackAllCaptures: reading.flag(element, 'trackAllCaptures'),
    add: collection(reading, element, 'add').entries.map(add => {
      const type = reading.attribute(add, 'type')
      const matchType = reading.word(add, 'matchType', MATCH_TYPES) ?? misnamed(reading, add)
      if (type !== undefined) reading.differs(type, 'IIS has no attribute of this name here; it is read as matchType', 'write matchType')
      const input = reading.text(add, 'input')
      const pattern = reading.text(add, 'pattern')
      const ignoreCase = reading.flag(add, 'ignoreCase')
      if (matchType === undefined || matchType === 'Pattern') {
        if (input === undefined || input === '') reading.problem(add, 'a condition needs input="…"')
        if (pattern === undefined || pattern === '') reading.problem(add, 'a condition needs pattern="…"')
        checkPattern(reading, add.attributes.get('pattern'), syntax, ignoreCase)
      }
      return written<Conditions['add'][number]>({
        input,
        matchType,
        pattern,
        ignoreCase,
        negate: reading.flag(add, 'negate')
      })
    })
  })
}

function misnamed (reading: Reading, add: XmlElement): Conditions['add'][number]['matchType'] {
  return reading.attribute(add, 'type') === undefined ? undefined : reading.word(add, 'type', MATCH_TYPES)
}

/** The one child of a name; a second one is a problem. */
export function one (reading: Reading, element: XmlElement, name: string): XmlElement | undefined {
  const [first, second] = element.children.filter(child => child.name === name)
  reading.used(first)
  if (second !== undefined) reading.problem(second, `a second <${name}> in one <${element.name}>`)
  return first
}
