// Which host does a URL lead to, and who has said so: the rules' author, or whoever sent the request?

import { hostOf } from '../expressions/variables.ts'
import { decoded } from '../request/text.ts'
import type { Part } from '../expressions/template.ts'
import type { State } from '../request/state.ts'

/** A URL's scheme and authority; the authority ends at its first slash or question mark. */
const ABSOLUTE = /^([a-z][a-z\d+.-]*):\/\/([^/?]*)/i
// A host name, address or IPv6 literal with an optional port: nothing that could hold credentials or begin a path.
const AUTHORITY = /^(?:[\w.~-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/i
// A WebSocket begins as a request by http.
const SCHEMES: Readonly<Record<string, string>> = { http: 'http', https: 'https', ws: 'http', wss: 'https' }

/** An absolute URL's beginning. */
export interface Beginning {
  /** `http://host:port`; null where the scheme or the authority is none that a request can go to. */
  readonly origin: string | null
  /** How much of the URL it takes up. */
  readonly length: number
}

/** The beginning of an absolute URL, or null where a text is none. */
export function beginningOf (url: string): Beginning | null {
  const absolute = ABSOLUTE.exec(url)
  if (absolute === null) return null
  const [{ length }, written, authority] = absolute as unknown as [string, string, string]
  const scheme = SCHEMES[written.toLowerCase()]
  return { origin: scheme === undefined || !isAuthority(authority) ? null : `${scheme}://${authority}`, length }
}

/** Whether this is a host with an optional port, and nothing else. */
export function isAuthority (authority: string): boolean {
  if (!AUTHORITY.test(authority)) return false
  const port = /:(\d+)$/.exec(authority)?.[1]
  return port === undefined || Number(port) <= 65535
}

/** What is wrong with the scheme and authority an author has written, whatever a request brings; or null. */
export function mistakeIn (parts: readonly Part[]): string | null {
  const literal = parts[0]?.literal ?? null
  const scheme = /^([a-z][a-z\d+.-]*):/i.exec(literal ?? '')?.[1]
  if (literal === null || scheme === undefined) return null
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

/**
 * Whether a value may be a URL as a whole. What was captured from the path never is; another value only where
 * the rules' author wrote its origin into a rewrite map, or a redirect stays on the host that was asked.
 */
export function mayLeadTo (origin: string, parts: readonly Part[], state: State, origins: ReadonlySet<string>, redirect: boolean): boolean {
  const [first] = parts
  if (first?.literal !== null || first.source === 'R') return false
  if (origins.has(origin.toLowerCase())) return true
  return redirect && origin.slice(origin.indexOf('//') + 2).toLowerCase() === decoded(hostOf(state)).toLowerCase()
}

const IN_AUTHORITY = /^[a-z][a-z\d+.-]*:\/\/[^/?]*$/i
const HOST_CHARACTERS = /^[\w.~:[\]-]*$/

// Variables that always begin with a slash.
const PATHS = new Set(['REQUEST_URI', 'URL', 'PATH_INFO', 'SCRIPT_NAME', 'UNENCODED_URL', 'HTTP_URL', 'HTTP_X_ORIGINAL_URL'])

/** A value as it fits behind what is written so far: inside a host as part of it, after one as the path; null where it fits nowhere. */
export function fit (piece: string, source: string, whole: string, following: readonly Part[]): string | null {
  if (!IN_AUTHORITY.test(whole)) return piece
  const goesOn = hostGoesOn(following)
  const complete = /[\w\]]$/.test(whole)
  if (complete && (!goesOn || PATHS.has(source))) return /^[/?]/.test(piece) ? piece : `/${piece}`
  return goesOn && !HOST_CHARACTERS.test(piece) ? null : piece
}

/**
 * Whether an author meant a value after a host's name to be more of that name: something of a host, or a path, follows it.
 * Where nothing does (`http://localhost:8080{R:1}`), the value is the path, whatever is in it.
 */
function hostGoesOn (following: readonly Part[]): boolean {
  for (const part of following) {
    if (part.literal !== null) return !/^[?#]/.test(part.literal)
    if (PATHS.has(part.source)) return true
  }
  return false
}
