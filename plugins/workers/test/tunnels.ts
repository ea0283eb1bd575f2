// Tunnels as upstream-proxy has them, as small as they can be: bytes both ways, and able to move.
import type { TunnelRecord, TunnelsFact } from '@fastify-arr/facts'
import { once } from 'node:events'
import type { Server } from 'node:http'
import { connect, type Socket } from 'node:net'

interface Tunnel { readonly client: Socket, readonly upstream: Socket }
type Reading = Socket & { readonly _handle: { reading: boolean, readStop (): void, readStart (): void } }

/** `refuse` names tunnels by the first line of their request that this process does not adopt. */
export class Tunnels {
  readonly #open = new Map<Tunnel, string>()
  adopted = 0
  /** A record that holds this is refused. */
  refuse: string | null = null

  constructor (server: Server, port: number) {
    server.on('upgrade', (request, client: Socket, head) => {
      const upstream = connect(port, '127.0.0.1')
      client.on('error', () => {})
      upstream.on('error', () => {})
      upstream.write(`GET ${request.url} HTTP/1.1\r\n${request.rawHeaders.map((text, at) => text + (at % 2 === 0 ? ': ' : '\r\n')).join('')}\r\n`)
      if (head.length > 0) upstream.write(head)
      this.#begin({ client, upstream }, String(request.url))
    })
  }

  get size (): number { return this.#open.size }

  [Symbol.iterator] = (): Iterator<{ readonly lastActivity: number, close (): void }> => [...this.#open.keys()].map(({ client, upstream }) => ({
    lastActivity: 0,
    close: () => { client.destroy(); upstream.destroy() }
  }))[Symbol.iterator]()

  handOver: TunnelsFact['handOver'] = async send => {
    const moves = [...this.#open].map(async ([tunnel, url]) => {
      const sockets = [tunnel.client, tunnel.upstream] as Reading[]
      for (const socket of sockets) {
        socket._handle.readStop()
        socket._handle.reading = false
      }
      for (const socket of sockets) while (socket.writableLength > 0) await once(socket, 'drain')
      const moved = await send({ version: 1, id: url, state: url, carried: {} }, tunnel.client, tunnel.upstream)
      if (moved) {
        this.#open.delete(tunnel)
        for (const socket of sockets) socket.removeAllListeners('close')
      } else {
        for (const socket of sockets) {
          socket._handle.readStart()
          socket._handle.reading = true
        }
      }
      return moved
    })
    const all = await Promise.all(moves)
    return { moved: all.filter(Boolean).length, stayed: all.filter(moved => !moved).length }
  }

  adopt = ({ state }: TunnelRecord, client: Socket, upstream: Socket): void => {
    if (this.refuse !== null && String(state).includes(this.refuse)) throw new Error('it is not for me')
    for (const socket of [client, upstream]) socket.on('error', () => {})
    this.adopted++
    this.#begin({ client, upstream }, String(state))
  }

  #begin (tunnel: Tunnel, url: string): void {
    this.#open.set(tunnel, url)
    for (const [from, to] of [[tunnel.client, tunnel.upstream], [tunnel.upstream, tunnel.client]] as const) {
      from.on('data', chunk => { to.write(chunk) })
      from.on('end', () => { to.end() })
      from.once('close', () => {
        to.destroy()
        this.#open.delete(tunnel)
      })
    }
  }
}
