// How many log files may be open at once? They share the process's limit of file descriptors with the clients' connections.

/** Open files that are not being written. */
const IDLE = 128
/** Files written at the same time; more do not make a disk faster. */
const CONCURRENT = 16

let writing = 0
const waiting: Array<() => void> = []
// The close functions of the idle files, least recently written first.
const idle = new Set<() => Promise<void>>()

/** Writes to a file once there is a free slot. Afterwards the file stays open; over the limit, the `close` of the least recently written is called. */
export async function inTurn (close: () => Promise<void>, write: () => Promise<void>): Promise<void> {
  idle.delete(close)
  if (writing < CONCURRENT) writing++
  else await new Promise<void>(resolve => { waiting.push(resolve) })
  try {
    await write()
  } finally {
    idle.add(close)
    const next = waiting.shift()
    if (next === undefined) writing--
    else next()
    if (idle.size > IDLE) {
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
