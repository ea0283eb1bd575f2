// Which three numbers say how an exchange ended: sc-status, sc-substatus and sc-win32-status?
import type { Told, TunnelFact, TunnelLimit, UpstreamError } from '@fastify-arr/facts'
import { closeCodeOf } from './websocket-part.ts'

/** Windows and WinHTTP error numbers, as IIS and ARR write them in sc-win32-status. */
export const WIN32 = {
  SUCCESS: 0,
  /** The data is invalid: a body that is not HTTP. */
  INVALID_DATA: 13,
  /** The specified network name is no longer available: the client disconnected. */
  NETNAME_DELETED: 64,
  /** The semaphore timeout period has expired: the client was too slow, or a WebSocket too quiet. */
  SEM_TIMEOUT: 121,
  /** The I/O operation was aborted: the server is shutting down. */
  OPERATION_ABORTED: 995,
  /** The connection was aborted by the local system. */
  CONNECTION_ABORTED: 1236,
  WINHTTP_TIMEOUT: 12002,
  WINHTTP_NAME_NOT_RESOLVED: 12007,
  WINHTTP_CANNOT_CONNECT: 12029,
  WINHTTP_CONNECTION_ERROR: 12030,
  WINHTTP_INVALID_SERVER_RESPONSE: 12152,
  WINHTTP_SECURE_FAILURE: 12175
} as const

export interface Outcome {
  readonly status: number
  readonly substatus: number
  readonly win32Status: number
}

/** What is known when an exchange has ended. */
export interface Ending {
  /** The status that was sent, or would have been. */
  readonly statusCode: number
  readonly headersSent: boolean
  /** The whole answer was handed to the operating system. */
  readonly finished: boolean
  /** The client closed or reset its side before the answer was complete. */
  readonly clientLeft: boolean
  /** The client asked for a WebSocket. */
  readonly upgrade: boolean
  /** Node's error code for a client error during the exchange, or null. */
  readonly clientError: string | null
  readonly error: Told<UpstreamError> | null
  /** A WebSocket that was open, or null. */
  readonly tunnel: Told<TunnelFact> | null
}

/** The failures that IIS and ARR have numbers for: the end of the error's code, the win32 number, the substatus of a 502. */
const FAILURES = [
  ['NO_UPSTREAM', WIN32.SUCCESS, 4],
  // A farm without a server is ARR's 502.4. upstream-proxy answers 503, which has no such substatus: there it is 503.0.
  ['NO_SERVER', WIN32.SUCCESS, 4],
  ['UPSTREAM_BUSY', WIN32.SUCCESS, 4],
  ['UPSTREAM_LOST', WIN32.SUCCESS, 4],
  ['NOT_RESOLVED', WIN32.WINHTTP_NAME_NOT_RESOLVED, 3],
  ['REFUSED', WIN32.WINHTTP_CANNOT_CONNECT, 3],
  // Before TIMEOUT, whose ending it has as well: the proxy waited for the client here, not for the upstream.
  ['CLIENT_TIMEOUT', WIN32.SEM_TIMEOUT, 0],
  ['TIMEOUT', WIN32.WINHTTP_TIMEOUT, 3],
  ['RESET', WIN32.WINHTTP_CONNECTION_ERROR, 3],
  ['BAD_ANSWER', WIN32.WINHTTP_INVALID_SERVER_RESPONSE, 3],
  ['TLS', WIN32.WINHTTP_SECURE_FAILURE, 3],
  ['CLIENT_GONE', WIN32.NETNAME_DELETED, 0],
  // The client's fault, and its connection still stands: no network error. Likewise where its token has expired.
  ['BAD_HANDSHAKE', WIN32.SUCCESS, 0],
  ['PROXY_EXPIRED', WIN32.SUCCESS, 0],
  ['DRAINING', WIN32.OPERATION_ABORTED, 0]
] as const satisfies ReadonlyArray<readonly [string, number, number]>

