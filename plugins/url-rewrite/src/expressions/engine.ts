// How are the regular expressions of rules compiled under the option `riskyPatterns`?

import { linearPattern, type LinearPattern, type PatternError } from '@fastify-arr/linear-pattern'

/** Compiles a regular expression; throws an error with one sentence for the rule's author. */
export type Engine = (source: string, ignoreCase: boolean) => LinearPattern

/** Makes the function that compiles under one policy. Compiled patterns are kept, since rules repeat them. */
export function engineMaker (policy: 'linear' | 'refuse'): Engine {
  const made = new Map<string, LinearPattern>()
  return (source, ignoreCase) => {
    const key = `${ignoreCase ? 'i' : ' '}${source}`
    let pattern = made.get(key)
    if (pattern === undefined) made.set(key, pattern = policy === 'refuse' ? onlyNative(source, ignoreCase) : linearPattern(source, { ignoreCase }))
    return pattern
  }
}

function onlyNative (source: string, ignoreCase: boolean): LinearPattern {
  try {
    return linearPattern(source, { ignoreCase, engine: 'native' })
  } catch (cause) {
    const { code, message } = cause as PatternError
    if (code !== 'FST_ARR_LINEAR_PATTERN_UNSAFE') throw cause
    throw new Error(`${message} (riskyPatterns: 'linear' would run it under a slower engine that is)`, { cause })
  }
}
