// Which URL does an action's template give?

import { beginningOf, fit, isAuthority, mayLeadTo } from './authority.ts'
import { isEncodedWithDots } from './dot-segments.ts'
import { decoded, decodePath, encodePath, slice, urlFace, type Text } from './text.ts'
import type { State } from './exchange.ts'
import { MAP, type Part, type Template } from './template.ts'

/** A URL taken apart. */
export interface Target {
  /** `http://host:port`, `//host` for a redirect that keeps the scheme, or empty. */
  readonly origin: string
  /** Encoded, with its leading slash. */
  readonly path: string
  /** Encoded, without `?`; null where there is none. */
  readonly query: string | null
  /** With its `#`, or empty; only redirects have one. */
  readonly fragment: string
}

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

/** The URL, or null where what the request brought does not make one: such a request is a bad one. */
export function expandTarget (target: CompiledTarget, state: State): Target | null {
  const written = write(target, state)
  if (written === null) return null
  let { whole: rest, fragment } = written
  let { origin } = target
  if (origin === null) {
    const beginning = originIn(written, target, state)
    if (beginning === null || beginning.origin === null) return null
    origin = beginning.origin
    rest = rest.slice(beginning.length)
  }
  const mark = rest.indexOf('?')
  let path = mark === -1 ? rest : rest.slice(0, mark)
  let query = mark === -1 ? null : rest.slice(mark + 1)
  if (!path.startsWith('/')) path = (origin === '' ? state.prefix : '/') + path
  // A path that begins with two slashes would be read as a host's name by the next who parses it.
  else if (origin === '' && path.startsWith('//')) path = path.replace(/^\/+/, '/')
  // Resolved here they could leave the place the rule's author gave them, so nobody gets to resolve them.
  if (isEncodedWithDots(path)) return null
  if (target.appendQuery && state.query !== null) query = query === null || query === '' ? state.query : state.query === '' ? query : `${query}&${state.query}`
  return { origin, path, query, fragment: target.redirect ? fragment : '' }
}

/** A target as one string. */
export const targetUrl = ({ origin, path, query, fragment }: Target): string =>
  origin + path + (query === null ? '' : `?${query}`) + fragment

const NO_ORIGIN = { origin: '', length: 0 }

/** The origin of what has been written, empty for a path; null where it is none, or not for a request to say. */
function originIn ({ whole, schemeIsOurs }: Written, target: CompiledTarget, state: State): { origin: string | null, length: number } | null {
  const beginning = beginningOf(whole)
  if (beginning !== null) {
    const ours = schemeIsOurs || (beginning.origin !== null && mayLeadTo(beginning.origin, target.parts, state, target.origins, target.redirect))
    return ours ? beginning : null
  }
  if (target.redirect && target.parts[0]?.literal?.startsWith('//') === true) {
    const authority = /^\/\/([^/?]*)/.exec(whole)?.[1] ?? ''
    return isAuthority(authority) ? { origin: `//${authority}`, length: authority.length + 2 } : null
  }
  return /^[a-z][a-z\d+.-]*:/i.test(whole) ? null : NO_ORIGIN
}

interface Written {
  readonly whole: string
  readonly fragment: string
  /** Whether the `://` is the author's, and nothing but a scheme comes before it. */
  readonly schemeIsOurs: boolean
}

/** The expanded text, with what comes from the request escaped where it stands; null where a part of it fits nowhere. */
function write ({ origin, parts, encodeAnew, redirect }: CompiledTarget, state: State): Written | null {
  let whole = ''
  let fragment = ''
  let schemeIsOurs = false
  for (let index = 0; index < parts.length; index++) {
    const part = parts[index] as Part
    if (part.literal === null) {
      let value = part.value(state)
      // What a map gives is its author's text, and comes through a condition as well. In a path that a client sent a # is encoded, and stays so.
      const hash = redirect && (part.source === MAP || part.source === 'C') && typeof value === 'string' ? value.indexOf('#') : -1
      if (hash !== -1 && fragment === '') {
        fragment = `#${urlFace(slice(value, hash + 1))}`
        value = slice(value, 0, hash)
      } else if (fragment !== '') {
        fragment += urlFace(value)
        continue
      }
      let piece: string | null = encodeAnew && !whole.includes('?') ? encodedAnew(value) : urlFace(value)
      if (origin === null) piece = fit(piece, part.source, whole, parts.slice(index + 1))
      if (piece === null) return null
      whole += piece
    } else if (fragment !== '') {
      fragment += part.literal
    } else {
      const hash = part.literal.indexOf('#')
      if (hash !== -1) fragment = part.literal.slice(hash)
      const piece = hash === -1 ? part.literal : part.literal.slice(0, hash)
      if (origin === null && !schemeIsOurs && !whole.includes('://')) schemeIsOurs = /^[a-z\d+.-]+:\/\//i.test(whole + piece)
      whole += piece
    }
  }
  return { whole, fragment, schemeIsOurs }
}

/** A path as IIS writes it: decoded, then encoded anew. Its query, if it has one, stays as it came. */
function encodedAnew (value: Text): string {
  if (typeof value !== 'string') {
    const query = value.offsets.indexOf(value.raw.indexOf('?'))
    return query === -1 ? encodePath(value.text) : encodePath(value.text.slice(0, query)) + urlFace(slice(value, query))
  }
  const raw = urlFace(value)
  const mark = raw.indexOf('?')
  const path = encodePath(decoded(decodePath(mark === -1 ? raw : raw.slice(0, mark))))
  return mark === -1 ? path : path + raw.slice(mark)
}
