// What may be written in an outbound rule? Types only, named as in IIS's `<outboundRules>` section.

import type { PatternSyntax } from '../expressions/pattern.ts'
import type { Conditions } from './rule.ts'

/** The HTML tags that an outbound rule can read, each with its own list of attributes (IIS URL Rewrite reference, "filterByTags"). */
export type OutboundTag = 'A' | 'Area' | 'Base' | 'Form' | 'Frame' | 'Head' | 'IFrame' | 'Img' | 'Input' | 'Link' | 'Script' | 'CustomTags'

/** One pattern that has to match before a rule is tried. */
export interface PreConditionEntry {
  /** What the pattern is tried on, e.g. `{RESPONSE_CONTENT_TYPE}`. */
  readonly input: string
  readonly pattern: string
  /** Default: `true`. */
  readonly ignoreCase?: boolean
  /** Default: `false`. */
  readonly negate?: boolean
}

/** A named set of preconditions that outbound rules share. */
export interface PreCondition {
  readonly name: string
  /** Default: `'MatchAll'`. */
  readonly logicalGrouping?: 'MatchAll' | 'MatchAny'
  /** Default: `'ECMAScript'`. */
  readonly patternSyntax?: PatternSyntax
  readonly add: readonly PreConditionEntry[]
}

/** A named set of tags and attributes beyond those of `OutboundTag`. */
export interface CustomTags {
  readonly name: string
  readonly tags: readonly { readonly name: string, readonly attribute: string }[]
}

/** What an outbound rule reads: one response header or server variable, attributes of some tags, or the whole body. */
export interface OutboundMatch {
  readonly pattern: string
  /** A response header (`RESPONSE_Location`), or a request header to restore (`HTTP_ACCEPT_ENCODING`). Default: none, the body is read. */
  readonly serverVariable?: string
  /** Tags whose attributes are read, one value at a time. Default: none, the body is searched as text. */
  readonly filterByTags?: readonly OutboundTag[]
  /** The name of an entry in `customTags`, where `filterByTags` has `'CustomTags'`. */
  readonly customTags?: string
  /** How many matches are rewritten; 0 is all of them. Default: `0`. */
  readonly occurrences?: number
  /** Default: `true`. */
  readonly ignoreCase?: boolean
  /** Default: `false`. */
  readonly negate?: boolean
}

/** What replaces the match. */
export type OutboundAction =
  | {
    readonly type: 'Rewrite'
    /** The new text; `{R:n}`, `{C:n}`, `{VARIABLE}`, functions and maps are expanded. */
    readonly value: string
    /** Whether a header that already has a value gets the new one. Default: `true`. */
    readonly replace?: boolean
  }
  | { readonly type: 'None' }

/** One outbound rule. */
export interface OutboundRule {
  readonly name: string
  /** A rule that is switched off is not compiled: mistakes in it are reported once it is on. Default: `true`. */
  readonly enabled?: boolean
  /** The name of an entry in `preConditions`. Default: none. */
  readonly preCondition?: string
  /** Default: `'ECMAScript'`. */
  readonly patternSyntax?: PatternSyntax
  /** Whether a match ends the outbound rules. Default: `false`. */
  readonly stopProcessing?: boolean
  readonly match: OutboundMatch
  /** Here `trackAllCaptures` is `true` unless given, as in IIS's schema, and `IsFile` and `IsDirectory` are mistakes. */
  readonly conditions?: Conditions
  /** Default: `{ type: 'None' }`. */
  readonly action?: OutboundAction
}

/** The rules for responses. They never touch a 101. */
export interface OutboundRules {
  /** Accepted because IIS has it; there is no cache, so it changes nothing. Default: `false`. */
  readonly rewriteBeforeCache?: boolean
  readonly preConditions?: readonly PreCondition[]
  readonly customTags?: readonly CustomTags[]
  readonly rules: readonly OutboundRule[]
}

/** Outbound rules for one directory: those of a `web.config` in it. They run behind those from above. */
export interface PathOutboundRules extends OutboundRules {
  /** The directory's URL path as the client asks for it, e.g. `/app`. Case does not matter. */
  readonly path: string
  /** The name of the one site they are for. Default: every site. */
  readonly site?: string
  /** Names of outbound rules from above that do not run in this directory, as IIS's `<remove>`. Case does not matter. Default: none. */
  readonly remove?: readonly string[]
}
