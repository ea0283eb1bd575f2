// Which server and path does the option `upstream` name?
import type { Origins, Target } from './target.ts'

/** The target; null where the option is not given, or is a mistake. */
export function upstreamOf (upstream: unknown, origins: Origins, mistakes: string[]): Target | null {
  if (upstream === undefined) return null
  try {
    // A value that is not a string could still be read as a URL.
    if (typeof upstream !== 'string') throw new TypeError()
    const target = origins.target(upstream)
    if (/[?#]/.test(upstream)) mistakes.push('`upstream` must have no query and no fragment')
    return target
  } catch {
    mistakes.push('`upstream` must be a URL such as http://localhost:8080')
    return null
  }
}
