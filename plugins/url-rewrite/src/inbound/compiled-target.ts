// What is a URL template once it is compiled?

import { urlFace } from '../request/percent-encoding.ts'
import { beginningOf } from './authority.ts'
import type { Part, Template } from '../expressions/template.ts'

/** How a URL template is expanded. */
export interface TargetPolicy {
  readonly redirect: boolean
  readonly appendQuery: boolean
  /** IIS's way: what is captured is decoded, and the whole path is encoded anew. */
  readonly encodeAnew: boolean
  /** Where a value as a whole may lead: the origins that rewrite maps have, in lower case. */
  readonly origins: ReadonlySet<string>
}

/** A URL template ready to be expanded. */
export interface CompiledTarget extends TargetPolicy {
  /** The origin, where the author wrote it whole; the parts are then what comes after it. */
  readonly origin: string | null
  /** Literals have what is illegal in a URL escaped. */
  readonly parts: readonly Part[]
}

/** Compiles a URL template. */
export function compileTarget (template: Template, policy: TargetPolicy): CompiledTarget {
  const parts = template.parts.map(part => part.literal === null ? part : { literal: part.literal.split('#').map(urlFace).join('#') })
  const [first, ...others] = parts
  const beginning = beginningOf(first?.literal ?? '')
  if (first === undefined || first.literal === null || beginning === null || beginning.origin === null) return { ...policy, origin: null, parts }
  const rest = first.literal.slice(beginning.length)
  // Only a slash or a question mark ends a host for good: without one, the next part would have a say in it.
  return rest === '' && others.length > 0
    ? { ...policy, origin: null, parts }
    : { ...policy, origin: beginning.origin, parts: [{ literal: rest }, ...others] }
}
