// When may an upgrade use its connection? Once the answers to the requests before it in the pipeline have been sent.
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

// Node's private reference to the response that holds the socket. Where it is missing, there is no wait.
type Answering = Socket & { _httpMessage?: ServerResponse | null }

/** Calls `turn` when every answer before it in the pipeline was sent: at once where there is none, never where the connection ends with one. */
export function inTurn (socket: Answering, turn: () => void): void {
  const before = socket._httpMessage
  if (before === null || before === undefined) {
    turn()
    return
  }
  // At the upgrade Node has removed the listener that forwards the socket's 'drain' to that response.
  const onDrain = () => { before.emit('drain') }
  socket.on('drain', onDrain)
  before.once('close', () => {
    socket.removeListener('drain', onDrain)
    if (socket.destroyed || socket.writableEnded) return
    socket.setTimeout(0) // Node has set its keep-alive timeout, for a next request
    inTurn(socket, turn)
  })
}
