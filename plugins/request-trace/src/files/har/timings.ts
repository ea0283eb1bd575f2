// How long did each phase take? HAR's timings, from an attempt's moments or from the client's side.
import type { Attempt } from '../../story/attempts.ts'

/** HAR 1.2, `timings`: ms; -1 where a phase did not happen or is not known. `connect` has `ssl` in it. */
export interface Timings {
  readonly blocked: number
  readonly dns: number
  readonly connect: number
  readonly ssl: number
  readonly send: number
  readonly wait: number
  readonly receive: number
}

/** Of an attempt that ended, or whose answer ended, at a moment. */
export function timingsOf (attempt: Attempt, end: number): Timings {
  const { began, lookup, connect, secure, sentAt, answer, reused } = attempt
  const opening = reused || connect === null ? 0 : (lookup ?? 0) + connect + (secure ?? 0)
  // What is left of the time before the request was sent: it waited for a connection.
  const blocked = (sentAt ?? began) - began - opening
  const answeredAt = answer?.at ?? end
  return {
    blocked: blocked > 0 ? blocked : -1,
    dns: reused ? -1 : lookup ?? -1,
    connect: reused || connect === null ? -1 : connect + (secure ?? 0),
    ssl: reused ? -1 : secure ?? -1,
    send: 0,
    wait: Math.max(0, answeredAt - (sentAt ?? began)),
    receive: Math.max(0, end - answeredAt)
  }
}

/** Of the client's side: when it connected is not part of the exchange. */
export function clientTimings (answeredAt: number, end: number): Timings {
  return { blocked: -1, dns: -1, connect: -1, ssl: -1, send: 0, wait: Math.max(0, answeredAt), receive: Math.max(0, end - answeredAt) }
}

/** HAR 1.2: the sum of all phases; `ssl` is in `connect`. */
export function sumOf ({ blocked, dns, connect, send, wait, receive }: Timings): number {
  return [blocked, dns, connect, send, wait, receive].reduce((sum, time) => sum + Math.max(0, time), 0)
}
