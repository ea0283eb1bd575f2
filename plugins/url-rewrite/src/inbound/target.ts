// Which URL does an action's template give?

import { isAuthority } from '@fastify-arr/authority'
import { beginningOf, mayLeadTo } from './authority.ts'
import { write, type Written } from './written-url.ts'
import type { State } from '../request/state.ts'
import type { CompiledTarget } from './compiled-target.ts'

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

const ENCODED_DOTS = /(?:^|[/\\]|%2f|%5c)(?:\.|%2e){1,2}(?:[;/\\]|%3b|%2f|%5c|$)/i

/** Whether any segment of an encoded path is `.` or `..` in any spelling; a backslash separates segments too. */
const isEncodedWithDots = (path: string): boolean => ENCODED_DOTS.test(path)

/** The URL, or null where the request's values don't make one; the request is answered 400. */
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
  // A path that begins with two slashes would be parsed as a host's name.
  else if (origin === '' && path.startsWith('//')) path = path.replace(/^\/+/, '/')
  // A server that resolves a dot segment could leave the directory that the rule names: such a URL is refused.
  if (isEncodedWithDots(path)) return null
  if (target.appendQuery && state.query !== null) query = query === null || query === '' ? state.query : state.query === '' ? query : `${query}&${state.query}`
  return { origin, path, query, fragment: target.redirect ? fragment : '' }
}

/** A target as one string. */
export const targetUrl = ({ origin, path, query, fragment }: Target): string =>
  origin + path + (query === null ? '' : `?${query}`) + fragment

const NO_ORIGIN = { origin: '', length: 0 }

/** The origin of an expanded URL, empty for a path; null where it is invalid, or comes from the client. */
function originIn ({ whole, schemeIsWritten }: Written, target: CompiledTarget, state: State): { origin: string | null, length: number } | null {
  const beginning = beginningOf(whole)
  if (beginning !== null) {
    const allowed = schemeIsWritten || (beginning.origin !== null && mayLeadTo(beginning.origin, target.parts, state, target.origins, target.redirect))
    return allowed ? beginning : null
  }
  if (target.redirect && target.parts[0]?.literal?.startsWith('//') === true) {
    const authority = /^\/\/([^/?]*)/.exec(whole)?.[1] ?? ''
    return isAuthority(authority) ? { origin: `//${authority}`, length: authority.length + 2 } : null
  }
  return /^[a-z][a-z\d+.-]*:/i.test(whole) ? null : NO_ORIGIN
}
