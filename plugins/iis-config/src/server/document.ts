// What is one file of a configuration? Its tree, and the place in the server that it is for.
import type { XmlElement } from '../xml/element.ts'
import type { Layout } from './layout.ts'

/** One file and its place. */
export interface Document {
  readonly file: string
  /** `<configuration>`. */
  readonly root: XmlElement
  /** Whether it is applicationHost.config, or a transform of it. */
  readonly server: boolean
  /** The site's name; null for the whole server, and where no file names sites. */
  readonly site: string | null
  /** `/` for a site's root, else the directory, e.g. `/app`. */
  readonly path: string
}

/** The files of a configuration. */
export interface Gathered {
  /** In the order in which they inherit: applicationHost.config first, an outer directory before an inner one. */
  readonly documents: readonly Document[]
  readonly layout: Layout
  /** Files that were looked for and are not there. */
  readonly missing: readonly string[]
}

/** The outer directory before the inner; the order of the sites does not matter. */
export function inOrder (documents: readonly Document[]): Document[] {
  const depth = ({ path }: Document): number => path.split('/').filter(part => part !== '').length
  return [...documents].sort((a, b) => depth(a) - depth(b))
}
