// Which tunnel has come to one of its limits? All are looked at from time to time: a timer for each would cost each message.
import type { TunnelSettings } from './options.ts'
import type { Tunnel } from './tunnel.ts'

/** Between two looks, ms: far below every limit, and cheap for thousands of tunnels. */
export const SWEEP = 1000

/** How long a socket that is destroyed may take to tell of its close, ms. Those that do at all need one turn of the event loop. */
const LOST = 2000

/** Limits of the time that a tunnel may take, ms; 0 for none. */
export type TunnelLimits = Pick<TunnelSettings, 'idleTimeout' | 'maxAge' | 'halfCloseTimeout' | 'keepAlive'> & {
  /** For bytes that wait for a side which takes none of them. */
  readonly sendTimeout: number
}

/** Looks at a tunnel, and ends it where it is at a limit. `now` is on `performance.now()`'s clock. */
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
