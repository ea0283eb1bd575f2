// How does a connection end whose upgrade was declined? Node has taken its parser away: no second request can be read.
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** How long a client may take to close after us, in ms. */
const LINGER = 2000

/** Makes an answer the last on its connection. To be called before its head is sent; once is enough. */
export function endAfterAnswer (response: ServerResponse, socket: Socket): void {
  if (!response.shouldKeepAlive) return
  response.shouldKeepAlive = false
  response.once('finish', () => {
    // What the client still sends is read and thrown away: closing on unread bytes would be a reset,
    // and a reset takes from the client what it has not read of the answer (RFC 9112 §9.6).
    socket.end()
    socket.resume()
    const timer = setTimeout(() => socket.destroy(), LINGER).unref()
    socket.once('end', () => socket.destroySoon())
    socket.once('close', () => clearTimeout(timer))
  })
}
