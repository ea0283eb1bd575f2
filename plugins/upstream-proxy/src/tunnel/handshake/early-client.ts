// What does the client do while its handshake waits or is under way? It may send bytes, end its side, or leave.
import type { Socket } from 'node:net'
import type { ClientSide } from './client-side.ts'

const EMPTY = Buffer.alloc(0)
// A client may send bytes before the 101; beyond this number its socket is paused.
const MAX_EARLY = 65_536

/** Whoever the client waits for. */
export interface EarlyOwner {
  /** The client has ended its side and may still read. */
  clientEnded (): void
  /** Its connection or stream is gone. */
  clientLeft (): void
}

/** The client's stream until the upstream has answered. */
export class EarlyClient {
  readonly client: ClientSide
  /** When it has arrived, on `performance.now()`'s clock, ms. */
  readonly arrived = performance.now()
  /** How long it has waited to be admitted, ms. */
  waited = 0
  #owner: EarlyOwner | null = null
  #parts: Buffer[] = []
  #length = 0

  constructor (client: ClientSide) {
    this.client = client
  }

  /** Begins to read. Where it has begun already, only the owner changes. */
  follow (owner: EarlyOwner): void {
    const isFollowed = this.#owner !== null
    this.#owner = owner
    if (isFollowed) return
    const { stream, head, http } = this.client
    // Node's https server would answer the client's end with its own.
    if (http === '1.1') (stream as Socket).allowHalfOpen = true
    if (head.length > 0) this.#onData(head)
    stream.on('data', this.#onData)
    stream.on('end', this.#onEnd)
    stream.prependListener('close', this.#onClose) // before the logger's listener: it must find the facts final
    if (stream.readableEnded) this.#onEnd()
  }

  /** Removes every listener. */
  leave (): void {
    const { stream } = this.client
    stream.removeListener('data', this.#onData)
    stream.removeListener('end', this.#onEnd)
    stream.removeListener('close', this.#onClose)
  }

  /** All that it has sent. */
  bytes (): Buffer {
    return this.#length === 0 ? EMPTY : Buffer.concat(this.#parts)
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#parts.push(chunk)
    this.#length += chunk.length
    if (this.#length > MAX_EARLY) this.client.stream.pause()
  }

  readonly #onEnd = (): void => { this.#owner?.clientEnded() }
  readonly #onClose = (): void => { this.#owner?.clientLeft() }
}
