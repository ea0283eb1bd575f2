// How does a refusal get to the client? As its upstream sends it, or through Fastify's reply where hooks want to see it.
import type { Http2ServerResponse } from 'node:http2'
import type { FastifyReply } from 'fastify'
import type { AnswerHead } from '../../forward/answer/answer-head.ts'
import { writeHead } from '../../forward/answer/answer-headers.ts'
import { Leftovers } from '../../forward/answer/leftovers.ts'
import type { Source } from '../../forward/pool/exchange.ts'
import { ReplyDelivery } from '../../forward/reply/reply-delivery.ts'
import { setHeaders } from '../../forward/reply/reply-headers.ts'
import { answerSent } from '../../onlookers/tell-answer.ts'
import type { AnswerWay } from '../../route/answer-way.ts'

export interface RefusalDelivery {
  head (head: AnswerHead): void
  /** The source is held until the client has caught up. */
  part (part: Buffer): void
  end (last: Buffer | null): void
  /** Nothing was sent yet. False where the caller has to answer with the error. */
  fail (error: Error): boolean
  /** Cuts the answer, so that it does not look complete. */
  cut (): void
}

export function refusalDelivery (reply: FastifyReply, way: AnswerWay, source: Source): RefusalDelivery {
  return way.throughReply ? throughReply(reply, source) : direct(reply, way, source)
}

function direct (reply: FastifyReply, way: AnswerWay, source: Source): RefusalDelivery {
  const out = reply.raw
  out.on('drain', () => { source.resume() })
  return {
    head ({ status, reason, headers }) {
      writeHead(out, status, reason, headers)
      answerSent(reply, headers)
      reply.hijack()
      if (way.notesHeaders) setHeaders(reply, headers)
      // The body may arrive much later, or never.
      out.flushHeaders()
    },
    part (part) { if (!out.write(part)) source.hold() },
    end (last) {
      if (last === null) out.end()
      else out.end(last)
    },
    fail: () => false,
    cut () {
      if ('stream' in out) (out as unknown as Http2ServerResponse).stream.close(2)
      else out.destroy()
    }
  }
}

function throughReply (reply: FastifyReply, source: Source): RefusalDelivery {
  // The handshake's time limit holds for the client too: no other watch is needed.
  const delivery = new ReplyDelivery(reply, new Leftovers(0), () => {})
  return {
    head ({ status, reason, headers }) {
      delivery.head({ status, reason, headers, body: null }, { broken () {}, early () {} })
      delivery.flush()
    },
    part (part) { delivery.part(part, source) },
    end (last) { delivery.end(last, null, source) },
    fail: error => delivery.fail(error),
    cut () { delivery.cut() }
  }
}
