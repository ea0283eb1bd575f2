// How is an outcome that ends the request sent as a reply?

import { STATUS_CODES, type IncomingMessage } from 'node:http'
import { constants, type Http2ServerRequest } from 'node:http2'
import { BadTargetError } from '../errors.ts'
import { originForm } from '../request/request-target.ts'
import type { Outcome } from '@fastify-arr/facts'
import type { FastifyReply, FastifyRequest } from 'fastify'

/** Ends the connection; over HTTP/2, where requests share one, only the stream. */
function abort (raw: IncomingMessage | Http2ServerRequest): void {
  if ('stream' in raw) raw.stream.close(constants.NGHTTP2_CANCEL)
  else raw.destroy()
}

/** Carries out an outcome that ends the request. */
export function answer (outcome: Exclude<Outcome, { type: 'Rewrite' }>, request: FastifyRequest, reply: FastifyReply): void {
  switch (outcome.type) {
    case 'Redirect':
      reply.code(outcome.status).header('location', outcome.location).send()
      break
    case 'CustomResponse': {
      const { rule, subStatus: subStatusCode } = outcome
      request.rewrite = { url: originForm(request.raw.url ?? '/'), rule, headers: {}, serverVariables: {}, logRewrittenUrl: false, subStatusCode }
      const reason = outcome.reason.replace(/[^\t\x20-\x7e]+/g, ' ')
      if (reason !== '' && request.raw.httpVersionMajor === 1) reply.raw.statusMessage = reason
      reply.code(outcome.status).type('text/plain; charset=utf-8').send(outcome.description || reason || STATUS_CODES[outcome.status] || '')
      break
    }
    case 'AbortRequest':
      request.rewrite = { url: originForm(request.raw.url ?? '/'), rule: outcome.rule, headers: {}, serverVariables: {}, logRewrittenUrl: false, aborted: true }
      reply.hijack()
      abort(request.raw)
      break
    case 'BadRequest':
      reply.send(new BadTargetError())
  }
}
