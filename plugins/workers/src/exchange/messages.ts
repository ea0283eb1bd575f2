// What do the supervisor and its workers tell each other? Messages over Node's IPC channel, as JSON.
import type { TunnelRecord } from '@fastify-arr/facts'

/** Which worker is meant: the generation it was started in, its number in it from 1, its process. */
export interface WorkerName {
  readonly generation: number
  readonly number: number
  readonly pid: number
}

/** From a worker. `tunnel` comes twice for each: with the client's handle, then with the upstream's. */
export type FromWorker =
  | { readonly arrWorkers: 'ready' }
  | { readonly arrWorkers: 'begun' }
  | { readonly arrWorkers: 'tunnels', readonly size: number }
  | { readonly arrWorkers: 'left', readonly moved: number, readonly stayed: number }
  | TunnelPart
  | { readonly arrWorkers: 'adopted', readonly id: string, readonly ok: boolean }
  | { readonly arrWorkers: 'ask', readonly id: number, readonly name: string, readonly question: unknown }
  | { readonly arrWorkers: 'answer', readonly id: number, readonly value?: unknown, readonly none?: boolean, readonly counts?: Counts }
  | { readonly arrWorkers: 'counted', readonly name: string, readonly counts: Counts }
  | { readonly arrWorkers: 'listen', readonly name: string }
  | Tell
  | { readonly arrWorkers: 'socket', readonly id: number, readonly key: string, readonly bind?: Bind }
  | { readonly arrWorkers: 'closed', readonly key: string }
  | { readonly arrWorkers: 'load', readonly open: number, readonly busy: number }

/** To a worker. */
export type ToWorker =
  | { readonly arrWorkers: 'begin' }
  | { readonly arrWorkers: 'leave' }
  | { readonly arrWorkers: 'end', readonly goodbye: boolean }
  | TunnelPart
  | { readonly arrWorkers: 'moved', readonly id: string, readonly ok: boolean }
  | { readonly arrWorkers: 'question', readonly id: number, readonly name: string, readonly question: unknown }
  | { readonly arrWorkers: 'answered', readonly id: number, readonly left: number, readonly worker: WorkerName | null, readonly value?: unknown, readonly none?: boolean, readonly counts?: Counts }
  | { readonly arrWorkers: 'ended', readonly id: number, readonly counts: Counts }
  | { readonly arrWorkers: 'socket', readonly id: number, readonly error: number, readonly data?: unknown }
  | { readonly arrWorkers: 'rest', readonly rests: boolean }
  | Told

/** What a worker tells all others, or the one with this process. */
export interface Tell {
  readonly arrWorkers: 'tell'
  readonly name: string
  /** JSON, which the supervisor does not read. */
  readonly data: string
  readonly to: number | null
}

/** What a worker hears of others. */
export type Told =
  | { readonly arrWorkers: 'told', readonly name: string, readonly data: string, readonly from: WorkerName }
  | { readonly arrWorkers: 'came', readonly name: string, readonly worker: WorkerName }
  | { readonly arrWorkers: 'gone', readonly worker: WorkerName }

/** Where a socket listens that a worker asks for the first time. */
export interface Bind {
  readonly address: string | null
  readonly port: number
  readonly addressType: 4 | 6
  /** Node's, such as that of `ipv6Only`. */
  readonly flags: number
  /** What the servers of all workers there have in common: those that come later get that of the first. */
  readonly data?: unknown
}

/** Numbers that only grow, by names. */
export type Counts = Readonly<Record<string, number>>

/** Half of a tunnel. */
export interface TunnelPart {
  readonly arrWorkers: 'tunnel'
  /** Of the same tunnel in all three processes. */
  readonly id: string
  readonly part: 'client' | 'upstream'
  /** With the second part only. */
  readonly record?: TunnelRecord
  /** When it must not be taken any more, as `clock()` counts. */
  readonly until: number
}

/** A socket's handle on its way: it does not read, as a `net.Socket` would as soon as Node has made one of it. */
export interface Handle {
  close (): void
}

/** ms, the same in all processes of a machine, and never set back. */
export function clock (): number {
  return Number(process.hrtime.bigint() / 1_000_000n)
}

/** Whether a message of the channel is one of these. */
export function isOurs (message: unknown): boolean {
  return typeof message === 'object' && message !== null && typeof (message as { arrWorkers?: unknown }).arrWorkers === 'string'
}

/** The longest text that is told at once, in UTF-16 code units. */
export const MOST_TOLD = 1 << 20

/** How much that was told may be on its way to one process, in UTF-16 code units. */
export const MOST_ON_THE_WAY = 1 << 22

/** How many names a worker may listen to, and how long one may be. */
export const MOST_NAMES = 1024
export const LONGEST_NAME = 500

/** The variable that tells a worker its place: generation, number, count, starts. */
export const PLACE = 'ARR_WORKERS_PLACE'

/** How often a worker tells how much it has to do, ms. */
export const BEAT = 250

/** The variable that tells a worker how its servers listen, and its value where they share their sockets. */
export const SOCKETS = 'ARR_WORKERS_SOCKETS'
export const SHARED = 'shared'
