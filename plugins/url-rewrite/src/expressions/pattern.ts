// Does a text match, and what was captured? Compiles the three pattern syntaxes to one kind of matcher.

import { decoded, slice, type Text } from '../request/text.ts'
import type { Engine } from './engine.ts'

/**
 * How patterns are read: `ECMAScript` searches anywhere in the input, `Wildcard` (`*` captured, `?` not)
 * and `ExactMatch` compare the whole of it. One syntax per rule, for its match and its conditions.
 */
export type PatternSyntax = 'ECMAScript' | 'Wildcard' | 'ExactMatch'

/** The captures of a match, the whole match first; a group that took no part is undefined. */
export type Captures = ReadonlyArray<Text | undefined>

/** A compiled pattern: the captures of the first match, or null. */
export type Matcher = (text: Text) => Captures | null

/** A pattern's source and whether it ignores case. */
export interface Pattern {
  readonly source: string
  readonly syntax: PatternSyntax
  readonly ignoreCase: boolean
}

/** The source of a regular expression that matches exactly this text. */
export const literalSource = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')

/** A wildcard pattern as a regular expression: `*` is any run, captured; `?` is one character, not captured. */
export function wildcardSource (pattern: string): string {
  return `^${literalSource(pattern).replaceAll('\\*', '(.*)').replaceAll('\\?', '.')}$`
}

/** Compiles a pattern; regular expressions are compiled by `engine`. */
export function compilePattern (pattern: Pattern, engine: Engine): Matcher {
  if (pattern.syntax === 'ExactMatch') return exactly(pattern)
  const { exec, spans } = engine(pattern.syntax === 'Wildcard' ? wildcardSource(pattern.source) : pattern.source, pattern.ignoreCase)
  return text => {
    if (typeof text === 'string') return exec(text)
    const found = spans(text.text, 0)
    return found === null ? null : capturesAt(text, found)
  }
}

/** The texts at the positions that `LinearPattern.spans` gives. */
export function capturesAt (text: Text, spans: readonly number[]): Captures {
  const captures: Array<Text | undefined> = []
  for (let i = 0; i < spans.length; i += 2) {
    const start = spans[i] as number
    captures.push(start < 0 ? undefined : slice(text, start, spans[i + 1] as number))
  }
  return captures
}

function exactly ({ source, ignoreCase }: Pattern): Matcher {
  const wanted = ignoreCase ? source.toLowerCase() : source
  return text => {
    const given = decoded(text)
    return given === wanted || (ignoreCase && given.toLowerCase() === wanted) ? [text] : null
  }
}
