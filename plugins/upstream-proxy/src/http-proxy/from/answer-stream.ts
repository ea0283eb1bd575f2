// How does code of the user's get an answer? As a stream that `onResponse` sends or changes, through Fastify's own reply.
import type { Http2ServerResponse } from 'node:http2'
import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import type { AnswerDelivery } from '../../forward/answer-delivery.ts'
import type { ClientAnswer } from '../../forward/answer/rewrites.ts'
import type { ThroughOwner } from '../../forward/answer/through.ts'
import type { Source } from '../../forward/pool/exchange.ts'
import { onFinished } from '../../forward/reply/finished.ts'
import { answerLeaves, answerStays } from '../../onlookers/tell-answer.ts'
import type { FromOptions } from '../options/peer-options.ts'

const INTERNAL_ERROR = 2 // RFC 9113 §7

// Those that Fastify and Node write themselves.
const FRAMING: ReadonlySet<string> = new Set(['transfer-encoding', 'trailer'])

export class AnswerStream implements AnswerDelivery {
  readonly #reply: FastifyReply
  readonly #onResponse: FromOptions['onResponse']
  readonly #onError: FromOptions['onError']
  #owner: ThroughOwner | null = null
  #stream: Readable | null = null
  /** The source that is paused until the stream is read. */
  #source: Source | null = null
  /** Nothing more comes from the upstream, or nothing more is wanted. */
  #over = false

  constructor (reply: FastifyReply, { onResponse, onError }: FromOptions) {
    this.#reply = reply
    this.#onResponse = onResponse
    this.#onError = onError
  }

  head (answer: ClientAnswer, owner: ThroughOwner): void {
    const reply = this.#reply
    this.#owner = owner
    const stream = this.#stream = new Readable({
      read: () => { this.#goOn() },
      destroy: (error, callback) => {
        this.#unwanted()
        callback(error)
      }
    })
    // Without a listener, the error of a stream that nobody reads would end the process.
    stream.on('error', noop)
    // The answer was sent without the stream, or without all of it.
    onFinished(reply.raw, () => { stream.destroy() })
    answerLeaves(reply)
    this.#attempt(() => {
      reply.code(answer.status)
      const headers = setHeaders(reply, answer)
      if (this.#onResponse === undefined) reply.send(stream)
      else this.#onResponse(reply.request as never, reply as never, { statusCode: answer.status, headers, stream } as never)
    })
  }

  flush (): void {}

  part (part: Buffer, source: Source | null): void {
    if (this.#over || this.#stream === null || this.#stream.push(Buffer.from(part)) || source === null || this.#source !== null) return
    source.hold()
    this.#source = source
  }

  end (last: Buffer | null): void {
    if (last !== null) this.part(last, null)
    this.#over = true
    this.#stream?.push(null)
    this.#goOn()
  }

  failed (error: Error): void {
    answerStays(this.#reply)
    this.#over = true
    const response = this.#reply.raw
    // Fastify would end the stream without an error, as if the answer were whole.
    if ('stream' in response && response.headersSent) (response as unknown as Http2ServerResponse).stream.close(INTERNAL_ERROR)
    if (this.#stream !== null) this.#stream.destroy(error)
    else if (this.#onError !== undefined) this.#attempt(() => { this.#onError?.(this.#reply as never, { error }) })
    else if (!this.#reply.sent) this.#reply.send(error)
  }

  waitForClient (): void {}

  drop (): void {}

  cut (): void {
    this.failed(new Error('the answer is incomplete'))
  }

  closed (): void {
    this.#over = true
    this.#source?.abandon()
    this.#source = null
    this.#stream?.destroy()
  }

  /** Runs code of the user's, which nobody else would catch. */
  #attempt (code: () => void): void {
    try {
      code()
    } catch (error) {
      answerStays(this.#reply)
      this.#stream?.destroy()
      if (!this.#reply.sent) this.#reply.send(error)
    }
  }

  #unwanted (): void {
    if (this.#over) return
    this.#over = true
    this.#owner?.early()
    this.#goOn()
  }

  #goOn (): void {
    const source = this.#source
    this.#source = null
    source?.resume()
  }
}

/** Puts the headers of an answer in place of those on the reply, which the answer has already. */
function setHeaders (reply: FastifyReply, { headers }: ClientAnswer): Record<string, string | string[]> {
  const all: Record<string, string | string[]> = {}
  for (let i = 0; i < headers.length; i += 2) {
    const name = (headers[i] as string).toLowerCase()
    const value = headers[i + 1] as string
    if (FRAMING.has(name)) continue
    all[name] = Object.hasOwn(all, name) ? [all[name] as string | string[], value].flat() : value
  }
  for (const name of Object.keys(reply.getHeaders())) reply.removeHeader(name)
  reply.headers(all)
  return all
}

function noop (): void {}
