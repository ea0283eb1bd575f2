// What are rules compiled with, and how are a pattern and a substitution string in one of them compiled?

import { compilePattern, type Matcher, type PatternSyntax } from '../expressions/pattern.ts'
import { compileTemplate, type Surroundings, type Template } from '../expressions/template.ts'
import type { Engine } from '../expressions/engine.ts'

/** What rules are compiled with. */
export interface Workshop extends Surroundings {
  /** Compiles a regular expression; throws with a sentence where it can't be run safely. */
  readonly engine: Engine
  /** Whether a rule may set this variable, by upper-case name. */
  readonly allowed: (name: string) => boolean
  /** The option `useOriginalURLEncoding`. */
  readonly encodeAnew: boolean
  /** The origins that rewrite maps lead to. */
  readonly origins: ReadonlySet<string>
  /** Why no condition may ask what stands on the disk; null where it may. */
  readonly noDisk: string | null
}

/** A variable's name that makes a header's name, where it is one. */
export const NAME = /^(?!(?:HTTP|RESPONSE)_$)[\w.-]+$/i

const NEVER: Matcher = () => null

/** Compiles a pattern, naming the place it stands in where it can't be used. */
export function matcher (source: unknown, syntax: PatternSyntax, ignoreCase: boolean | undefined, place: string, workshop: Workshop): Matcher {
  if (typeof source !== 'string') return NEVER
  try {
    return compilePattern({ source, syntax, ignoreCase: ignoreCase !== false }, workshop.engine)
  } catch (error) {
    workshop.mistake(`${place}: ${(error as Error).message}`)
    return NEVER
  }
}

/** Compiles a substitution string, naming the place it stands in where it holds a mistake. */
export function template (written: unknown, place: string, workshop: Workshop): Template {
  if (typeof written !== 'string') {
    workshop.mistake(`${place} must be a string`)
    return compileTemplate('', workshop)
  }
  return compileTemplate(written, { ...workshop, mistake: message => workshop.mistake(`${place}: ${message}`) })
}
