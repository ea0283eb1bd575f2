// How does a request's body get to the upstream? As it comes, with its own framing, no faster than it is taken.
import type { IncomingMessage } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import { Readable } from 'node:stream'
import type { FastifyRequest } from 'fastify'
import { ERRORS } from '../errors.ts'
import type { HeaderNames } from '../header-names.ts'
import type { Connection } from './connection.ts'

/** What body a request has: none, one of known length, or one that ends when it ends. */
export type BodyKind = 'none' | 'sized' | 'chunked'

/** Where the body is to be read: as it came, or, where a hook has read it, what that gave in its place. Throws BodyTaken where there is none of the two. */
export function sourceOf ({ raw, body }: FastifyRequest): Readable {
  const given = body instanceof Readable && body !== raw ? body : null
  if (raw.readableDidRead) {
    if (given === null || given.readableDidRead || given.destroyed) throw new ERRORS.BodyTaken()
    return given
  }
  // Who listens has had it flow before we do; and a stream that nobody reads would have us wait.
  if (raw.readableFlowing !== null) raw.unpipe().pause()
  return raw
}

export class RequestBody {
  readonly #source: Readable
  readonly #names: HeaderNames
  readonly #broken: (cause: unknown) => void
  readonly #chunked: boolean
  #connection: Connection | null = null
  #begun = false
  #ended = false
  #stopped = false

  /** `broken` is told where a stream that a hook gave fails. */
  constructor (source: Readable, kind: BodyKind, names: HeaderNames, broken: (cause: unknown) => void) {
    this.#source = source
    this.#names = names
    this.#broken = broken
    // Of the client's own body the answer's 'close' tells.
    if (isGiven(source)) source.on('error', this.#lost).on('close', this.#lost)
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
    if (this.#source.isPaused()) this.#source.resume()
  }

  /** The upstream takes more. */
  resume (): void {
    if (this.#connection !== null) this.#source.resume()
  }

  /** Nobody reads it any more: what still comes is let fall. */
  stop (): void {
    this.#connection = null
    this.#stopped = true
    if (this.#ended) return
    this.#source.off('data', this.#data)
    this.#source.off('end', this.#end)
    if (this.#begun || this.#source.isPaused()) this.#source.resume()
  }

  readonly #lost = (cause: unknown = new Error('the stream that a hook gave for the body closed before its end')): void => {
    if (this.#ended || this.#stopped) return
    this.#stopped = true
    this.#broken(cause)
  }

  readonly #data = (given: Buffer | string): void => {
    const connection = this.#connection
    // An empty part, as a hook's stream may give one, would be the end.
    if (connection === null || given.length === 0) return
    const part = typeof given === 'string' ? Buffer.from(given) : given
    if (!(part instanceof Uint8Array)) {
      this.#lost(new TypeError('the stream that a hook gave for the body gives something else than bytes'))
      return
    }
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
    if (this.#chunked) connection.writeText(lastChunk(this.#names, (this.#source as Partial<IncomingMessage>).rawTrailers))
    connection.sent()
  }
}

/** A stream of HTTP/2 that is reset emits 'end' too. A whole one stays open, for the answer is still to come. */
function isWhole (source: Readable): boolean {
  if ('stream' in source) {
    const { stream } = source as Http2ServerRequest
    return !stream.closed && !stream.destroyed && !stream.aborted
  }
  return isGiven(source) || (source as IncomingMessage).complete
}

/** True for a stream that is no request. */
function isGiven (source: Readable): boolean {
  return !('complete' in source)
}

/** The end of a chunked body, with the client's trailers. The parser of Node has checked them as it checks headers. */
function lastChunk (names: HeaderNames, trailers: readonly string[] = []): string {
  let text = '0\r\n'
  for (let i = 0; i < trailers.length; i += 2) {
    const name = trailers[i] as string
    if (names.of(name).trails) text += `${name}: ${trailers[i + 1] as string}\r\n`
  }
  return `${text}\r\n`
}
