// Does a path fit IIS's wildcard pattern? Without case; `*` stands for any letters, slashes too. Linear steps per star, whatever is asked.

/** A pattern that is ready to be compared: of lower case. */
export function fits (pattern: string, path: string): boolean {
  let at = 0
  let star = -1
  let retry = 0
  let next = 0
  while (at < path.length) {
    if (next < pattern.length && pattern[next] === '*') {
      star = next++
      retry = at
    } else if (next < pattern.length && pattern[next] === path[at]) {
      next++
      at++
    } else if (star !== -1) {
      // The last star takes one letter more; earlier ones need not be tried again.
      next = star + 1
      at = ++retry
    } else {
      return false
    }
  }
  while (pattern[next] === '*') next++
  return next === pattern.length
}

/** The path of a request's target, decoded and of lower case. What cannot be decoded stays as it is. */
export function comparedPath (target: string): string {
  let path = target
  if (!path.startsWith('/')) {
    // The whole URL in the request line (RFC 9112 §3.2.2).
    const authority = path.indexOf('://')
    const slash = authority === -1 ? -1 : path.indexOf('/', authority + 3)
    path = slash === -1 ? '/' : path.slice(slash)
  }
  const mark = path.indexOf('?')
  if (mark !== -1) path = path.slice(0, mark)
  if (path.includes('%')) {
    try {
      path = decodeURIComponent(path)
    } catch {}
  }
  return path.toLowerCase()
}
