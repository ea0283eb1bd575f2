// What is a request, when nothing is left of it but its tunnel? Plain data, from which the stand-in in another process is made.
import type { RequestFacts, Upstream } from '@fastify-arr/facts'
import type { FastifyRequest } from 'fastify'

/** An end of the client's connection, as its socket had it. */
export interface Ends {
  readonly remoteAddress: string | null
  readonly remotePort: number | null
  readonly localAddress: string | null
  readonly localPort: number | null
}

/** A request as plain data. */
export interface RequestState extends Ends {
  readonly id: string
  readonly method: string
  readonly url: string
  readonly originalUrl: string
  readonly httpVersion: string
  readonly rawHeaders: readonly string[]
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly encrypted: boolean
  readonly ip: string
  readonly ips: readonly string[] | null
  readonly host: string
  readonly hostname: string
  readonly port: number | null
  readonly protocol: string
  readonly query: unknown
  readonly params: unknown
  readonly site: RequestFacts['site']
  readonly rewrite: RequestFacts['rewrite']
  readonly rejection: RequestFacts['rejection']
  readonly servedFile: RequestFacts['servedFile']
  /** Without the tunnel, which is told apart. Nothing has failed that has become a tunnel. */
  readonly upstream: Omit<Upstream, 'tunnel'>
}

/** The state of a request whose tunnel is open. */
export function requestState (request: FastifyRequest & RequestFacts): RequestState {
  const { raw } = request
  const { tunnel: _, ...upstream } = request.upstream as Upstream
  return {
    id: request.id,
    method: request.method,
    url: raw.url ?? '/',
    originalUrl: request.originalUrl,
    httpVersion: raw.httpVersion,
    rawHeaders: raw.rawHeaders,
    headers: raw.headers,
    ...endsOf(raw.socket),
    encrypted: 'encrypted' in raw.socket,
    ip: request.ip,
    ips: request.ips ?? null,
    host: request.host,
    hostname: request.hostname,
    port: request.port,
    protocol: request.protocol,
    query: request.query,
    params: request.params,
    site: request.site ?? null,
    rewrite: request.rewrite ?? null,
    rejection: request.rejection ?? null,
    servedFile: request.servedFile ?? null,
    upstream: { ...upstream, error: null }
  }
}

function endsOf ({ remoteAddress, remotePort, localAddress, localPort }: FastifyRequest['raw']['socket']): Ends {
  return { remoteAddress: remoteAddress ?? null, remotePort: remotePort ?? null, localAddress: localAddress ?? null, localPort: localPort ?? null }
}
