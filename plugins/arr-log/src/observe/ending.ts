// Was the answer whole when its connection or stream closed, and did the client leave before?
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

const CUT = Symbol('cut')

/** The parts of an HTTP/2 stream that tell how it ended. */
export interface Stream {
  readonly rstCode?: number
  readonly aborted?: boolean
  readonly destroyed?: boolean
  readonly errored?: Error | null
  readonly session?: { readonly destroyed: boolean }
  readonly writableFinished?: boolean
  on (event: 'aborted', listener: (this: Stream) => void): unknown
  /** This server destroyed it before its answer was whole. */
  [CUT]?: boolean
}

const NO_ERROR = 0

/** To be called when a stream breaks off: only then it can be seen from which side. */
export function onAborted (this: Stream): void {
  // A client's reset has not destroyed the stream yet. A lost connection has, and its session with an error.
  const lost = this.session?.destroyed === true && this.errored !== null && this.errored !== undefined
  this[CUT] = this.destroyed === true && !lost
}

/** Whether the whole answer was handed to the network. */
export function isFinished (raw: ServerResponse, stream: Stream | null, socket: Socket, injected: boolean): boolean {
  if (stream !== null) return stream.writableFinished === true && stream.aborted !== true && stream.rstCode === NO_ERROR
  // A response without a network is never flushed to one: it is whole once it has been ended.
  if (injected) return raw.writableEnded
  // Node says "finished" as well of what a destroyed socket threw away.
  return raw.writableFinished && !socket.destroyed
}

/** Whether an answer's head had a connection to go out on: one that never had its turn in a pipeline has kept it. */
export function isHeadSent (raw: ServerResponse, stream: Stream | null, injected: boolean): boolean {
  return raw.headersSent && (stream !== null || injected || raw.socket !== null || raw.writableFinished)
}

/** Whether it was the client who closed or reset, as far as the transport tells. */
export function hasLeft (socket: Socket, stream: Stream | null): boolean {
  if (stream !== null) return stream[CUT] !== true && (stream.aborted === true || stream.rstCode !== NO_ERROR)
  // An orderly end or a reset came from the other side; a socket this server destroyed has neither.
  return socket.readableEnded || wasReset(socket)
}

/** Whether a connection broke. Since Node 22 one that this server destroyed has an error too: the write that it gave up. */
export function wasReset ({ errored }: Socket): boolean {
  return errored !== null && errored !== undefined && (errored as NodeJS.ErrnoException).code !== 'ECANCELED'
}
