// The end of an exchange: what goes into its record?
import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Rejection, Site, Told, TunnelFact } from '@fastify-arr/facts'
import { takeBytes, type Connection } from '../observe/connection.ts'
import { hasLeft, isFinished, isHeadSent } from '../observe/ending.ts'
import type { Beginning } from '../observe/open-exchanges.ts'
import { PROCESS } from '../format/writing-process.ts'
import { responseHeader, type CustomSource } from './custom.ts'
import type { Exchange } from './exchange.ts'
import type { Facts } from './facts.ts'
import { redactUrl, type Redact } from './redact.ts'
import { outcomeOf } from './status.ts'
import { upstreamPart } from './upstream-part.ts'
import { ownEnd, webSocketPart } from './websocket-part.ts'

export interface GatherOptions {
  /** The site of a request that has no `request.site`. */
  readonly fallbackSite: Pick<Site, 'name' | 'id'>
  readonly redact: Redact
  readonly username: (request: FastifyRequest) => string | null | undefined
  /** Whether the Cookie header is logged. */
  readonly cookie: boolean
  /** Whether the process is logged. */
  readonly process: boolean
  readonly custom: readonly CustomSource[]
}

const CONNECT_PROTOCOL = ':protocol'
const NOT_COUNTED = { received: null, sent: null }
/** A WebSocket of which nothing is known but that it existed. */
const UNKNOWN: Told<TunnelFact> = {}

/** The record of an exchange that has just ended. Reads numbers and references only, so it never waits. */
export function gather (request: FastifyRequest & Facts, reply: FastifyReply, begun: Beginning, options: GatherOptions): Exchange {
  const timeTaken = Math.round(performance.now() - begun.startedAt)
  const { connection } = begun
  const { raw } = request
  const { headers } = raw
  const { site, rejection, rewrite, servedFile, upstream }: Facts = request
  const upgrade = headers.upgrade !== undefined || headers[CONNECT_PROTOCOL] !== undefined
  const clientLeft = rewrite?.aborted !== true && hasLeft(connection.socket, begun.stream)
  const opening = begun.opening
  const bytes = opening ? NOT_COUNTED : takeBytes(connection)
  const { clientError } = connection
  // Bytes went to the socket without the response: a handler has taken the socket over. The answer to a client error goes the same way, so it is excluded.
  const past = !reply.raw.headersSent && reply.sent && begun.stream === null && bytes.sent !== 0 && clientError === null && (upstream === null || upstream === undefined)
  const taken = upgrade && past
  const headersSent = isHeadSent(reply.raw, begun.stream, connection.injected) && !(clientError !== null && connection.unanswered)
  const tunnel: Told<TunnelFact> | null = upstream?.tunnel ?? (opening ? begun.webSocket : ownEnd(begun.webSocket, connection.socket, clientLeft)) ?? (taken && !begun.watched ? UNKNOWN : null)
  const outcome = outcomeOf({
    // A WebSocket server that took the socket and accepted no WebSocket has refused the handshake.
    statusCode: taken ? 400 : reply.raw.statusCode,
    headersSent: headersSent || past,
    finished: taken || isFinished(reply.raw, begun.stream, connection.socket, connection.injected),
    clientLeft,
    upgrade,
    clientError,
    error: upstream?.error ?? null,
    tunnel
  })
  const url = rewrite?.logRewrittenUrl === true && rewrite.url !== undefined ? originForm(rewrite.url) : originForm(request.originalUrl)
  const mark = url.indexOf('?')
  const query = mark === -1 || mark === url.length - 1 ? null : options.redact(url.slice(mark + 1))
  const exchange: { -readonly [K in keyof Exchange]: Exchange[K] } = {
    endedAt: Date.now(),
    timeTaken,
    requestId: request.id,
    site: site?.name ?? options.fallbackSite.name,
    siteId: site?.id ?? options.fallbackSite.id,
    // A WebSocket over HTTP/2 is a CONNECT on the wire (RFC 8441); the log has the GET that it is on HTTP/1.1.
    method: headers[CONNECT_PROTOCOL] === undefined ? raw.method ?? request.method : 'GET',
    host: headers.host ?? text(headers[':authority']),
    path: mark === -1 ? url : url.slice(0, mark),
    query,
    version: raw.httpVersionMajor === 2 ? 'HTTP/2' : `HTTP/${raw.httpVersion}`,
    status: outcome.status,
    // An error handler of one's own may have answered with another status: IIS's substatus is none of that.
    substatus: isFiltered(rejection) ? (rejection.statusCode === outcome.status ? rejection.subStatusCode : outcome.substatus) : rewrite?.subStatusCode ?? servedFile?.subStatusCode ?? outcome.substatus,
    win32Status: opening ? 0 : outcome.win32Status,
    serverIp: connection.serverIp,
    serverPort: connection.serverPort,
    clientIp: connection.clientIp,
    clientPort: connection.clientPort,
    username: options.username(request) ?? null,
    userAgent: headers['user-agent'] ?? null,
    referer: headers.referer === undefined ? null : redactUrl(headers.referer, options.redact),
    bytesSent: opening ? null : bytes.sent ?? tunnel?.sent?.bytes ?? contentLength(reply),
    bytesReceived: opening ? null : bytes.received ?? tunnel?.received?.bytes ?? null
  }
  if (opening) exchange.event = 'open'
  if (options.process) exchange.process = PROCESS
  if (rewrite?.rule !== undefined) exchange.rule = rewrite.rule
  if (upstream !== null && upstream !== undefined) exchange.upstream = upstreamPart(upstream)
  if (tunnel !== null) exchange.websocket = webSocketPart(tunnel, raw.httpVersionMajor)
  else if (upgrade && asksForWebSocket(headers)) exchange.attempt = true
  if (isFiltered(rejection)) exchange.refused = { reason: rejection.reason ?? 'unknown', detail: rejection.detail ?? null }
  else if (rejection !== null && rejection !== undefined) exchange.rejection = rejection.reason ?? 'BadRequest'
  if (options.cookie || options.custom.length > 0) addChosen(exchange, request, reply, connection, options)
  return exchange
}

