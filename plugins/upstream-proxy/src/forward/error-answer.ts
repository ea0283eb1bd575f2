// What does a client read when something went wrong? A short page in a browser, JSON elsewhere; nothing internal in either.
import { STATUS_CODES } from 'node:http'
import type { Http2ServerResponse } from 'node:http2'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { ERRORS, type ErrorName } from '../errors.ts'
import type { RawHeaders } from '../headers/raw-headers.ts'
import { errorPage } from '../route/error-page.ts'
import { clientHeaders, writeHead } from './answer/answer-headers.ts'
import type { Delivery } from './answer/delivery.ts'

const NO_ERROR = 0 // RFC 9113 §7

/** Ends an answer that failed: with an error of ours where nothing was sent yet, or cut. A client that has left is told nothing. */
export function endWithError (request: FastifyRequest, reply: FastifyReply, name: ErrorName, delivery: Delivery): void {
  const response = reply.raw
  if (name === 'ClientGone' || response.destroyed) return
  if (response.headersSent) {
    delivery.cut()
  } else {
    delivery.drop()
    answerError(request, reply, name)
    delivery.waitForClient()
  }
}

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
  // Who sends too slowly would keep the connection for as long as it likes.
  if (name === 'ClientTimeout') headers.push('Connection', 'close')
  writeHead(reply.raw, status, title, headers)
  reply.raw.end(request.raw.method === 'HEAD' ? undefined : body)
  // The same for a stream of HTTP/2, once the answer has left (RFC 9113 §8.1).
  if (name === 'ClientTimeout' && 'stream' in reply.raw) (reply.raw as unknown as Http2ServerResponse).stream.close(NO_ERROR)
}

/** With what other plugins have to say, so that a page of another origin may read of the error. */
function withOwn (headers: RawHeaders, reply: FastifyReply): RawHeaders {
  try {
    return clientHeaders({ headers: [...headers] }, reply)
  } catch {
    return headers // what cannot be sent may be why we are here
  }
}
