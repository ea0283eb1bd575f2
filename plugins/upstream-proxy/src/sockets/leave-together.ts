// When do bytes leave? Those that come up in one turn of the event loop leave together, at its end.
//
// A write wakes the process that reads it, on another core, and that is the dearest part of it. Written as they come up, each
// finds its reader asleep again; written in a row, most find it awake. Only the first of a turn does not wait: where it stays
// the only one, its reader works while we finish what is left to do here.

/** Who has bytes that wait in a corked stream. */
export interface Late {
  /** Uncork. Must not throw. */
  leave (): void
}

// However many there are: the first of them does not wait for more than these.
const MOST = 64

const late: Array<Late | null> = []
let count = 0
let awaited = false
let leaving = false

/** Has `one` leave: the first of a turn of the event loop when the event it came up in is over, all others at the turn's end. */
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
  // Who comes meanwhile leaves too.
  leaving = true
  for (let i = 0; i < count; i++) {
    const one = late[i]
    late[i] = null
    one?.leave()
  }
  leaving = false
  count = 0
}
