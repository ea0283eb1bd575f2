// What happens on a connection? TLS first where the listener speaks https, then HTTP/1.1 or HTTP/2; each request goes to the Fastify server.

import { createServer as createHttpServer } from 'node:http'
import { createServer as createHttp2Server, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import type { CertificateStore } from '../certificates/certificate-store.ts'
import type { ListenerPlan } from '../plan/plan.ts'
import { refuseBarely } from '../refusals/bare-refusal.ts'
import { onlyHttp } from '../refusals/only-http.ts'
import { cutWhenBroken } from './broken-sessions.ts'
import { LEADS_TO, limitHeaders, passExpectations, type Destination } from './destination.ts'
import { createHandshakes, type Ordering } from './handshakes.ts'
import { setClient, type ProxyHeader } from './proxy-protocol.ts'
import { publishRefusedRequest } from '../refusals/refusal.ts'
import { type Place, Roster } from './roster.ts'
import { guardSession, type Guarded } from './session.ts'
import { watchSessions, watchSockets } from './send-timeout.ts'

/** The protocols behind a listener's ports. None of its Node servers listens: connections are passed to them with `emit('connection')`, which Node documents for each. */
export interface Engine {
  /**
   * @param client the client named by the PROXY header; null where the socket's own address is the client's.
   * @param deadline when the TLS handshake must be done, where its time limit began with the PROXY header; 0 where it begins now.
   */
  accept (socket: Socket, client: ProxyHeader['client'], deadline: number): void
  /** Closes connections that are idle or still in their handshake, and sends GOAWAY on HTTP/2 sessions; call it repeatedly until the last request has ended. */
  closeIdle (): void
  /** Stops the engine's timers. */
  close (): void
}

const PLACE = Symbol('place')

// The response to a client that negotiates no protocol by ALPN, and so may speak HTTP/1.1 only.
const HTTP2_ONLY = 'HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\nHTTP/2 is spoken here, and has to be negotiated (ALPN).\n'
/** How long that client may take to close the connection, ms. */
const LINGER = 2000

/** A connection that speaks HTTP/1.1. `_httpMessage` is internal to Node: the pending response, null once it has ended. */
type Http1Socket = Socket & { [PLACE]?: Place<Http1Socket>, readonly _httpMessage?: object | null }

/**
 * Builds the protocols of one listener.
 *
 * @param ordering who orders certificates for a handshake; null where nobody does.
 */
export function createEngine (plan: ListenerPlan, certificates: CertificateStore | null, everything: Destination, ordering: Ordering | null = null): Engine {
  const { limits } = plan
  const destination = onlyHttp(everything, plan.name)
  // HTTP/1.1 connections that are not upgraded: an upgraded one belongs to the handler of the upgrade.
  const plain = new Roster<Http1Socket>()
  const sessions = new Roster<Guarded>()

  const http1 = createHttpServer({
    keepAliveTimeout: limits.keepAliveTimeout,
    // Node rejects a headersTimeout above requestTimeout.
    headersTimeout: limits.requestTimeout > 0 ? Math.min(limits.headersTimeout, limits.requestTimeout) : limits.headersTimeout,
    requestTimeout: limits.requestTimeout,
    connectionsCheckingInterval: checkingInterval(limits.headersTimeout, limits.requestTimeout),
    ...(limits.headerSize > 0 && { maxHeaderSize: limits.headerSize })
  }, (request, response) => { destination.request(request, response) })
  Object.defineProperty(http1, LEADS_TO, { value: destination.server })
  destination.whenUpgradesWanted(() => http1.on('upgrade', (request, socket, head) => {
    leave(socket as Http1Socket)
    destination.upgrade(request, socket, head)
  }))
  passExpectations(http1, destination, plan.name)
  // CONNECT is for forward proxies. HTTP/2 gets the same status.
  http1.on('connect', (request, socket) => {
    publishRefusedRequest(plan.name, destination.server, request, 'method', 405)
    refuseBarely(socket as Socket, 405)
  })
  http1.on('connection', join)
  http1.on('clientError', (error, socket) => { if (!destination.clientError(error, socket)) socket.destroy() })
  // An upgrade handler may return the connection of a plain HTTP request to its server; for a TLS socket it emits this event, as Node's https server does.
  http1.on('secureConnection', (socket: TLSSocket) => { http1.emit('connection', socket) })
  // Node starts its check for slow headers and bodies on this event.
  http1.emit('listening')

  const stops = [watchSockets(plain, limits.sendTimeout), watchSessions(sessions, limits.sendTimeout)]

  // The socket of the session that is created next: `session.socket` is a proxy without `destroy`.
  let nextSocket: Duplex
  const http2 = plan.http2 ? createHttp2() : null
  const handshakes = certificates === null ? null : createHandshakes(plan, certificates, startHttp, ordering)

  return {
    accept (socket, client, deadline) {
      if (handshakes !== null) {
        handshakes.begin(socket, client, deadline)
        return
      }
      if (client !== null) setClient(socket, client)
      http1.emit('connection', socket)
    },
    closeIdle () {
      // Node's own closeIdleConnections cuts responses that have ended but are not sent yet.
      for (const socket of plain.members()) if (!socket._httpMessage && socket.writableLength === 0) socket.destroy()
      handshakes?.end()
      for (const { session } of sessions.members()) if (!session.closed) session.close()
    },
    close () {
      for (const stop of stops) stop()
      http1.close()
    }
  }

  function startHttp (socket: TLSSocket): void {
    if (http2 !== null && socket.alpnProtocol === 'h2') {
      socket.on('error', () => {})
      nextSocket = socket
      http2.emit('connection', socket)
    } else if (plan.http1) {
      http1.emit('connection', socket)
    } else {
      refuseHttp1(socket)
    }
  }

  // Node's own HTTP/2 server sends such a response too, but misses the client's close, and would delay closing by ten seconds.
  function refuseHttp1 (socket: TLSSocket): void {
    join(socket)
    socket.end(HTTP2_ONLY)
    socket.resume()
    const timer = setTimeout(() => socket.destroy(), LINGER).unref()
    socket.once('close', () => { clearTimeout(timer) })
  }

  // Every socket error is followed by 'close'; without an error listener it would end the process.
  function join (socket: Http1Socket): void {
    const place = socket[PLACE] = plain.add(socket)
    socket.on('error', () => {})
    socket.once('close', () => plain.strike(place))
  }

  function leave (socket: Http1Socket): void {
    const place = socket[PLACE]
    if (place !== undefined) plain.strike(place)
  }

  function createHttp2 () {
    const limited = limitHeaders(destination, limits.headerSize, plan.name)
    const server = createHttp2Server({
      settings: {
        // WebSockets over HTTP/2 (RFC 8441 §3).
        enableConnectProtocol: true,
        ...(limits.streams > 0 && { maxConcurrentStreams: limits.streams }),
        ...(limits.headerSize > 0 && { maxHeaderListSize: limits.headerSize })
      }
    }, (request, response) => { limited.request(request, response) })
    server.on('connect', (request: Http2ServerRequest, response: Http2ServerResponse) => {
      if (limited.connect(request, response)) return
      response.statusCode = 405
      response.end()
    })
    passExpectations(server, limited, plan.name)
    server.on('session', session => {
      session.on('error', () => {})
      cutWhenBroken(session)
      const place = sessions.add(guardSession(session, nextSocket, limits))
      session.once('close', () => sessions.strike(place))
    })
    return server
  }
}

// Node cuts slow clients at a fixed interval, 30 s by default, which would more than double a short limit.
function checkingInterval (...timeouts: readonly number[]): number {
  const shortest = Math.min(...timeouts.filter(timeout => timeout > 0), 30_000)
  return Math.max(100, Math.ceil(shortest / 4))
}
