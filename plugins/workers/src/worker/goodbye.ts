// How are the WebSockets told that this process ends? A Close frame each, spread over time, so that their clients do not all reconnect at once.
import type { OpenTunnel, TunnelsFact } from '@fastify-arr/facts'

/** The Close frame, and the time in ms over which they are spread. */
export interface GoodbyeSettings {
  readonly code: number
  readonly reason: string
  readonly window: number
}

const STEP = 50

/** Resolves when all have been told, those first in which nothing has passed for the longest time. */
export async function sayGoodbye (tunnels: TunnelsFact | undefined, { code, reason, window }: GoodbyeSettings): Promise<void> {
  const queue: OpenTunnel[] = [...tunnels ?? []].sort((one, other) => one.lastActivity - other.lastActivity)
  const all = queue.length
  const began = performance.now()
  while (queue.length > 0) {
    const due = window === 0 ? all : Math.ceil(all * (performance.now() - began + STEP) / window)
    while (queue.length > 0 && all - queue.length < due) queue.shift()?.close(code, reason)
    if (queue.length > 0) await new Promise(resolve => { setTimeout(resolve, STEP) })
  }
}
