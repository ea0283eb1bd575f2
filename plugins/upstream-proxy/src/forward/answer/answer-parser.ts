// Where does an answer begin and end in the bytes of a connection? A strict parser of HTTP/1.1 responses (RFC 9112).
// Whatever it does not know for certain is an error: a proxy that guesses can be made to guess wrong.
import { areFields, cutFields } from '../../headers/header-lines.ts'
import type { RawHeaders } from '../../headers/raw-headers.ts'
import { type AnswerHead, BadAnswer, parseHead } from './answer-head.ts'
import { mayBecomeHead } from './unfinished-head.ts'

/** Receives what the parser reads. */
export interface AnswerSink {
  /** An interim answer (1xx) before the final one. */
  information (head: AnswerHead): void
  head (head: AnswerHead): void
  /** A part of the body. The bytes are valid only during the call: the read buffer is reused. */
  body (chunk: Buffer): void
  /** The end of the answer, with the last part of the body where there is one (valid only during the call), and the trailers. */
  end (last: Buffer | null, trailers: RawHeaders | null): void
}

/** What the next byte belongs to. */
type State = 'idle' | 'head' | 'sized' | 'until-close' | 'chunk-size' | 'chunk' | 'chunk-end' | 'trailers'

// The line of a chunk size. Extensions are allowed and ignored (RFC 9112 §7.1.1), up to a limit.
const CHUNK_SIZE = /^([0-9a-fA-F]{1,10})(?:[ \t]*;[\t\x20-\x7e\x80-\xff]*)?$/
const CHUNK_LINE_LIMIT = 1024
const INTERIM_LIMIT = 32
// In trailers these would change the meaning of the head that was already forwarded (RFC 9110 §6.5.1).
const NOT_IN_TRAILERS = /^(content-(length|encoding|type|range)|transfer-encoding|trailer|host|connection|keep-alive|te|upgrade|set-cookie|location|proxy-.*|cache-control|age|expires|date|vary|www-authenticate|authorization)$/i

export class AnswerParser {
  readonly #sink: AnswerSink
  readonly #headLimit: number
  #state: State = 'idle'
  #method = 'GET'
  #carry: Buffer | null = null
  #left = 0
  #interim = 0

  constructor (sink: AnswerSink, headLimit: number) {
    this.#sink = sink
    this.#headLimit = headLimit
  }

  /** True between answers. */
  get idle (): boolean {
    return this.#state === 'idle'
  }

