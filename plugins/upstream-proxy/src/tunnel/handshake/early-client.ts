// What does the client do while its handshake is under way? It may send bytes, end its side, or leave.
import type { Socket } from 'node:net'
import type { ClientSide } from './client-side.ts'

const EMPTY = Buffer.alloc(0)
// A client may send bytes before the 101; beyond this number its socket is paused.
const MAX_EARLY = 65_536

/** The client's stream until the upstream has answered. */
export class EarlyClient {
  readonly #client: ClientSide
  readonly #ended: () => void
  readonly #left: () => void
  #parts: Buffer[] = []
  #length = 0

  /** `ended` is called when the client has ended its side and may still read, `left` when its connection or stream is gone. */
  constructor (client: ClientSide, ended: () => void, left: () => void) {
    this.#client = client
    this.#ended = ended
    this.#left = left
  }

  /** Begins to read. */
  follow (): void {
    const { stream, head, http } = this.#client
    // Node's https server would answer the client's end with its own.
    if (http === '1.1') (stream as Socket).allowHalfOpen = true
    if (head.length > 0) this.#onData(head)
    stream.on('data', this.#onData)
    stream.on('end', this.#ended)
    stream.prependListener('close', this.#left) // before the logger's listener: it must find the facts final
    if (stream.readableEnded) this.#ended()
  }

  /** Removes every listener. */
  leave (): void {
    const { stream } = this.#client
    stream.removeListener('data', this.#onData)
    stream.removeListener('end', this.#ended)
    stream.removeListener('close', this.#left)
  }

  /** All that it has sent. */
  bytes (): Buffer {
    return this.#length === 0 ? EMPTY : Buffer.concat(this.#parts)
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#parts.push(chunk)
    this.#length += chunk.length
    if (this.#length > MAX_EARLY) this.#client.stream.pause()
  }
}
