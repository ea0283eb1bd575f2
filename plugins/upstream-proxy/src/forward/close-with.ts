// Who tells an answer that waits behind another of its pipeline that the client has left? Before Node 24, nobody: only the one that
// has the socket is told.
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { emitClose } from '../dispatch/last-answer.ts'

const BEHIND = Symbol('behind')

type Pipeline = Socket & { [BEHIND]?: Set<ServerResponse> }

/** Has an answer that has no socket yet emit 'close' when the connection it waits for closes before it gets there. */
export function closeWith (socket: Pipeline, response: ServerResponse): void {
  if (socket.closed) {
    tellClose(response)
    return
  }
  let behind = socket[BEHIND]
  if (behind === undefined) {
    behind = socket[BEHIND] = new Set()
    socket.on('close', onClose)
  }
  behind.add(response)
  response.on('close', () => { behind.delete(response) })
}

function onClose (this: Pipeline): void {
  for (const response of this[BEHIND] ?? []) {
    // The one whose turn it is hears of it from Node, and one that has left is told of its own end.
    if (response.socket === null && !response.writableFinished) tellClose(response)
  }
}

function tellClose (response: ServerResponse): void {
  if (!response.destroyed) emitClose(response) // Node 24 does it all
}
