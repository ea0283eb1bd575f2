// Which upgrades wait for a listener of the server's own to answer them? One that none answers in time is declined.
import type { Socket } from 'node:net'
import { type Place, Roster } from '../sockets/roster.ts'

/** The upgrades that were handed to other listeners, until one has answered. */
export class Unanswered {
  readonly #waiting = new Roster<() => void>()

  /** The server is closing: upgrades that still wait for a listener are declined. */
  declineAll (): void {
    for (const giveUp of this.#waiting.members()) giveUp()
  }

  /** A listener has answered once a byte was written, or the connection destroyed. `before` is how many bytes were written before it was asked. */
  await (socket: Socket, before: number, patience: number, decline: () => void): void {
    const isAnswered = () => socket.destroyed || socket.bytesWritten !== before
    // Most answer at once. A stream without `bytesWritten` is not a socket: @fastify/websocket injects such streams in tests.
    if (before === undefined || isAnswered()) return
    const forget = () => {
      clearTimeout(timer)
      socket.removeListener('close', forget)
      this.#waiting.strike(waiting)
    }
    const giveUp = () => {
      forget()
      if (isAnswered()) return
      if (socket.writable) decline()
      else socket.destroy()
    }
    const timer = patience > 0 ? setTimeout(giveUp, patience).unref() : undefined
    const waiting: Place<() => void> = this.#waiting.add(giveUp)
    socket.on('close', forget)
  }
}
