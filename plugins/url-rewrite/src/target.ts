// Which URL does an action's template give, and can what a client sent break out of the place it was given?

import { hasDotSegments } from './dot-segments.ts'
import { decoded, decodePath, encodePath, urlFace, type Text } from './text.ts'
import type { State } from './exchange.ts'
import type { Part, Template } from './template.ts'

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
}

// A host name, address or IPv6 literal with an optional port: nothing that could hold credentials or begin a path.
const AUTHORITY = /^(?:[\w.~-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/i
const ABSOLUTE = /^([a-z][a-z\d+.-]*):\/\/([^/?]*)/i
const SCHEMES: Readonly<Record<string, string>> = { http: 'http', https: 'https', ws: 'http', wss: 'https' }

/** The URL, or null where what the request brought does not make one: such a request is a bad one. */
export function expandTarget (template: Template, state: State, policy: TargetPolicy): Target | null {
  const { whole, fragment } = write(template.parts, state, policy)
  const absolute = ABSOLUTE.exec(whole)
  let origin = ''
  let rest = whole
  if (absolute !== null) {
    const scheme = SCHEMES[(absolute[1] as string).toLowerCase()]
    if (scheme === undefined || !isAuthority(absolute[2] as string)) return null
    origin = `${scheme}://${absolute[2]}`
    rest = whole.slice(absolute[0].length)
  } else if (policy.redirect && begins(template.parts, '//')) {
    const authority = /^\/\/([^/?]*)/.exec(whole)?.[1] ?? ''
    if (!isAuthority(authority)) return null
    origin = `//${authority}`
    rest = whole.slice(origin.length)
  } else if (/^[a-z][a-z\d+.-]*:/i.test(whole)) {
    return null
  }
  const mark = rest.indexOf('?')
  let path = mark === -1 ? rest : rest.slice(0, mark)
  let query = mark === -1 ? null : rest.slice(mark + 1)
  if (origin === '') path = absolutePath(path, state)
  else if (!path.startsWith('/')) path = `/${path}`
  // Resolved here they could leave the place the rule's author gave them, so nobody gets to resolve them.
  if (hasDotSegments(decoded(decodePath(path)))) return null
  if (policy.appendQuery && state.query !== null) query = query === null || query === '' ? state.query : state.query === '' ? query : `${query}&${state.query}`
  return { origin, path, query, fragment }
}

/** What is wrong with a template whatever a request brings, or null. */
export function fixedPart (parts: readonly Part[]): string | null {
  const literal = parts[0]?.literal ?? null
  if (literal === null) return null
  const scheme = /^([a-z][a-z\d+.-]*):/i.exec(literal)?.[1]
  if (scheme === undefined) return null
  if (!Object.hasOwn(SCHEMES, scheme.toLowerCase())) return `begins with "${scheme}:", not http or https`
  const authority = ABSOLUTE.exec(literal)?.[2]
  if (authority === undefined) return 'has a scheme without "//" after it'
  if (authority.includes('@')) return 'must hold no user name or password'
  // An authority that the literal ends is known whole; another may go on with what a request brings.
  const whole = parts.length === 1 || literal.length > scheme.length + 3 + authority.length
  return whole && !isAuthority(authority) ? `has "${authority}" where a host and port should stand` : null
}

/** Whether a template gives an absolute URL whatever a request brings. */
export const isAbsolute = (parts: readonly Part[]): boolean => parts.slice(0, 2).some(part => /^(?:[a-z][a-z\d+.-]*)?:\/\//i.test(part.literal ?? ''))

/** A target as one string. */
export const targetUrl = ({ origin, path, query, fragment }: Target): string =>
  origin + path + (query === null ? '' : `?${query}`) + fragment

function isAuthority (authority: string): boolean {
  if (!AUTHORITY.test(authority)) return false
  const port = /:(\d+)$/.exec(authority)?.[1]
  return port === undefined || Number(port) <= 65535
}

/** A path that begins with two slashes would be read as a host's name by the next who parses it. */
function absolutePath (path: string, state: State): string {
  if (path.startsWith('/')) return path.replace(/^\/{2,}/, '/')
  return state.prefix + path
}

const begins = (parts: readonly Part[], prefix: string): boolean => parts[0]?.literal?.startsWith(prefix) === true

/** The expanded text, with what comes from the request escaped where it stands, and the fragment an author wrote. */
function write (parts: readonly Part[], state: State, policy: TargetPolicy): { whole: string, fragment: string } {
  let whole = ''
  let fragment = ''
  for (const [index, part] of parts.entries()) {
    let piece: string
    if (part.literal === null) {
      const value = part.value(state)
      piece = policy.encodeAnew && !whole.includes('?') ? encodedAnew(value) : urlFace(value)
      if (endsInHost(whole) && !/^[/?]/.test(piece) && !hostGoesOn(parts, index + 1)) piece = `/${piece}`
    } else {
      piece = literalFace(part.literal)
    }
    const hash = part.literal !== null && fragment === '' ? piece.indexOf('#') : -1
    if (hash !== -1) {
      whole += piece.slice(0, hash)
      fragment = piece.slice(hash)
    } else if (fragment !== '') {
      fragment += piece
    } else {
      whole += piece
    }
  }
  return { whole, fragment: policy.redirect ? fragment : '' }
}

const endsInHost = (whole: string): boolean => /^[a-z][a-z\d+.-]*:\/\/[^/?]*[\w\]]$/i.test(whole)

// Variables that always begin with a slash.
const PATHS = new Set(['REQUEST_URI', 'URL', 'PATH_INFO', 'SCRIPT_NAME', 'UNENCODED_URL', 'HTTP_URL', 'HTTP_X_ORIGINAL_URL'])

/**
 * Whether an author meant a value after a host's name to be more of that name: something of a host, or a path, follows it.
 * Where nothing does (`http://localhost:8080{R:1}`), the value is the path, whatever is in it.
 */
function hostGoesOn (parts: readonly Part[], from: number): boolean {
  for (const part of parts.slice(from)) {
    if (part.literal !== null) return !/^[?#]/.test(part.literal)
    if (PATHS.has(part.source)) return true
  }
  return false
}

const literalFace = (literal: string): string => literal.includes('#') ? literal.split('#').map(urlFace).join('#') : urlFace(literal)

/** A path as IIS writes it: decoded, then encoded anew. Its query, if it has one, stays as it came. */
function encodedAnew (value: Text): string {
  const raw = urlFace(value)
  const mark = raw.indexOf('?')
  const path = encodePath(decoded(decodePath(mark === -1 ? raw : raw.slice(0, mark))))
  return mark === -1 ? path : path + raw.slice(mark)
}
