// How does RE2's engine run a pattern? Its time grows with the input alone.

import { RE2JS } from 're2js'
import type { LinearPattern } from './pattern.ts'

/** Null for a pattern that RE2 can't run (look-arounds, back-references). */
export function re2Engine (source: string, ignoreCase: boolean): LinearPattern | null {
  let compiled: RE2JS
  try {
    compiled = RE2JS.compile(RE2JS.translateRegExp(source), RE2JS.DOTALL | (ignoreCase ? RE2JS.CASE_INSENSITIVE : 0))
  } catch {
    return null
  }
  const spans = (text: string, from: number): number[] | null => {
    if (from > text.length) return null
    const matcher = compiled.matcher(text)
    if (!matcher.find(from)) return null
    const found: number[] = []
    for (let group = 0; group <= matcher.groupCount(); group++) found.push(matcher.start(group), matcher.end(group))
    return found
  }
  return {
    spans,
    exec: text => {
      const found = spans(text, 0)
      if (found === null) return null
      return Array.from({ length: found.length / 2 }, (_, group) => found[group * 2] === -1 ? undefined : text.slice(found[group * 2], found[group * 2 + 1]))
    }
  }
}
