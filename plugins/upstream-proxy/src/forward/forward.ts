// The journey of one HTTP request to its upstream, and of the answer back.
//
//   1. prepare, once      the request's head becomes text; what body it has is known
//   2. attempt            a connection is found, head and body are sent; a second time only where a kept
//                         connection proves dead before it carried anything
//   3. relay              interim answers, head, body and trailers go to the client as they come
//   4. finish, once       the facts are final; the client has a whole answer, an error, or a cut connection
import type { Http2ServerResponse } from 'node:http2'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { describe, type ErrorName } from '../errors.ts'
import type { RawHeaders } from '../request-headers.ts'
import type { Moment, Side, Upstream } from '../upstream.ts'
import type { AnswerHead } from './answer-head.ts'
import { clientHeaders, http2Headers } from './answer-headers.ts'
import type { Connection, Exchange } from './connection.ts'
import { answerError } from './error-answer.ts'
import { addTrailers, relayInterim } from './interim.ts'
import type { Pool } from './pool.ts'
import type { RequestHead } from './request-head.ts'
import { RequestBody } from './request-body.ts'

// A second try must not do a thing twice (RFC 9110 §9.2.2).
const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE', 'PROPFIND', 'SEARCH', 'QUERY', 'REPORT'])

// Node writes a latin1 string that fits, head included, into 16 KiB without allocating anything.
const SMALL = 8192

export class Forwarding implements Exchange {
  readonly #request: FastifyRequest
  readonly #reply: FastifyReply
  readonly #response: ServerResponse
  readonly #fact: Upstream
  readonly #pool: Pool
  readonly #head: RequestHead
  readonly #body: RequestBody | null
  readonly #arrived = performance.now()
  #connection: Connection | null = null
  #retried = false
  #finished = false

  constructor (request: FastifyRequest, reply: FastifyReply, head: RequestHead, pool: Pool) {
    this.#request = request
    this.#reply = reply
    this.#response = reply.raw
    this.#fact = request.upstream as Upstream
    this.#head = head
    this.#pool = pool
    this.#body = head.body === 'none' ? null : new RequestBody(request.raw, head.body)
    // Before any other listener: whoever reads the facts on 'close' shall find them final.
    reply.raw.prependListener('close', () => { this.#clientClosed() })
  }

  start (): void {
    this.#pool.serve(this)
  }

  // 2. Attempt

  connected (connection: Connection): void {
    this.#connection = connection
    this.#fact.connectTime ??= connection.kept ? 0 : performance.now() - this.#arrived
    connection.expect(this.#head.method)
    if (this.#body === null) connection.writeText(this.#head.text)
    else this.#body.send(this.#head.text, connection)
  }

  drained (): void {
    this.#body?.resume()
  }

  // 3. Relay

  information (head: AnswerHead): void {
    relayInterim(this.#response, head)
  }

  head (head: AnswerHead): void {
    this.#fact.status = head.status
    this.#fact.firstByteTime = performance.now() - this.#arrived
    const response = this.#response
    const headers = clientHeaders(head, this.#reply)
    if (this.#request.raw.httpVersionMajor === 2) {
      (response as unknown as Http2ServerResponse).writeHead(head.status, http2Headers(headers))
    } else {
      response.writeHead(head.status, head.reason, headers as unknown as string[])
    }
  }

  body (chunk: Buffer): void {
    this.#deliver(chunk)
  }

  end (last: Buffer | null, trailers: RawHeaders | null): void {
    this.#finished = true
    const held = last !== null && this.#deliver(last)
    if (trailers !== null && trailers.length > 0) addTrailers(this.#response, trailers)
    this.#response.end()
    this.#body?.stop()
    if (!held) this.#connection = null
  }

  /**
   * Passes a part of the body on, in one write with the head where that has not left yet. The part lies in the
   * connection's read buffer: a small one leaves as a string (one copy, one plain write), a large one as it lies,
   * and nothing more is read until it has left. True where the connection has to wait for that.
   */
  #deliver (part: Buffer): boolean {
    const response = this.#response
    const large = part.length > SMALL
    // Corked by us, Node does not put the write off to the next tick.
    response.cork()
    const open = large ? response.write(part, this.#delivered) : response.write(part.toString('latin1'), 'latin1')
    response.uncork()
    if (large ? response.writableLength === 0 : open) return false
    if (this.#finished && !large) return false
    this.#connection?.hold()
    if (!large) response.once('drain', this.#delivered)
    return large
  }

  readonly #delivered = (): void => {
    if (this.#response.writableLength > 0) return
    this.#connection?.resume()
    if (this.#finished) this.#connection = null
  }

  // 4. Finish

  failed (name: ErrorName, moment: Moment, cause: unknown, virgin: boolean): void {
    this.#connection = null
    if (virgin && !this.#retried && this.#body === null && IDEMPOTENT.has(this.#head.method)) {
      this.#retried = true
      this.#pool.serve(this, true)
      return
    }
    this.#fail(name, moment, 'upstream', cause)
  }

  #clientClosed (): void {
    if (this.#finished) {
      this.#connection?.abandon()
      return
    }
    this.#pool.forget(this)
    const moment = this.#fact.status !== null ? 'body' : this.#connection === null ? 'connect' : 'headers'
    this.#fail('ClientGone', moment, 'client', null)
  }

  #fail (name: ErrorName, moment: Moment, side: Side, cause: unknown): void {
    this.#finished = true
    this.#connection?.abandon()
    this.#connection = null
    this.#body?.stop()
    this.#fact.error = describe(name, moment, side, cause)
    if (side === 'client') return
    if (this.#response.headersSent) cut(this.#response)
    else answerError(this.#request.raw as IncomingMessage, this.#response, name)
  }
}

/** Ends a response so that nobody takes it for whole. */
function cut (response: ServerResponse | Http2ServerResponse): void {
  if ('stream' in response) response.stream.close(2) // INTERNAL_ERROR, RFC 9113 §7
  else response.destroy()
}
