// Does a pattern compile, and will url-rewrite run it? Checked here so that the answer has a file and a line; url-rewrite checks again.
import { linearPattern, type PatternError } from '@fastify-arr/linear-pattern'
import type { Reading } from '../../reading/reading.ts'
import type { PatternSyntax } from '../rewrite-options.ts'
import type { XmlAttribute } from '../../xml/element.ts'

/** Adds a problem where an ECMAScript pattern is not one, or none that url-rewrite runs. The other syntaxes accept any text. */
export function checkPattern (reading: Reading, attribute: XmlAttribute | undefined, syntax: PatternSyntax | undefined, ignoreCase = true): void {
  if (attribute === undefined || (syntax ?? 'ECMAScript') !== 'ECMAScript') return
  try {
    linearPattern(attribute.value, { ignoreCase })
  } catch (error) {
    const { code, cause } = error as PatternError
    if (code === 'FST_ARR_LINEAR_PATTERN_INVALID') {
      const reason = (cause as Error).message.replace(/^Invalid regular expression: /, '')
      const inline = attribute.value.includes('(?i)') ? '; (?i) is .NET: letters are of either case here unless ignoreCase="false"' : ''
      reading.problem(attribute, `the pattern does not compile: ${reason}${inline}`)
    } else if (code === 'FST_ARR_LINEAR_PATTERN_UNSAFE') {
      reading.problem(attribute, 'a request could make this pattern run for seconds, and url-rewrite refuses it: write it without its back-reference or look-around, as a condition of its own with negate="true"')
    } else {
      throw error
    }
  }
}
