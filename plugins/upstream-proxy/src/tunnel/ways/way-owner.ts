// What does a direction report to its tunnel?
import type { Side, TunnelFact, TunnelLimit } from '@fastify-arr/facts'
import type { TunnelWatches } from '../../onlookers/tunnel-watches.ts'

/** The side where a direction begins. */
export type WaySide = 'client' | 'upstream'

/** Receives a direction's events: the tunnel that it belongs to. */
export interface WayOwner {
  readonly fact: TunnelFact
  /** Who watches what passes; null where nobody does. */
  readonly watch: TunnelWatches | null
  /** When the first direction ended, or when unsent bytes last moved after that; 0 while both are open. */
  halfClosedAt: number
  /** A Close frame passed. */
  saidClose (by: Side, code: number | null, reason: string): void
  /** The proxy's Close frame was written. */
  saidGoodbye (): void
  /** A limit was reached. */
  end (limit: TunnelLimit, code: number, reason: string): void
  /** A direction's frames stopped being readable. */
  unreadable (side: WaySide): void
  /** The transport ended. */
  ended (by: Side, ending: TunnelFact['ending']): void
  /** One of the sockets has closed. */
  sideClosed (): void
}
