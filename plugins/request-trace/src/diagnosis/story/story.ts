// What is known of an exchange, before anything is concluded from it?
import type { Trace, TraceEvent } from '../../trace/trace.ts'
import { asksForWebSocket, headsOf, type Heads } from './heads.ts'
import { tunnelOf, type TunnelStory } from './tunnel-story.ts'

/** A trace before its findings. */
export type Traced = Omit<Trace, 'findings'>

/** The parts of a trace that findings are drawn from. */
export interface Story extends Heads {
  readonly trace: Traced
  readonly events: readonly TraceEvent[]
  /** True where the client asked for a WebSocket. */
  readonly handshake: boolean
  /** Null where no WebSocket was opened. */
  readonly tunnel: TunnelStory | null
}

/** One event with its index. */
export interface Seen {
  readonly event: TraceEvent
  readonly index: number
}

export function storyOf (trace: Traced): Story {
  const heads = headsOf(trace.events)
  const tunnel = tunnelOf(trace.events)
  return { trace, events: trace.events, ...heads, handshake: tunnel !== null || asksForWebSocket(heads.request), tunnel }
}

/** The events with this name, in their order. */
export function seen (story: Story, name: string): Seen[] {
  return story.events.flatMap((event, index) => event.name === name ? [{ event, index }] : [])
}

/** How a side is called in a sentence. */
export function sideName (side: string): string {
  return side === 'proxy' ? 'this proxy' : side === 'client' || side === 'upstream' ? `the ${side}` : 'one side'
}

/** The same at the beginning of a sentence. */
export function SideName (side: string): string {
  const name = sideName(side)
  return `${name.charAt(0).toUpperCase()}${name.slice(1)}`
}
