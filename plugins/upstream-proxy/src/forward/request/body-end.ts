// How does a request's body end? Whole or not, and with what trailers.
import type { IncomingMessage } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import type { Readable } from 'node:stream'
import type { HeaderNames } from '../../headers/header-names.ts'
import { isGiven } from './body-source.ts'

/** A stream of HTTP/2 that is reset emits 'end' too. A whole one stays open, for the answer is still to come. */
export function isWhole (source: Readable): boolean {
  if ('stream' in source) {
    const { stream } = source as Http2ServerRequest
    return !stream.closed && !stream.destroyed && !stream.aborted
  }
  return isGiven(source) || (source as IncomingMessage).complete
}

/** The end of a chunked body, with the client's trailers. The parser of Node has checked them as it checks headers. */
export function lastChunk (names: HeaderNames, trailers: readonly string[] = []): string {
  let text = '0\r\n'
  for (let i = 0; i < trailers.length; i += 2) {
    const name = trailers[i] as string
    if (names.of(name).trails) text += `${name}: ${trailers[i + 1] as string}\r\n`
  }
  return `${text}\r\n`
}
