// Which requests and connections did a server turn away before any hook could see them?
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo, DropArgument, Server, Socket } from 'node:net'
import { isSeen, knownConnection, plainAddress } from './connection.ts'
import type { Reason, Rejected } from './httperr.ts'
import { watchRefusals } from './refusals.ts'

interface ClientError extends Error {
  readonly code?: string
  /** The bytes that could not be parsed. */
  readonly rawPacket?: Buffer
}

/** Where Node tells of each HTTP/1 request, before it does anything with it. */
const REQUEST_START = 'http.server.request.start'
/** Where a server that nobody can watch, since it is inside of something, names the one that its requests are for. */
const LEADS_TO = Symbol.for('fastify-arr.leads-to')

// Requests that came to the server and have not come to a hook yet.
const unseen = new WeakSet<IncomingMessage>()

/** To be called when a request has come to the hooks: its line is the exchange's, not the httperr log's. */
export function markSeen (raw: IncomingMessage): void {
  unseen.delete(raw)
}

const REQUEST_LINE = /^([A-Z]{1,20}) (\S{1,8192})(?: (HTTP\/\d\.\d))?/
const TLS_TROUBLE = /^(ERR_SSL|ERR_TLS|EPROTO)/
/** What Node answers to an error; to all others 400. */
const ANSWERS: Readonly<Record<string, string>> = {
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: '413 Payload Too Large'
}

// This file's own listeners, of every server.
const onlookers = new WeakSet<object>()

/**
 * Listens to a server and tells what never became an exchange: unparsable requests, requests whose head did not
 * come in time, connections dropped in the middle of a request or over `maxConnections`, and what the router or
 * a closing server answered by itself. It only listens: whoever answers still does, and where that would have been
 * Node, it does as Node. Returns a function that stops it.
 */
export function watchServer (server: Server, tell: (rejected: Rejected) => void): () => void {
  // First in line: the one that answers destroys the socket, and with it its addresses.
  server.prependListener('clientError', onClientError)
  onlookers.add(onClientError)
  subscribe(REQUEST_START, onStart)
  const unwatch = watchRefusals(server, tell)
  server.on('request', onRequest)
  server.on('drop', onDrop)
  return () => {
    server.off('clientError', onClientError)
    unsubscribe(REQUEST_START, onStart)
    unwatch()
    server.off('request', onRequest)
    server.off('drop', onDrop)
  }

  function onClientError (error: ClientError, socket: Socket): void {
    note(error, socket)
    // Node leaves the answer to whoever listens; the last of those who only listen has to give it.
    const listeners = server.listeners('clientError')
    if (listeners.at(-1) === onClientError && listeners.every(listener => onlookers.has(listener))) answerAsNode(error, socket)
  }

  function note (error: ClientError, socket: Socket): void {
    const code = error.code ?? ''
    const connection = knownConnection(socket)
    if (connection !== undefined && connection.open > 0) {
      connection.clientError = code
      connection.unanswered = socket.bytesWritten === connection.bytesWritten
      return
    }
    // What is wrong with the rest of a body is no request, when its request was answered without it and has its line.
    if (connection?.lastSeen?.complete === false) return
    // A reset between two requests is how many clients end a kept-alive connection.
    const unread = socket.bytesRead - (connection?.bytesRead ?? 0)
    if (TLS_TROUBLE.test(code) || (code === 'ECONNRESET' && !(unread > 0))) return
    const [, method, uri, version] = REQUEST_LINE.exec(error.rawPacket?.toString('latin1', 0, 8400) ?? '') ?? []
    const [status, reason] = verdictOn(code)
    tell({
      at: Date.now(),
      clientIp: connection?.clientIp ?? plainAddress(socket.remoteAddress),
      clientPort: connection?.clientPort ?? socket.remotePort ?? null,
      serverIp: connection?.serverIp ?? plainAddress(socket.localAddress),
      serverPort: connection?.serverPort ?? socket.localPort ?? null,
      version: version ?? null,
      method: method ?? null,
      uri: uri ?? null,
      status,
      siteId: null,
      reason
    })
  }

  // Node answers these by itself, before anybody hears of a request.
  function onStart (message: unknown): void {
    const { server: at, request, response } = message as { server: Server & { [LEADS_TO]?: Server }, request: IncomingMessage, response: ServerResponse }
    if ((at === server || at[LEADS_TO] === server) && (request.headers.host === undefined || request.headers.expect !== undefined)) onRequest(request, response)
  }

  function onRequest (raw: IncomingMessage, response: ServerResponse): void {
    if (isSeen(raw) || unseen.has(raw)) return
    unseen.add(raw)
    const { socket } = raw
    const clientIp = plainAddress(socket.remoteAddress)
    const clientPort = socket.remotePort ?? null
    const serverIp = plainAddress(socket.localAddress)
    const serverPort = socket.localPort ?? null
    response.once('close', () => {
      // Routing may wait (an asynchronous constraint), so only now it is certain that no hook ran.
      if (!unseen.has(raw)) return
      const status = response.statusCode
      tell({
        at: Date.now(),
        clientIp,
        clientPort,
        serverIp,
        serverPort,
        version: raw.httpVersionMajor === 2 ? 'HTTP/2' : `HTTP/${raw.httpVersion}`,
        method: raw.method ?? null,
        uri: raw.url ?? null,
        status,
        siteId: null,
        reason: status === 503 ? 'Disabled' : 'BadRequest'
      })
    })
  }

  function onDrop (drop?: DropArgument): void {
    const address = server.address() as AddressInfo | string | null
    tell({
      at: Date.now(),
      clientIp: plainAddress(drop?.remoteAddress),
      clientPort: drop?.remotePort ?? null,
      serverIp: plainAddress(drop?.localAddress),
      serverPort: drop?.localPort ?? (typeof address === 'object' ? address?.port ?? null : null),
      version: null,
      method: null,
      uri: null,
      status: null,
      siteId: null,
      reason: 'ConnLimit'
    })
  }
}

// As `socketOnError` in Node's own lib/_http_server.js.
function answerAsNode (error: ClientError, socket: Socket & { _httpMessage?: ServerResponse | null }): void {
  const code = error.code ?? ''
  if (TLS_TROUBLE.test(code)) {
    socket.destroy(error)
    return
  }
  if (socket.writable && socket._httpMessage?.headersSent !== true) socket.write(`HTTP/1.1 ${ANSWERS[code] ?? '400 Bad Request'}\r\nConnection: close\r\n\r\n`)
  socket.destroySoon()
}

/** HTTP.sys's word for Node's error, and the status such a client gets; null where it gets none. */
function verdictOn (code: string): readonly [number | null, Reason] {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT': return [408, 'Timer_HeaderWait']
    case 'HPE_HEADER_OVERFLOW': return [431, 'FieldLength']
    case 'ECONNRESET':
    case 'EPIPE': return [null, 'Connection_Dropped']
    default: return [400, 'BadRequest']
  }
}
