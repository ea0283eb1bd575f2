// What time is it, and what happens later? Tests have a clock of their own.

export interface Clock {
  /** ms; only goes forward. */
  now (): number
  /** Calls `run` once, after so many ms. The function that is returned prevents it. */
  after (ms: number, run: () => void): () => void
  /** From 0 to 1. A function by itself, without `this`. */
  readonly random: () => number
}

export const CLOCK: Clock = {
  now: () => performance.now(),
  after (ms, run) {
    const timer = setTimeout(run, ms).unref()
    return () => { clearTimeout(timer) }
  },
  random: Math.random
}
