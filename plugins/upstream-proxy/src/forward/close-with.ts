// How does an answer that waits behind another one of its pipeline learn that the client has left? Before Node 24, Node emits
// 'close' only on the answer that has the socket.
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { emitClose } from '../dispatch/last-answer.ts'

const BEHIND = Symbol('behind')

type Pipeline = Socket & { [BEHIND]?: Set<ServerResponse> }

/** Makes an answer that has no socket yet emit 'close' when the connection that it waits for closes first. */
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
    // Node emits 'close' itself on the answer that has the socket, and on one that was sent completely.
    if (response.socket === null && !response.writableFinished) tellClose(response)
  }
}

function tellClose (response: ServerResponse): void {
  if (!response.destroyed) emitClose(response) // Node 24 emits 'close' by itself
}