  /** True once a byte of the awaited answer has arrived. */
  get begun (): boolean {
    return (this.#state !== 'idle' && this.#state !== 'head') || this.#carry !== null || this.#interim > 0
  }

  /** Prepares for the answer to one request; the method decides whether the answer has a body. */
  expect (method: string): void {
    this.#method = method
    this.#state = 'head'
    this.#interim = 0
  }

  /** Parses the next bytes. Throws BadAnswer. */
  push (chunk: Buffer): void {
    if (this.#carry !== null) {
      chunk = Buffer.concat([this.#carry, chunk])
      this.#carry = null
    }
    let at = 0
    while (at < chunk.length) {
      switch (this.#state) {
        case 'idle':
          throw new BadAnswer('bytes after the end of the answer')
        case 'head': {
          const end = chunk.indexOf('\r\n\r\n', at, 'latin1')
          if (end === -1 || end - at > this.#headLimit) {
            if (chunk.length - at > this.#headLimit) throw new BadAnswer('the head is too large')
            if (!mayBecomeHead(chunk.toString('latin1', at))) throw new BadAnswer('this can become no valid head')
            this.#carry = Buffer.from(chunk.subarray(at))
            return
          }
          at = this.#head(chunk, at, end)
          break
        }
        case 'sized': {
          const part = at === 0 && chunk.length <= this.#left ? chunk : chunk.subarray(at, at + this.#left)
          at += part.length
          this.#left -= part.length
          if (this.#left === 0) this.#end(part, null)
          else this.#sink.body(part)
          break
        }
        case 'until-close':
          this.#sink.body(at === 0 ? chunk : chunk.subarray(at))
          return
        case 'chunk-size': {
          const end = chunk.indexOf('\r\n', at, 'latin1')
          if (end === -1 || end - at > CHUNK_LINE_LIMIT) {
            if (chunk.length - at > CHUNK_LINE_LIMIT) throw new BadAnswer('the line of a chunk size is too long')
            this.#carry = Buffer.from(chunk.subarray(at))
            return
          }
          const match = CHUNK_SIZE.exec(chunk.toString('latin1', at, end))
          if (match === null) throw new BadAnswer('a chunk size is not valid')
          at = end + 2
          this.#left = parseInt(match[1] as string, 16)
          this.#state = this.#left === 0 ? 'trailers' : 'chunk'
          break
        }
        case 'chunk': {
          const part = chunk.subarray(at, at + this.#left)
          at += part.length
          this.#left -= part.length
          if (this.#left === 0) this.#state = 'chunk-end'
          this.#sink.body(part)
          break
        }
        case 'chunk-end':
          if (chunk[at] !== 0x0d || (at + 1 < chunk.length && chunk[at + 1] !== 0x0a)) throw new BadAnswer('a chunk is longer than its size')
          if (at + 1 === chunk.length) {
            this.#carry = Buffer.from(chunk.subarray(at))
            return
          }
          at += 2
          this.#state = 'chunk-size'
          break
        case 'trailers': {
          const next = this.#trailers(chunk, at)
          if (next === -1) {
            this.#carry = Buffer.from(chunk.subarray(at))
            return
          }
          at = next
          break
        }
      }
    }
  }

  /** True where the end of the connection is the end of the body, and not a cut. */
  get endsWithConnection (): boolean {
    return this.#state === 'until-close'
  }

  /** The upstream ended the connection in order. */
  finish (): void {
    if (this.#state === 'until-close') this.#end(null, null)
  }

  #head (chunk: Buffer, at: number, end: number): number {
    const head = parseHead(chunk.toString('latin1', at, end + 2), this.#method)
    if (head.status < 200) {
      // Forwarded requests never ask for another protocol. The number of interim answers is limited, or an upstream could send them without end.
      if (head.status === 101) throw new BadAnswer('101 was not asked for')
      if (++this.#interim > INTERIM_LIMIT) throw new BadAnswer('too many interim answers')
      this.#sink.information(head)
      return end + 4
    }
    this.#left = head.length
    switch (head.framing) {
      case 'chunked':
        this.#state = 'chunk-size'
        break
      case 'until-close':
        this.#state = 'until-close'
        break
      case 'sized':
        this.#state = 'sized'
    }
    const bodiless = head.framing === 'none' || (head.framing === 'sized' && head.length === 0)
    // Set before the sink gets the head: the `rewriteResponse` that it calls may throw, or end the exchange.
    if (bodiless) this.#state = 'idle'
    this.#sink.head(head)
    if (bodiless) this.#sink.end(null, null)
    return end + 4
  }

  #trailers (chunk: Buffer, at: number): number {
    if (chunk[at] === 0x0d && chunk[at + 1] === 0x0a) {
      this.#end(null, null)
      return at + 2
    }
    const end = chunk.indexOf('\r\n\r\n', at, 'latin1')
    if (end === -1 || end - at > this.#headLimit) {
      if (chunk.length - at > this.#headLimit) throw new BadAnswer('the trailers are too large')
      return -1
    }
    const text = chunk.toString('latin1', at, end + 2)
    if (!areFields(text)) throw new BadAnswer('a trailer is not valid')
    const trailers: RawHeaders = []
    const fields = cutFields(text)
    for (let i = 0; i < fields.length; i += 2) {
      if (!NOT_IN_TRAILERS.test(fields[i] as string)) trailers.push(fields[i] as string, fields[i + 1] as string)
    }
    this.#end(null, trailers)
    return end + 4
  }

  #end (last: Buffer | null, trailers: RawHeaders | null): void {
    this.#state = 'idle'
    this.#sink.end(last, trailers)
  }
}
