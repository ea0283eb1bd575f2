// What happens on a connection? TLS first where the listener speaks https, then HTTP/1.1 or HTTP/2, then one of the server's own requests.

import { createServer as createHttpServer } from 'node:http'
import { createServer as createHttp2Server, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { cutWhenBroken } from './broken-sessions.ts'
import type { CertificateStore } from './certificates.ts'
import { createGreetings } from './greetings.ts'
import type { ListenerPlan } from './listener.ts'
import { tellClient, type ProxyHeader } from './proxy-protocol.ts'
import { tellRefusedRequest } from './refusal.ts'
import { LEADS_TO, limitHeaders, passExpectations, type Road } from './road.ts'
import { type Place, Roster } from './roster.ts'
import { guardSession, type Guarded } from './session.ts'
import { watchSessions, watchSockets } from './takers.ts'

/** The protocols behind a listener's ports. None of its servers listens: connections are handed to them, as Node's documentation allows for each. */
export interface Engine {
  /**
   * @param client who is behind a load balancer, by its PROXY header; null where the socket knows best.
   * @param deadline when the TLS handshake must be done, where its time began before this; 0 where it begins now.
   */
  accept (socket: Socket, client: ProxyHeader['client'], deadline: number): void
  /** Ends what is idle or has not come as far as HTTP, and asks HTTP/2 clients to go; to be repeated until the last request has ended. */
  closeIdle (): void
  /** Lets go of the engine's timers. */
  close (): void
}

const PLACE = Symbol('place')

// For a client that negotiates nothing, in the only words that it may understand.
const HTTP2_ONLY = 'HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\nHTTP/2 is spoken here, and has to be negotiated (ALPN).\n'
/** How long a client may take to close after that, in ms. */
const LINGER = 2000

/** A connection that speaks HTTP/1.1. Node keeps the answer that is under way on it under this name, and takes it away when that has ended. */
type Http1Socket = Socket & { [PLACE]?: Place<Http1Socket>, readonly _httpMessage?: object | null }

/** Builds the protocols of one listener. */
export function createEngine (plan: ListenerPlan, certificates: CertificateStore | null, road: Road): Engine {
  const { limits } = plan
  // Without those that were upgraded: they are their owner's.
  const plain = new Roster<Http1Socket>()
  const sessions = new Roster<Guarded>()

  const http1 = createHttpServer({
    keepAliveTimeout: limits.keepAliveTimeout,
    // Headers are a part of the request; Node refuses to be told otherwise.
    headersTimeout: limits.requestTimeout > 0 ? Math.min(limits.headersTimeout, limits.requestTimeout) : limits.headersTimeout,
    requestTimeout: limits.requestTimeout,
    connectionsCheckingInterval: checkingInterval(limits.headersTimeout, limits.requestTimeout),
    ...(limits.headerSize > 0 && { maxHeaderSize: limits.headerSize })
  }, (request, response) => { road.request(request, response) })
  Object.defineProperty(http1, LEADS_TO, { value: road.server })
  road.whenUpgradesWanted(() => http1.on('upgrade', (request, socket, head) => {
    leave(socket as Http1Socket)
    road.upgrade(request, socket, head)
  }))
  passExpectations(http1, road, plan.name)
  // Nobody is a forward proxy here. HTTP/2 gets the same answer.
  http1.on('connect', (request, socket) => {
    tellRefusedRequest(plan.name, road.server, request, 'method', 405)
    socket.end('HTTP/1.1 405 Method Not Allowed\r\nConnection: close\r\n\r\n', () => { socket.destroy() })
  })
  http1.on('connection', join)
  http1.on('clientError', (error, socket) => { if (!road.clientError(error, socket)) socket.destroy() })
  // Whoever takes an upgrade and finds that it is plain HTTP after all gives the connection back to its server, as Node would: TLS by this event.
  http1.on('secureConnection', (socket: TLSSocket) => { http1.emit('connection', socket) })
  // Node looks after slow headers and slow bodies from this event on.
  http1.emit('listening')

  const stops = [watchSockets(plain, limits.sendTimeout), watchSessions(sessions, limits.sendTimeout)]

  // Whose session comes next: a session shows its socket only through a proxy that cannot destroy it.
  let entering: Duplex
  const http2 = plan.http2 ? createHttp2() : null
  const greetings = certificates === null ? null : createGreetings(plan, certificates, welcome)

  return {
    accept (socket, client, deadline) {
      if (greetings !== null) {
        greetings.begin(socket, client, deadline)
        return
      }
      if (client !== null) tellClient(socket, client)
      http1.emit('connection', socket)
    },
    closeIdle () {
      // Node's own closeIdleConnections cuts answers that have ended and are not sent yet.
      for (const socket of plain.members()) if (!socket._httpMessage && socket.writableLength === 0) socket.destroy()
      greetings?.end()
      for (const { session } of sessions.members()) if (!session.closed) session.close()
    },
    close () {
      for (const stop of stops) stop()
      http1.close()
    }
  }

  function welcome (socket: TLSSocket): void {
    if (http2 !== null && socket.alpnProtocol === 'h2') {
      socket.on('error', () => {})
      entering = socket
      http2.emit('connection', socket)
    } else if (plan.http1) {
      http1.emit('connection', socket)
    } else {
      sendAway(socket)
    }
  }

  // Node's own HTTP/2 server says this too, but does not see the client go, and would hold up whoever closes for ten seconds.
  function sendAway (socket: TLSSocket): void {
    join(socket)
    socket.end(HTTP2_ONLY)
    socket.resume()
    const timer = setTimeout(() => socket.destroy(), LINGER).unref()
    socket.once('close', () => { clearTimeout(timer) })
  }

  // An error on a socket always ends in its 'close'; without a listener it would end the process.
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
    const limited = limitHeaders(road, limits.headerSize, plan.name)
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
      const place = sessions.add(guardSession(session, entering, limits))
      session.once('close', () => sessions.strike(place))
    })
    return server
  }
}

// Node cuts slow clients when it looks, every 30 s by itself: that would double a short limit.
function checkingInterval (...timeouts: readonly number[]): number {
  const shortest = Math.min(...timeouts.filter(timeout => timeout > 0), 30_000)
  return Math.max(100, Math.ceil(shortest / 4))
}
