// What lies between the upstream's body and the client where `rewriteResponse` gave a stream? Somebody else's code, that may
// keep what it gets, take its time, end before it was told all, or fail.
import type { ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { RawHeaders } from '../../headers/raw-headers.ts'
import type { Source } from '../pool/exchange.ts'

/** How long the rest of the upstream's body is read that a stream did not wait for, in ms. */
export const REST_PATIENCE = 2000

/** Where the stream's output goes. */
export interface ThroughTarget {
  /** Called before each part that goes to the client: the head is to be first. */
  begin (): void
  /** The stream has ended, and the answer with it. */
  finish (trailers: RawHeaders | null): void
}

/** Who is told where the answer's end is not that of the upstream's body. */
export interface ThroughOwner {
  /** The stream failed, or closed before its end. */
  broken (cause: unknown): void
  /** The stream has ended, and the answer with it, while the upstream's body goes on: its rest is not needed. */
  early (): void
}

export class Through {
  readonly #stream: Duplex
  readonly #owner: ThroughOwner
  /** Who was told to wait until the stream has taken what it got. */
  #source: Source | null = null
  /** The stream has said all it has to say. */
  #over = false
  /** The upstream has. */
  #told = false
  #trailers: RawHeaders | null = null

  constructor (stream: Duplex, response: ServerResponse, target: ThroughTarget, owner: ThroughOwner) {
    this.#stream = stream
    this.#owner = owner
    stream.on('data', (part: Buffer) => {
      target.begin()
      if (response.write(part)) return
      stream.pause()
      response.once('drain', () => { stream.resume() })
    })
    stream.on('drain', () => { this.#goOn() })
    stream.on('end', () => {
      this.#over = true
      this.#goOn()
      target.begin()
      target.finish(this.#trailers)
      if (!this.#told) owner.early()
    })
    stream.on('error', cause => { this.#broken(cause) })
    stream.on('close', () => { this.#broken(new Error('the stream of rewriteResponse closed before its end')) })
  }

  /** Passes a copy of a part on; who brings it has to wait where the stream is full. */
  part (part: Buffer, source: Source): void {
    // Past the stream's own end, what is left of the body is of no interest to anybody.
    if (this.#over || this.#stream.write(Buffer.from(part)) || this.#source !== null) return
    source.hold()
    this.#source = source
  }

  /** The upstream's body is over. */
  end (trailers: RawHeaders | null): void {
    this.#told = true
    this.#trailers = trailers
    if (!this.#over) this.#stream.end()
    // A stream that is to end tells no 'drain'.
    this.#goOn()
  }

  /** Nobody waits for it any more. */
  destroy (): void {
    this.#over = true
    this.#stream.destroy()
  }

  #broken (cause: unknown): void {
    if (this.#over) return
    this.#over = true
    this.#owner.broken(cause)
  }

  #goOn (): void {
    const source = this.#source
    this.#source = null
    source?.resume()
  }
}