/** An Upgrade header may name several protocols, in any case (RFC 9110 §7.8); HTTP/2 has a pseudo-header (RFC 8441 §4). */
function asksForWebSocket (headers: IncomingHttpHeaders): boolean {
  return headers[CONNECT_PROTOCOL] === 'websocket' || /(?:^|,)\s*websocket\s*(?:,|$)/i.test(headers.upgrade ?? '')
}

/** Whether a request has reached its site, and was refused there: its line is in the site's log. One without a substatus has reached none. */
function isFiltered (rejection: Facts['rejection']): rejection is Told<Rejection> & { readonly subStatusCode: number } {
  return rejection?.subStatusCode !== undefined
}

function addChosen (exchange: Exchange, request: FastifyRequest, reply: FastifyReply, connection: Connection, options: GatherOptions): void {
  const custom: Record<string, string | null> = {}
  const hidden: Record<string, string | null> = {}
  if (options.cookie) hidden['cs(Cookie)'] = request.raw.headers.cookie ?? null
  for (const source of options.custom) {
    (source.secret ? hidden : custom)[source.name] = source.read(request, reply, connection)
  }
  Object.assign(exchange, { custom })
  Object.defineProperty(exchange, 'hidden', { value: hidden })
}

// The request line may hold a whole URL (RFC 9112 §3.2.2, absolute form); cs-uri-stem is a path.
function originForm (url: string): string {
  if (url.startsWith('/')) return url
  const authority = url.indexOf('://')
  if (authority === -1) return url
  const path = url.slice(authority + 3).search(/[/?]/)
  if (path === -1) return '/'
  const rest = url.slice(authority + 3 + path)
  return rest.startsWith('?') ? `/${rest}` : rest
}

// Node does not count the bytes of an HTTP/2 stream; the announced length stands for them.
function contentLength (reply: FastifyReply): number | null {
  const length = Number(responseHeader(reply, 'content-length') ?? NaN)
  return Number.isNaN(length) ? null : length
}

function text (value: string | string[] | undefined): string | null {
  return typeof value === 'string' ? value : null
}
