// Which path do rules see? Percent sequences decoded once, backslashes turned into slashes, runs of slashes merged, dot segments resolved.

import { decoded, decodePath, join, slice, type Text } from './text.ts'

// Most paths are canonical as they come, and this is all they cost.
const NOT_CANONICAL = /[%\\\x80-\uffff]|\/(?:\/|\.\.?(?:[;/]|$))/
// The same of a decoded path.
const NOT_CANONICAL_DECODED = /\\|\/(?:\/|\.\.?(?:[;/]|$))/
// A name before `;` counts too: Tomcat and others drop path parameters before they resolve `/..;a=b/`.
const DOTS = /^\.\.?(?:;|$)/
const TWO_DOTS = /(?:\.|%2e){2}/i

/**
 * A path as it came, or as a rule has written it, in the form that HTTP.sys gives IIS's rules to see (Microsoft KB 896287):
 * decoded once, each backslash a slash, runs of slashes merged, then dot segments resolved, never above the root.
 * HTTP.sys merges before it resolves (HttpSysServer's tests in dotnet/aspnetcore say so): `/x//../y` is `/y`.
 *
 * The raw face is the same path in the client's spelling: `%2F` and `%5C` between two segments stay encoded.
 */
export function canonicalPath (path: string): Text {
  if (!NOT_CANONICAL.test(path)) return path
  const text = decodePath(path)
  return NOT_CANONICAL_DECODED.test(decoded(text)) ? cleaned(text) : text
}

function cleaned (path: Text): Text {
  // Each kept segment brings the separators in front of it, as one.
  const kept: Array<readonly [Text, Text]> = []
  let last: Text = '/'
  for (const { index, 0: whole, 1: separators } of decoded(path).matchAll(/([/\\]+)[^/\\]*/g)) {
    const start = index + (separators as string).length
    const name = whole.slice((separators as string).length)
    const before = kept.length === 0 ? '/' : oneSlash(slice(path, index, start))
    const dots = DOTS.test(name)
    if (!dots && name !== '') kept.push([before, slice(path, start, index + whole.length)])
    else if (name.startsWith('..')) kept.pop()
    last = dots ? '/' : name === '' ? before : ''
  }
  return join([...kept.flat(), last])
}

/** Separators as the one slash that rules see. Those that are encoded stay in the raw face; bare ones are one slash there, too. */
function oneSlash (separators: Text): Text {
  if (typeof separators === 'string') return '/'
  const raw = separators.raw.replace(/[/\\]+/g, '/')
  return { text: '/', raw, offsets: Uint32Array.of(0, raw.length) }
}

// What ends a segment: a slash alone, or a backslash as in browsers' URLs, or either of them encoded.
const SEPARATORS = [/\//, /[/\\]/, /[/\\]|%2f|%5c/i]

/**
 * Whether the path as it came leads elsewhere for a server that resolves dot segments by the letter of RFC 3986 §5.2.4: there, an empty
 * segment is one that `..` takes away, and a path parameter is part of its name. `/admin//../x` is `/x` here and `/admin/x` there.
 */
export function leadsElsewhere (path: string, canonical: Text): boolean {
  return TWO_DOTS.test(path) && SEPARATORS.some(separator => merged(resolved(path, separator)) !== decoded(canonical))
}

function resolved (path: string, separator: RegExp): string {
  const kept: string[] = []
  let dots = false
  for (const segment of path.split(separator).slice(1)) {
    const name = segment.replace(/%2e/gi, '.')
    dots = name === '.' || name === '..'
    if (!dots) kept.push(segment)
    else if (name === '..') kept.pop()
  }
  return `/${kept.join('/')}${dots && kept.length > 0 ? '/' : ''}`
}

const merged = (path: string): string => decoded(decodePath(path)).replace(/[/\\]+/g, '/')
