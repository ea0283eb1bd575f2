// How is a moment told to another process? As the time that has passed since: `performance.now()` begins anew in each.

/** Milliseconds since something was. */
export type Since = number

/** `now` and `moment` are on this process's `performance.now()`. */
export function sinceOf (moment: number, now: number): Since {
  return now - moment
}

/** The moment on this process's `performance.now()`; `now` is that of the telling. It may be below 0, before this process began. */
export function momentOf (since: Since, now: number): number {
  return now - since
}
