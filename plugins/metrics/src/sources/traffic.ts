// What has passed through WebSockets, by its kind and direction?
import type { Flow } from '@fastify-arr/facts'

/** Kinds of messages and control frames. */
export const COUNTED = ['text', 'binary', 'pings', 'pongs'] as const

/** From the client, and to the client. */
export type Traffic = { bytes: [number, number] } & { readonly [Kind in typeof COUNTED[number]]: [number, number] }

export function newTraffic (): Traffic {
  return { bytes: [0, 0], text: [0, 0], binary: [0, 0], pings: [0, 0], pongs: [0, 0] }
}

/** Adds what has passed through one, without what had passed before it came from another process. */
export function addTo (traffic: Traffic, { received, sent }: { readonly received: Readonly<Flow>, readonly sent: Readonly<Flow> }, before: Traffic | null): void {
  for (const kind of ['bytes', ...COUNTED] as const) {
    traffic[kind][0] += received[kind] - (before?.[kind][0] ?? 0)
    traffic[kind][1] += sent[kind] - (before?.[kind][1] ?? 0)
  }
}

export function sum (into: Traffic, from: Traffic): void {
  for (const kind of ['bytes', ...COUNTED] as const) {
    into[kind][0] += from[kind][0]
    into[kind][1] += from[kind][1]
  }
}
