// Which tunnel has reached one of its limits? One timer checks all tunnels: a timer per tunnel would have to be reset with each message.
import type { TunnelSettings } from '../options.ts'
import type { Tunnel } from '../tunnel.ts'

/** Between two checks, ms: far below every limit, and cheap for thousands of tunnels. */
export const SWEEP = 1000

/** How long a destroyed socket may take to emit 'close', ms. A socket that emits it at all needs one turn of the event loop. */
const LOST = 2000

/** Time limits of a tunnel, ms; 0 for none. */
export type TunnelLimits = Pick<TunnelSettings, 'idleTimeout' | 'maxAge' | 'halfCloseTimeout' | 'keepAlive'> & {
  /** How long bytes may wait for a side that accepts none. */
  readonly sendTimeout: number
}

/** Checks a tunnel, and ends it where it has reached a limit. `now` is on `performance.now()`'s clock. */
export function holdLimits (tunnel: Tunnel, limits: TunnelLimits, now: number): void {
  tunnel.keepAlive(limits.keepAlive)
  if (tunnel.lost(now) >= LOST) tunnel.letGo()
  else if (isOver(tunnel, limits, now)) tunnel.destroy('proxy', 'timeout')
}

function isOver (tunnel: Tunnel, { idleTimeout, maxAge, halfCloseTimeout, sendTimeout }: TunnelLimits, now: number): boolean {
  return (idleTimeout > 0 && tunnel.quiet(now) >= idleTimeout) ||
    (maxAge > 0 && tunnel.age(now) >= maxAge) ||
    (halfCloseTimeout > 0 && tunnel.stalled(now) >= halfCloseTimeout) ||
    (sendTimeout > 0 && tunnel.untaken(now) >= sendTimeout)
}
