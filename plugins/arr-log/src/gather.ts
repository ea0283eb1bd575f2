// The end of an exchange: which facts are there to be told?
import type { Socket } from 'node:net'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { takeBytes, type Connection } from './connection.ts'
import { responseHeader } from './custom.ts'
import { hasLeft, isFinished, isHeadSent, type Stream, wasReset } from './ending.ts'
import type { Exchange, ExchangeUpstream, ExchangeWebSocket } from './exchange.ts'
import type { Facts, SiteFact, TunnelFact, UpstreamFact } from './facts.ts'
import { redactUrl, type Redact } from './query.ts'
import type { OwnWebSocket } from './own-websocket.ts'
import { closeCodeOf, outcomeOf } from './status.ts'

/** What was noted when the exchange began. */
export interface Beginning {
  /** On `performance.now()`'s clock, ms. */
  readonly startedAt: number
  readonly connection: Connection
  /** The HTTP/2 stream, which the response has let go of when it closes; null on HTTP/1. */
  readonly stream: Stream | null
  /** Whether a WebSocket server was watched that would have told of its accepting. */
  watched: boolean
  /** A WebSocket has just opened: what is told now is not the end. */
  opening: boolean
  /** A WebSocket that this server itself accepted, once it did. */
  webSocket: OwnWebSocket | null
}

/** A custom field's source, ready to be asked. */
export interface CustomSource {
  readonly name: string
  readonly secret: boolean
  readonly read: (request: FastifyRequest, reply: FastifyReply, connection: Connection) => string | null
}

export interface GatherOptions {
  readonly fallbackSite: Required<SiteFact>
  readonly redact: Redact
  readonly username: (request: FastifyRequest) => string | null | undefined
  readonly cookie: boolean
  readonly custom: readonly CustomSource[]
}

const CONNECT_PROTOCOL = ':protocol'
const UNTOLD = { received: null, sent: null }
/** A WebSocket of which nothing is known but that it was. */
const UNKNOWN: TunnelFact = {}

/** The record of an exchange that has just ended. Reads numbers and references; nothing here waits. */
export function gather (request: FastifyRequest, reply: FastifyReply, begun: Beginning, options: GatherOptions): Exchange {
  const timeTaken = Math.round(performance.now() - begun.startedAt)
  const { connection } = begun
  const { raw } = request
  const { headers } = raw
  const { site, rejection, rewrite, upstream } = request as unknown as Facts
  const upgrade = headers.upgrade !== undefined || headers[CONNECT_PROTOCOL] !== undefined
  const clientLeft = rewrite?.aborted !== true && hasLeft(connection.socket, begun.stream)
  const opening = begun.opening
  const bytes = opening ? UNTOLD : takeBytes(connection)
  const { clientError } = connection
  // Somebody took the socket for himself and wrote to it past the response. (Whoever answers a client error does so too.)
  const past = !reply.raw.headersSent && reply.sent && begun.stream === null && bytes.sent !== 0 && clientError === null && (upstream === null || upstream === undefined)
  const taken = upgrade && past
  const headersSent = isHeadSent(reply.raw, begun.stream, connection.injected) && !(clientError !== null && connection.unanswered)
  const tunnel: TunnelFact | null = upstream?.tunnel ?? (opening ? begun.webSocket : ownEnd(begun.webSocket, connection.socket, clientLeft)) ?? (taken && !begun.watched ? UNKNOWN : null)
  const outcome = outcomeOf({
    // A WebSocket server that took the socket and did not accept has refused the handshake.
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
    // A WebSocket over HTTP/2 is a CONNECT on the wire; readers of this log know it as the GET it is on HTTP/1.1.
    method: headers[CONNECT_PROTOCOL] === undefined ? raw.method ?? request.method : 'GET',
    host: headers.host ?? text(headers[':authority']),
    path: mark === -1 ? url : url.slice(0, mark),
    query,
    version: raw.httpVersionMajor === 2 ? 'HTTP/2' : `HTTP/${raw.httpVersion}`,
    status: outcome.status,
    substatus: rewrite?.subStatusCode ?? outcome.substatus,
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
  if (rewrite?.rule !== undefined) exchange.rule = rewrite.rule
  if (upstream !== null && upstream !== undefined) exchange.upstream = upstreamPart(upstream)
  if (tunnel !== null) exchange.websocket = webSocketPart(tunnel, raw.httpVersionMajor)
  if (rejection !== null && rejection !== undefined) exchange.rejection = rejection.reason ?? 'BadRequest'
  if (options.cookie || options.custom.length > 0) addChosen(exchange, request, reply, connection, options)
  return exchange
}

function upstreamPart (upstream: UpstreamFact): ExchangeUpstream {
  const { error } = upstream
  return {
    logId: upstream.logId ?? null,
    server: upstream.server ?? null,
    routed: upstream.routed ?? null,
    status: upstream.status ?? null,
    cacheHit: upstream.cacheHit === true,
    connectTime: upstream.connectTime ?? null,
    firstByteTime: upstream.firstByteTime ?? null,
    error: error === null || error === undefined
      ? null
      : { code: error.code ?? null, moment: error.moment ?? null, side: error.side ?? null, systemCode: error.systemCode ?? null }
  }
}

function webSocketPart (tunnel: TunnelFact, major: number): ExchangeWebSocket {
  const { received, sent, observed } = tunnel
  return {
    http: tunnel.http ?? (major === 2 ? '2' : '1.1'),
    handshakeTime: tunnel.handshakeTime === undefined ? null : Math.round(tunnel.handshakeTime),
    subprotocol: tunnel.subprotocol ?? null,
    extensions: tunnel.extensions ?? null,
    // Counts that stopped half-way would be a lie.
    messagesReceived: observed === false ? null : received?.messages ?? null,
    bytesReceived: received?.bytes ?? null,
    messagesSent: observed === false ? null : sent?.messages ?? null,
    bytesSent: sent?.bytes ?? null,
    closeCode: closeCodeOf(tunnel),
    closeReason: tunnel.closeReason || null,
    closedBy: tunnel.closedBy ?? null,
    ending: tunnel.ending ?? null
  }
}

/** What the transport tells of the end of our own WebSocket, where its frames don't. */
function ownEnd (own: OwnWebSocket | null, socket: Socket, clientLeft: boolean): TunnelFact | null {
  if (own === null) return null
  const closedBy = own.closeCode !== null ? null : clientLeft ? 'client' : 'proxy'
  return { ...own, closedBy, ending: wasReset(socket) ? 'reset' : 'end' }
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

// A proxy's client may send the whole URL in the request line (RFC 9112 §3.2.2); the log's stem is a path.
function originForm (url: string): string {
  if (url.startsWith('/')) return url
  const authority = url.indexOf('://')
  if (authority === -1) return url
  const path = url.slice(authority + 3).search(/[/?]/)
  if (path === -1) return '/'
  const rest = url.slice(authority + 3 + path)
  return rest.startsWith('?') ? `/${rest}` : rest
}

// HTTP/2 does not count a stream's bytes; the announced length is what there is.
function contentLength (reply: FastifyReply): number | null {
  const length = Number(responseHeader(reply, 'content-length') ?? NaN)
  return Number.isNaN(length) ? null : length
}

function text (value: string | string[] | undefined): string | null {
  return typeof value === 'string' ? value : null
}
