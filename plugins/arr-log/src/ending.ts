// Was the answer whole when its connection or stream closed, and did the client leave before?
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** The parts of an HTTP/2 stream that tell how it ended. */
export interface Stream {
  readonly rstCode?: number
  readonly aborted?: boolean
  readonly writableFinished?: boolean
}

const NO_ERROR = 0

/** Whether the whole answer was handed to the network. */
export function isFinished (raw: ServerResponse, stream: Stream | null, injected: boolean): boolean {
  if (stream !== null) return stream.writableFinished === true && stream.aborted !== true && stream.rstCode === NO_ERROR
  // A response without a network is never flushed to one: it is whole once it has been ended.
  return injected ? raw.writableEnded : raw.writableFinished
}

/** Whether it was the client who closed or reset, as far as the transport tells. */
export function hasLeft (socket: Socket, stream: Stream | null): boolean {
  if (stream !== null) return stream.aborted === true || stream.rstCode !== NO_ERROR
  // An orderly end or a reset came from the other side; a socket this server destroyed has neither.
  return socket.readableEnded || (socket.errored !== null && socket.errored !== undefined)
}
