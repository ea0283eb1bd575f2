// What is left to say of an exchange whose WebSocket has come from another process? How it ended: the rest was known there.
import type { FastifyReply, FastifyRequest } from 'fastify'
import { takeBytes, type Connection } from '../observe/connection.ts'
import type { Beginning } from '../observe/open-exchanges.ts'
import { PROCESS } from '../format/writing-process.ts'
import type { Exchange } from './exchange.ts'
import type { Facts } from './facts.ts'
import { gather, type GatherOptions } from './gather.ts'
import { tunnelWin32 } from './status.ts'
import { webSocketPart } from './websocket-part.ts'

/** An exchange on its way to another process: plain data. */
export interface MovedExchange {
  /** As it was when its WebSocket left. */
  readonly exchange: Exchange
  /** What is in lines alone. */
  readonly hidden: NonNullable<Exchange['hidden']> | null
  /** When it began, ms since the epoch. */
  readonly startedAt: number
  /** The bytes of its connection so far, heads included; null where the transport does not count. */
  readonly bytes: { readonly received: number, readonly sent: number } | null
  /** The trace that the other process has written. */
  readonly trace: { readonly id: string, readonly file: string } | null
}

/** What is known of an exchange whose WebSocket is open. Changes nothing: it may yet stay. */
export function movedExchange (request: FastifyRequest & Facts, reply: FastifyReply, begun: Beginning, options: GatherOptions): MovedExchange {
  const { hidden = null, ...exchange } = withHidden(gather(request, reply, { ...begun, opening: true }, options))
  delete (exchange as { event?: unknown }).event
  return {
    exchange,
    hidden,
    startedAt: Date.now() - (performance.now() - begun.startedAt),
    bytes: bytesOf(begun.connection),
    trace: request.trace?.file === undefined ? null : { id: request.trace.id ?? '', file: request.trace.file }
  }
}

/** The same once more, in a process to which it came. */
export function movedAgain (moved: MovedExchange, connection: Connection): MovedExchange {
  return { ...moved, bytes: bytesOf(connection) }
}

/** The record of an exchange that has just ended in this process. */
export function endedExchange ({ exchange, hidden, startedAt }: MovedExchange, { upstream }: Facts, connection: Connection, process: boolean): Exchange {
  const tunnel = upstream?.tunnel ?? {}
  const { received, sent } = takeBytes(connection)
  const endedAt = Date.now()
  const ended: Exchange = {
    ...exchange,
    endedAt,
    timeTaken: Math.max(0, Math.round(endedAt - startedAt)),
    win32Status: tunnelWin32(tunnel),
    bytesReceived: received ?? tunnel.received?.bytes ?? null,
    bytesSent: sent ?? tunnel.sent?.bytes ?? null,
    websocket: webSocketPart(tunnel, 1),
    ...process && { process: PROCESS }
  }
  if (hidden !== null) Object.defineProperty(ended, 'hidden', { value: hidden })
  return ended
}

/** The same with the property that is not enumerable. */
function withHidden (exchange: Exchange): Exchange {
  return { ...exchange, ...exchange.hidden !== undefined && { hidden: exchange.hidden } }
}

function bytesOf ({ counted, socket, bytesRead, bytesWritten }: Connection): MovedExchange['bytes'] {
  return counted ? { received: socket.bytesRead - bytesRead, sent: socket.bytesWritten - bytesWritten } : null
}
