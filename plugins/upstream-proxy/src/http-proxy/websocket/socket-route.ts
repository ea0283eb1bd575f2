// Where does a WebSocket go, and with which headers? As `wsUpstream` and `wsClientOptions` say.
import type { FastifyRequest } from 'fastify'
import type { HeaderList, RewriteRequest } from '../../forward/answer/rewrites.ts'
import type { Settings } from '../../options.ts'
import type { Route } from '../../route/route.ts'
import { type Destination, pathWithin } from '../destination.ts'
import { listOf } from '../from/header-record.ts'
import type { HttpProxyOptions, SocketOptions } from '../options/peer-options.ts'
import { searchOf } from '../from/query.ts'

/** Throws BadDestination where the path leaves the prefix's replacement. */
export function socketRoute (request: FastifyRequest, { path, prefixes }: Destination, options: HttpProxyOptions, { origins }: Settings): Route {
  const { wsUpstream, wsClientOptions } = options as SocketOptions
  const base = wsUpstream || options.upstream || options.replyOptions?.getUpstream?.(request as never, '')
  if (!base) throw new Error('there is no upstream for this WebSocket')
  const { origin } = origins.target(base)
  return { origin, path: pathWithin(path, prefixes.rewritePrefix, base) + searchOf('', request, wsClientOptions?.queryString), changes: undefined, paths: prefixes }
}

/**
 * Changes the handshake as @fastify/http-proxy does: of the client's headers the upstream gets those of the handshake, and otherwise
 * what `rewriteRequestHeaders` gives; by default the headers of the options and the client's cookie.
 */
export function handshakeRewriter ({ wsClientOptions = {} }: SocketOptions): RewriteRequest {
  const { headers = {}, rewriteRequestHeaders = withCookie, origin, auth } = wsClientOptions
  const fixed: Record<string, unknown> = {
    ...(origin !== undefined && { origin }),
    ...(auth !== undefined && { authorization: `Basic ${Buffer.from(String(auth)).toString('base64')}` })
  }
  return (request, { out }) => {
    const own = listOf({ ...fixed, ...rewriteRequestHeaders(headers, request) }, out.headers).filter(([name]) => !isHandshake(name))
    const names = new Set(own.map(([name]) => name.toLowerCase()))
    out.headers = [...out.headers.filter(([name]) => isKept(name) && !names.has(name.toLowerCase())), ...own] satisfies HeaderList
  }
}

function withCookie (headers: Readonly<Record<string, unknown>>, request: FastifyRequest): Record<string, unknown> {
  const { cookie } = request.headers
  return cookie === undefined ? { ...headers } : { ...headers, cookie }
}

// The client's own key and extensions: the upstream's answer to them reaches the client.
function isHandshake (name: string): boolean {
  return /^sec-websocket-/i.test(name)
}

function isKept (name: string): boolean {
  return isHandshake(name) || /^(?:host|x-arr-log-id)$/i.test(name)
}
