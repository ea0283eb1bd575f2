// Was the answer complete when its connection or stream closed, and did the client disconnect before?
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

const CUT = Symbol('cut')

/** The parts of an HTTP/2 stream that show how it ended. */
export interface Stream {
  readonly rstCode?: number
  readonly aborted?: boolean
  readonly destroyed?: boolean
  readonly errored?: Error | null
  readonly session?: { readonly destroyed: boolean }
  readonly writableFinished?: boolean
  on (event: 'aborted', listener: (this: Stream) => void): unknown
  /** Whether this server destroyed the stream before its answer was complete. */
  [CUT]?: boolean
}

const NO_ERROR = 0

/** To be called on a stream's `aborted`: only at that moment its state shows which side ended it. */
export function onAborted (this: Stream): void {
  // A reset by the client has not destroyed the stream yet. A lost connection has, together with its session and with an error.
  const lost = this.session?.destroyed === true && this.errored !== null && this.errored !== undefined
  this[CUT] = this.destroyed === true && !lost
}

/** Whether the whole answer was handed to the operating system. */
export function isFinished (raw: ServerResponse, stream: Stream | null, socket: Socket, injected: boolean): boolean {
  if (stream !== null) return stream.writableFinished === true && stream.aborted !== true && stream.rstCode === NO_ERROR
  // An injected response is never flushed to a socket: it is complete once it has been ended.
  if (injected) return raw.writableEnded
  // Node also reports data as finished that a destroyed socket has discarded.
  return raw.writableFinished && !socket.destroyed
}

/** Whether the answer's head was sent. Node sets `headersSent` also for a response still queued in a pipeline, which has no socket. */
export function isHeadSent (raw: ServerResponse, stream: Stream | null, injected: boolean): boolean {
  return raw.headersSent && (stream !== null || injected || raw.socket !== null || raw.writableFinished)
}

/** Whether the client closed or reset its side, as far as the transport shows. */
export function hasLeft (socket: Socket, stream: Stream | null): boolean {
  if (stream !== null) return stream[CUT] !== true && (stream.aborted === true || stream.rstCode !== NO_ERROR)
  // An orderly end or a reset comes from the client; a socket that this server destroyed shows neither.
  return socket.readableEnded || wasReset(socket)
}

/** Whether a connection ended with an error. Since Node 22 a socket destroyed by this server has one too, for the cancelled write: ECANCELED. */
export function wasReset ({ errored }: Socket): boolean {
  return errored !== null && errored !== undefined && (errored as NodeJS.ErrnoException).code !== 'ECANCELED'
}
