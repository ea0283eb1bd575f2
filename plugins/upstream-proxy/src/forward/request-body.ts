// How does a request's body get to the upstream? As it comes, with its own framing, no faster than it is taken.
import type { IncomingMessage } from 'node:http'
import type { Connection } from './connection.ts'

/** What body a request has: none, one of known length, or one that ends when it ends. */
export type BodyKind = 'none' | 'sized' | 'chunked'

export class RequestBody {
  readonly #source: IncomingMessage
  readonly #chunked: boolean
  #connection: Connection | null = null
  #ended = false

  constructor (source: IncomingMessage, kind: BodyKind) {
    this.#source = source
    this.#chunked = kind === 'chunked'
  }

  /** Sends head and body. What has arrived of the body leaves together with the head. */
  send (head: string, connection: Connection): void {
    this.#connection = connection
    connection.sending()
    connection.cork()
    connection.writeText(head)
    this.#source.on('data', this.#data)
    this.#source.on('end', this.#end)
    process.nextTick(uncork, connection)
  }

  resume (): void {
    if (this.#connection !== null) this.#source.resume()
  }

  /** Nobody reads it any more: what still comes is let fall. */
  stop (): void {
    if (this.#connection === null) return
    this.#connection = null
    this.#source.off('data', this.#data)
    this.#source.off('end', this.#end)
    if (!this.#ended) this.#source.resume()
  }

  readonly #data = (chunk: Buffer): void => {
    const connection = this.#connection
    if (connection === null) return
    connection.touch()
    let open
    if (this.#chunked) {
      connection.cork()
      connection.writeText(`${chunk.length.toString(16)}\r\n`)
      connection.write(chunk)
      open = connection.writeText('\r\n')
      connection.uncork()
    } else {
      open = connection.write(chunk)
    }
    if (!open) this.#source.pause()
  }

  readonly #end = (): void => {
    this.#ended = true
    if (this.#chunked) this.#connection?.writeText('0\r\n\r\n')
    this.#connection?.sent()
  }
}

function uncork (connection: Connection): void {
  connection.uncork()
}
