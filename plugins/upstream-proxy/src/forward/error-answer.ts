// What does a client read when something went wrong? A short page in a browser, JSON elsewhere; nothing internal in either.
import { STATUS_CODES } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { errorPage } from '../error-page.ts'
import { ERRORS, type ErrorName } from '../errors.ts'
import type { RawHeaders } from '../request-headers.ts'
import { clientHeaders, writeHead } from './answer-headers.ts'

/** Answers with an error of ours. The head must not have been sent. */
export function answerError (request: FastifyRequest, reply: FastifyReply, name: ErrorName): void {
  const error = new ERRORS[name]()
  const status = error.statusCode ?? 502
  const title = STATUS_CODES[status] ?? 'Error'
  const page = errorPage(error, request.raw.headers.accept)
  const body = page ?? JSON.stringify({ statusCode: status, code: error.code, error: title, message: error.message })
  const headers = withOwn([
    'Content-Type', page !== null ? 'text/html; charset=utf-8' : 'application/json; charset=utf-8',
    'Content-Length', String(Buffer.byteLength(body)),
    'Cache-Control', 'no-store'
  ], reply)
  writeHead(reply.raw, status, title, headers)
  reply.raw.end(request.raw.method === 'HEAD' ? undefined : body)
}

/** With what other plugins have to say, so that a page of another origin may read of the error. */
function withOwn (headers: RawHeaders, reply: FastifyReply): RawHeaders {
  try {
    return clientHeaders({ headers: [...headers] }, reply)
  } catch {
    return headers // what cannot be sent may be why we are here
  }
}
