// What happens when the upstream refuses the WebSocket? The client gets its answer (401, 404, 426 …) with the body.
import type { Http2ServerResponse } from 'node:http2'
import type { Duplex } from 'node:stream'
import type { Side, Upstream } from '@fastify-arr/facts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { codeOf, describe, ERRORS, type ErrorName } from '../../errors.ts'
import type { Errand } from '../../farm/errand.ts'
import { type AnswerHead, BadAnswer } from '../../forward/answer/answer-head.ts'
import { clientHeaders } from '../../forward/answer/answer-headers.ts'
import { AnswerParser } from '../../forward/answer/answer-parser.ts'
import { type Places, reverseRewrite } from '../../forward/answer/reverse-rewrite.ts'
import type { RawHeaders } from '../../headers/raw-headers.ts'
import { attemptFailed } from '../../onlookers/tell-attempt.ts'
import type { Settings } from '../../options.ts'
import type { AnswerWay } from '../../route/answer-way.ts'
import type { Origin } from '../../route/target.ts'
import { refusalDelivery } from './refusal-delivery.ts'

/** The upstream that was asked, the Host that was sent, and the prefixes of the path. */
export interface Asked {
  readonly origin: Origin
  readonly host: string
  readonly paths: Places['paths']
}

/**
 * Streams an answer whose head has arrived; `read` is its bytes so far. Each pause in it is limited by the handshake's time limit.
 * `errand` is over when the answer is. Returns null, or the error that Fastify has to answer with where the head is not valid.
 */
export function passOnRefusal (upstream: Duplex, read: Buffer, reply: FastifyReply, fact: Upstream, asked: Asked, settings: Settings, way: AnswerWay, errand: Errand | null): Error | null {
  const idle = settings.handshakeTimeout
  let invalid: Error | null = null
  const out = reply.raw
  let over = false
  let held = false
  /** True when the upstream has sent the whole answer; a part of it may still wait for the client. */
  let whole = false
  const timer = idle > 0 ? setTimeout(() => { held || whole ? fail('ClientTimeout', 'client', null) : fail('Timeout', 'upstream', null) }, idle).unref() : undefined
  const delivery = refusalDelivery(reply, way, {
    hold () {
      held = true
      upstream.pause()
    },
    resume () {
      held = false
      timer?.refresh()
      upstream.resume()
    },
    abandon () { upstream.destroy() }
  })
  const parser = new AnswerParser({
    information () {},
    head: begin,
    body (chunk) { delivery.part(chunk) },
    end (last) {
      whole = true
      upstream.destroy()
      delivery.end(last)
    }
  }, settings.forward.headLimit)
  parser.expect(reply.request.raw.method ?? 'GET')

  out.prependListener('close', () => fail('ClientGone', 'client', null))
  // HTTP/2's response emits 'finish' only when its stream closes, so the stream's event is used.
  ;('stream' in out ? (out as unknown as Http2ServerResponse).stream : out).on('finish', finish)
  upstream.on('data', feed)
  upstream.on('end', () => {
    if (parser.endsWithConnection) parser.finish()
    else fail('Reset', 'upstream', null)
  })
  upstream.on('error', cause => fail('Reset', 'upstream', cause))
  upstream.on('close', () => fail('Reset', 'upstream', null))
  feed(read)
  upstream.resume()
  return invalid

  function feed (chunk: Buffer): void {
    timer?.refresh()
    try {
      if (!over && !whole) parser.push(chunk)
    } catch (cause) {
      if (cause instanceof BadAnswer) fail('BadAnswer', 'upstream', cause)
      else fail('RewriteFailed', 'proxy', cause) // caused by a header that a hook has set
    }
  }

  function begin (head: AnswerHead): void {
    errand?.answered(head.status, head.headers)
    if ('stream' in out && head.status > 599) throw new BadAnswer('HTTP/2 has no such status')
    if (head.naming && settings.forward.reverseRewrite === true) turnBack(head.headers, reply.request, asked)
    clientHeaders(head, reply)
    delivery.head(head)
  }

  function finish (): void {
    over = true
    clearTimeout(timer)
    upstream.destroy()
    errand?.over()
  }

  function fail (name: ErrorName, side: Side, cause: unknown): void {
    if (over || (whole && side === 'upstream')) return
    if (side === 'upstream') errand?.ended({ code: codeOf(name), moment: out.headersSent ? 'body' : 'headers', status: fact.status })
    finish()
    const moment = out.headersSent ? 'body' : 'headers'
    attemptFailed(reply.request, asked.origin.name, name, moment, cause)
    fact.error = describe(name, moment, side, cause)
    if (name === 'ClientGone') return
    const error = new ERRORS[name]()
    if (out.headersSent) delivery.cut()
    else if (!delivery.fail(error)) invalid = error
  }
}

/** Rewrites the headers to the public host, as for any other answer. */
function turnBack (headers: RawHeaders, request: FastifyRequest, { origin, host, paths }: Asked): void {
  reverseRewrite(headers, { origin, toldHost: host, publicProtocol: request.protocol, publicHost: request.host, paths })
}
