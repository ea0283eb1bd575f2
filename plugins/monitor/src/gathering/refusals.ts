// Who was refused before any hook could run? Told on channels by the listeners and by the proxy.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { CHANNELS, type ListenerRefusal, type RequestRefusal, type Told } from '@fastify-arr/facts'
import type { RecentCounts } from './recent-counts.ts'
import type { Timeline } from './timeline.ts'

const TOLD_ON = [CHANNELS.listenerRefused, CHANNELS.requestRefused]

/** Counts what was refused on behalf of a server, by its status; by the reason where the client got none. Returns a function that stops it. */
export function countRefusals (server: object, timeline: Timeline, errors: RecentCounts): () => void {
  for (const channel of TOLD_ON) subscribe(channel, onRefused)
  return () => { for (const channel of TOLD_ON) unsubscribe(channel, onRefused) }

  function onRefused (message: unknown): void {
    const { server: at, reason, status } = message as Told<ListenerRefusal | RequestRefusal>
    if (at !== server) return
    if (typeof status !== 'number') {
      if (reason !== undefined) errors.add(reason)
      return
    }
    timeline.now.requests++
    if (status < 400) return
    errors.add(String(status))
    status < 500 ? timeline.now.clientErrors++ : timeline.now.serverErrors++
  }
}
