// Which headers and variables does a rule set?

import { isAuthority } from '@fastify-arr/authority'
import { headerName, variable, type ReadVariable } from '../expressions/variables.ts'
import { decoded } from '../request/text.ts'
import type { Template } from '../expressions/template.ts'
import type { State } from '../request/state.ts'

/** A compiled `<set>`. */
export interface Setting {
  /** Upper-case. */
  readonly name: string
  /** The request header of that variable, in lower case, or null where it is none. */
  readonly header: string | null
  readonly value: Template
  readonly replace: boolean
  /** What the variable is now, for `replace: false`. */
  readonly current: ReadVariable
}

// Line breaks and NUL would end a header, and are replaced by a space.
// eslint-disable-next-line no-control-regex
const UNSAFE = /[\x00-\x08\x0a-\x1f\x7f]/
// eslint-disable-next-line no-control-regex
const UNSAFE_RUNS = /[\x00-\x08\x0a-\x1f\x7f]+/g

/** Compiles one setting. */
export function compileSetting (written: string, value: Template, replace: boolean): Setting {
  const name = written.toUpperCase()
  return { name, header: name.startsWith('HTTP_') ? headerName(name) : null, value, replace, current: variable(name) }
}

/**
 * Applies settings in order: each sees what those before it have set.
 *
 * @returns false where the upstream's Host would not be a host with an optional port (RFC 9110 §7.2); the request is answered 400.
 */
export function applySettings (settings: readonly Setting[], state: State): boolean {
  for (const { name, header, value, replace, current } of settings) {
    if (!replace && decoded(current(state)) !== '') continue
    const text = decoded(value.expand(state))
    if (header === null) {
      state.variables ??= {}
      state.variables[name] = text
    } else {
      if (header === 'host' && !isAuthority(text)) return false
      state.headers ??= {}
      state.headers[header] = UNSAFE.test(text) ? text.replace(UNSAFE_RUNS, ' ') : text
    }
  }
  return true
}
