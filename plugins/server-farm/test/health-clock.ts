// A clock for health that is tested without waiting: time moves when the test moves it.
import type { Test } from 'tap'

interface Timer {
  readonly due: number
  readonly ring: () => void
  unref (): Timer
}

/** A clock that stands still for timeouts of 10 s and more. Returns the function that advances it. */
export function clock (t: Test): (ms: number) => void {
  const { setTimeout, clearTimeout } = globalThis
  const date = Date.now
  const timers = new Set<Timer>()
  // Whole numbers, so that what is added up is exact.
  const beginning = Math.ceil(performance.now())
  const epoch = Date.now()
  let ahead = 0
  Object.defineProperty(performance, 'now', { configurable: true, value: () => beginning + ahead })
  Date.now = () => epoch + ahead
  globalThis.setTimeout = ((ring: () => void, ms = 0) => {
    if (ms < 10_000) return setTimeout(ring, ms)
    const timer: Timer = { due: ahead + ms, ring, unref: () => timer }
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
      if (timer.due > ahead) continue
      timers.delete(timer)
      timer.ring()
    }
  }
}
