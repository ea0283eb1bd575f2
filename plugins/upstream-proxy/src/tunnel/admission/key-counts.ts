// How many tunnels does each key have? A key without any is not remembered.
import type { FastifyRequest } from 'fastify'
import { ERRORS } from '../../errors.ts'
import { isPromise } from '../../options/promise.ts'
import type { MaxTunnelsPer } from './options.ts'

export class KeyCounts {
  readonly #per: MaxTunnelsPer | null
  readonly #counts = new Map<string, number>()

  /** Without a limit, nothing is counted. */
  constructor (per: MaxTunnelsPer | null) {
    this.#per = per
  }

  /** The key that a request counts for; null for none. Throws BadLimit where the user's function gives something else, or throws. */
  keyOf (request: FastifyRequest): string | null {
    if (this.#per === null) return null
    let key: unknown
    try {
      key = this.#per.key(request) ?? null
    } catch (error) {
      request.log.error({ err: error }, 'upstream-proxy: `websocket.maxTunnelsPer.key` threw an error')
      throw new ERRORS.BadLimit()
    }
    if (key === null || typeof key === 'string') return key
    isPromise(key) // its rejection is handled
    request.log.error('upstream-proxy: `websocket.maxTunnelsPer.key` must give a string, or nothing')
    throw new ERRORS.BadLimit()
  }

  /** Counts one more. False where the key has as many as it may, together with those that it has elsewhere. */
  take (key: string | null, elsewhere: { of (key: string): number } | null = null): boolean {
    if (key === null || this.#per === null) return true
    const count = this.of(key)
    if ((elsewhere === null ? count : count + elsewhere.of(key)) >= this.#per.most) return false
    this.#counts.set(key, count + 1)
    return true
  }

  /** Counts one more, as many as there may be: it was let in elsewhere. */
  add (key: string | null): void {
    if (key !== null && this.#per !== null) this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1)
  }

  /** Counts one less. */
  release (key: string | null): void {
    if (key === null) return
    const count = (this.#counts.get(key) ?? 0) - 1
    if (count > 0) this.#counts.set(key, count)
    else this.#counts.delete(key)
  }

  /** How many a key has. */
  of (key: string): number {
    return this.#counts.get(key) ?? 0
  }

  /** The keys that have any. */
  get keys (): Iterable<string> {
    return { [Symbol.iterator]: () => this.#counts.keys() }
  }

  /** How many keys have any. */
  get size (): number {
    return this.#counts.size
  }
}
