// What would the row of an exchange say? Read from its request, a value at a time, so that a filter can look before a row is made.
import type { Ending } from '../exchanges.ts'
import type { Facts } from '../ending.ts'
import { asksForWebSocket } from '../ending.ts'
import type { ExchangeRow } from '../../messages/index.ts'
import type { FastifyRequest } from 'fastify'
import type { Client } from '../client-bytes.ts'

const LONGEST_PATH = 512
const LONGEST = 256

/** A row without its number and its story. */
export type Known = Omit<ExchangeRow, 'id' | 'story' | 'worker'>

/** One object for all exchanges: it is valid until the next one is set, and nothing is allocated for those that nobody sees. */
export class KnownExchange implements Known {
  #request!: FastifyRequest & Facts
  #client!: Client
  #ending: Ending | null = null

  set (ending: Ending): this {
    this.#ending = ending
    this.#request = ending.request
    this.#client = ending.client
    return this
  }

  /** What is known in its first hook: method, host, path, client, User-Agent, and whether it asks for a WebSocket. */
  begin (request: FastifyRequest, client: Client): this {
    this.#ending = null
    this.#request = request
    this.#client = client
    return this
  }

  /** When it was over, or open. */
  get at (): number { return Date.now() }
  get time (): number { return Math.round((this.#ending?.time ?? 0) * 10) / 10 }
  get method (): string { return this.#request.method }
  get host (): string { return short(this.#request.host) }
  get path (): string { return withoutQuery(this.#request.originalUrl, LONGEST_PATH) }
  get status (): number | null { return this.#ending?.status ?? null }
  get client (): string { return clientOf(this.#request, this.#client) }
  get site (): string | null { return this.#request.site?.name ?? null }
  get rule (): string | null { return this.#request.rewrite?.rule ?? null }
  get rejection (): string | null { return this.#request.rejection?.reason ?? null }
  get upstream (): string | null { return this.#request.upstream?.server ?? null }
  get farm (): string | null { return this.#request.upstream?.farm ?? null }
  get server (): string | null { return this.#request.upstream?.routed ?? null }
  get error (): string | null { return this.#request.upstream?.error?.code ?? null }
  get userAgent (): string { return short(this.#request.raw.headers['user-agent']) }
  get tunnel (): string | null { return this.#request.upstream?.tunnel?.id ?? null }
  get closeCode (): number | null { return this.#request.upstream?.tunnel?.closeCode ?? null }
  get webSocket (): ExchangeRow['webSocket'] {
    if (this.#ending === null) return asksForWebSocket(this.#request.raw.headers) ? 'open' : null
    const { kind, isOver } = this.#ending
    return kind === null ? null : kind === 'refused' ? 'refused' : isOver ? 'closed' : 'open'
  }

  /** The row as it stays. */
  row (id: string): ExchangeRow {
    const { at, time, method, host, path, status, client, site, rule, rejection, upstream, farm, server, error, webSocket, tunnel, closeCode, userAgent } = this
    return { id, at, time, method, host, path, status, client, site, rule, rejection, upstream, farm, server, error, webSocket, tunnel, closeCode, userAgent, story: false }
  }
}

/** Whatever an upstream's URL or a client's has behind it: secrets may be in it. */
export function withoutQuery (url: string, longest: number): string {
  const query = url.indexOf('?')
  const path = (query < 0 ? url : url.slice(0, query)).slice(0, longest)
  return query < 0 ? path : `${path}?…`
}

function short (text: string | undefined): string {
  return text === undefined ? '' : text.length > LONGEST ? text.slice(0, LONGEST) : text
}

function clientOf (request: FastifyRequest, { address }: Client): string {
  try {
    // Behind a trusted proxy, the client is who that says.
    return request.ips === undefined ? address : short(request.ip)
  } catch {
    // The socket is gone, or the user's own function does not know what to say.
    return address
  }
}
