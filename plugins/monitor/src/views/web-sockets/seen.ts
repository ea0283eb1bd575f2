// What is known of one open tunnel while somebody looks at the list?
import type { Told, TunnelFact } from '@fastify-arr/facts'
import type { FastifyRequest } from 'fastify'
import type { WebSocketRow } from '../../messages/index.ts'
import { Meter } from './meter.ts'
import { type Named, type Words, wordsOf } from './words.ts'

/** The words are found when something asks for them: with 50,000 tunnels that takes longer than the counts. */
export class Seen {
  readonly request: FastifyRequest
  readonly tunnel: Told<TunnelFact>
  readonly since: number
  readonly meter = new Meter()
  /** What filters have said of it: two bits for each filter that is remembered. */
  answers = 0
  #words: Words | null = null

  constructor (request: FastifyRequest, tunnel: Told<TunnelFact>) {
    this.request = request
    this.tunnel = tunnel
    this.since = tunnel.openedAt ?? 0
  }

  get hasWords (): boolean {
    return this.#words !== null
  }

  words (find: (id: string) => Named | undefined): Words {
    this.#words ??= wordsOf(this.request, this.tunnel, find(this.tunnel.id ?? ''))
    return this.#words
  }

  silence (now: number): number {
    return Math.max(0, now - (this.tunnel.lastActivity ?? now))
  }

  row (find: (id: string) => Named | undefined, now: number): WebSocketRow {
    return { ...this.words(find), silence: this.silence(now), received: this.meter.received, sent: this.meter.sent }
  }
}
