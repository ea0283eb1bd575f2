// Which application is a directory in?
import type { Layout } from './layout.ts'

/** Gives the path of the application that a directory is in, in lower case: `/` for the one at the site's root. */
export function applicationFinder (applications: Layout['applications']): (site: string | null, path: string) => string {
  const paths = applications.map(({ site, path }) => ({ site, path: path.toLowerCase() })).sort((a, b) => b.path.length - a.path.length)
  return (site, path) => paths.find(one => one.site === site && `${path.toLowerCase()}/`.startsWith(`${one.path}/`))?.path ?? '/'
}
