// How many log files may be open at once? All that a process may open is shared with its clients' connections.

/** Of those that nobody writes at the moment. */
const KEPT = 128
/** Written at the same time; no disk is faster with more. */
const WRITTEN = 16

let writing = 0
const waiting: Array<() => void> = []
// What closes each; the one that was written longest ago comes first.
const idle = new Set<() => Promise<void>>()

/** Writes to a file when its turn has come. Afterwards it may stay open; where too many are, `close` is called. */
export async function inTurn (close: () => Promise<void>, write: () => Promise<void>): Promise<void> {
  idle.delete(close)
  if (writing < WRITTEN) writing++
  else await new Promise<void>(resolve => { waiting.push(resolve) })
  try {
    await write()
  } finally {
    idle.add(close)
    const next = waiting.shift()
    if (next === undefined) writing--
    else next()
    if (idle.size > KEPT) {
      const [oldest] = idle as unknown as [() => Promise<void>]
      idle.delete(oldest)
      await oldest()
    }
  }
}

/** To be called when a file is closed for good. */
export function forget (close: () => Promise<void>): void {
  idle.delete(close)
}
