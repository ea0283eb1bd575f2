// What does a handshake leave to its tunnel?
import type { Duplex } from 'node:stream'
import type { AnswerHead } from './answer-head.ts'

/** The result of a successful handshake. */
export interface Opened {
  readonly head: AnswerHead
  /** The protocol that the upstream switches to, in lower case. */
  readonly protocol: string
  readonly upstream: Duplex
  /** Bytes that the client sent before the 101. */
  readonly early: Buffer
  /** Bytes that arrived together with the upstream's 101. */
  readonly late: Buffer
}
