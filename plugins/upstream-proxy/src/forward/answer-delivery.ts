// What is an answer handed to, as it arrives? To the client, or to code of the user's.
import type { FastifyReply } from 'fastify'
import type { RawHeaders } from '../headers/raw-headers.ts'
import type { ClientAnswer } from './answer/rewrites.ts'
import type { ThroughOwner } from './answer/through.ts'
import type { Source } from './pool/exchange.ts'

export interface AnswerDelivery {
  head (answer: ClientAnswer, owner: ThroughOwner): void
  /** All bytes of a read were reported. */
  flush (): void
  /** A view of the connection's read buffer: valid until this returns, unless the source is held. */
  part (part: Buffer, source: Source | null): void
  end (last: Buffer | null, trailers: RawHeaders | null, source: Source): void
  /** Takes the error of an exchange, at whatever moment. Where it is missing, the client gets an error answer, or a cut connection. */
  failed? (error: Error): void
  /** Takes an error in place of the answer, where it has given that to Fastify already. False where Fastify has to be given the error. */
  fail? (error: Error): boolean
  /** The whole answer was said. */
  waitForClient (): void
  /** Nothing more of it is sent. */
  drop (): void
  /** It is incomplete, and must not look complete. */
  cut (): void
  /** The client has left. */
  closed (): void
}

/** Makes what the answer to one request is handed to. */
export type DeliverAnswer = (reply: FastifyReply) => AnswerDelivery
