// Does a request ask for a trace? A header or a query parameter has the secret.
import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import type { OnDemandOptions } from '../options.ts'

/** Compiled `onDemand`. */
export class OnDemand {
  /** Of lower case; null where no header asks. */
  readonly header: string | null
  readonly #query: string | null
  readonly #digest: Buffer

  constructor ({ header, query, secret }: OnDemandOptions) {
    this.header = header?.toLowerCase() ?? null
    this.#query = query ?? null
    this.#digest = digest(secret)
  }

  /** `header`: what the request's header of this name had. */
  asks (target: string, header: string | null): boolean {
    if (header !== null && this.#equals(header)) return true
    if (this.#query === null) return false
    const mark = target.indexOf('?')
    if (mark === -1) return false
    return new URLSearchParams(target.slice(mark + 1)).getAll(this.#query).some(value => this.#equals(value))
  }

  // Of digests, which are equally long: the time tells nothing of the secret, its length included.
  #equals (value: string): boolean {
    return timingSafeEqual(digest(value), this.#digest)
  }
}

function digest (text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

/** Takes a header out of Node's request, so that nobody after this sees it, the upstream neither. Returns its value, or null. */
export function takeHeader (raw: FastifyRequest['raw'], name: string): string | null {
  const value = raw.headers[name]
  if (value === undefined) return null
  // Made of `rawHeaders` when it is first asked for: before the header goes.
  delete raw.headersDistinct?.[name]
  delete raw.headers[name]
  const { rawHeaders } = raw
  for (let i = rawHeaders.length - 2; i >= 0; i -= 2) {
    if ((rawHeaders[i] as string).toLowerCase() === name) rawHeaders.splice(i, 2)
  }
  return Array.isArray(value) ? value[0] ?? '' : value
}
