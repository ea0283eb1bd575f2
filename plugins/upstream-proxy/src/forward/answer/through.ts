// How does a body pass through the stream that `rewriteResponse` returned? The stream is the user's code: it may buffer, be slow,
// end before it got the whole body, or fail.
import type { Duplex } from 'node:stream'
import type { RawHeaders } from '../../headers/raw-headers.ts'
import type { Source } from '../pool/exchange.ts'

/** Where the stream's output goes. */
export interface ThroughTarget {
  /** Called before each part that goes to the client, so that the head is sent first. */
  begin (): void
  /** The stream has ended, and the answer with it. */
  finish (trailers: RawHeaders | null): void
}

/** What takes the stream's output: the response, or the body that Fastify is given. */
export interface ThroughSink {
  /** False where it has enough; then 'drain' follows. */
  write (part: Buffer): boolean
  once (event: 'drain', listener: () => void): unknown
}

/** Called where the answer does not end with the upstream's body. */
export interface ThroughOwner {
  /** The stream failed, or closed before its end. */
  broken (cause: unknown): void
  /** The stream has ended, and the answer with it, while the upstream's body goes on: its rest is not needed. */
  early (): void
}

export class Through {
  readonly #stream: Duplex
  readonly #owner: ThroughOwner
  /** The source that is paused until the stream drains. */
  #source: Source | null = null
  /** The stream has ended, failed or been destroyed. */
  #over = false
  /** The upstream's body has ended. */
  #told = false
  #trailers: RawHeaders | null = null

  constructor (stream: Duplex, sink: ThroughSink, target: ThroughTarget, owner: ThroughOwner) {
    this.#stream = stream
    this.#owner = owner
    stream.on('data', (part: Buffer) => {
      target.begin()
      if (sink.write(part)) return
      stream.pause()
      sink.once('drain', () => { stream.resume() })
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

  /** Writes a copy of a part to the stream; the source is paused where the stream is full. */
  part (part: Buffer, source: Source): void {
    // After the stream's own end, the rest of the body is discarded.
    if (this.#over || this.#stream.write(Buffer.from(part)) || this.#source !== null) return
    source.hold()
    this.#source = source
  }

  /** Ends the stream: the upstream's body has ended. */
  end (trailers: RawHeaders | null): void {
    this.#told = true
    this.#trailers = trailers
    if (!this.#over) this.#stream.end()
    // A stream that is ending emits no 'drain'.
    this.#goOn()
  }

  /** Destroys the stream: its output is not needed any more. */
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
