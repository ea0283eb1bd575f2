// How is a client refused whose connection Node has detached from its parser, for an upgrade or a CONNECT? With a head alone, and the connection's end.
import type { Socket } from 'node:net'
import { inTurn } from './in-turn.ts'

/** How long the client may take to close after the server has, in ms. */
const LINGER = 2000

// RFC 9110 §15.5.6 asks for Allow. It is empty: no method is allowed for the host and port that a CONNECT names (§10.2.1).
const HEADS = {
  400: 'HTTP/1.1 400 Bad Request\r\n',
  405: 'HTTP/1.1 405 Method Not Allowed\r\nAllow: \r\n'
} as const

/** Answers once every answer before this one in the pipeline was sent. */
export function refuseBarely (socket: Socket, status: keyof typeof HEADS): void {
  // Node has removed its own error listener: without one, a reset would end the process.
  socket.on('error', destroyIt)
  inTurn(socket, () => {
    if (socket.destroyed) return
    socket.end(`${HEADS[status]}Content-Length: 0\r\nConnection: close\r\n\r\n`)
    // Closing with unread bytes sends a reset, and the client may lose the answer (RFC 9112 §9.6).
    socket.resume()
    const timer = setTimeout(() => socket.destroy(), LINGER).unref()
    socket.once('end', () => socket.destroySoon())
    socket.once('close', () => clearTimeout(timer))
  })
}

function destroyIt (this: Socket): void {
  this.destroy()
}
