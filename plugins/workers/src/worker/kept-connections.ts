// How do clients that keep their connections come to the new workers? HTTP/1.1 by `Connection: close` with the next answer, HTTP/2 by GOAWAY.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse, Http2Session } from 'node:http2'

export class KeptConnections {
  /** Those that have had a request. */
  readonly #sessions = new Set<Http2Session>()
  #isLeaving = false

  /** A request has come. */
  met (request: IncomingMessage | Http2ServerRequest, response: ServerResponse | Http2ServerResponse): void {
    if ('stream' in request) {
      const session = request.stream?.session
      if (session === undefined || this.#sessions.has(session)) return
      this.#sessions.add(session)
      session.once('close', () => { this.#sessions.delete(session) })
      if (this.#isLeaving) sayGoodbye(session)
    } else if (this.#isLeaving) (response as ServerResponse).shouldKeepAlive = false
  }

  /** From now on clients are sent on to the new workers. */
  leave (): void {
    this.#isLeaving = true
    for (const session of this.#sessions) sayGoodbye(session)
  }
}

/**
 * GOAWAY with the last stream that has come (RFC 9113 §6.8): those that are open go on, WebSockets included, and the session ends with the last of
 * them. A request that is on its way meanwhile was not looked at, as the client is told, and may be sent again. Node has no way to announce the
 * GOAWAY before.
 */
function sayGoodbye (session: Http2Session): void {
  if (!session.closed && !session.destroyed) session.close()
}
