// Which kind of direction does a tunnel need? One without limits must not pay for them.
import type { Duplex } from 'node:stream'
import type { TunnelFact } from '@fastify-arr/facts'
import type { FrameLimits } from '../frames/limits.ts'
import { LimitedWay } from './limited-way.ts'
import { Way } from './way.ts'
import type { WayOwner, WaySide } from './way-owner.ts'

/** What has to be known about the frames of a tunnel. */
export interface Framing {
  readonly fact: TunnelFact
  /** Reserved bits that the negotiated extensions may set. */
  readonly rsv: number
  readonly limits: FrameLimits
}

/** Makes the direction that begins at a side. */
export function makeWay (tunnel: WayOwner, side: WaySide, from: Duplex, to: Duplex, { fact, rsv, limits }: Framing): Way {
  const isUp = side === 'client'
  const own = isUp ? limits.received : limits.sent
  const flow = isUp ? fact.received : fact.sent
  return own === null ? new Way(tunnel, side, from, to, flow, isUp, rsv) : new LimitedWay(tunnel, side, from, to, flow, isUp, rsv, own)
}
