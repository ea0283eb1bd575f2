// Does a pattern compile, and will url-rewrite run it? Asked here so that the answer has a file and a line; url-rewrite asks again.
import { RE2JS } from 're2js'
import { isLinear } from '../../linear.ts'
import type { Reading } from '../../reading/reading.ts'
import type { PatternSyntax } from '../rewrite-options.ts'
import type { XmlAttribute } from '../../xml/element.ts'

/** Longer than any pattern that somebody wrote; what is longer is not worth a proof. */
const LONGEST = 10_000

/** Adds a problem where an ECMAScript pattern is not one, or none that url-rewrite runs. The other syntaxes accept any text. */
export function checkPattern (reading: Reading, attribute: XmlAttribute | undefined, syntax: PatternSyntax | undefined, ignoreCase = true): void {
  if (attribute === undefined || (syntax ?? 'ECMAScript') !== 'ECMAScript') return
  try {
    RegExp(attribute.value)
  } catch (error) {
    const reason = (error as Error).message.replace(/^Invalid regular expression: /, '')
    const inline = attribute.value.includes('(?i)') ? '; (?i) is .NET: letters are of either case here unless ignoreCase="false"' : ''
    reading.problem(attribute, `the pattern does not compile: ${reason}${inline}`)
    return
  }
  if (!runsSafely(attribute.value, ignoreCase)) {
    reading.problem(attribute, 'a request could make this pattern run for seconds, and url-rewrite refuses it: write it without its back-reference or look-around, as a condition of its own with negate="true"')
  }
}

/** The same as url-rewrite's engines say: in linear time under RE2's, or proven to be quick under the language's own. */
function runsSafely (source: string, ignoreCase: boolean): boolean {
  try {
    RE2JS.compile(RE2JS.translateRegExp(source), RE2JS.DOTALL | (ignoreCase ? RE2JS.CASE_INSENSITIVE : 0))
    return true
  } catch {
    return source.length <= LONGEST && isLinear(source, ignoreCase)
  }
}
