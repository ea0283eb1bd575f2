// What do readers find where a request came to another process, and its tunnel is here? A stand-in with all that they read.
import { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { RequestFacts, TunnelFact, Upstream } from '@fastify-arr/facts'
import type { FastifyBaseLogger, FastifyRequest } from 'fastify'
import type { RequestState } from './request-state.ts'

/**
 * The request of a tunnel that has come from another process. Its facts are as they were there; it has no reply, no body, no route, and
 * nothing that plugins of yours have added, such as a session.
 */
export class AdoptedRequest {
  /** Node's request, with the socket that has come. Its body is over. */
  readonly raw: IncomingMessage
  readonly socket: Socket
  readonly server: unknown
  readonly log: FastifyBaseLogger
  readonly id: string
  readonly method: string
  readonly url: string
  readonly originalUrl: string
  readonly headers: RequestState['headers']
  readonly ip: string
  readonly ips: readonly string[] | undefined
  readonly host: string
  readonly hostname: string
  readonly port: number | null
  readonly protocol: string
  readonly query: unknown
  readonly params: unknown
  readonly body = undefined
  readonly is404 = false
  /** There is none: what a handler's options say is not known here. */
  readonly routeOptions = Object.freeze({ config: Object.freeze({}) })
  readonly site: RequestFacts['site']
  readonly rewrite: RequestFacts['rewrite']
  readonly rejection: RequestFacts['rejection']
  readonly servedFile: RequestFacts['servedFile']
  readonly upstream: Upstream
  /** The trace is that of the process where the request came. */
  trace: RequestFacts['trace'] = null

  constructor (state: RequestState, tunnel: TunnelFact, client: Socket, server: { readonly log: FastifyBaseLogger }) {
    const raw = new IncomingMessage(client)
    raw.method = state.method
    raw.url = state.url
    raw.httpVersion = state.httpVersion
    const [major = '1', minor = '1'] = state.httpVersion.split('.')
    raw.httpVersionMajor = Number(major)
    raw.httpVersionMinor = Number(minor)
    raw.rawHeaders = [...state.rawHeaders]
    raw.headers = { ...state.headers }
    raw.complete = true
    this.raw = raw
    this.socket = client
    this.server = server
    this.log = server.log.child({ reqId: state.id })
    this.id = state.id
    this.method = state.method
    this.url = state.url
    this.originalUrl = state.originalUrl
    this.headers = raw.headers
    this.ip = state.ip
    this.ips = state.ips ?? undefined
    this.host = state.host
    this.hostname = state.hostname
    this.port = state.port
    this.protocol = state.protocol
    this.query = state.query
    this.params = state.params
    this.site = state.site
    this.rewrite = state.rewrite
    this.rejection = state.rejection
    this.servedFile = state.servedFile
    this.upstream = { ...state.upstream, tunnel }
  }

  /** As readers of facts take it. */
  get asRequest (): FastifyRequest {
    return this as unknown as FastifyRequest
  }
}
