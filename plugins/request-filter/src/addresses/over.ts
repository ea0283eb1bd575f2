// When is an exchange over? When its response or its connection closes, whichever is first; each tells of it in some cases only.
import type { Socket } from 'node:net'
import type { FastifyReply } from 'fastify'

const QUEUED = Symbol('exchanges queued in a pipeline')

type Queueing = Socket & { [QUEUED]?: Set<() => void> }

/** True where the exchange is over already: its client left while an earlier hook was at work. Then nothing tells of it any more. */
export function isOver ({ raw, request }: FastifyReply): boolean {
  const stream = (raw as { stream?: { destroyed?: boolean } }).stream
  return raw.destroyed || stream?.destroyed === true || request.raw.socket?.destroyed === true
}

/** Calls `ended` once, when the exchange is over. Must be called while it is not. */
export function whenOver (reply: FastifyReply, ended: () => void): void {
  const { raw, request } = reply
  // Node tells only the response that is being sent of its connection's end, and none that waits behind it in a pipeline.
  const socket = raw.socket === null ? request.raw.socket as Queueing | undefined : undefined
  const queued = socket === undefined ? undefined : queuedOn(socket)
  const close = (): void => {
    raw.removeListener('close', close)
    queued?.delete(close)
    ended()
  }
  raw.on('close', close)
  queued?.add(close)
}

function queuedOn (socket: Queueing): Set<() => void> {
  if (socket[QUEUED] !== undefined) return socket[QUEUED]
  const queued = socket[QUEUED] = new Set()
  socket.once('close', () => { for (const close of queued) close() })
  return queued
}
