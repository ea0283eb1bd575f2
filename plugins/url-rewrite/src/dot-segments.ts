// Where does a path lead once `.` and `..` are resolved?

import { decoded, join, slice, type Text } from './text.ts'

// A name before `;` counts too: Tomcat and others drop path parameters before they resolve `/..;a=b/`.
const DOTS = /^\.\.?(?:;|$)/
const ANY_DOTS = /(?:^|[/\\])\.\.?(?:[;/\\]|$)/
const ANY_ENCODED_DOTS = /(?:^|[/\\]|%2f|%5c)(?:\.|%2e){1,2}(?:[;/\\]|%3b|%2f|%5c|$)/i

/** Whether any segment of an encoded path is `.` or `..`, however it is written; a backslash separates segments too. */
export const isEncodedWithDots = (path: string): boolean => ANY_ENCODED_DOTS.test(path)

/** The path with its dot segments resolved, never above the root: what HTTP.sys gives IIS's rules to see. */
export function resolveDots (path: Text): Text {
  const text = decoded(path)
  if (!ANY_DOTS.test(text)) return path
  // Each kept segment brings the separator in front of it, as it came.
  const kept: Array<readonly [number, number]> = []
  let trailing = false
  for (const { index, 0: segment } of text.matchAll(/[/\\][^/\\]*/g)) {
    const name = segment.slice(1)
    trailing = DOTS.test(name)
    if (!trailing) kept.push([index, index + segment.length])
    else if (name.startsWith('..')) kept.pop()
  }
  // A path begins with a slash, also where a backslash came first.
  const parts = kept.flatMap(([start, end], index) => index === 0 ? ['/', slice(path, start + 1, end)] : [slice(path, start, end)])
  if (trailing || parts.length === 0) parts.push('/')
  return join(parts)
}
