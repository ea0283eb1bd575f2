// Which bytes of UTF-8 are in a file? It may be compressed (gzip), or written as UTF-16, as Windows' tools do.
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'

/** What the first bytes of a stream say about the others. */
const ENOUGH = 3

/** The stream's text as UTF-8 without a byte order mark. A chunk may be in a buffer that is used again: it is valid until the next one is asked for. */
export async function * decoded (stream: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const chunks = stream[Symbol.asyncIterator]()
  let first: Buffer = Buffer.alloc(0)
  let isOver = false
  while (first.length < ENOUGH && !isOver) {
    const { value, done = false } = await chunks.next()
    isOver = done
    if (value !== undefined && !isOver) first = Buffer.concat([first, value])
  }
  const rest = all(first, isOver ? null : chunks)
  if (first[0] === 0x1f && first[1] === 0x8b) yield * decoded(inflated(rest))
  else if (first[0] === 0xff && first[1] === 0xfe) yield * transcoded(rest, 'utf-16le')
  else if (first[0] === 0xfe && first[1] === 0xff) yield * transcoded(rest, 'utf-16be')
  else if (first[0] === 0xef && first[1] === 0xbb && first[2] === 0xbf) yield * all(first.subarray(3), isOver ? null : chunks)
  else yield * rest
}

async function * all (first: Buffer, others: AsyncIterator<Buffer> | null): AsyncGenerator<Buffer> {
  if (first.length > 0) yield first
  if (others === null) return
  for (let next = await others.next(); next.done !== true; next = await others.next()) yield next.value
}

async function * inflated (bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const gunzip = createGunzip()
  // What goes wrong comes out of the loop below.
  pipeline(Readable.from(copied(bytes)), gunzip).catch(() => {})
  for await (const chunk of gunzip) yield chunk as Buffer
}

/** A stream holds several chunks at a time. */
async function * copied (bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const chunk of bytes) yield Buffer.from(chunk)
}

async function * transcoded (bytes: AsyncIterable<Buffer>, encoding: 'utf-16le' | 'utf-16be'): AsyncGenerator<Buffer> {
  const decoder = new TextDecoder(encoding)
  for await (const chunk of bytes) yield Buffer.from(decoder.decode(chunk, { stream: true }))
  yield Buffer.from(decoder.decode())
}
