// What does the WebSocket endpoint send, and how does it close?
import type { FastifyInstance } from 'fastify'
import type { WebSocket } from 'ws'

/** How long a client may take to answer the Close frame before its socket is destroyed, ms. */
const PATIENCE = 1000

/** What may wait for a client that sends and does not read, bytes; above it the endpoint stops reading from that client. */
const HIGH_WATER = 1024 * 1024

/** Sends a first ping at once, then one at each interval, and echoes each message as text or binary. */
export function attend (socket: WebSocket, pingInterval: number): void {
  let count = 0
  const ping = (): void => socket.send(`ping ${++count}`)
  const timer = setInterval(ping, pingInterval).unref()
  socket.on('close', () => clearInterval(timer))
  socket.on('message', (message, isBinary) => {
    socket.send(message, { binary: isBinary }, () => {
      if (socket.isPaused && socket.bufferedAmount <= HIGH_WATER) socket.resume()
    })
    if (socket.bufferedAmount > HIGH_WATER) socket.pause()
  })
  ping()
}

/** The plugin's `preClose`: closes every WebSocket with 1001 (going away), and terminates those that do not answer in time. */
export function farewell (this: FastifyInstance, done: () => void): void {
  const { websocketServer } = this
  const timer = setTimeout(() => {
    for (const socket of websocketServer.clients) socket.terminate()
  }, PATIENCE).unref()
  for (const socket of websocketServer.clients) socket.close(1001, 'the server is shutting down')
  websocketServer.close(() => {
    clearTimeout(timer)
    done()
  })
}
