// Which path do rules see? Percent sequences decoded once, backslashes turned into slashes, runs of slashes merged, dot segments resolved.

import { decodePath } from './percent-decoding.ts'
import { decoded, type Encoded, type Text } from './text.ts'

// Most paths are canonical already, and cost only this test.
const NOT_CANONICAL = /[%\\\x80-\uffff]|\/(?:\/|\.\.?(?:[;/]|$))/
// The same for a decoded path.
const NOT_CANONICAL_DECODED = /\\|\/(?:\/|\.\.?(?:[;/]|$))/
// Dots before `;` count too: Tomcat and others drop path parameters before they resolve `/..;a=b/`.
const DOTS = /^\.\.?(?:;|$)/

/**
 * A path as the client sent it, or as a rule wrote it, in the form that HTTP.sys shows to IIS's rules (Microsoft KB 896287):
 * decoded once, each backslash a slash, runs of slashes merged, then dot segments resolved, never above the root.
 * HTTP.sys merges slashes before it resolves dot segments (per HttpSysServer's tests in dotnet/aspnetcore): `/x//../y` is `/y`.
 *
 * The raw form is the same path in the client's spelling: `%2F` and `%5C` between two segments stay encoded.
 */
export function canonicalPath (path: string): Text {
  if (!NOT_CANONICAL.test(path)) return path
  const text = decodePath(path)
  return NOT_CANONICAL_DECODED.test(decoded(text)) ? cleaned(text) : text
}

/** Where the separators, the name and the end of a kept segment are. */
type Kept = readonly [separators: number, start: number, end: number]

function cleaned (path: Text): Text {
  const kept: Kept[] = []
  let dots = false
  for (const { index, 0: whole, 1: separators } of decoded(path).matchAll(/([/\\]+)[^/\\]*/g)) {
    const start = index + (separators as string).length
    const name = whole.slice((separators as string).length)
    dots = DOTS.test(name)
    if (!dots) kept.push([index, start, index + whole.length])
    else if (name.startsWith('..')) kept.pop()
  }
  // A path whose last segment is a dot segment ends with a slash.
  if (dots) kept.push([0, 0, 0])
  return typeof path === 'string' ? kept.map(([, start, end]) => `/${path.slice(start, end)}`).join('') : put(path, kept)
}

/** Joins the kept segments, with one slash before each. */
function put ({ text, raw, offsets }: Encoded, kept: readonly Kept[]): Text {
  const at = (index: number): number => offsets[index] as number
  let shown = ''
  let written = ''
  const places: number[] = []
  for (const [separators, start, end] of kept) {
    places.push(written.length)
    written += shown === '' ? '/' : oneSlash(raw.slice(at(separators), at(start)))
    const shift = written.length - at(start)
    for (let index = start; index < end; index++) places.push(at(index) + shift)
    written += raw.slice(at(start), at(end))
    shown += `/${text.slice(start, end)}`
  }
  places.push(written.length)
  return shown === written ? shown : { text: shown, raw: written, offsets: Uint32Array.from(places) }
}

/** Separators as they go into a URL: encoded ones stay, unencoded ones become one slash. */
const oneSlash = (separators: string): string => separators.includes('%') ? separators.replace(/[/\\]+/g, '/') : '/'
