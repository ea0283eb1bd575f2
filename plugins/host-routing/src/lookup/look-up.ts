// Which site is this request for? The host it names, looked up for the connection it came by.

import type { Site, SiteRejection } from '@fastify-arr/facts'
import { plainAddress } from '../host/address.ts'
import { askedHost, type RawRequest } from '../host/asked-host.ts'
import type { HttpsPolicy } from '../https/policy.ts'
import type { CompiledSites } from '../sites/compile.ts'

/** What a look-up found out about one request. */
export interface Lookup {
  readonly site: Site | null
  readonly https: HttpsPolicy | null
  readonly host: string
  readonly reason: SiteRejection | null
  /** The request names no host, or two: refused whatever the options say. */
  readonly malformed: boolean
}

export function lookUp (raw: RawRequest, table: CompiledSites): Lookup {
  const asked = askedHost(raw, raw.originalUrl ?? raw.url ?? '/')
  if (typeof asked === 'string') return { site: null, https: null, host: '', reason: asked, malformed: true }
  const { socket } = raw
  const { namesEnds } = table
  const site = table.find({
    host: asked.host,
    protocol: socket.encrypted === true ? 'https' : 'http',
    // Each connection's first reading is a call of the system.
    port: namesEnds ? socket.localPort : undefined,
    address: namesEnds ? socket.localAddress && plainAddress(socket.localAddress) : undefined
  })
  if (site === null) return { site, https: null, host: asked.host, reason: 'Hostname', malformed: false }
  return { site, https: table.https.get(site.name) ?? null, host: asked.host, reason: null, malformed: false }
}
