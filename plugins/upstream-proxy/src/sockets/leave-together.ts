// When are bytes written to sockets? Those that come up in one turn of the event loop are written together, at its end.
//
// A write wakes the process that reads it, on another core, and that is most of its cost. Written as they come up, each write
// finds its reader asleep again; written in a row, most find it awake. Only the first of a turn does not wait: where it stays
// the only one, its reader already works while this process finishes the turn.

/** The owner of bytes that wait in a corked stream. */
export interface Late {
  /** Uncork. Must not throw. */
  leave (): void
}

// Upper bound of a batch, so that the first of it does not wait for any number of others.
const MOST = 64

const late: Array<Late | null> = []
let count = 0
let awaited = false
let leaving = false

/** Schedules `one.leave()`: the first of a turn of the event loop runs when the current event is handled, all others at the turn's end. */
export function leaveTogether (one: Late): void {
  if (count >= MOST && !leaving) leave()
  late[count++] = one
  if (awaited) return
  awaited = true
  process.nextTick(leave)
  setImmediate(turnEnds)
}

function turnEnds (): void {
  awaited = false
  leave()
}

function leave (): void {
  // Includes those added during the loop.
  leaving = true
  for (let i = 0; i < count; i++) {
    const one = late[i]
    late[i] = null
    one?.leave()
  }
  leaving = false
  count = 0
}
