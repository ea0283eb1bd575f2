// How is a compressed body rewritten? It is decompressed before and compressed again after.

import { Duplex, pipeline, type Transform } from 'node:stream'
import { constants, createBrotliCompress, createBrotliDecompress, createDeflate, createDeflateRaw, createGunzip, createGzip, createInflate, createInflateRaw } from 'node:zlib'
import { BodyError } from '../errors.ts'

/** A coding's two streams, created once the body's first byte is known. */
type Coding = (first: number) => readonly [decode: Transform, encode: Transform]

// Flushed after each chunk, so that a page that is sent in pieces arrives in pieces.
const flushed = { flush: constants.Z_SYNC_FLUSH }
const brotli = { flush: constants.BROTLI_OPERATION_FLUSH, params: { [constants.BROTLI_PARAM_QUALITY]: 4 } }

const gzip: Coding = () => [createGunzip(), createGzip(flushed)]

const CODINGS: Readonly<Record<string, Coding>> = {
  gzip,
  'x-gzip': gzip,
  // Many servers send it without the zlib format that RFC 9110 §8.4.1.2 demands; that format's first byte has the method, 8.
  deflate: first => (first & 0x0f) === 8 ? [createInflate(), createDeflate(flushed)] : [createInflateRaw(), createDeflateRaw(flushed)],
  br: () => [createBrotliDecompress(), createBrotliCompress(brotli)]
}

/** Whether bodies of this content coding can be read. */
export const isReadable = (coding: string): boolean => coding === '' || coding === 'identity' || Object.hasOwn(CODINGS, coding)

/** The rewriting of a body, with decompression before it and compression after it. */
export function throughCoding (coding: string, body: Transform): Duplex {
  return Object.hasOwn(CODINGS, coding) ? new Recoded(CODINGS[coding] as Coding, body) : body
}

/** Creates its streams at the first byte: an empty body, which is in no coding, stays empty. */
class Recoded extends Duplex {
  readonly #coding: Coding
  readonly #body: Transform
  #decode: Transform | null = null
  #encode: Transform | null = null

  constructor (coding: Coding, body: Transform) {
    super()
    this.#coding = coding
    this.#body = body
  }

  override _write (chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    if (chunk.length === 0) return done()
    this.#decode ??= this.#open(chunk[0] as number)
    // Bytes behind the coding's end are dropped, except in gzip, where another member has to follow; the pipeline reports errors.
    this.#decode.write(chunk, () => { done() })
  }

  override _final (done: () => void): void {
    if (this.#decode === null) this.push(null)
    else this.#decode.end()
    done()
  }

  override _read (): void {
    this.#encode?.resume()
  }

  override _destroy (error: Error | null, done: (error: Error | null) => void): void {
    for (const stream of [this.#decode, this.#body, this.#encode]) stream?.destroy()
    done(error)
  }

  #open (first: number): Transform {
    const [decode, encode] = this.#coding(first)
    this.#encode = encode
    encode.on('data', chunk => { if (!this.push(chunk)) encode.pause() })
    encode.once('end', () => this.push(null))
    // An error in one stream destroys all three, and this stream with them.
    pipeline(decode, this.#body, encode, cause => {
      if (cause != null) this.destroy(cause instanceof BodyError ? cause : new BodyError({ cause }))
    })
    return decode
  }
}
