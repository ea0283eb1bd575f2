// How do a rule's conditions as written become checks that run?

import { matcher, template, type Workshop } from './workshop.ts'
import type { Check, Checks } from '../expressions/conditions.ts'
import type { PatternSyntax } from '../expressions/pattern.ts'
import type { Condition, Conditions } from './rule.ts'

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
