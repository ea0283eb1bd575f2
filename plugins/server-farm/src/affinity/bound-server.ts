// To which server is a client bound? By its cookie, or by a value that is hashed onto the servers.
import type { FastifyRequest } from 'fastify'
import type { Asker } from '../choosing/candidate.ts'
import { hashOf } from '../choosing/hash.ts'
import { cookieOf, headerOf, queryOf } from '../choosing/hash-source.ts'
import { queryValue } from '../choosing/query-value.ts'
import { rendezvous } from '../choosing/rendezvous.ts'
import type { Server } from '../farm/server.ts'
import type { Standing } from '../farm/standing.ts'
import { readArrValue } from './arr-cookie.ts'
import type { AffinitySettings } from './compile-affinity.ts'

export interface Bound {
  /** Null where it is bound to none that can take it. */
  readonly server: Server | null
  /** Whether the server that it was bound to is gone, or takes nothing. */
  readonly isLost: boolean
}

export const UNBOUND: Bound = { server: null, isLost: false }

/** @param servers those of the farm, by the value that the cookie has for them. */
export function boundServer (request: FastifyRequest, affinity: AffinitySettings, servers: ReadonlyMap<string, Server>, standing: Standing): Bound {
  let isLost = false
  if (affinity.cookie !== null) {
    const value = readArrValue(cookieOf(request, affinity.cookie))
    const server = value === null ? undefined : servers.get(value)
    if (server !== undefined && standing.isOpenToBound(server)) return { server, isLost }
    isLost = value !== null
    if (isLost && affinity.onLost === 'refuse') return { server: null, isLost }
  }
  const text = textOf(request, affinity)
  if (text === null) return isLost ? { server: null, isLost } : UNBOUND
  const key = hashOf(text)
  // Hashed onto all servers, so that a client comes back to its own when that is well again.
  const own = standing.home.members[rendezvous(standing.home, key, null, Infinity)]
  if (own === undefined) return { server: null, isLost }
  if (standing.isOpenToBound(own)) return { server: own, isLost }
  if (affinity.onLost === 'refuse') return { server: null, isLost: true }
  const next = rendezvous(standing.home, key, openOf(standing, key), Infinity)
  return { server: standing.home.members[next] ?? null, isLost: true }
}

function textOf (request: FastifyRequest, { header, query }: AffinitySettings): string | null {
  const text = header === null ? null : headerOf(request, header)
  if (text !== null && text !== '') return text
  const value = query === null ? null : queryValue(queryOf(request), query)
  return value === '' ? null : value
}

/** Asks for those alone that take new clients: one that is draining is no new home. */
function openOf (standing: Standing, key: number): Asker<Server> {
  return { now: 0, isRestricted: true, may: server => server.isUsed && standing.isOpenToBound(server), key, load: 0 }
}
