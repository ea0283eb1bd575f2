// Which options does @fastify/http-proxy have? Its own types say so.
import { createError } from '@fastify/error'
import type { FastifyHttpProxyOptions } from '@fastify/http-proxy'
import type httpProxy from '@fastify/http-proxy'
import type { FastifyRequest } from 'fastify'

/** The options of @fastify/http-proxy, those of WebSockets included. */
export type HttpProxyOptions = Parameters<typeof httpProxy>[1] & Pick<FastifyHttpProxyOptions, 'wsServerOptions'>
/** The options of `reply.from`. */
export type FromOptions = NonNullable<FastifyHttpProxyOptions['replyOptions']>
export type PreRewrite = NonNullable<FastifyHttpProxyOptions['preRewrite']>
/** The headers of a message as an object: lower-case names, several values in one list. */
export type HeaderRecord = ReturnType<NonNullable<FromOptions['rewriteHeaders']>>

/** The options of WebSockets, as they are looked at here. */
export interface SocketOptions {
  readonly websocket?: boolean
  readonly wsUpstream?: string
  readonly wsHooks?: Readonly<Record<string, ((context: { readonly log: unknown }, source: unknown, target?: unknown) => void) | undefined>>
  readonly wsClientOptions?: Readonly<Record<string, unknown>> & {
    readonly headers?: Readonly<Record<string, unknown>>
    readonly rewriteRequestHeaders?: (headers: Record<string, unknown>, request: FastifyRequest) => Record<string, unknown>
    readonly queryString?: FromOptions['queryString']
  }
  readonly wsServerOptions?: Readonly<Record<string, unknown>>
}

/** The message names what @fastify/http-proxy would name, or says why an option has no meaning here. */
export const InvalidHttpProxyOptions = createError('FST_ARR_PROXY_INVALID_OPTIONS', '%s', 500)
