// linear-pattern: how is a regular expression from a configuration file run, so that no input can make it run for long?
export { PatternError, type PatternErrorCode } from './errors.ts'
export { isLinear } from './linear.ts'
export { linearPattern, type LinearPatternOptions } from './linear-pattern.ts'
export type { LinearPattern } from './pattern.ts'
