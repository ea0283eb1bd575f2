// Which engine may run a pattern?

import { PatternError } from './errors.ts'
import { isLinear } from './linear.ts'
import { holds, neededBy } from './literal.ts'
import { nativeEngine } from './native.ts'
import { re2Engine } from './re2.ts'
import type { LinearPattern } from './pattern.ts'

export interface LinearPatternOptions {
  /** Default: `false`. */
  readonly ignoreCase?: boolean
  /**
   * `'native'` takes only patterns that are proven linear under the language's own engine, and refuses the rest.
   * `'any'` runs the rest under RE2's engine, which is slower, and refuses what that can't run. Default: `'any'`.
   */
  readonly engine?: 'any' | 'native'
}

/**
 * Compiles a regular expression that takes time in proportion to the input at most, whatever the input. Compile once and keep it.
 *
 * @param source as in `new RegExp(source)`, without flags.
 * @throws PatternError, whose message is one sentence for the pattern's author: FST_ARR_LINEAR_PATTERN_INVALID for what is no regular
 * expression, FST_ARR_LINEAR_PATTERN_UNSAFE for what can't be run in linear time.
 */
export function linearPattern (source: string, { ignoreCase = false, engine = 'any' }: LinearPatternOptions = {}): LinearPattern {
  try {
    RegExp(source)
  } catch (cause) {
    throw new PatternError('FST_ARR_LINEAR_PATTERN_INVALID', `"${source}" is not a regular expression (${(cause as Error).message.replace(/^.*: /, '')})`, { cause })
  }
  return afterLiteral(engineFor(source, ignoreCase, engine), source, ignoreCase)
}

function engineFor (source: string, ignoreCase: boolean, engine: 'any' | 'native'): LinearPattern {
  if (isLinear(source, ignoreCase)) return nativeEngine(source, ignoreCase)
  const unproven = `"${source}" is not proven to be quick on every input`
  if (engine === 'native') throw new PatternError('FST_ARR_LINEAR_PATTERN_UNSAFE', unproven)
  const re2 = re2Engine(source, ignoreCase)
  if (re2 === null) throw new PatternError('FST_ARR_LINEAR_PATTERN_UNSAFE', `${unproven}, and has look-arounds, back-references or other things that the linear-time engine can't run`)
  return re2
}

/** Starts the engine only where the text that every match contains is there: most patterns of a long list fail on that. */
function afterLiteral (engine: LinearPattern, source: string, ignoreCase: boolean): LinearPattern {
  const needed = neededBy(source, ignoreCase)
  if (needed === null) return engine
  return {
    exec: text => holds(text, needed, ignoreCase) ? engine.exec(text) : null,
    spans: engine.spans
  }
}
