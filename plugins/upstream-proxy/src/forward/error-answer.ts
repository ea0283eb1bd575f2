// What does a client get when an exchange fails? A browser gets a short page, other clients JSON; neither has internal details.
import { STATUS_CODES } from 'node:http'
import type { Http2ServerResponse } from 'node:http2'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { closeAfter } from '../dispatch/last-answer.ts'
import { ERRORS, type ErrorName } from '../errors.ts'
import type { RawHeaders } from '../headers/raw-headers.ts'
import type { AnswerWay } from '../route/answer-way.ts'
import { runAfterLeaving } from '../route/on-send.ts'
import { errorPage } from '../route/error-page.ts'
import { clientHeaders, writeHead } from './answer/answer-headers.ts'
import type { AnswerDelivery } from './answer-delivery.ts'
import { onFinished } from './reply/finished.ts'
import { dropUnsendable, setHeaders } from './reply/reply-headers.ts'

const NO_ERROR = 0 // RFC 9113 §7

/** Ends an answer that failed: with an error answer where nothing was sent yet, otherwise by a cut. A client that has left gets nothing. */
export function endWithError (request: FastifyRequest, reply: FastifyReply, name: ErrorName, delivery: AnswerDelivery, way: AnswerWay): void {
  const response = reply.raw
  if (name === 'ClientGone' && request.upstream?.status === null) runAfterLeaving(way, request, reply)
  if (name === 'ClientGone' || response.destroyed) return
  if (delivery.failed !== undefined) {
    delivery.failed(Object.assign(new ERRORS[name](), { cause: request.upstream?.error?.cause }))
  } else if (response.headersSent) {
    delivery.cut()
  } else {
    if (way.errorsThroughReply) {
      passOnError(reply, name, delivery)
    } else {
      delivery.drop()
      answerError(request, reply, name, way.notesHeaders)
    }
    delivery.waitForClient()
  }
}

/** Lets Fastify answer, so that `onError` hooks, the user's error handler and `onSend` hooks see the error. */
function passOnError (reply: FastifyReply, name: ErrorName, delivery: AnswerDelivery): void {
  const response = reply.raw
  const error = new ERRORS[name]()
  if (name === 'ClientTimeout') {
    response.shouldKeepAlive = false
    if ('stream' in response) onFinished(response, () => { (response as unknown as Http2ServerResponse).stream.close(NO_ERROR) })
  }
  if (name === 'BodyTooLarge') closeAfter(reply)
  if (delivery.fail?.(error) === true || reply.sent) return
  dropUnsendable(reply)
  reply.send(error)
}

/** Answers with an error of this package. The head must not have been sent. `notes`: the reply is told which headers were sent. */
export function answerError (request: FastifyRequest, reply: FastifyReply, name: ErrorName, notes = false): void {
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
  // A client that sends too slowly could otherwise keep the connection as long as it likes.
  if (name === 'ClientTimeout') headers.push('Connection', 'close')
  else if (name === 'BodyTooLarge') closeAfter(reply)
  writeHead(reply.raw, status, title, headers)
  if (notes) setHeaders(reply, headers)
  reply.raw.end(request.raw.method === 'HEAD' ? undefined : body)
  // The same for an HTTP/2 stream, after the answer has left (RFC 9113 §8.1).
  if (name === 'ClientTimeout' && 'stream' in reply.raw) (reply.raw as unknown as Http2ServerResponse).stream.close(NO_ERROR)
}

/** Adds the headers that other plugins have set, such as CORS headers, so that a page of another origin can read the error. */
function withOwn (headers: RawHeaders, reply: FastifyReply): RawHeaders {
  try {
    return clientHeaders({ headers: [...headers] }, reply)
  } catch {
    return headers // a header that cannot be sent may be the cause of this error
  }
}
