// Which requests are refused before the Fastify server sees them? Those in another protocol, and those with a method that no route can have.

import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { AnyRequest, AnyResponse, Destination } from '../protocols/destination.ts'
import { refuseBarely } from './bare-refusal.ts'
import { objectionTo } from './objection.ts'
import { publishRefusedRequest } from './refusal.ts'

/**
 * Passes on what is HTTP.
 *
 * @param listener the name of the listener.
 */
export function onlyHttp (destination: Destination, listener: string): Destination {
  const isRefused = (request: AnyRequest, to: AnyResponse | Duplex): boolean => {
    const objection = objectionTo(request)
    if (objection === null) return false
    publishRefusedRequest(listener, destination.server, request, objection.reason, objection.status)
    if (!('writeHead' in to)) refuseBarely(to as Socket, 400)
    else if ('stream' in to) to.writeHead(objection.status).end()
    else to.writeHead(objection.status, { 'Content-Length': '0', Connection: 'close' }).end()
    return true
  }
  return {
    ...destination,
    request: (request, response) => { if (!isRefused(request, response)) destination.request(request, response) },
    upgrade: (request, socket, head) => { if (!isRefused(request, socket)) destination.upgrade(request, socket, head) },
    checkContinue: (request, response) => isRefused(request, response) || destination.checkContinue(request, response),
    checkExpectation: (request, response) => isRefused(request, response) || destination.checkExpectation(request, response)
  }
}
