// How does a request's body get to the upstream? As it comes, with its own framing, no faster than it is taken.
import type { IncomingMessage } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import type { Connection } from './connection.ts'

/** What body a request has: none, one of known length, or one that ends when it ends. */
export type BodyKind = 'none' | 'sized' | 'chunked'

export class RequestBody {
  readonly #source: IncomingMessage
  readonly #chunked: boolean
  #connection: Connection | null = null
  #begun = false
  #ended = false

  constructor (source: IncomingMessage, kind: BodyKind) {
    this.#source = source
    this.#chunked = kind === 'chunked'
  }

  /** True once something was read of it: it cannot be sent a second time. */
  get begun (): boolean {
    return this.#begun
  }

  /** True once all of it was read. */
  get ended (): boolean {
    return this.#ended
  }

  /** Sends the body. */
  begin (connection: Connection): void {
    this.#begun = true
    this.#connection = connection
    this.#source.on('data', this.#data)
    this.#source.on('end', this.#end)
  }

  /** The upstream takes more. */
  resume (): void {
    if (this.#connection !== null) this.#source.resume()
  }

  /** Nobody reads it any more: what still comes is let fall. */
  stop (): void {
    this.#connection = null
    if (this.#ended) return
    this.#source.off('data', this.#data)
    this.#source.off('end', this.#end)
    if (this.#begun) this.#source.resume()
  }

  readonly #data = (part: Buffer): void => {
    const connection = this.#connection
    if (connection === null) return
    let open
    if (this.#chunked) {
      connection.gather()
      connection.writeText(`${part.length.toString(16)}\r\n`)
      connection.write(part)
      open = connection.writeText('\r\n')
    } else {
      open = connection.write(part)
    }
    if (!open) this.#source.pause()
  }

  readonly #end = (): void => {
    const connection = this.#connection
    if (connection === null || !isWhole(this.#source)) return
    this.#ended = true
    if (this.#chunked) connection.writeText(lastChunk(this.#source.rawTrailers))
    connection.sent()
  }
}

/** A stream of HTTP/2 that is reset emits 'end' too. A whole one stays open, for the answer is still to come. */
function isWhole (source: IncomingMessage | Http2ServerRequest): boolean {
  return 'stream' in source ? !source.stream.closed && !source.stream.destroyed && !source.stream.aborted : source.complete
}

/** The end of a chunked body, with the client's trailers. The parser of Node has checked them as it checks headers. */
function lastChunk (trailers: readonly string[] = []): string {
  let text = '0\r\n'
  for (let i = 0; i < trailers.length; i += 2) {
    const name = trailers[i] as string
    // What a trailer could pretend: the framing, and what a proxy says (RFC 9110 §6.5.1).
    if (!/^(?:content-length|transfer-encoding|trailer|host|connection|te|upgrade|expect|forwarded|x-forwarded-.*|x-arr-log-id|:.*)$/i.test(name)) text += `${name}: ${trailers[i + 1] as string}\r\n`
  }
  return `${text}\r\n`
}
