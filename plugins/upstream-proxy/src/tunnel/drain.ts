// How do all tunnels of a proxy end when the server closes? A Close frame each, spread over a window, and a cut at the deadline.
import type { Roster } from '../sockets/roster.ts'
import type { TunnelSettings } from './options.ts'
import type { Tunnel } from './tunnel.ts'

/** Between two lots of Close frames, ms. */
const STEP = 25
/** How long sockets that are cut may take to tell of their close, ms. */
const LAST_WORD = 250

/** Goodbyes under way. */
export interface Drain {
  /** Resolves when no tunnel is left. */
  readonly done: Promise<void>
  /** No tunnel is left. */
  finish (): void
}

/** Says goodbye to the tunnels that are open now; what is left at the deadline is cut. */
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
