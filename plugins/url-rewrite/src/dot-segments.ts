// Where does a path lead once `.` and `..` are resolved?

import { decoded, join, slice, type Text } from './text.ts'

// A name before `;` counts too: Tomcat and others drop path parameters before they resolve `/..;a=b/`.
const DOTS = /^\.\.?(?:;|$)/

/** Whether any segment, however it was encoded, is `.` or `..`; a backslash separates segments too. */
export function hasDotSegments (path: string): boolean {
  if (!path.includes('.')) return false
  return path.split(/[/\\]/).some(segment => DOTS.test(segment))
}

/** The path with its dot segments resolved, never above the root: what HTTP.sys gives IIS's rules to see. */
export function resolveDots (path: Text): Text {
  const text = decoded(path)
  if (!hasDotSegments(text)) return path
  // Each kept segment brings the separator in front of it, as it came.
  const kept: Array<readonly [number, number]> = []
  let trailing = false
  for (const { index, 0: segment } of text.matchAll(/[/\\][^/\\]*/g)) {
    const name = segment.slice(1)
    trailing = DOTS.test(name)
    if (!trailing) kept.push([index, index + segment.length])
    else if (name.startsWith('..')) kept.pop()
  }
  const parts = kept.map(([start, end]) => slice(path, start, end))
  if (trailing || parts.length === 0) parts.push('/')
  return join(parts)
}
