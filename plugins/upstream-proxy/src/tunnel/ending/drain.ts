// How do all tunnels of a proxy end when the server closes? A Close frame each, at a pace, and a cut at the deadline.
import type { Roster } from '../../sockets/roster.ts'
import type { Tunnel } from '../tunnel.ts'
import type { DrainSettings } from './drain-options.ts'
import { lastAnswer, paceOf, STEP } from './pace.ts'

/** How long destroyed sockets may take to emit 'close', ms. */
const LAST_WORD = 250

/** A drain in progress. */
export interface Drain {
  /** Resolves when no tunnel is left. */
  readonly done: Promise<void>
  /** To be called with each tunnel that has ended and has left the list. */
  ended (tunnel: Tunnel): void
}

/**
 * Sends Close frames into the tunnels that are open now, those first in which nothing has passed for the longest time; those still
 * open at the deadline are cut. `share`: which part of the server's tunnels these are, 0 to 1.
 */
export function drainTunnels (open: Roster<Tunnel>, settings: DrainSettings, share = 1): Drain {
  const { code, reason, deadline } = settings
  const queue = open.members().map(tunnel => ({ tunnel, active: tunnel.fact.lastActivity })).sort((one, other) => one.active - other.active)
  const count = queue.length
  const pace = paceOf(count, settings, share)
  const started = performance.now()
  let next = 0
  let lastSaid = 0
  let resolved = () => {}
  const done = new Promise<void>(resolve => { resolved = resolve })
  const spread = setInterval(sayGoodbye, STEP)
  let cutting = deadline === 0 ? undefined : setTimeout(onDeadline, deadline)
  sayGoodbye()
  return {
    done,
    ended (tunnel) {
      pace.ended(tunnel)
      if (open.size > 0) return
      clearInterval(spread)
      clearTimeout(cutting)
      resolved()
    }
  }

  function sayGoodbye (): void {
    const at = performance.now() - started
    say(pace.due(at, queue.length - next), at)
  }

  function say (due: number, at: number): void {
    for (let left = due; left > 0 && next < queue.length; next++) {
      const { tunnel, active } = queue[next] as typeof queue[number]
      if (next < count && tunnel.fact.lastActivity !== active) {
        // It is used: others go first. Once, so that the queue ends.
        queue.push({ tunnel, active })
        continue
      }
      left--
      lastSaid = at
      // One that is ending, or that cannot be told, has no answer to wait for.
      if (tunnel.fact.ending === null && tunnel.fact.observed) pace.told(tunnel, at)
      tunnel.fact.ending ??= 'drain'
      tunnel.close(code, reason)
    }
    if (next === queue.length) clearInterval(spread)
  }

  function onDeadline (): void {
    // The process may have been too busy to tell all in time: each still has time for its answer.
    const at = performance.now() - started
    say(Infinity, at)
    const wait = lastSaid + lastAnswer(deadline) - at
    if (wait > 0) cutting = setTimeout(cut, wait)
    else cut()
  }

  function cut (): void {
    for (const tunnel of open.members()) tunnel.destroy('proxy', 'drain')
    cutting = setTimeout(() => { for (const tunnel of open.members()) tunnel.letGo() }, LAST_WORD)
  }
}
