// Which tunnels and handshakes does a filter mean?
import type { TunnelFilter } from '@fastify-arr/facts'
import { InvalidFilter } from '../../errors.ts'

/** What a filter looks at. */
export interface Filtered {
  readonly site: string | null
  /** The upstream's origin. */
  readonly server: string
  readonly key: string | null
}

const NAMES: Readonly<Record<keyof TunnelFilter, true>> = { site: true, server: true, key: true }

/** Throws InvalidFilter where a filter is not valid: `{ key: undefined }`, of a user who is not known, must not mean everybody. */
export function checkFilter (filter: unknown): asserts filter is TunnelFilter {
  if (typeof filter !== 'object' || filter === null) throw new InvalidFilter('must be an object')
  for (const [name, value] of Object.entries(filter)) {
    if (!Object.hasOwn(NAMES, name)) throw new InvalidFilter(`has no \`${name}\`; there are ${Object.keys(NAMES).join(', ')}`)
    if (typeof value !== 'string') throw new InvalidFilter(`needs a text for \`${name}\``)
  }
}

/** True where all that the filter gives is so. */
export function matches ({ site, server, key }: TunnelFilter, one: Filtered): boolean {
  return (site === undefined || site === one.site) && (server === undefined || server === one.server) && (key === undefined || key === one.key)
}
