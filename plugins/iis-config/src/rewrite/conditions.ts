// `<conditions>`, which inbound and outbound rules have in common.
import { collection } from '../reading/collection.ts'
import { written, type Reading } from '../reading/reading.ts'
import type { XmlElement } from '../xml/element.ts'
import { checkPattern } from './checks/patterns.ts'
import type { Conditions, PatternSyntax } from './rewrite-options.ts'

export const SYNTAXES = { ECMAScript: 'ECMAScript', Wildcard: 'Wildcard', ExactMatch: 'ExactMatch', 0: 'ECMAScript', 1: 'Wildcard', 2: 'ExactMatch' } as const
export const GROUPINGS = { MatchAll: 'MatchAll', MatchAny: 'MatchAny', 0: 'MatchAll', 1: 'MatchAny' } as const
const MATCH_TYPES = { Pattern: 'Pattern', IsFile: 'IsFile', IsDirectory: 'IsDirectory', 0: 'Pattern', 1: 'IsFile', 2: 'IsDirectory' } as const

/** Reads the element. Its patterns have the `patternSyntax` of the rule. */
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
        checkPattern(reading, add.attributes.get('pattern'), syntax, ignoreCase, element.parent)
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

/** The value of `type`, which some files have in the place of `matchType`. */
function misnamed (reading: Reading, add: XmlElement): Conditions['add'][number]['matchType'] {
  return reading.attribute(add, 'type') === undefined ? undefined : reading.word(add, 'type', MATCH_TYPES)
}
