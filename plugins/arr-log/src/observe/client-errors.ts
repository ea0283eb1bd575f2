// Which requests could not be parsed, or did not arrive completely?
import type { ServerResponse } from 'node:http'
import type { Server, Socket } from 'node:net'
import { knownConnection, plainAddress } from './connection.ts'
import type { OnRejected, Reason } from './rejected.ts'

interface ClientError extends Error {
  readonly code?: string
  /** The bytes that could not be parsed. */
  readonly rawPacket?: Buffer
}

const REQUEST_LINE = /^([A-Z]{1,20}) (\S{1,8192})(?: (HTTP\/\d\.\d))?/
const TLS_TROUBLE = /^(ERR_SSL|ERR_TLS|EPROTO)/
/** Node's own answers by error code; every other code is answered with 400. */
const ANSWERS: Readonly<Record<string, string>> = {
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: '413 Payload Too Large'
}

// The `clientError` listeners of this file, on all servers.
const observers = new WeakSet<object>()

/**
 * Reports unparsable requests, heads that exceed Node's time limit and connections that drop inside a request. Node leaves the
 * answer to the application once a `clientError` listener is there; where all listeners are observers of this file, Node's answer
 * is sent. Returns a function that stops it.
 */
export function watchClientErrors (server: Server, onRejected: OnRejected): () => void {
  // First in the list: the listener that answers destroys the socket, and its addresses with it.
  server.prependListener('clientError', onClientError)
  observers.add(onClientError)
  return () => { server.off('clientError', onClientError) }

  function onClientError (error: ClientError, socket: Socket): void {
    note(error, socket)
    // Only the last of several observers answers.
    const listeners = server.listeners('clientError')
    if (listeners.at(-1) === onClientError && listeners.every(listener => observers.has(listener))) answerAsNode(error, socket)
  }

  function note (error: ClientError, socket: Socket): void {
    const code = error.code ?? ''
    const connection = knownConnection(socket)
    if (connection !== undefined && connection.open > 0) {
      connection.clientError = code
      connection.unanswered = socket.bytesWritten === connection.bytesWritten
      return
    }
    // The error is in the body of a request that was answered before its body arrived; that request already has its line.
    if (connection?.lastSeen?.complete === false) return
    // Many clients end an idle kept-alive connection with a reset; no request is lost then.
    const unread = socket.bytesRead - (connection?.bytesRead ?? 0)
    if (TLS_TROUBLE.test(code) || (code === 'ECONNRESET' && !(unread > 0))) return
    const [, method, uri, version] = REQUEST_LINE.exec(error.rawPacket?.toString('latin1', 0, 8400) ?? '') ?? []
    const [status, reason] = verdictOn(code)
    onRejected({
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

/** The status that the client gets for Node's error, or null where it gets none, and HTTP.sys's reason. */
function verdictOn (code: string): readonly [number | null, Reason] {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT': return [408, 'Timer_HeaderWait']
    case 'HPE_HEADER_OVERFLOW': return [431, 'FieldLength']
    case 'ECONNRESET':
    case 'EPIPE': return [null, 'Connection_Dropped']
    default: return [400, 'BadRequest']
  }
}
