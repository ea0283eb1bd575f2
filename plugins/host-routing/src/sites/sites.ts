// What does the server tell of its sites? `fastify.sites`: the table that is in force, and its replacement.

import { channel } from 'node:diagnostics_channel'
import { normalizeHost } from '@fastify-arr/authority'
import { CHANNELS, type Protocol, type Site, type SitesFact, type SitesReplaced } from '@fastify-arr/facts'
import { normalizeAddress } from '../host/address.ts'
import type { SiteOptions } from '../options.ts'
import { compileSites, type CompiledSites } from './compile.ts'
import { compare } from './replacement.ts'

/** `fastify.sites`: the table of sites, which can be replaced while the server runs. Iterating gives every site. */
export interface Sites extends SitesFact {
  /** The site that a request for this host would reach. The protocol's default is 'http'; without a port, any port's binding will do. */
  find (asked: { readonly host: string, readonly protocol?: Protocol, readonly port?: number, readonly address?: string }): Site | null
  /**
   * Validates the new table, then puts it in the old one's place at once: a request meets the one or the other, never a mixture.
   *
   * @throws FST_ARR_HOST_ROUTING_INVALID_OPTIONS; the old table stays.
   */
  replace (sites: readonly SiteOptions[]): SitesReplaced
}

/** Holds the table in force. */
export interface InForce {
  table: CompiledSites
}

const replaced = channel(CHANNELS.sitesReplaced)

/**
 * Makes `fastify.sites`.
 *
 * @param drain is called with the names of the sites that a replacement removed, before the replacement is published.
 */
export function sitesOf (inForce: InForce, drain: (removed: ReadonlySet<string>) => void): Sites {
  return {
    get size () { return inForce.table.byName.size },
    [Symbol.iterator]: () => inForce.table.byName.values(),
    get: (name) => inForce.table.byName.get(name) ?? null,
    find ({ host, protocol = 'http', port, address }) {
      const normal = normalizeHost(host)
      return normal === null ? null : inForce.table.find({ host: normal, protocol, port, address: address && normalizeAddress(address) })
    },
    replace (sites) {
      const before = inForce.table
      inForce.table = compileSites(sites)
      const replacement = compare(before.byName, inForce.table.byName)
      drain(new Set(replacement.removed))
      replaced.publish(replacement)
      return replacement
    }
  }
}
