// Where does an engine hand on what it reads? To the one server, whose own listeners have the first word.

import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { constants, type Http2Server, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2'
import type { Duplex } from 'node:stream'
import { tellRefusedRequest } from './refusal.ts'

const HEADER_OVERHEAD = 32

/** Under this an engine's own server names the one that its requests are for: what Node answers by itself is told to those who ask there. */
export const LEADS_TO = Symbol.for('fastify-arr.leads-to')

export type AnyRequest = IncomingMessage | Http2ServerRequest
export type AnyResponse = ServerResponse | Http2ServerResponse

/** Where an engine hands on what it reads. */
export interface Road {
  /** The one server. */
  readonly server: object
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
 * Takes back HTTP/2 requests whose headers are too large. Node sees to that itself, but only once the client has acknowledged our SETTINGS,
 * which it may never do.
 *
 * @param most counted as RFC 9113 §6.5.2 does; 0 is no limit.
 * @param listener the name of the listener it is for.
 */
export function limitHeaders (road: Road, most: number, listener: string): Road {
  if (most === 0) return road
  const isRefused = (request: Http2ServerRequest): boolean => {
    const { rawHeaders, stream } = request
    let size = rawHeaders.length / 2 * HEADER_OVERHEAD
    for (const text of rawHeaders) size += text.length
    if (size <= most) return false
    tellRefusedRequest(listener, road.server, request, 'headerSize', null)
    stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM)
    return true
  }
  return {
    ...road,
    request: (request, response) => { if (!isRefused(request as Http2ServerRequest)) road.request(request, response) },
    connect: (request, response) => isRefused(request) || road.connect(request, response),
    checkContinue: (request, response) => isRefused(request as Http2ServerRequest) || road.checkContinue(request, response),
    checkExpectation: (request, response) => isRefused(request as Http2ServerRequest) || road.checkExpectation(request, response)
  }
}

/**
 * Hands on requests that expect something (RFC 9110 §10.1.1). Node answers them by itself only where nobody listens: so what
 * it would do is done here.
 */
export function passExpectations (server: Server | Http2Server, road: Road, listener: string): void {
  server.on('checkContinue', (request: AnyRequest, response: AnyResponse) => {
    if (road.checkContinue(request, response)) return
    response.writeContinue()
    road.request(request, response)
  })
  server.on('checkExpectation', (request: AnyRequest, response: AnyResponse) => {
    if (road.checkExpectation(request, response)) return
    if ('stream' in request) tellRefusedRequest(listener, road.server, request, 'expectation', 417)
    response.statusCode = 417
    response.end()
  })
}
