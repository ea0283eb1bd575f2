// How much of a path is the prefix that the router has matched? The path is still encoded, the prefix is not.
import type { FastifyInstance } from 'fastify'

/** How the router compares paths. */
export interface Matching {
  readonly caseSensitive: boolean
  readonly ignoreDuplicateSlashes: boolean
  readonly ignoreTrailingSlash: boolean
}

/** The router's options of a server. */
export function matchingOf ({ initialConfig }: FastifyInstance): Matching {
  const config: Partial<Matching> = { ...initialConfig, ...initialConfig.routerOptions }
  return {
    caseSensitive: config.caseSensitive ?? true,
    ignoreDuplicateSlashes: config.ignoreDuplicateSlashes ?? false,
    ignoreTrailingSlash: config.ignoreTrailingSlash ?? false
  }
}

/** How many characters of the path the prefix takes; -1 where the path does not begin with it. Throws URIError where an escape is malformed. */
export function rawPrefixLength (path: string, prefix: string, matching: Matching): number {
  const whole = lengthOf(path, prefix, matching)
  if (whole !== -1 || !matching.ignoreTrailingSlash || prefix.length < 2 || !prefix.endsWith('/')) return whole
  const short = lengthOf(path, prefix.slice(0, -1), matching)
  return short === path.length ? short : -1
}

function lengthOf (path: string, wanted: string, { caseSensitive, ignoreDuplicateSlashes }: Matching): number {
  const prefix = caseSensitive ? wanted : wanted.toLowerCase()
  let decoded = ''
  let at = 0
  while (decoded.length < prefix.length && at < path.length) {
    if (!(ignoreDuplicateSlashes && path[at] === '/' && decoded.endsWith('/'))) {
      const character = characterAt(path, at)
      decoded += character.startsWith('%') ? decodeURI(character) : character
      at += character.length
    } else {
      at++
    }
  }
  // The whole is compared, because the case of a letter may depend on what follows it.
  return (caseSensitive ? decoded : decoded.toLowerCase()) === prefix ? at : -1
}

/** One character as it is written: a code point, or the escapes of one. */
function characterAt (path: string, at: number): string {
  if (path[at] !== '%') return String.fromCodePoint(path.codePointAt(at) as number)
  const lead = Number.parseInt(path.slice(at + 1, at + 3), 16)
  return path.slice(at, at + 3 * (lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1))
}
