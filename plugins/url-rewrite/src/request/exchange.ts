// What do rules know about a request?

import { originForm } from './request-target.ts'
import type { Folders, VirtualFolder } from './folders.ts'
import type { IncomingHttpHeaders } from 'node:http'
import type { Site, Told } from '@fastify-arr/facts'

/** A request as rules see it, independent of Fastify: a plain record that can be passed to `explain` too. */
export interface Exchange {
  readonly method: string
  /** The request target as sent, as path and query. */
  readonly url: string
  /** By lower-case name, as Node's `request.headers`. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  /** E.g. `1.1` or `2.0`. */
  readonly httpVersion: string
  /** Whether the client's connection is encrypted. */
  readonly encrypted: boolean
  readonly remoteAddress: string
  readonly remotePort: string
  readonly localAddress: string
  readonly localPort: string
  /** The site's name and id; empty where there is none. */
  readonly siteName: string
  readonly siteId: string
  readonly documentRoot: string
  /** Directories with a folder of their own, the innermost first. */
  readonly virtualFolders?: readonly VirtualFolder[]
}

/** What is read of a Fastify request. */
export interface RequestLike {
  readonly method: string
  readonly protocol: string
  readonly ip: string
  readonly site?: Told<Site> | null
  readonly raw: {
    readonly url?: string | undefined
    readonly headers: IncomingHttpHeaders
    readonly httpVersion: string
    readonly socket: { readonly remotePort?: number | undefined, readonly localAddress?: string | undefined, readonly localPort?: number | undefined }
  }
}

/**
 * The request as rules see it; values that are costly to read are read when a rule needs them. A class, since getters in an object
 * literal would be new functions for each request: V8 makes a new hidden class for them each time, which keeps the
 * whole request alive until the next full collection.
 */
class RequestExchange implements Exchange {
  readonly method: string
  readonly url: string
  readonly headers: Exchange['headers']
  readonly httpVersion: string
  readonly siteName: string
  readonly siteId: string
  readonly documentRoot: string
  readonly virtualFolders: readonly VirtualFolder[]
  readonly #request: RequestLike

  constructor (request: RequestLike, { root, inner }: Folders, url: string) {
    const { raw, site } = request
    this.method = request.method
    this.url = url
    this.headers = raw.headers
    this.httpVersion = raw.httpVersion
    this.siteName = site?.name ?? ''
    this.siteId = site?.id === undefined ? '' : String(site.id)
    this.documentRoot = root
    this.virtualFolders = inner
    this.#request = request
  }

  get encrypted (): boolean { return this.#request.protocol === 'https' }
  get remoteAddress (): string { return this.#request.ip ?? '' }
  get remotePort (): string { return String(this.#request.raw.socket.remotePort ?? '') }
  get localAddress (): string { return this.#request.raw.socket.localAddress ?? '' }
  get localPort (): string { return String(this.#request.raw.socket.localPort ?? '') }
}

/** A Fastify request as rules see it. */
export function exchangeOf (request: RequestLike, folders: Folders): Exchange {
  return new RequestExchange(request, folders, originForm(request.raw.url ?? '/'))
}

/** A made-up request: a plain one, except for what is given. */
export const imagine = (given: Partial<Exchange>, { root, inner }: Folders): Exchange => ({
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
  documentRoot: root,
  virtualFolders: inner,
  ...given
})
