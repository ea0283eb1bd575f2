// Where do rules read a request from? The one place that touches Node's request, and the site's fact.

import type { IncomingHttpHeaders } from 'node:http'
import type { Exchange } from './exchange.ts'

/** What is read of a Fastify request. */
export interface RequestLike {
  readonly method: string
  readonly protocol: string
  readonly ip: string
  readonly raw: {
    readonly url?: string | undefined
    readonly headers: IncomingHttpHeaders
    readonly httpVersion: string
    readonly socket: { readonly remotePort?: number | undefined, readonly localAddress?: string | undefined, readonly localPort?: number | undefined }
  }
}

/** What host-routing says about the request's site, as far as rules ask. */
interface SiteFact {
  readonly site?: { readonly name?: string, readonly id?: number } | null
}

// The absolute form of a target (RFC 9112 §3.2.2): its host is the client's word, and no rule's. Any scheme, since a proxy may take any.
const ABSOLUTE_FORM = /^[a-z][a-z\d+.-]*:\/\/[^/?#]*(\/[^?]*)?(\?.*)?$/is

/** A target as path and query, which is all that rules and upstreams are to see of it; `*` stays. */
export function originForm (target: string): string {
  if (target.startsWith('/')) return target
  const absolute = ABSOLUTE_FORM.exec(target)
  return absolute === null ? target : `${absolute[1] ?? '/'}${absolute[2] ?? ''}`
}

/** Whether a target is one that nobody may be sent: with a fragment (RFC 9112 §3.2), or NUL in its path, as HTTP.sys and nginx refuse. */
export function isMalformed (target: string): boolean {
  if (target.includes('#')) return true
  const nul = target.indexOf('%00')
  if (nul === -1) return false
  const mark = target.indexOf('?')
  return mark === -1 || nul < mark
}

/**
 * The request as rules see it; what costs something to read is read when a rule asks. A class: getters in an object literal
 * would be new functions for each request, for which V8 makes a new hidden class each time, and that one holds the
 * whole request until the next full collection.
 */
class RequestExchange implements Exchange {
  readonly method: string
  readonly url: string
  readonly headers: Exchange['headers']
  readonly httpVersion: string
  readonly siteName: string
  readonly siteId: string
  readonly documentRoot: string
  readonly #request: RequestLike

  constructor (request: RequestLike, documentRoot: string, url: string) {
    const { raw } = request
    const site = (request as SiteFact).site
    this.method = request.method
    this.url = url
    this.headers = raw.headers
    this.httpVersion = raw.httpVersion
    this.siteName = site?.name ?? ''
    this.siteId = site?.id === undefined ? '' : String(site.id)
    this.documentRoot = documentRoot
    this.#request = request
  }

  get encrypted (): boolean { return this.#request.protocol === 'https' }
  get remoteAddress (): string { return this.#request.ip ?? '' }
  get remotePort (): string { return String(this.#request.raw.socket.remotePort ?? '') }
  get localAddress (): string { return this.#request.raw.socket.localAddress ?? '' }
  get localPort (): string { return String(this.#request.raw.socket.localPort ?? '') }
}

/** A request, read for the rules. */
export function exchangeOf (request: RequestLike, documentRoot: string): Exchange {
  return new RequestExchange(request, documentRoot, originForm(request.raw.url ?? '/'))
}

/** A request that never came: a plain one, but for what is given. */
export const imagine = (given: Partial<Exchange>, documentRoot: string): Exchange => ({
  method: 'GET',
  url: '/',
  headers: { host: 'localhost' },
  httpVersion: '1.1',
  encrypted: false,
  remoteAddress: '127.0.0.1',
  remotePort: '50000',
  localAddress: '127.0.0.1',
  localPort: given.encrypted === true ? '443' : '80',
  siteName: '',
  siteId: '',
  documentRoot,
  ...given
})