/** The three numbers for one exchange. */
export function outcomeOf (ending: Ending): Outcome {
  if (ending.tunnel !== null) return { status: 101, substatus: 0, win32Status: tunnelWin32(ending.tunnel) }
  if (ending.error !== null) return failed(ending, ending.error)
  if (ending.finished) return { status: ending.statusCode, substatus: 0, win32Status: WIN32.SUCCESS }
  if (ending.clientError === 'ERR_HTTP_REQUEST_TIMEOUT') return { status: ending.headersSent ? ending.statusCode : 408, substatus: 0, win32Status: WIN32.SEM_TIMEOUT }
  if (ending.clientError?.startsWith('HPE_')) return { status: ending.headersSent ? ending.statusCode : 400, substatus: 0, win32Status: WIN32.INVALID_DATA }
  return {
    // nginx's statuses, which other servers use as well: 499 for a client that disconnected before the answer, 444 for a
    // connection closed without an answer. Readers such as GoAccess reject 0.
    status: ending.headersSent ? ending.statusCode : ending.clientLeft ? 499 : 444,
    substatus: 0,
    win32Status: ending.clientLeft ? WIN32.NETNAME_DELETED : WIN32.CONNECTION_ABORTED
  }
}

function failed (ending: Ending, error: Told<UpstreamError>): Outcome {
  const code = error.code ?? ''
  const row = FAILURES.find(([end]) => code.endsWith(end))
  const status = ending.headersSent ? ending.statusCode : error.statusCode ?? ending.statusCode
  // Where the answer had begun before the body was too large, it was cut.
  if (code.endsWith('BODY_TOO_LARGE')) return { status, substatus: status === 413 ? 1 : 0, win32Status: ending.finished || status === 413 ? WIN32.SUCCESS : WIN32.CONNECTION_ABORTED }
  const clientLeft = error.side === 'client'
  const win32Status = row?.[1] ?? (clientLeft ? WIN32.NETNAME_DELETED : error.side === 'upstream' ? WIN32.WINHTTP_CONNECTION_ERROR : WIN32.SUCCESS)
  // Substatus 3, 4 and 5 are defined for 502 alone; 5 is a WebSocket that failed after its upstream was reached.
  let substatus: number = status === 502 ? row?.[2] ?? 3 : 0
  if (substatus === 3 && ending.upgrade && error.moment !== 'connect') substatus = 5
  return { status, substatus, win32Status }
}

/**
 * How a WebSocket, or another protocol in a tunnel, ended, as a win32 number:
 *
 * - 0: closed by Close frames and an orderly end, whichever side began;
 * - 64: the client disconnected: no Close frame, a reset, or a browser's 1001 *going away* when its tab is closed,
 *   for which IIS writes 64;
 * - 995: the server drained; 12030: the upstream disconnected; 1236: the proxy cut it;
 * - 121: the proxy ended it because it had waited too long for a side, with a Close frame or without. Not WinHTTP's 12002: that is
 *   a timeout of the upstream's, and this limit is the proxy's own. 1236: another limit of the proxy ended it;
 * - 0 as well where nothing is known but that it existed.
 */
export function tunnelWin32 (tunnel: Told<TunnelFact>): number {
  if (tunnel.ending === 'drain') return WIN32.OPERATION_ABORTED
  if (tunnel.ending === 'timeout' || (tunnel.limit !== undefined && tunnel.limit !== null)) return isRule(tunnel.limit) ? WIN32.CONNECTION_ABORTED : WIN32.SEM_TIMEOUT
  // Other protocols have no Close frame: an orderly end is all that they say.
  if (tunnel.protocol !== undefined && tunnel.protocol !== 'websocket' && tunnel.ending === 'end' && tunnel.closedBy !== 'proxy') return WIN32.SUCCESS
  const code = closeCodeOf(tunnel)
  const closed = code !== null
  if (tunnel.closedBy === 'client') {
    return closed && code !== 1001 && tunnel.ending !== 'reset' ? WIN32.SUCCESS : WIN32.NETNAME_DELETED
  }
  if (closed && tunnel.ending !== 'reset') return WIN32.SUCCESS
  if (tunnel.closedBy === 'upstream') return WIN32.WINHTTP_CONNECTION_ERROR
  return tunnel.closedBy === 'proxy' ? WIN32.CONNECTION_ABORTED : WIN32.SUCCESS
}

/** Limits that end a tunnel whatever its sides do in time: nothing was waited for. */
const RULES: ReadonlySet<TunnelLimit> = new Set(['age', 'until', 'messageSize', 'messageRate', 'byteRate'])

function isRule (limit: TunnelLimit | null | undefined): boolean {
  return limit !== null && limit !== undefined && RULES.has(limit)
}
