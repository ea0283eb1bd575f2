// What can be wrong with a pattern, by stable code? One row each in the README.

export type PatternErrorCode =
  /** The source is no regular expression; `cause` is the language's own SyntaxError. */
  | 'FST_ARR_LINEAR_PATTERN_INVALID'
  /** The source is one, and no allowed engine can run it in linear time. */
  | 'FST_ARR_LINEAR_PATTERN_UNSAFE'

/** Why a pattern can't be used: one sentence that begins with the pattern, to be shown to its author. */
export class PatternError extends Error {
  override readonly name = 'PatternError'
  readonly code: PatternErrorCode

  constructor (code: PatternErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
