// Where does an engine pass its requests on to? To the Fastify server, whose event listeners come before Node's default answers.

import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { constants, type Http2Server, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2'
import type { Duplex } from 'node:stream'
import { publishRefusedRequest } from '../refusals/refusal.ts'

const HEADER_OVERHEAD = 32

/** The property by which an engine's Node server names the Fastify server it serves: subscribers of Node's `http.server.request.start` can tell whose request Node answered by itself. */
export const LEADS_TO = Symbol.for('fastify-arr.leads-to')

export type AnyRequest = IncomingMessage | Http2ServerRequest
export type AnyResponse = ServerResponse | Http2ServerResponse

/** Receives everything that an engine reads. */
export interface Destination {
  /** The Fastify server, `fastify.server`. */
  readonly server: object
  request (request: AnyRequest, response: AnyResponse): void
  upgrade (request: IncomingMessage, socket: Duplex, head: Buffer): void
  /** Extended CONNECT (RFC 8441); false without a listener for it. */
  connect (request: Http2ServerRequest, response: Http2ServerResponse): boolean
  /** `Expect: 100-continue`: the client waits with its body; false without a listener for it. */
  checkContinue (request: AnyRequest, response: AnyResponse): boolean
  /** Any other `Expect`; false without a listener for it. */
  checkExpectation (request: AnyRequest, response: AnyResponse): boolean
  /** A connection that sent invalid HTTP; false without a listener for it. */
  clientError (error: Error, socket: Duplex): boolean
  /** Calls back once there is a listener for upgrades: until then upgrades are plain requests, as in Node's own server. */
  whenUpgradesWanted (callback: () => void): void
}

/**
 * Refuses HTTP/2 requests whose headers are too large. Node does so only once the client has acknowledged the server's SETTINGS, which it
 * may never do.
 *
 * @param most bytes, counted as in RFC 9113 §6.5.2; 0 is no limit.
 * @param listener the name of the listener.
 */
export function limitHeaders (destination: Destination, most: number, listener: string): Destination {
  if (most === 0) return destination
  const isRefused = (request: Http2ServerRequest): boolean => {
    const { rawHeaders, stream } = request
    let size = rawHeaders.length / 2 * HEADER_OVERHEAD
    for (const text of rawHeaders) size += text.length
    if (size <= most) return false
    publishRefusedRequest(listener, destination.server, request, 'headerSize', null)
    stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM)
    return true
  }
  return {
    ...destination,
    request: (request, response) => { if (!isRefused(request as Http2ServerRequest)) destination.request(request, response) },
    connect: (request, response) => isRefused(request) || destination.connect(request, response),
    checkContinue: (request, response) => isRefused(request as Http2ServerRequest) || destination.checkContinue(request, response),
    checkExpectation: (request, response) => isRefused(request as Http2ServerRequest) || destination.checkExpectation(request, response)
  }
}

/**
 * Passes on requests with `Expect` (RFC 9110 §10.1.1). Node gives its default answers only where its server has no listener for them,
 * and this registers one: so the default answers are given here.
 */
export function passExpectations (server: Server | Http2Server, destination: Destination, listener: string): void {
  server.on('checkContinue', (request: AnyRequest, response: AnyResponse) => {
    if (destination.checkContinue(request, response)) return
    response.writeContinue()
    destination.request(request, response)
  })
  server.on('checkExpectation', (request: AnyRequest, response: AnyResponse) => {
    if (destination.checkExpectation(request, response)) return
    if ('stream' in request) publishRefusedRequest(listener, destination.server, request, 'expectation', 417)
    response.statusCode = 417
    response.end()
  })
}
