// How much passes through a WebSocket per second? Its counts now, compared with those of the look before.
import type { Told, TunnelFact } from '@fastify-arr/facts'
import type { FlowRow } from '../../messages/index.ts'

/** Of a look that is longer ago, ms, an average says nothing about now. */
const STALE = 5_000

/** Compares the counts of one tunnel from look to look. Two that share one would each see half. Fields, and no objects: 50,000 are looked at each second. */
export class Meter {
  receivedBytes = 0
  receivedMessages = 0
  sentBytes = 0
  sentMessages = 0
  #receivedBytesBefore = 0
  #receivedMessagesBefore = 0
  #sentBytesBefore = 0
  #sentMessagesBefore = 0
  #at = 0
  /** The time between the last two looks, ms; 0 where there are no two. */
  #span = 0

  /** `now` in ms; from the second look on there is a rate. */
  look ({ received, sent }: Told<TunnelFact>, now: number): void {
    this.#span = this.#at === 0 || now - this.#at > STALE ? 0 : now - this.#at
    this.#at = now
    this.#receivedBytesBefore = this.receivedBytes
    this.#receivedMessagesBefore = this.receivedMessages
    this.#sentBytesBefore = this.sentBytes
    this.#sentMessagesBefore = this.sentMessages
    this.receivedBytes = received?.bytes ?? 0
    this.receivedMessages = received?.messages ?? 0
    this.sentBytes = sent?.bytes ?? 0
    this.sentMessages = sent?.messages ?? 0
  }

  get received (): FlowRow {
    return this.#row(this.receivedBytes, this.#receivedBytesBefore, this.receivedMessages, this.#receivedMessagesBefore)
  }

  get sent (): FlowRow {
    return this.#row(this.sentBytes, this.#sentBytesBefore, this.sentMessages, this.#sentMessagesBefore)
  }

  #row (bytes: number, bytesBefore: number, messages: number, messagesBefore: number): FlowRow {
    const perSecond = this.#span <= 0 ? 0 : 1000 / this.#span
    return { bytes, messages, bytesPerSecond: (bytes - bytesBefore) * perSecond, messagesPerSecond: (messages - messagesBefore) * perSecond }
  }
}
