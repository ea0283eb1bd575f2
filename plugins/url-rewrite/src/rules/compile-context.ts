// What does the compilation of a rule need, and how are its patterns and substitution strings compiled?

import { compilePattern, type Matcher, type PatternSyntax } from '../expressions/pattern.ts'
import { compileTemplate, type Surroundings, type Template } from '../expressions/template.ts'
import type { Engine } from '../expressions/engine.ts'

/** What rules are compiled with. */
export interface CompileContext extends Surroundings {
  /** Compiles a regular expression; throws an error with one sentence where it can't be run safely. */
  readonly engine: Engine
  /** Whether a rule may set this variable, by upper-case name. */
  readonly allowed: (name: string) => boolean
  /** The option `useOriginalURLEncoding`. */
  readonly encodeAnew: boolean
  /** The origins that rewrite maps contain, in lower case. */
  readonly origins: ReadonlySet<string>
  /** Why `IsFile` and `IsDirectory` are mistakes; null where they are allowed. */
  readonly noDisk: string | null
}

/** The name of a server variable; behind `HTTP_` and `RESPONSE_` it is a header's name. */
export const NAME = /^(?!(?:HTTP|RESPONSE)_$)[\w.-]+$/i

const NEVER: Matcher = () => null

/** Compiles a pattern; a mistake is reported with its place. */
export function matcher (source: unknown, syntax: PatternSyntax, ignoreCase: boolean | undefined, place: string, context: CompileContext): Matcher {
  if (typeof source !== 'string') return NEVER
  try {
    return compilePattern({ source, syntax, ignoreCase: ignoreCase !== false }, context.engine)
  } catch (error) {
    context.mistake(`${place}: ${(error as Error).message}`)
    return NEVER
  }
}

/** Compiles a substitution string; a mistake is reported with its place. */
export function template (written: unknown, place: string, context: CompileContext): Template {
  if (typeof written !== 'string') {
    context.mistake(`${place} must be a string`)
    return compileTemplate('', context)
  }
  return compileTemplate(written, { ...context, mistake: message => context.mistake(`${place}: ${message}`) })
}
