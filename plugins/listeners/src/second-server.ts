// Whose are the connections of a second address? Fastify opens a server of its own for each further one of `localhost`, and passes on
// nothing but upgrades: not Expect, not what is no HTTP, and closing forgets its requests. So its connections become the first one's.

import { Server } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { Roster } from './roster.ts'

// Fastify's own name for them.
const BINDINGS = 'fastify.serverBindings'
const LOOK_AGAIN = 50

/** An HTTP/1.1 connection as Node keeps it: without a parser once it is upgraded, with a message while one is answered. */
type Http1Socket = Socket & { readonly parser?: object | null, readonly _httpMessage?: object | null }

/** Servers that have been joined to the first one. */
export interface SecondServers {
  /** Joins those that there are; to be called once the server listens. */
  join (): void
  /** Stops accepting, ends what is idle, waits for the rest for `patience` ms, and cuts it. */
  close (patience: number): Promise<void>
}

export function secondServers (fastify: FastifyInstance): SecondServers {
  const { server } = fastify
  const joined: Server[] = []
  const sockets = new Roster<Http1Socket>()

  return {
    join () {
      for (const second of bindingsOf(fastify)) {
        if (!(server instanceof Server) || joined.includes(second)) continue
        joined.push(second)
        second.removeAllListeners('connection')
        second.on('connection', (socket: Socket) => {
          const place = sockets.add(socket)
          socket.once('close', () => sockets.strike(place))
          server.emit('connection', socket)
        })
      }
    },
    async close (patience) {
      for (const second of joined) second.close()
      const deadline = Date.now() + patience
      for (;;) {
        for (const socket of sockets.members()) if (isIdle(socket)) socket.destroy()
        if (sockets.size === 0 || Date.now() >= deadline) break
        await new Promise(resolve => setTimeout(resolve, LOOK_AGAIN))
      }
      for (const socket of sockets.members()) socket.destroy()
    }
  }
}

function isIdle (socket: Http1Socket): boolean {
  return Boolean(socket.parser) && !socket._httpMessage && socket.writableLength === 0
}

function bindingsOf (fastify: object): readonly Server[] {
  for (let owner: object | null = fastify; owner !== null; owner = Object.getPrototypeOf(owner)) {
    const name = Object.getOwnPropertySymbols(owner).find(({ description }) => description === BINDINGS)
    if (name !== undefined) return (owner as Record<symbol, readonly Server[]>)[name] ?? []
  }
  return []
}
