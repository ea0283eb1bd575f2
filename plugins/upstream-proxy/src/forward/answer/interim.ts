// What may come before and after an answer? Interim answers before its head, trailers after its body.
import type { ServerResponse } from 'node:http'
import type { Http2ServerResponse } from 'node:http2'
import type { RawHeaders } from '../../headers/raw-headers.ts'
import type { AnswerHead } from './answer-head.ts'
import { http2Headers } from './answer-headers.ts'

/** Forwards an interim answer (103 Early Hints, 102 Processing …). 100 is dropped: it answers the `Expect` of the proxy's own request. */
export function relayInterim (response: ServerResponse | Http2ServerResponse, head: AnswerHead): void {
  if (head.status === 100 || response.headersSent) return
  if ('stream' in response) {
    if (response.stream.closed) return
    response.stream.additionalHeaders({ ':status': head.status, ...http2Headers(head.headers) })
    return
  }
  // HTTP/1.0 has no interim answers (RFC 9110 §15.2), and a response behind another one of a pipeline has no socket yet.
  if (response.req.httpVersion === '1.0' || response.socket === null) return
  let text = `HTTP/1.1 ${head.status} ${head.reason}\r\n`
  for (let i = 0; i < head.headers.length; i += 2) text += `${head.headers[i] as string}: ${head.headers[i + 1] as string}\r\n`
  // Node's writeEarlyHints sends only Link. These headers were validated when they were parsed.
  response.socket.write(`${text}\r\n`, 'latin1')
}

/** Adds the trailers to a response that is about to end. In HTTP/1.1 only a chunked body can have them (RFC 9110 §6.5.1). */
export function addTrailers (response: ServerResponse | Http2ServerResponse, trailers: RawHeaders): void {
  if ('stream' in response) {
    response.addTrailers(http2Headers(trailers))
    return
  }
  const pairs: Array<[string, string]> = []
  for (let i = 0; i < trailers.length; i += 2) pairs.push([trailers[i] as string, trailers[i + 1] as string])
  // Where the head was not sent, it is not known yet: Node drops the trailers of any other body.
  if (response.chunkedEncoding || !response.headersSent) response.addTrailers(pairs)
}
