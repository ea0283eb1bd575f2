// Which host does a URL lead to, and is that host from the rules' author or from the client?

import { isAuthority, sameAuthority } from '@fastify-arr/authority'
import { hostOf } from '../expressions/variables.ts'
import { decoded } from '../request/text.ts'
import type { Part } from '../expressions/template.ts'
import type { State } from '../request/state.ts'

/** A URL's scheme and authority; the authority ends at its first slash or question mark. */
const ABSOLUTE = /^([a-z][a-z\d+.-]*):\/\/([^/?]*)/i
// A WebSocket begins as an HTTP request.
const SCHEMES: Readonly<Record<string, string>> = { http: 'http', https: 'https', ws: 'http', wss: 'https' }

/** An absolute URL's beginning. */
export interface Beginning {
  /** `http://host:port`; null where no request can go to this scheme or authority. */
  readonly origin: string | null
  /** The length of scheme and authority in the URL. */
  readonly length: number
}

/** The beginning of an absolute URL, or null where the text is not one. */
export function beginningOf (url: string): Beginning | null {
  const absolute = ABSOLUTE.exec(url)
  if (absolute === null) return null
  const [{ length }, written, authority] = absolute as unknown as [string, string, string]
  const scheme = SCHEMES[written.toLowerCase()]
  return { origin: scheme === undefined || !isAuthority(authority) ? null : `${scheme}://${authority}`, length }
}

/** What is wrong with the scheme and authority that the rule's author wrote, whatever the request; or null. */
export function mistakeIn (parts: readonly Part[]): string | null {
  const literal = parts[0]?.literal ?? null
  const scheme = /^([a-z][a-z\d+.-]*):/i.exec(literal ?? '')?.[1]
  if (literal === null || scheme === undefined) return null
  if (!Object.hasOwn(SCHEMES, scheme.toLowerCase())) return `begins with "${scheme}:", not http or https`
  const authority = ABSOLUTE.exec(literal)?.[2]
  if (authority === undefined) return 'has a scheme without "//" after it'
  if (authority.includes('@')) return 'must hold no user name or password'
  // The authority is complete where the literal goes on behind it; otherwise a value of the request may continue it.
  const whole = parts.length === 1 || literal.length > scheme.length + 3 + authority.length
  return whole && !isAuthority(authority) ? `has "${authority}" where a host and port should stand` : null
}

/** Whether a template gives an absolute URL for every request. */
export const isAbsolute = (parts: readonly Part[]): boolean => parts.slice(0, 2).some(part => /^(?:[a-z][a-z\d+.-]*)?:\/\//i.test(part.literal ?? ''))

/**
 * Whether a value may be the whole URL. A capture of the path never may; another value only where a rewrite map
 * contains its origin, or where a redirect stays on the request's host.
 */
export function mayLeadTo (origin: string, parts: readonly Part[], state: State, origins: ReadonlySet<string>, redirect: boolean): boolean {
  const [first] = parts
  if (first?.literal !== null || first.source === 'R') return false
  if (origins.has(origin.toLowerCase())) return true
  const [scheme = '', authority = ''] = origin.split('://')
  return redirect && sameAuthority(authority, decoded(hostOf(state)), scheme)
}

const IN_AUTHORITY = /^[a-z][a-z\d+.-]*:\/\/[^/?]*$/i
const HOST_CHARACTERS = /^[\w.~:[\]-]*$/

// Variables that always begin with a slash.
const PATHS = new Set(['REQUEST_URI', 'URL', 'PATH_INFO', 'SCRIPT_NAME', 'UNENCODED_URL', 'HTTP_URL', 'HTTP_X_ORIGINAL_URL'])

/** A value as it is written behind the URL so far: as part of a host inside one, as the path after one; null where it is neither. */
export function fit (piece: string, source: string, whole: string, following: readonly Part[]): string | null {
  if (!IN_AUTHORITY.test(whole)) return piece
  const goesOn = hostGoesOn(following)
  const complete = /[\w\]]$/.test(whole)
  if (complete && (!goesOn || PATHS.has(source))) return /^[/?]/.test(piece) ? piece : `/${piece}`
  return goesOn && !HOST_CHARACTERS.test(piece) ? null : piece
}

/**
 * Whether a value after a host's name continues that name: a piece of a host, or a path, follows it in the template.
 * Where nothing follows (`http://localhost:8080{R:1}`), the value is the path, whatever it contains.
 */
function hostGoesOn (following: readonly Part[]): boolean {
  for (const part of following) {
    if (part.literal !== null) return !/^[?#]/.test(part.literal)
    if (PATHS.has(part.source)) return true
  }
  return false
}
