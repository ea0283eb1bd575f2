// What happens when the upstream declines the WebSocket? Its 401, 404, 426 … is the client's answer, body and all.
import type { Duplex } from 'node:stream'
import type { Http2ServerResponse } from 'node:http2'
import type { FastifyReply } from 'fastify'
import { describe, type ErrorName } from '../errors.ts'
import type { AnswerHead } from '../forward/answer-head.ts'
import { clientHeaders, http2Headers } from '../forward/answer-headers.ts'
import { AnswerParser } from '../forward/answer-parser.ts'
import type { Side, Upstream } from '../upstream.ts'
import { MAX_HEAD } from './answer-head.ts'

/** Streams an answer whose head has arrived: `read` are its bytes so far, `idle` is the longest pause in it, in ms. */
export function passOnRefusal (upstream: Duplex, read: Buffer, reply: FastifyReply, fact: Upstream, idle: number): void {
  const out = reply.raw
  let over = false
  const timer = idle > 0 ? setTimeout(() => fail('Timeout', 'upstream', null), idle).unref() : undefined
  const parser = new AnswerParser({
    information () {},
    head: begin,
    body (chunk) {
      if (!out.write(chunk)) upstream.pause()
    },
    end (last) {
      finish()
      if (last === null) out.end()
      else out.end(last)
    }
  }, MAX_HEAD)
  parser.expect('GET')

  reply.hijack()
  out.prependListener('close', () => fail('ClientGone', 'client', null))
  out.on('drain', () => upstream.resume())
  upstream.on('data', feed)
  upstream.on('end', () => {
    if (parser.endsWithConnection) parser.finish()
    else fail('Reset', 'upstream', null)
  })
  upstream.on('error', cause => fail('Reset', 'upstream', cause))
  upstream.on('close', () => fail('Reset', 'upstream', null))
  feed(read)
  upstream.resume()

  function feed (chunk: Buffer): void {
    timer?.refresh()
    try {
      if (!over) parser.push(chunk)
    } catch (cause) {
      fail('BadAnswer', 'upstream', cause)
    }
  }

  function begin (head: AnswerHead): void {
    const headers = clientHeaders(head, reply)
    if ('stream' in out) (out as unknown as Http2ServerResponse).writeHead(head.status, http2Headers(headers))
    else out.writeHead(head.status, head.reason, headers as unknown as string[])
  }

  function finish (): void {
    over = true
    clearTimeout(timer)
    upstream.destroy()
  }

  function fail (name: ErrorName, side: Side, cause: unknown): void {
    if (over) return
    finish()
    fact.error = describe(name, out.headersSent ? 'body' : 'headers', side, cause)
    if (side === 'client') return
    if (out.headersSent) {
      // Cut, so that nobody takes it for whole.
      if ('stream' in out) (out as unknown as Http2ServerResponse).stream.close(2)
      else out.destroy()
      return
    }
    out.statusCode = 502
    out.end()
  }
}
