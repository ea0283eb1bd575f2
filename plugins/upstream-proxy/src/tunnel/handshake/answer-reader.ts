// How far has the upstream's answer to a handshake come? Its bytes are gathered until the final head is whole.
import { BadAnswer } from '../../forward/answer/answer-head.ts'
import { mayBecomeHead } from '../../forward/answer/unfinished-head.ts'
import { type AnswerHead, endOfHead, readHead } from './answer-head.ts'

/** A final answer: its head, and all its bytes so far; the first `end` of them are the head. */
export interface Answer {
  readonly head: AnswerHead
  readonly bytes: Buffer
  readonly end: number
}

/** Is told of the interim answers. */
export interface InterimSink {
  information (head: AnswerHead): void
}

const EMPTY = Buffer.alloc(0)

/** Reads the head of one answer. */
export class AnswerReader {
  readonly #headLimit: number
  readonly #interim: InterimSink
  #bytes: Buffer = EMPTY

  constructor (headLimit: number, interim: InterimSink) {
    this.#headLimit = headLimit
    this.#interim = interim
  }

  /** Reads the next bytes. Null while the head is incomplete. Throws BadAnswer as soon as it cannot become a valid head. */
  read (chunk: Buffer): Answer | null {
    const from = Math.max(0, this.#bytes.length - 3)
    let bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk])
    let end = endOfHead(bytes, from)
    while (end !== -1) {
      const head = end > this.#headLimit ? null : readHead(bytes, end)
      if (head === null) throw new BadAnswer('the head is not valid, or too large')
      if (head.status >= 200 || head.status === 101) return { head, bytes, end }
      // 100, 102, 103: the final answer follows (RFC 9110 §15.2).
      this.#interim.information(head)
      bytes = bytes.subarray(end)
      end = endOfHead(bytes)
    }
    if (bytes.length > this.#headLimit || !mayBecomeHead(bytes.toString('latin1'))) throw new BadAnswer('this can become no valid head')
    this.#bytes = bytes
    return null
  }
}
