// Which requests does `<requestFiltering>` refuse? Its parts, one after the other.
import type { CompilePart } from '../filter/check.ts'
import { objectAt } from '../filter/shape.ts'
import { compileEncodings } from './encodings.ts'
import { compileFileExtensions, compileHiddenSegments } from './names.ts'
import { compileLimits } from './limits.ts'
import { FILTERING_KEYS } from './options.ts'
import type { CompileFiltering } from './compile-filtering.ts'
import { compileRules } from './rules.ts'
import { compileQuerySequences, compileUrlSequences } from './sequences.ts'
import { compileVerbs } from './verbs.ts'

// What Microsoft does not document is the order. The limits come first, so that nothing looks at texts of any length.
const STEPS: readonly CompileFiltering[] = [
  compileLimits, compileVerbs, compileEncodings, compileUrlSequences, compileFileExtensions, compileHiddenSegments, compileQuerySequences, compileRules
]

export const compileRequestFiltering: CompilePart = (value, at, mistakes) => {
  const options = objectAt(value, FILTERING_KEYS, at, mistakes)
  if (options === null) return null
  const checks = STEPS.flatMap(compile => compile(options, at, mistakes) ?? [])
  return asked => {
    for (const check of checks) {
      const refusal = check(asked)
      if (refusal !== null) return refusal
    }
    return null
  }
}
