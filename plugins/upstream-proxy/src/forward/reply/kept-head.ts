// When is the head of an answer given to Node? When something follows it: an answer that fails before can still become an error.
import type { FastifyReply } from 'fastify'
import { answerSent } from '../../onlookers/tell-answer.ts'
import { writeHead } from '../answer/answer-headers.ts'
import type { ClientAnswer } from '../answer/rewrites.ts'
import { setHeaders } from './reply-headers.ts'

export class KeptHead {
  readonly #reply: FastifyReply
  readonly #notes: boolean
  #answer: Pick<ClientAnswer, 'status' | 'reason' | 'headers'> | null = null

  /** `notes`: the reply is told which headers were sent. */
  constructor (reply: FastifyReply, notes: boolean) {
    this.#reply = reply
    this.#notes = notes
  }

  /** True while there is a head that was not written. */
  get waits (): boolean {
    return this.#answer !== null
  }

  keep (answer: Pick<ClientAnswer, 'status' | 'reason' | 'headers'>): void {
    this.#answer = answer
  }

  drop (): void {
    this.#answer = null
  }

  /** Writes it; it leaves with the bytes that follow. From now on Fastify cannot answer. */
  write (): void {
    const answer = this.#answer
    if (answer === null) return
    this.#answer = null
    const reply = this.#reply
    if (!reply.sent) reply.hijack()
    writeHead(reply.raw, answer.status, answer.reason, answer.headers)
    answerSent(reply, answer.headers)
    if (this.#notes) setHeaders(reply, answer.headers)
  }
}
