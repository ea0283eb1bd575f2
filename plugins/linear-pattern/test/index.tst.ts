// The types that a user of patterns meets.
import { expect, test } from 'tstyche'
import { isLinear, linearPattern, type LinearPatternOptions, type PatternError } from '../src/index.ts'

test('a match is texts or positions', () => {
  expect(linearPattern('a').exec('a')).type.toBe<ReadonlyArray<string | undefined> | null>()
  expect(linearPattern('a').spans('a', 0)).type.toBe<readonly number[] | null>()
  expect(isLinear('a', true)).type.toBe<boolean>()
})

test('options are optional, and the engine is one of two', () => {
  expect<LinearPatternOptions>().type.toBeAssignableFrom<{}>()
  expect<LinearPatternOptions>().type.not.toBeAssignableFrom<{ engine: 're2' }>()
})

test('an error is told by its code', () => {
  expect<PatternError['code']>().type.toBe<'FST_ARR_LINEAR_PATTERN_INVALID' | 'FST_ARR_LINEAR_PATTERN_UNSAFE'>()
})
