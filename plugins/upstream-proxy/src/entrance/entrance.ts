// Which requests are refused before the router sees them? CONNECT, other protocols than HTTP, and methods that no route can have.
import { channel } from 'node:diagnostics_channel'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import type { Socket } from 'node:net'
import { CHANNELS, type RequestRefusal } from '@fastify-arr/facts'
import type { FastifyBaseLogger } from 'fastify'
import { refuseBarely } from './bare-refusal.ts'
import { objectionTo } from './objection.ts'

type AnyRequest = IncomingMessage | Http2ServerRequest
type AnyResponse = ServerResponse | Http2ServerResponse
type Emit = (event: string | symbol, ...values: unknown[]) => boolean

/** What stands at the entrance of one server. */
interface Guard {
  users: number
  /** Refuses a request that there is an objection to, and tells of it. False where there is none. */
  readonly refuses: (request: AnyRequest, to: AnyResponse | Socket) => boolean
  readonly leave: () => void
}

// Global symbols: several copies of this package share one guard per server, and a listener that only looks says so to any of them.
const GUARD = Symbol.for('@fastify-arr/upstream-proxy.entrance')
const OBSERVES = Symbol.for('fastify-arr.observes')

const refused = channel(CHANNELS.requestRefused)

/** Guards the entrance of a server. Returns the function with which this user leaves; the last one takes the guard along. */
export function guardEntrance (server: Server, log: FastifyBaseLogger): () => void {
  const guard = (server as { [GUARD]?: Guard })[GUARD] ?? install(server, log)
  guard.users++
  return () => { if (--guard.users === 0) guard.leave() }
}

/** For whoever takes over the server's upgrades before the guard can see them: true where the guard has refused this one. */
export function isRefused (server: Server, request: IncomingMessage, socket: Socket): boolean {
  return (server as { [GUARD]?: Guard })[GUARD]?.refuses(request, socket) === true
}

function install (server: Server, log: FastifyBaseLogger): Guard {
  const emit = server.emit as Emit
  let active = true
  // Every request and connection passes here: `arguments` avoids an array for events that are only passed on.
  const own: Emit = server.emit = function (event: string | symbol, first?: unknown, second?: unknown): boolean {
    if (active && isRequest(event) && refuses(first as AnyRequest, second as AnyResponse | Socket)) return true
    return Reflect.apply(emit, server, arguments)
  }
  // Without a listener, Node would close the connection without an answer.
  server.on('connect', onConnect)
  const guard: Guard = { users: 0, refuses, leave }
  Object.defineProperty(server, GUARD, { value: guard, configurable: true })
  return guard

  function refuses (request: AnyRequest, to: AnyResponse | Socket): boolean {
    const objection = objectionTo(request)
    if (objection === null) return false
    tell(server, request, objection.reason, objection.status, log)
    if ('writeHead' in to) refuse(to, objection.status)
    else refuseBarely(to, 400)
    return true
  }

  function onConnect (request: AnyRequest, to: Socket | Http2ServerResponse): void {
    // CONNECT is for forward proxies, which a user of this server may have.
    const isElsewhere = server.listeners('connect').some(listener => listener !== onConnect && !(OBSERVES in listener))
    if (isElsewhere) return
    tell(server, request, 'method', 405, log)
    if ('stream' in request) refuse(to as Http2ServerResponse, 405, { allow: '' })
    else refuseBarely(to as Socket, 405)
  }

  function leave (): void {
    active = false
    server.off('connect', onConnect)
    // Another plugin may have wrapped the method later: then this wrapper stays in place, and passes everything on.
    if (server.emit === own) delete (server as { emit?: unknown }).emit
    delete (server as { [GUARD]?: Guard })[GUARD]
  }
}

function isRequest (event: string | symbol): boolean {
  return event === 'request' || event === 'upgrade' || event === 'checkContinue' || event === 'checkExpectation'
}

function refuse (response: AnyResponse, status: number, headers: Record<string, string> = {}): void {
  if (!('stream' in response)) Object.assign(headers, { 'Content-Length': '0', Connection: 'close' })
  ;(response as ServerResponse).writeHead(status, headers).end()
}

/** To whoever listens, such as a log; to the server's own log where nobody does. */
function tell (server: Server, request: AnyRequest, reason: RequestRefusal['reason'], status: number, log: FastifyBaseLogger): void {
  const { socket, method } = request
  const address = socket.remoteAddress
  if (refused.hasSubscribers) refused.publish({ server, socket, address, reason, request, status } satisfies RequestRefusal)
  else log.info({ remoteAddress: address, method, status }, `upstream-proxy: refused a request ${reason === 'method' ? 'by its method' : 'that is not HTTP'}`)
}
