// Where does an engine hand on what it reads? To the one server, whose own listeners have the first word.

import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Http2Server, Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import type { Duplex } from 'node:stream'

export type AnyRequest = IncomingMessage | Http2ServerRequest
export type AnyResponse = ServerResponse | Http2ServerResponse

/** Where an engine hands on what it reads. */
export interface Road {
  request (request: AnyRequest, response: AnyResponse): void
  upgrade (request: IncomingMessage, socket: Duplex, head: Buffer): void
  /** Extended CONNECT (RFC 8441); false where nobody wanted it. */
  connect (request: Http2ServerRequest, response: Http2ServerResponse): boolean
  /** `Expect: 100-continue`, whose client holds its body back; false where nobody wanted it. */
  checkContinue (request: AnyRequest, response: AnyResponse): boolean
  /** Any other `Expect`; false where nobody wanted it. */
  checkExpectation (request: AnyRequest, response: AnyResponse): boolean
  /** A connection that sent no sound HTTP; false where nobody wanted it. */
  clientError (error: Error, socket: Duplex): boolean
  /** Calls back when somebody on the road wants upgrades: until then they are plain requests, as in Node's own server. */
  whenUpgradesWanted (callback: () => void): void
}

/**
 * Hands on requests that expect something (RFC 9110 §10.1.1). Node answers them by itself only where nobody listens: so what
 * it would do is done here.
 *
 * @param heard is told of each before anything else.
 */
export function passExpectations (server: Server | Http2Server, road: Road, heard: (request: AnyRequest) => void): void {
  server.on('checkContinue', (request: AnyRequest, response: AnyResponse) => {
    heard(request)
    if (road.checkContinue(request, response)) return
    response.writeContinue()
    road.request(request, response)
  })
  server.on('checkExpectation', (request: AnyRequest, response: AnyResponse) => {
    heard(request)
    if (road.checkExpectation(request, response)) return
    response.statusCode = 417
    response.end()
  })
}
