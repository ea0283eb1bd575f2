// What is an outbound rule once it is compiled?

import type { LinearPattern } from '@fastify-arr/linear-pattern'
import type { Checks } from '../expressions/conditions.ts'
import type { Matcher } from '../expressions/pattern.ts'
import type { Template } from '../expressions/template.ts'
import type { ReadVariable } from '../expressions/variables.ts'

/** What every compiled outbound rule has. */
interface CompiledOutbound {
  readonly name: string
  readonly preChecks: Checks | null
  readonly checks: Checks | null
  readonly negate: boolean
  /** Null where the action is None. */
  readonly value: Template | null
  readonly stop: boolean
}

/** A rule for one header or variable. */
export interface HeaderRule extends CompiledOutbound {
  readonly target: 'header'
  /** The response header's name as the rule writes it, or null where the target is a request's. */
  readonly header: string | null
  /** Upper-case. */
  readonly variable: string
  readonly read: ReadVariable
  readonly matcher: Matcher
  readonly replace: boolean
}

/** A rule for attributes of tags; `tags` has the attributes that it reads by tag, both in lower case. */
export interface TagRule extends CompiledOutbound {
  readonly target: 'tags'
  readonly tags: ReadonlyMap<string, ReadonlySet<string>>
  readonly matcher: Matcher
  readonly occurrences: number
}

/** A rule for the body as text. */
export interface TextRule extends CompiledOutbound {
  readonly target: 'text'
  readonly search: LinearPattern
  readonly occurrences: number
}

export type AnyOutbound = HeaderRule | TagRule | TextRule

/** A rule that reads bodies. */
export type BodyRule = TagRule | TextRule
