// What does one process tell another of a tunnel? All that its bytes do not say.
import type { Socket } from 'node:net'
import type { TunnelFact, TunnelRecord } from '@fastify-arr/facts'
import { InvalidRecord } from '../errors.ts'
import type { Tunnel } from '../tunnel/tunnel.ts'
import { sinceOf, type Since } from './moment.ts'
import type { ProxyPlace } from './proxy-place.ts'
import { requestState, type RequestState } from './request-state.ts'
import { stateOf, type WayState } from './way-state.ts'

/** That of the records that this version of the package makes, and reads. */
export const VERSION = 1

/** A tunnel as plain data. */
export interface TunnelState {
  readonly proxy: ProxyPlace
  /** ms since the epoch: when it was told. */
  readonly at: number
  readonly fact: TunnelFact
  readonly site: string | null
  readonly upstream: string
  readonly remoteAddress: string
  readonly key: string | null
  /** ms since the epoch; null for no end. */
  readonly until: number | null
  /** The key of `maxTunnelsPer` that it counts for. */
  readonly counted: string | null
  readonly rsv: number
  readonly age: Since
  readonly quiet: Since
  readonly halfClosed: Since | null
  readonly saidGoodbye: Since | null
  readonly goodbye: { readonly code: number, readonly reason: string }
  readonly up: WayState
  readonly down: WayState
  readonly request: RequestState
}

/** The sockets that go with it. */
export interface TunnelSockets {
  readonly client: Socket
  readonly upstream: Socket
}

/** A tunnel at rest, as a record without what carriers give. */
export function tellTunnel ({ opening, clocks, halfClosedAt, goodbyeAt, goodbye, up, down }: Tunnel): TunnelState {
  const now = performance.now()
  const { request, proxy, fact, site, upstream, remoteAddress, key, until, counted, rsv } = opening
  return {
    proxy,
    at: Date.now(),
    fact,
    site,
    upstream,
    remoteAddress,
    key,
    until: Number.isFinite(until) ? until : null,
    counted,
    rsv,
    age: clocks.age(now),
    quiet: clocks.quiet(now),
    halfClosed: halfClosedAt === 0 ? null : sinceOf(halfClosedAt, now),
    saidGoodbye: goodbyeAt === 0 ? null : sinceOf(goodbyeAt, now),
    goodbye,
    up: stateOf(up, now),
    down: stateOf(down, now),
    request: requestState(request)
  }
}

/** The state in a record. Throws InvalidRecord where it is not one of ours. */
export function readRecord (record: TunnelRecord): TunnelState {
  const { version, id, state, carried } = Object(record) as Partial<TunnelRecord>
  if (version !== VERSION) throw new InvalidRecord(`must have the version ${VERSION}, not ${JSON.stringify(version)}`)
  const told = Object(state) as Partial<TunnelState>
  const isWhole = typeof id === 'string' && isObject(carried) && PARTS.every(part => isObject(told[part])) && told.fact?.id === id
  if (!isWhole) throw new InvalidRecord('is not whole')
  return told as TunnelState
}

const PARTS = ['proxy', 'fact', 'goodbye', 'up', 'down', 'request'] as const

function isObject (value: unknown): boolean {
  return typeof value === 'object' && value !== null
}
