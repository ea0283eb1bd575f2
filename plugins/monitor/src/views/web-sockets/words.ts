// Which words does the list of WebSockets have for one of them? Found once: none of them changes while it is open.
import type { OpenTunnel, RequestFacts, Told, TunnelFact } from '@fastify-arr/facts'
import type { FastifyRequest } from 'fastify'
import type { WebSocketRow } from '../../messages/index.ts'

/** What a filter is asked with: all of a row but its counts. */
export type Words = Omit<WebSocketRow, 'received' | 'sent' | 'silence'> & { silence: number }

/** The facts of a request, as far as there are any. */
export type Facts = Told<Pick<RequestFacts, 'site' | 'rewrite' | 'upstream'>>

/** The part of an open tunnel that is not on its request. */
export type Named = Told<Pick<OpenTunnel, 'remoteAddress' | 'key' | 'site' | 'upstream'>>

export function wordsOf (request: FastifyRequest, tunnel: Told<TunnelFact>, open: Named | undefined): Words {
  const { site, rewrite, upstream } = request as Facts
  return {
    id: tunnel.id ?? '',
    since: tunnel.openedAt ?? 0,
    silence: 0,
    client: open?.remoteAddress ?? addressOf(request),
    site: open?.site ?? site?.name ?? null,
    host: hostOf(request),
    path: pathOf(request.raw.url ?? ''),
    rule: rewrite?.rule ?? null,
    upstream: open?.upstream ?? upstream?.server ?? '',
    farm: upstream?.farm ?? null,
    server: upstream?.routed ?? null,
    protocol: tunnel.protocol ?? '',
    subprotocol: tunnel.subprotocol ?? null,
    extensions: tunnel.extensions ?? null,
    http: tunnel.http ?? '1.1',
    key: open?.key ?? null
  }
}

/** The client's address; empty where its connection is gone and was never asked. */
export function addressOf (request: FastifyRequest): string {
  try {
    return request.ip ?? ''
  } catch {
    // Of a session of HTTP/2 that is destroyed, nothing may be read.
    return ''
  }
}

function hostOf (request: FastifyRequest): string {
  try {
    return request.host ?? ''
  } catch {
    return ''
  }
}

/** Without the query, in which secrets may be; `?…` says that there was one. */
export function pathOf (url: string): string {
  const at = url.indexOf('?')
  return at === -1 ? url : `${url.slice(0, at)}?…`
}
