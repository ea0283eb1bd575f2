// Which status did the client get? As arr-log's `exchange/status.ts` says it for the log, so that a trace and its line agree.
import type { Told, UpstreamError } from '@fastify-arr/facts'
import type { ServerHttp2Stream } from 'node:http2'
import type { TracedRequest } from './recording.ts'
import type { ClientConnection } from './client-connection.ts'
import type { FastifyReply } from 'fastify'

/** An exchange's status. */
export interface Outcome {
  /** What the client got; null where it got nothing. */
  readonly status: number | null
  /** The same, or what it would have got: 499 for a client that left, 444 for a connection that was ended without an answer; 0 where nobody knows. */
  readonly judged: number
  readonly subStatus: number
  /** The Windows number of what failed; 0 where nothing has. */
  readonly win32: number
}

const CLIENT_LEFT = 499
const NO_ANSWER = 444
const NETNAME_DELETED = 64

/** The failures that IIS and ARR have numbers for: the end of the error's code, the win32 number, the substatus of a 502. */
const FAILURES = [
  ['NO_UPSTREAM', 0, 4],
  ['NO_SERVER', 0, 4],
  ['UPSTREAM_BUSY', 0, 4],
  ['UPSTREAM_LOST', 0, 4],
  ['NOT_RESOLVED', 12007, 3],
  ['REFUSED', 12029, 3],
  // Before TIMEOUT, whose ending it has as well.
  ['CLIENT_TIMEOUT', 121, 0],
  ['TIMEOUT', 12002, 3],
  ['RESET', 12030, 3],
  ['BAD_ANSWER', 12152, 3],
  ['TLS', 12175, 3],
  ['CLIENT_GONE', NETNAME_DELETED, 0],
  ['DRAINING', 995, 0],
  ['BODY_TOO_LARGE', 0, 0],
  ['BAD_HANDSHAKE', 0, 0],
  ['PROXY_EXPIRED', 0, 0]
] as const satisfies ReadonlyArray<readonly [string, number, number]>
const UPSTREAM_FAILED = 12030

/** Of an exchange that has ended, or of one whose WebSocket is open. */
export function outcomeOf (request: TracedRequest, reply: FastifyReply, connection: ClientConnection): Outcome {
  const { upstream, rejection, rewrite, servedFile } = request
  if (upstream?.tunnel !== null && upstream?.tunnel !== undefined) return { status: 101, judged: 101, subStatus: 0, win32: 0 }
  const response = reply.raw
  const stream = (response as unknown as { stream?: ServerHttp2Stream }).stream ?? (request.raw as unknown as { stream?: ServerHttp2Stream }).stream
  const error = upstream?.error ?? null
  const upgrade = isUpgrade(request)
  const isSent = response.headersSent && (stream !== undefined || connection.injected || response.socket !== null || response.writableFinished)
  // A handler has taken the socket over, as a WebSocket server does: what it wrote is not known.
  if (upgrade && !isSent && reply.sent && error === null && (upstream === null || upstream === undefined)) return { status: null, judged: 0, subStatus: 0, win32: 0 }
  const left = rewrite?.aborted !== true && hasLeft(connection, stream)
  const judged = isSent ? response.statusCode : error?.statusCode ?? (left ? CLIENT_LEFT : NO_ANSWER)
  const failure = failureOf(error, judged, upgrade)
  const rejected = rejection?.subStatusCode !== undefined && rejection.statusCode === judged ? rejection.subStatusCode : undefined
  return {
    status: isSent ? judged : null,
    judged,
    subStatus: rejected ?? rewrite?.subStatusCode ?? servedFile?.subStatusCode ?? failure.subStatus,
    win32: error === null && !isSent && left ? NETNAME_DELETED : failure.win32
  }
}

/** Whether the client asked for a WebSocket, or for another protocol. */
export function isUpgrade ({ raw }: TracedRequest): boolean {
  return raw.headers.upgrade !== undefined || raw.headers[':protocol'] !== undefined
}

function failureOf (error: Told<UpstreamError> | null, status: number, upgrade: boolean): { subStatus: number, win32: number } {
  if (error === null) return { subStatus: 0, win32: 0 }
  const code = error.code ?? ''
  const row = FAILURES.find(([end]) => code.endsWith(end))
  const win32 = row?.[1] ?? (error.side === 'client' ? NETNAME_DELETED : error.side === 'upstream' ? UPSTREAM_FAILED : 0)
  if (status === 413 && code.endsWith('BODY_TOO_LARGE')) return { subStatus: 1, win32 }
  let subStatus: number = status === 502 ? row?.[2] ?? 3 : 0
  // A WebSocket that failed after its upstream was reached.
  if (subStatus === 3 && upgrade && error.moment !== 'connect') subStatus = 5
  return { subStatus, win32 }
}

function hasLeft ({ socket }: ClientConnection, stream: ServerHttp2Stream | undefined): boolean {
  if (stream !== undefined) return stream.aborted || (stream.rstCode ?? 0) !== 0
  const { errored } = socket
  return socket.readableEnded || (errored !== null && errored !== undefined && (errored as NodeJS.ErrnoException).code !== 'ECANCELED')
}
