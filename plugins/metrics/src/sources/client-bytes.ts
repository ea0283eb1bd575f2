// How many bytes did an exchange move? Those that its connection has read and written since the end of the one before.
import type { Http2ServerRequest } from 'node:http2'
import type { Socket } from 'node:net'
import type { FastifyRequest } from 'fastify'

/** A connection of a client: its counters at the end of the last exchange. */
export interface ClientConnection {
  readonly socket: Socket
  read: number
  written: number
}

const CONNECTION = Symbol('the counters of a connection')
type Known = object & { [CONNECTION]?: ClientConnection }

/** The connection of a request, to be asked for when it begins: a stream of HTTP/2 that has closed no longer knows it. Null for a request of `fastify.inject`. */
export function connectionOf ({ raw }: FastifyRequest): ClientConnection | null {
  const session = (raw as unknown as Partial<Http2ServerRequest>).stream?.session
  const key: Known | undefined = session ?? raw.socket
  const known = key?.[CONNECTION]
  if (known !== undefined) return known
  const socket = session?.socket ?? raw.socket
  if (key === undefined || typeof socket?.bytesRead !== 'number') return null
  return (key[CONNECTION] = { socket, read: 0, written: 0 })
}
