// Which engine may run a pattern, so that no request can make it run for long?

import { RE2JS } from 're2js'
import { isLinear } from './linear.ts'
import { holds, neededBy } from './literal.ts'
import { nativeEngine, type Engine } from './pattern.ts'

/**
 * Makes the function that compiles regular expressions under one policy. It throws, with a sentence to show,
 * for what is no regular expression and for what can't be run safely. Compiled patterns are kept: rules repeat them.
 */
export function engineMaker (policy: 'linear' | 'refuse'): (source: string, ignoreCase: boolean) => Engine {
  const made = new Map<string, Engine>()
  return (source, ignoreCase) => {
    const key = `${ignoreCase ? 'i' : ' '}${source}`
    let engine = made.get(key)
    if (engine === undefined) made.set(key, engine = sparing(make(source, ignoreCase, policy), source, ignoreCase))
    return engine
  }
}

/** An engine that is only started where the text that every match holds is there: most rules fail on that. */
function sparing (engine: Engine, source: string, ignoreCase: boolean): Engine {
  const needed = neededBy(source, ignoreCase)
  if (needed === null) return engine
  return {
    exec: text => holds(text, needed, ignoreCase) ? engine.exec(text) : null,
    spans: engine.spans
  }
}

function make (source: string, ignoreCase: boolean, policy: 'linear' | 'refuse'): Engine {
  try {
    RegExp(source)
  } catch (error) {
    throw new Error(`"${source}" is not a regular expression (${(error as Error).message.replace(/^.*: /, '')})`)
  }
  if (isLinear(source, ignoreCase)) return nativeEngine(source, ignoreCase)
  if (policy === 'refuse') throw new Error(`"${source}" is not proven to be quick on every input (riskyPatterns: 'linear' would run it under a slower engine that is)`)
  const engine = linearEngine(source, ignoreCase)
  if (engine === null) throw new Error(`"${source}" is not proven to be quick on every input, and has look-arounds, back-references or other things that the linear-time engine can't run`)
  return engine
}

/** RE2's engine, whose time grows with the input alone; null for what it can't run (look-arounds, back-references). */
function linearEngine (source: string, ignoreCase: boolean): Engine | null {
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
