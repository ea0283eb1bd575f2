// How do all tunnels of a proxy end when the server closes? A Close frame each, spread over a window, and a cut at the deadline.
import type { Roster } from '../../sockets/roster.ts'
import type { TunnelSettings } from '../options.ts'
import type { Tunnel } from '../tunnel.ts'

/** Between two batches of Close frames, ms. */
const STEP = 25
/** How long destroyed sockets may take to emit 'close', ms. */
const LAST_WORD = 250

/** A drain in progress. */
export interface Drain {
  /** Resolves when no tunnel is left. */
  readonly done: Promise<void>
  /** To be called when no tunnel is left. */
  finish (): void
}

/** Sends Close frames into the tunnels that are open now; those still open at the deadline are cut. */
export function drainTunnels (open: Roster<Tunnel>, { code, reason, window, deadline }: TunnelSettings['drain']): Drain {
  const tunnels = open.members()
  const started = performance.now()
  let said = 0
  let resolved = () => {}
  const done = new Promise<void>(resolve => { resolved = resolve })
  const spread = setInterval(sayGoodbye, STEP)
  let cut = deadline === 0
    ? undefined
    : setTimeout(() => {
      for (const tunnel of open.members()) tunnel.destroy('proxy', 'drain')
      cut = setTimeout(() => { for (const tunnel of open.members()) tunnel.letGo() }, LAST_WORD)
    }, deadline)
  sayGoodbye()
  return {
    done,
    finish () {
      clearInterval(spread)
      clearTimeout(cut)
      resolved()
    }
  }

  function sayGoodbye (): void {
    const due = window === 0 ? tunnels.length : Math.ceil(tunnels.length * Math.min(1, (performance.now() - started + STEP) / window))
    for (; said < due; said++) {
      const tunnel = tunnels[said] as Tunnel
      tunnel.fact.ending ??= 'drain'
      tunnel.close(code, reason)
    }
    if (said === tunnels.length) clearInterval(spread)
  }
}
