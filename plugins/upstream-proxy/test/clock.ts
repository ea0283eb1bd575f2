// A clock for limits that are tested without waiting: time moves when the test moves it.
import type { Test } from 'tap'

/** A limit that the clock below holds, for what must not expire by itself however slow the machine is. */
export const LIMIT = 60_000

interface Timer {
  due: number
  readonly ring: () => void
  refresh (): Timer
  ref (): Timer
  unref (): Timer
  hasRef (): boolean
}

/** A clock that stands still for every timeout of a quarter of the limit or more, or of `least`. Returns the function that advances it. */
export function clock (t: Test, least = LIMIT / 4): (ms: number) => void {
  const { setTimeout, clearTimeout } = globalThis
  const now = performance.now.bind(performance)
  const date = Date.now
  const timers = new Set<Timer>()
  let ahead = 0
  Object.defineProperty(performance, 'now', { configurable: true, value: () => now() + ahead })
  Date.now = () => date() + Math.floor(ahead)
  globalThis.setTimeout = ((ring: (...args: unknown[]) => void, ms = 0, ...rest: unknown[]) => {
    if (ms < least) return setTimeout(ring, ms, ...rest)
    const timer: Timer = {
      due: performance.now() + ms,
      ring: () => ring(...rest),
      refresh () {
        timer.due = performance.now() + ms
        return timer
      },
      ref: () => timer,
      unref: () => timer,
      hasRef: () => false
    }
    timers.add(timer)
    return timer
  }) as never
  globalThis.clearTimeout = ((timer: never) => { if (!timers.delete(timer)) clearTimeout(timer) }) as never
  t.teardown(() => {
    Object.assign(globalThis, { setTimeout, clearTimeout })
    Reflect.deleteProperty(performance, 'now')
    Date.now = date
  })
  return ms => {
    ahead += ms
    for (const timer of timers) {
      if (timer.due > performance.now()) continue
      timers.delete(timer)
      timer.ring()
    }
  }
}
