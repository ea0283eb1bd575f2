// What is an inbound rule once it is compiled?

import type { Checks } from '../expressions/conditions.ts'
import type { Matcher, PatternSyntax } from '../expressions/pattern.ts'
import type { Setting } from './set-variables.ts'
import type { CompiledTarget } from './compiled-target.ts'
import type { Template } from '../expressions/template.ts'

/** The label of the global rules. */
export const GLOBAL = 'globalRules'

/** An action ready to be carried out. */
export type CompiledAction =
  | { readonly type: 'Rewrite', readonly target: CompiledTarget, readonly logRewrittenUrl: boolean }
  | { readonly type: 'Redirect', readonly target: CompiledTarget, readonly status: number }
  | { readonly type: 'CustomResponse', readonly status: number, readonly subStatus: number, readonly reason: Template, readonly description: Template }
  | { readonly type: 'AbortRequest' }
  | { readonly type: 'None' }

/** A rule ready to run. */
export interface CompiledRule {
  readonly name: string
  /** As written, for traces. */
  readonly pattern: string
  readonly syntax: PatternSyntax
  readonly matcher: Matcher
  readonly negate: boolean
  readonly checks: Checks | null
  readonly settings: readonly Setting[]
  readonly action: CompiledAction
  readonly stop: boolean
}

/** Rules that share one input. */
export interface RuleSet {
  /** The list's name, for traces: `globalRules`, `rules`, `siteRules.Name`, `pathRules /app`. */
  readonly label: string
  /** `/`, or a directory with a slash at each end. */
  readonly prefix: string
  /** The same in lower case. */
  readonly folded: string
  readonly rules: readonly CompiledRule[]
  /** The directories in which some of the rules do not run; null where there are none. */
  readonly cuts: readonly Cut[] | null
}

/** What a directory takes out of the lists above it. */
export interface Cut {
  /** The directory with a slash at each end, in lower case. */
  readonly folded: string
  /** The names of the rules, in lower case. */
  readonly names: ReadonlySet<string>
}
