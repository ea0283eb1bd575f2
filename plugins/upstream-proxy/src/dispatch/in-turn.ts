// May an upgrade have its connection yet? Not while answers to requests that came before it are still on their way there.
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

// Node keeps the response that has the socket there. Where it does not, nobody is waited for.
type Answering = Socket & { _httpMessage?: ServerResponse | null }

/** Calls `turn` when every answer before it in the pipeline has left: at once where there is none. Never, where the connection ends with one. */
export function inTurn (socket: Answering, turn: () => void): void {
  const before = socket._httpMessage
  if (before === null || before === undefined) {
    turn()
    return
  }
  // At the upgrade Node has taken away what told that response that it may go on.
  const onDrain = () => { before.emit('drain') }
  socket.on('drain', onDrain)
  before.once('close', () => {
    socket.removeListener('drain', onDrain)
    if (socket.destroyed || socket.writableEnded) return
    socket.setTimeout(0) // Node's, for the next request
    inTurn(socket, turn)
  })
}
