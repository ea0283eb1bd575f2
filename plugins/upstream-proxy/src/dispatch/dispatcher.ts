// Who answers this upgrade? One dispatcher per server gives each to exactly one owner.
//
// Node calls every 'upgrade' listener for every upgrade; two that answer corrupt each other's connection.
// So the dispatcher intercepts the event on the server, and an upgrade goes
//   1. to plain HTTP, where it asks for nothing that a proxy of the server tunnels (h2c, TLS/1.0), or has a body and asks for no WebSocket;
//   2. to the server's other listeners, where it asks for a WebSocket and its path is one of `localUpgrades`;
//   3. to Fastify's router: the proxy's routes, @fastify/websocket's, or its 404;
//   4. from the 404, where it asks for a WebSocket, to the server's other listeners, if there are any (a bare `ws` server, socket.io).
//
// Each of those listeners may ignore it: an upgrade that none of them answers in time gets a 404.
import { ServerResponse, type IncomingMessage, type Server } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import type { Socket } from 'node:net'
import { isRefused } from '../entrance/entrance.ts'
import { inTurn } from '../entrance/in-turn.ts'
import { isCut } from '../headers/request-headers.ts'
import { routeConnect } from './extended-connect.ts'
import { answerLast } from './last-answer.ts'
import { localOf, type LocalPath, routedPath } from './local-path.ts'
import { isOnlooker } from './onlooker.ts'
import { serveAsPlainHttp } from './plain-http.ts'
import { isBare, isWebSocket, protocolsOf, type Upgrades } from './protocols.ts'
import { Unanswered } from './unanswered.ts'
import { mark } from './upgrade.ts'

type Route = (request: IncomingMessage, response: ServerResponse) => void
type Listener = (request: IncomingMessage, socket: Socket, head: Buffer) => void
type Emit = (event: string | symbol, ...values: unknown[]) => boolean

const DISPATCHER = Symbol.for('@fastify-arr/upstream-proxy.dispatcher')

/** The one owner of a server's 'upgrade' and 'connect' events. */
export class Dispatcher {
  readonly #server: Server
  readonly #route: Route
  readonly #emit: Emit
  #own: Emit | null = null
  readonly #local: LocalPath[] = []
  readonly #routers = new Set<unknown>()
  readonly #unanswered = new Unanswered()
  readonly #upgrades: Upgrades[] = []
  #users = 0

  private constructor (server: Server, route: Route) {
    this.#server = server
    this.#route = route
    this.#emit = server.emit as Emit
  }

  /** The dispatcher of a server, made when the first proxy asks for it. `release` it when the proxy closes. */
  static of (server: Server, route: Route): Dispatcher {
    const known = (server as { [DISPATCHER]?: Dispatcher })[DISPATCHER]
    const dispatcher = known ?? new Dispatcher(server, route)
    if (known === undefined) dispatcher.#takeOver()
    dispatcher.#users++
    return dispatcher
  }

  /** Listeners that only route through Fastify, as the dispatcher does itself: they are not called in addition. */
  ignore (listeners: Iterable<unknown>): void {
    for (const listener of listeners) this.#routers.add(listener)
  }

  /** Paths (each a prefix by whole segments) whose upgrades bypass the router and go to the server's other listeners, and how long those may take. */
  leave (paths: readonly string[], patience: number): void {
    for (const path of paths) this.#local.push({ path: routedPath(path), patience })
  }

  /** What one of the server's proxies tunnels: which of them takes an upgrade is decided by its route. */
  tunnel (upgrades: Upgrades): void {
    this.#upgrades.push(upgrades)
  }

