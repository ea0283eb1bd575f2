// Which server gets the connections of the second address of `localhost`? Fastify opens a separate server for each further address, and
// passes on only its upgrades: no `Expect`, no 'clientError', and closing does not wait for its requests. So its connections are handed to
// the first server.

import { Server } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { Roster } from '../protocols/roster.ts'

// The description of the symbol under which Fastify keeps these servers.
const BINDINGS = 'fastify.serverBindings'
/** Interval between two checks whether all connections are gone, ms. */
const CHECK_INTERVAL = 50

/** Internal properties of Node's HTTP/1.1 sockets: `parser` is null after an upgrade, `_httpMessage` is set while a response is pending. */
type Http1Socket = Socket & { readonly parser?: object | null, readonly _httpMessage?: object | null }

/** Servers whose connections are handed to the first one. */
export interface SecondServers {
  /** Takes over the connections of all second servers; call it once the server listens. */
  join (): void
  /** Stops accepting, closes idle connections, waits up to `patience` ms for the rest, then cuts it. */
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
        await new Promise(resolve => setTimeout(resolve, CHECK_INTERVAL))
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
