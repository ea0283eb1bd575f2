// How are a rule's conditions compiled?

import { matcher, template, type CompileContext } from './compile-context.ts'
import type { Check, Checks } from '../expressions/conditions.ts'
import type { PatternSyntax } from '../expressions/pattern.ts'
import type { Condition, Conditions } from './rule.ts'

/** Compiles conditions; null where there are none. */
export function compileConditions (conditions: Conditions | undefined, syntax: PatternSyntax, trackAll: boolean, context: CompileContext): Checks | null {
  if (conditions === undefined) return null
  const grouping: unknown = conditions.logicalGrouping ?? 'MatchAll'
  if (grouping !== 'MatchAll' && grouping !== 'MatchAny') context.mistake(`conditions.logicalGrouping is ${JSON.stringify(grouping)}, not MatchAll or MatchAny`)
  if (!Array.isArray(conditions.add)) {
    context.mistake('conditions.add must be a list')
    return null
  }
  if (conditions.add.length === 0) return null
  return {
    any: grouping === 'MatchAny',
    trackAll: conditions.trackAllCaptures ?? trackAll,
    list: (conditions.add as readonly Condition[]).map((condition, index) => compileCondition(condition, index, syntax, context))
  }
}

function compileCondition (condition: Condition, index: number, syntax: PatternSyntax, context: CompileContext): Check {
  const place = `conditions.add[${index}]`
  const type: unknown = condition.matchType ?? 'Pattern'
  const onDisk = type === 'IsFile' || type === 'IsDirectory'
  if (!onDisk && type !== 'Pattern') context.mistake(`${place}.matchType is ${JSON.stringify(type)}, not Pattern, IsFile or IsDirectory`)
  if (onDisk && context.noDisk !== null) context.mistake(`${place}: ${type} ${context.noDisk}`)
  if (!onDisk && typeof condition.pattern !== 'string') context.mistake(`${place}.pattern must be a string`)
  if (!onDisk && typeof condition.input !== 'string') context.mistake(`${place}.input must be a string`)
  const input = condition.input ?? '{REQUEST_FILENAME}'
  return {
    input,
    pattern: onDisk ? null : condition.pattern ?? '',
    expand: template(input, `${place}.input`, context).expand,
    negate: condition.negate === true,
    matcher: onDisk ? null : matcher(condition.pattern, syntax, condition.ignoreCase, `${place}.pattern`, context),
    kind: type === 'IsDirectory' ? 'directory' : 'file'
  }
}
