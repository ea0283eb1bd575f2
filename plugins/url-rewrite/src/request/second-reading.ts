// Could another server read a path differently from the rules?

import { decodePath } from './percent-decoding.ts'
import { decoded, type Text } from './text.ts'

const LONGEST_DOTS = '%2e%2e'.length
const TWO_DOTS = /(?:\.|%2e){2}/i

// What separates segments for other servers: a slash; also a backslash, as in browsers; also either of them encoded.
const SEPARATORS = [/\//, /[/\\]/, /[/\\]|%2f|%5c/i]

/**
 * Whether the path as sent leads elsewhere on a server that resolves dot segments exactly as in RFC 3986 §5.2.4: there, `..` removes an
 * empty segment, and a path parameter is part of the segment's name. `/admin//../x` is `/x` here and `/admin/x` there.
 */
export function leadsElsewhere (path: string, canonical: Text): boolean {
  return TWO_DOTS.test(path) && SEPARATORS.some(separator => merged(resolved(path, separator)) !== decoded(canonical))
}

function resolved (path: string, separator: RegExp): string {
  const kept: string[] = []
  let dots = false
  for (const segment of path.split(separator).slice(1)) {
    const name = segment.length > LONGEST_DOTS ? segment : segment.replace(/%2e/gi, '.')
    dots = name === '.' || name === '..'
    if (!dots) kept.push(segment)
    else if (name === '..') kept.pop()
  }
  return `/${kept.join('/')}${dots && kept.length > 0 ? '/' : ''}`
}

const merged = (path: string): string => decoded(decodePath(path)).replace(/[/\\]+/g, '/')
