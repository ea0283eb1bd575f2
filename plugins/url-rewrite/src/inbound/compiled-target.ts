// What is a URL template once it is compiled?

import { urlFace } from '../request/percent-encoding.ts'
import { beginningOf } from './authority.ts'
import type { Part, Template } from '../expressions/template.ts'

/** How a URL template is expanded. */
export interface TargetPolicy {
  readonly redirect: boolean
  readonly appendQuery: boolean
  /** As IIS does: captures are decoded, and the whole path is encoded anew. */
  readonly encodeAnew: boolean
  /** The origins that rewrite maps contain, in lower case: a value may be a whole URL only with one of these. */
  readonly origins: ReadonlySet<string>
}

/** A URL template ready to be expanded. */
export interface CompiledTarget extends TargetPolicy {
  /** The origin, where the rule has it in full; `parts` are then what follows it. */
  readonly origin: string | null
  /** In literals, what is illegal in a URL is escaped. */
  readonly parts: readonly Part[]
}

/** Compiles a URL template. */
export function compileTarget (template: Template, policy: TargetPolicy): CompiledTarget {
  const parts = template.parts.map(part => part.literal === null ? part : { literal: part.literal.split('#').map(urlFace).join('#') })
  const [first, ...others] = parts
  const beginning = beginningOf(first?.literal ?? '')
  if (first === undefined || first.literal === null || beginning === null || beginning.origin === null) return { ...policy, origin: null, parts }
  const rest = first.literal.slice(beginning.length)
  // Only a slash or a question mark ends a host: without one, the next part may continue it.
  return rest === '' && others.length > 0
    ? { ...policy, origin: null, parts }
    : { ...policy, origin: beginning.origin, parts: [{ literal: rest }, ...others] }
}
