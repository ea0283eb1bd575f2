// Is this upgrade for one of the server's other listeners? Its path is compared as Fastify's router reads it.

/** A path whose upgrades, and those of all paths beneath it, go to the server's other listeners. */
export interface LocalPath {
  readonly path: string
  /** How long those may take to answer, in ms. */
  readonly patience: number
}

const SCHEME_AND_AUTHORITY = /^https?:\/\/[^/?#]*/i

/** The first of these paths that a request target is for. */
export function localOf (paths: readonly LocalPath[], target: string): LocalPath | undefined {
  if (paths.length === 0) return undefined
  const asked = routedPath(target)
  return paths.find(({ path }) => asked.startsWith(path) && (path.endsWith('/') || asked.length === path.length || asked[path.length] === '/'))
}

/** The path that the router compares: of an absolute target only its path, without the query, decoded but for reserved characters. */
export function routedPath (target: string): string {
  const bare = target.startsWith('/') ? target : target.replace(SCHEME_AND_AUTHORITY, '')
  const end = bare.search(/[?#]/)
  const path = end === -1 ? bare : bare.slice(0, end)
  if (path === '') return '/'
  if (!path.includes('%')) return path
  try {
    return decodeURI(path)
  } catch {
    return path // The router answers 400.
  }
}
