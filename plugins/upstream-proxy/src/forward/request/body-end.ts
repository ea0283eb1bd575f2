// How does a request's body end? Complete or not, and with which trailers.
import type { IncomingMessage } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import type { Readable } from 'node:stream'
import type { HeaderNames } from '../../headers/header-names.ts'
import { isGiven } from './body-source.ts'

/** True where the body is complete at 'end'. A reset HTTP/2 stream emits 'end' too; a complete one is still open, because the answer follows. */
export function isWhole (source: Readable): boolean {
  if ('stream' in source) {
    const { stream } = source as Http2ServerRequest
    return !stream.closed && !stream.destroyed && !stream.aborted
  }
  return isGiven(source) || (source as IncomingMessage).complete
}

/** The end of a chunked body, with the client's trailers. Node's parser has validated them like headers. */
export function lastChunk (names: HeaderNames, trailers: readonly string[] = []): string {
  let text = '0\r\n'
  for (let i = 0; i < trailers.length; i += 2) {
    const name = trailers[i] as string
    if (names.of(name).trails) text += `${name}: ${trailers[i + 1] as string}\r\n`
  }
  return `${text}\r\n`
}
