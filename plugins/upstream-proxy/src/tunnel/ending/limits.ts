// Which tunnel has reached one of its limits? One timer checks all tunnels: a timer per tunnel would have to be reset with each message.
import type { TunnelSettings } from '../options.ts'
import type { Tunnel } from '../tunnel.ts'

/** Between two checks, ms: far below every limit, and cheap for thousands of tunnels. */
export const SWEEP = 1000

/** How long a destroyed socket may take to emit 'close', ms. A socket that emits it at all needs one turn of the event loop. */
const LOST = 2000

/** Time limits of a tunnel, ms; 0 for none. */
export type TunnelLimits = Pick<TunnelSettings, 'idle' | 'age' | 'until' | 'closeGrace' | 'halfCloseTimeout' | 'keepAlive'> & {
  /** How long bytes may wait for a side that accepts none. */
  readonly sendTimeout: number
}

/** Checks a tunnel, and ends it where it has reached a limit. `now` is on `performance.now()`'s clock, `date` on the system's. */
export function holdLimits (tunnel: Tunnel, limits: TunnelLimits, now: number, date: number): void {
  if (tunnel.away !== null) return
  const { clocks } = tunnel
  const { idle, age, until, closeGrace, halfCloseTimeout, sendTimeout } = limits
  tunnel.keepAlive(limits.keepAlive)
  if (clocks.lost(now) >= LOST) {
    tunnel.letGo()
    return
  }
  const parting = clocks.parting(now)
  if (parting >= 0) {
    if (parting >= closeGrace) tunnel.destroy('proxy', 'timeout')
    return
  }
  // All are read at each check, because some compare with the last one.
  const stalled = clocks.stalled(now)
  const untaken = clocks.untaken(now)
  const quiet = clocks.quiet(now)
  // Where a side takes nothing, or has left, nothing can be said.
  if (halfCloseTimeout > 0 && stalled >= halfCloseTimeout) tunnel.cut('halfClose')
  else if (sendTimeout > 0 && untaken >= sendTimeout) tunnel.cut('send')
  else if (date >= tunnel.opening.until) tunnel.end('until', until.code, until.reason)
  else if (age.after > 0 && clocks.age(now) >= age.after) tunnel.end('age', age.code, age.reason)
  else if (idle.after > 0 && quiet >= idle.after) tunnel.end('idle', idle.code, idle.reason)
}
