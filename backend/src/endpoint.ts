// What does the WebSocket endpoint say, and how does it take leave?
import type { FastifyInstance } from 'fastify'
import type { WebSocket } from 'ws'

/** How long a peer may take to answer our Close frame before its socket is destroyed, ms. */
const PATIENCE = 1000

/** What may wait for a peer that sends and does not read, bytes; above it we stop reading as well. */
const HIGH_WATER = 1024 * 1024

/** A first ping at once, then one at each interval; whatever comes is sent back as it came. */
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

/** The plugin's `preClose`: everybody hears 1001 (going away), and nobody can hold the server up. */
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
