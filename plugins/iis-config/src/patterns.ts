// Does a pattern compile? Asked here so that the answer has a file and a line; url-rewrite asks again.
import type { Reading } from './reading.ts'
import type { PatternSyntax } from './rewrite-options.ts'
import type { XmlAttribute } from './xml.ts'

/** Adds a problem where an ECMAScript pattern is not one. The other syntaxes accept any text. */
export function checkPattern (reading: Reading, attribute: XmlAttribute | undefined, syntax: PatternSyntax | undefined): void {
  if (attribute === undefined || (syntax ?? 'ECMAScript') !== 'ECMAScript') return
  try {
    RegExp(attribute.value)
  } catch (error) {
    const reason = (error as Error).message.replace(/^Invalid regular expression: /, '')
    const inline = attribute.value.includes('(?i)') ? '; (?i) is .NET: letters are of either case here unless ignoreCase="false"' : ''
    reading.problem(attribute, `the pattern does not compile: ${reason}${inline}`)
  }
}
