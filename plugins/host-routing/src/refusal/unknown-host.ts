// What does the user's own handler say to an unknown host? It answers, or the request passes.

import type { FastifyReply, FastifyRequest } from 'fastify'
import type { UnknownHostHandler } from '../options.ts'

/** Calls the handler; `done` lets the request pass, or fails it with what the handler throws. The rejection stands unless the request passes. */
export function askHandler (handler: UnknownHostHandler, request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void): void {
  request.rejection = { reason: 'Hostname' }
  // In a promise, so that what the handler throws is an error of this request.
  new Promise(resolve => { resolve(handler(request, reply)) }).then(payload => {
    if (reply.sent) return
    if (payload !== undefined) {
      reply.send(payload)
      return
    }
    request.rejection = null
    done()
  }).catch(error => { done(error ?? new Error('unknownHost has failed and does not say why')) })
}
