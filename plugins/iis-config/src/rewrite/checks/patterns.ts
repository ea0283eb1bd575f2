// Does a pattern compile, and will url-rewrite run it? Checked here so that the answer has a file and a line; url-rewrite checks again.
import { linearPattern, type PatternError } from '@fastify-arr/linear-pattern'
import type { Reading } from '../../reading/reading.ts'
import type { PatternSyntax } from '../rewrite-options.ts'
import type { XmlAttribute, XmlElement } from '../../xml/element.ts'

/** The largest count of a repetition that the engine for such patterns has. */
const MOST = 1000

/**
 * Adds a problem where an ECMAScript pattern is not one. One that url-rewrite does not run leaves its rule out, see `runs`; where
 * that would let through what the rule refuses, and in a precondition, it is a problem as well. The other syntaxes accept any text.
 */
export function checkPattern (reading: Reading, attribute: XmlAttribute | undefined, syntax: PatternSyntax | undefined, ignoreCase = true, rule: XmlElement | null = null): void {
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
      if (rule === null || refusing(rule)) reading.problem(attribute, refusal(attribute.value))
    } else {
      throw error
    }
  }
}

/** Why url-rewrite would not run an ECMAScript pattern, or null. */
export function patternMistake (pattern: string, ignoreCase: boolean): string | null {
  try {
    linearPattern(pattern, { ignoreCase })
  } catch (error) {
    if ((error as PatternError).code === 'FST_ARR_LINEAR_PATTERN_UNSAFE') return refusal(pattern)
  }
  return null
}

/** The ECMAScript patterns of a rule and its conditions, each with whether it ignores case. */
export function patternsIn (rule: XmlElement): (readonly [XmlAttribute, boolean])[] {
  if (!/^(ecmascript|0)$/i.test(rule.attributes.get('patternSyntax')?.value.trim() ?? 'ECMAScript')) return []
  return rule.children.flatMap(child => child.name === 'conditions' ? child.children : child.name === 'match' ? [child] : []).flatMap(element =>
    ['url', 'pattern'].flatMap(name => element.attributes.get(name) ?? []).map(attribute =>
      [attribute, !/^(false|0)$/i.test(element.attributes.get('ignoreCase')?.value.trim() ?? '')] as const))
}

/** Whether a rule refuses requests: without it they would be let through. */
export function refusing (rule: XmlElement): boolean {
  const action = rule.children.find(({ name }) => name === 'action')
  const type = action?.attributes.get('type')?.value.trim().toLowerCase() ?? ''
  return ['abortrequest', '4'].includes(type) || (['customresponse', '3'].includes(type) && Number(action?.attributes.get('statusCode')?.value) >= 400)
}

/** What is wrong with a pattern that the engine does not run, and what to write. */
function refusal (pattern: string): string {
  const count = [...pattern.matchAll(/\{(\d+)(?:,(\d*))?\}/g)].flatMap(([, least, most]) => [Number(least), Number(most || least)]).find(count => count > MOST)
  if (count !== undefined) return `its pattern counts to ${count}, and url-rewrite counts to ${MOST} at most: write {${MOST},}`
  return 'a request could make its pattern run for seconds, and url-rewrite refuses it: write it without its back-reference or look-around, as a condition of its own with negate="true"'
}
