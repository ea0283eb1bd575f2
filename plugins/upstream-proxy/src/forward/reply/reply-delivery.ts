// How does an answer get to the client where hooks want to see it? Through `reply.send()`: its head first, its body as a stream, which
// is read no faster than the client takes what the hooks make of it.
import type { ServerResponse } from 'node:http'
import type { Http2ServerResponse } from 'node:http2'
import type { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import type { RawHeaders } from '../../headers/raw-headers.ts'
import { Ending } from '../answer/ending.ts'
import { addTrailers } from '../answer/interim.ts'
import type { Leftovers } from '../answer/leftovers.ts'
import type { ClientAnswer } from '../answer/rewrites.ts'
import { Through, type ThroughOwner, type ThroughTarget } from '../answer/through.ts'
import { answerLeaves, answerStays } from '../../onlookers/tell-answer.ts'
import type { Source } from '../pool/exchange.ts'
import { AnswerBody } from './answer-body.ts'
import { type OwnHeaders, putBack, setHeaders } from './reply-headers.ts'
import { setStatus } from './reply-status.ts'

/** Does what `Delivery` does, through Fastify. */
export class ReplyDelivery implements ThroughTarget {
  readonly #reply: FastifyReply
  readonly #response: ServerResponse
  readonly #ending: Ending
  #body: AnswerBody | null = null
  /** What Fastify pipes to the client: the body, or a hook's stream around it. */
  #payload: Readable | null = null
  #through: Through | null = null
  /** What the client gets in place of the body. */
  #failure: Error | null = null
  #source: Source | null = null
  #isEarly = false
  #status = 0
  /** True while the client must read before more is read from the upstream. */
  #isFull = false
  /** The headers that the reply had before the answer. */
  #own: OwnHeaders = {}

  /** `expired` is called where the client does not read what there is in time. */
  constructor (reply: FastifyReply, leftovers: Leftovers, expired: () => void) {
    this.#reply = reply
    this.#response = reply.raw
    this.#ending = new Ending(reply.raw, leftovers, expired)
  }

  /** Gives the answer to Fastify. Throws where a header that a hook has set cannot be sent. */
  head (answer: ClientAnswer, owner: ThroughOwner): void {
    const { status, headers } = answer
    this.#status = status
    const reply = this.#reply
    if (this.#response.headersSent) throw new Error('a head was sent already')
    this.#own = reply.getHeaders()
    answerLeaves(reply)
    setHeaders(reply, headers)
    setStatus(this.#response, answer)
    if (valueOf(headers, 'connection') !== undefined) this.#response.shouldKeepAlive = false
    if (status === 204 || status === 304 || reply.request.method === 'HEAD' || reply.getHeader('content-length') === '0') {
      reply.send()
      return
    }
    const body = this.#body = new AnswerBody(() => { this.#goOn() })
    if (answer.body !== null) this.#through = new Through(answer.body, body, this, owner)
    const length = reply.getHeader('content-length')
    this.#response.once('pipe', payload => { this.#piped(payload as Readable, length, valueOf(headers, 'trailer')) })
    reply.send(body)
  }

  /** All hooks have run, and Fastify is about to send the head. */
  #piped (payload: Readable, length: unknown, trailer: string | undefined): void {
    const response = this.#response
    this.#payload = payload
    if (this.#failure !== null) {
      // It failed while the hooks ran, and what they have put around it may not know. Another status is that of an error handler's own stream.
      if (payload === this.#body || response.statusCode === this.#status) payload.destroy(this.#failure)
      return
    }
    // A hook has put another stream around the body, and the length is still that of the body.
    if (payload !== this.#body && length !== undefined && response.getHeader('content-length') === length) response.removeHeader('content-length')
    // Only now, because Node refuses it beside a length.
    if (trailer !== undefined && !response.hasHeader('content-length')) response.setHeader('Trailer', trailer)
    if (this.#isEarly) this.#sendHead()
  }

  /** Sends the head, if it has not left with a part of the body: the rest may arrive much later. */
  flush (): void {
    if (this.#isEarly) return
    this.#isEarly = true
    if (this.#payload !== null) this.#sendHead()
  }

  #sendHead (): void {
    const response = this.#response
    // The pipe hands over what has arrived at the end of this turn; the head leaves with it.
    setImmediate(() => { if (this.#failure === null && !response.headersSent && !response.destroyed && !response.writableEnded) response.flushHeaders() })
  }

  /** The head leaves with the first bytes. */
  begin (): void {}

  /** Takes a copy of a part; the source is paused where the reader has to catch up. */
  part (part: Buffer, source: Source | null): void {
    if (this.#through !== null) {
      if (source !== null) this.#through.part(part, source)
      return
    }
    if (this.#body === null) return
    const isTaken = this.#body.write(Buffer.from(part))
    if ((isTaken && !needsDrain(this.#response)) || source === null) return
    source.hold()
    this.#source = source
    this.#ending.hold()
    if (isTaken) this.#goOn()
  }

  /** Resumes the source once the reader has taken all and the client has caught up. */
  #goOn (): void {
    if (this.#source === null || this.#isFull) return
    if (needsDrain(this.#response)) {
      this.#isFull = true
      this.#response.once('drain', () => {
        this.#isFull = false
        this.#goOn()
      })
      return
    }
    this.#ending.caughtUp()
    this.#source.resume()
    this.#source = null
  }

  end (last: Buffer | null, trailers: RawHeaders | null, source: Source): void {
    if (this.#through !== null) {
      if (last !== null) this.#through.part(last, source)
      this.#through.end(trailers)
      this.waitForClient()
      return
    }
    if (last !== null) this.part(last, null)
    this.finish(trailers)
  }

  /** Ends the body. */
  finish (trailers: RawHeaders | null): void {
    if (trailers !== null && trailers.length > 0 && this.#body !== null && !this.#response.writableEnded) addTrailers(this.#response, trailers)
    this.#body?.end()
    this.waitForClient()
  }

  /** The whole answer is given: the client's time to read the rest of it begins. */
  waitForClient (): void {
    this.#ending.wait()
  }

  /** Makes Fastify answer with the error in place of the body that it was given. False where it was given none yet. */
  fail (error: Error): boolean {
    answerStays(this.#reply)
    if (this.#body === null) return false
    this.#failure = error
    this.#through?.destroy()
    // Those of the answer, such as Content-Encoding, are not those of an error.
    putBack(this.#reply, this.#own)
    this.#body.destroy(error)
    // A hook's stream around the body does not always pass its error on.
    this.#payload?.destroy(error)
    return true
  }

  /** The rest of the upstream's body is not needed: it is read and discarded. */
  drop (): void {
    this.#through?.destroy()
    this.#body?.destroy()
    this.#source?.resume()
    this.#source = null
  }

  /** The answer is incomplete, and must not look complete to the client. */
  cut (): void {
    this.#ending.cut()
    this.drop()
  }

  /** The client has left. */
  closed (): void {
    this.#ending.closed()
    this.#source?.abandon()
    this.#source = null
    this.drop()
  }
}

function needsDrain (response: ServerResponse | Http2ServerResponse): boolean {
  return 'stream' in response ? response.stream.writableNeedDrain : response.writableNeedDrain
}

function valueOf (headers: RawHeaders, name: string): string | undefined {
  const at = headers.findIndex((one, i) => i % 2 === 0 && one.toLowerCase() === name)
  return at === -1 ? undefined : headers[at + 1]
}