  /** Stops intercepting the events when the last proxy has closed. */
  release (): void {
    if (--this.#users > 0) return
    // Another plugin may have wrapped the method later: then this wrapper stays in place, and passes everything on.
    if (this.#server.emit === this.#own) delete (this.#server as { emit?: unknown }).emit
    this.#own = null
    delete (this.#server as { [DISPATCHER]?: Dispatcher })[DISPATCHER]
  }

  /**
   * Hands an upgrade to the listeners that do not route through Fastify. False where there are none.
   * `decline` answers where none of them has answered within `patience` (ms; 0 for no limit).
   */
  handOver (request: IncomingMessage, socket: Socket, head: Buffer, patience: number, decline: () => void): boolean {
    const others = this.#others().filter(listener => !isOnlooker(listener))
    if (others.length === 0) return false
    const before = socket.bytesWritten
    for (const listener of others) listener.call(this.#server, request, socket, head)
    this.#unanswered.await(socket, before, patience, decline)
    return true
  }

  /** The server is closing: upgrades that still wait for a listener are declined. */
  declineAll (): void {
    this.#unanswered.declineAll()
  }

  #takeOver (): void {
    const server = this.#server
    const emit = this.#emit
    const dispatcher = this
    Object.defineProperty(server, DISPATCHER, { value: this, configurable: true })
    // Every request and connection passes here: `arguments` avoids an array for events that are only passed on.
    server.emit = this.#own = function (event: string | symbol, first?: unknown, second?: unknown, third?: unknown): boolean {
      if (dispatcher.#own !== null && event === 'upgrade') {
        dispatcher.#upgrade(first as IncomingMessage, second as Socket, third as Buffer)
        return true
      }
      if (dispatcher.#own !== null && event === 'connect' && isHttp2(first) && routeConnect(first, second as Http2ServerResponse, dispatcher.#route as never)) return true
      return Reflect.apply(emit, server, arguments)
    }
  }

  #upgrade (request: IncomingMessage, socket: Socket, head: Buffer): void {
    if (isRefused(this.#server, request, socket)) return
    // Node has removed its own error listener: without one, a reset would end the process.
    if (socket.listenerCount('error', destroyIt) === 0) socket.on('error', destroyIt)
    inTurn(socket, () => { this.#dispatch(request, socket, head) })
  }

  #dispatch (request: IncomingMessage, socket: Socket, head: Buffer): void {
    if (socket.destroyed) return
    for (const listener of this.#others()) if (isOnlooker(listener)) listener.call(this.#server, request, socket, head)
    const protocols = protocolsOf(request.headers.upgrade)
    const webSocket = protocols.some(isWebSocket)
    if (!webSocket && !this.#mayTunnel(request, protocols)) {
      // The head is written anew without the headers that Node has cut off: the body could then be parsed as another request.
      if (isCut(request)) declineBarely(request, socket, 400)
      else serveAsPlainHttp(this.#server, request, socket, head)
      return
    }
    const local = webSocket ? localOf(this.#local, request.url ?? '/') : undefined
    if (local !== undefined && this.handOver(request, socket, head, local.patience, () => declineBarely(request, socket, 404))) return
    mark(request, { http: '1.1', socket, head, protocols })
    const router = webSocket ? this.#websocketRouter() : undefined
    if (router !== undefined) {
      // @fastify/websocket marks the request for its own routes, then routes it through Fastify too.
      router.call(this.#server, request, socket, head)
      return
    }
    this.#route(request, responseTo(request, socket))
  }

  #mayTunnel (request: IncomingMessage, protocols: readonly string[]): boolean {
    return isBare(request) && !isCut(request) && this.#upgrades.some(upgrades => upgrades.allowsOneOf(protocols))
  }

  #others (): Listener[] {
    return (this.#server.listeners('upgrade') as Listener[]).filter(listener => !this.#routers.has(listener) && !isWebsocketRouter(listener))
  }

  #websocketRouter (): Listener | undefined {
    return (this.#server.listeners('upgrade') as Listener[]).find(isWebsocketRouter)
  }
}

/** True for the listener of @fastify/websocket. Its marks on the request are private symbols, so it has to set them itself. */
function isWebsocketRouter (listener: unknown): boolean {
  return typeof listener === 'function' && listener.name === 'onUpgrade' && /\.routing\(/.test(String(listener))
}

/** The response that Node makes for a plain request. Throws where the socket already has one. */
function responseTo (request: IncomingMessage, socket: Socket): ServerResponse {
  const response = new ServerResponse(request)
  response.assignSocket(socket)
  answerLast(response, socket)
  return response
}

/** Answers an upgrade that does not reach the router. */
function declineBarely (request: IncomingMessage, socket: Socket, status: 400 | 404): void {
  try {
    responseTo(request, socket).writeHead(status, { 'Content-Length': 0 }).end()
  } catch {
    socket.destroy()
  }
}

function isHttp2 (request: unknown): request is Http2ServerRequest {
  return (request as { httpVersionMajor?: number }).httpVersionMajor === 2
}

function destroyIt (this: Socket): void {
  this.destroy()
}
