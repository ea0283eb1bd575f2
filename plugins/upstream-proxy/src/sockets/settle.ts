// When may bytes follow a 101? For a client in this process, after it has seen that its WebSocket is open.
import type { Duplex } from 'node:stream'

/** Keeps what follows the 101 for two turns of the event loop. */
export function settle (stream: Duplex): void {
  stream.cork()
  setImmediate(() => { setImmediate(() => { stream.uncork() }) })
}
