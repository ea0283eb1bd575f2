// Does a browser read what it is told? One stream of server-sent events (HTML §9.2); what it does not read is left out, and at last it is cut.
import type { ServerResponse } from 'node:http'
import type { Http2ServerResponse } from 'node:http2'

/** Bytes that may wait for one browser. */
const MOST_WAITING = 1024 * 1024
/** Beats of the heart that one may not read. */
const MOST_BEATS = 4

/** The response of a stream. */
export type StreamResponse = ServerResponse | Http2ServerResponse

/** One browser that listens. */
export class Stream {
  readonly #response: StreamResponse
  /** Beats since it last read. */
  #stuck = 0
  #missed = false
  #isOver = false

  constructor (response: StreamResponse, over: () => void) {
    this.#response = response
    response.on('close', () => {
      this.#isOver = true
      over()
    })
    // Of a socket that was reset: `close` follows.
    response.on('error', () => {})
    // The browser asks again a second after the stream has ended, for example while the server starts again.
    this.#write('retry: 1000\n\n')
  }

  /** True where nothing waits that it has not read. */
  get reads (): boolean {
    return !this.#flow.writableNeedDrain
  }

  /** True where others share its connection: at its end the browser does not make another one. */
  get isShared (): boolean {
    return 'stream' in this.#response
  }

  /** True where the last message was not sent to it. */
  get missed (): boolean {
    return this.#missed
  }

  /** Sends a message, as `message` makes it; to one that does not read it is not sent. */
  send (message: string): void {
    this.#missed = !this.reads
    if (!this.#isOver && !this.#missed) this.#write(message)
  }

  /** Sends what stands beside the messages of its view; to one that does not read it is not sent. */
  tell (message: string): void {
    if (!this.#isOver && this.reads) this.#write(message)
  }

  /** Shows both sides that the other one is there. To be called every 15 s. */
  beat (): void {
    this.#stuck = this.reads ? 0 : this.#stuck + 1
    if (this.#stuck >= MOST_BEATS) this.#cut()
    else if (!this.#isOver && this.reads) this.#write(':\n\n')
  }

  end (message: string): void {
    if (this.#isOver) return
    if (this.reads) (this.#response as ServerResponse).end(message)
    else this.#cut()
  }

  #write (text: string): void {
    (this.#response as ServerResponse).write(text)
    if (this.#flow.writableLength > MOST_WAITING) this.#cut()
  }

  #cut (): void {
    this.#isOver = true
    this.#response.destroy()
  }

  // The response of the compatibility API tells neither of the two.
  get #flow (): { readonly writableNeedDrain: boolean, readonly writableLength: number } {
    return 'stream' in this.#response ? this.#response.stream : this.#response
  }
}

/** An event with a value, in the form of a stream. */
export function message (event: string, value: unknown): string {
  return `event: ${event}\ndata: ${JSON.stringify(value)}\n\n`
}
