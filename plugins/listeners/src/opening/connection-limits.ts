// Is there room for one more connection? The limits on the connections of a listener and of one client.

import { isIPv6, type Socket } from 'node:net'
import type { ListenerPlan } from '../plan/plan.ts'
import { publishRefusal } from '../refusals/refusal.ts'

/** Counts the connections of one listener. */
export interface ConnectionLimits {
  /** Counts the connection until it closes; where the listener is full, destroys it and returns false. */
  admit (socket: Socket): boolean
  /**
   * The same for the client's share; called once the client's address is known.
   *
   * @param address the client's address; behind a load balancer, not the socket's.
   */
  admitClient (socket: Socket, address: string | undefined): boolean
}

/** @param server the Fastify server that the connections are for. */
export function createConnectionLimits ({ name, limits }: Pick<ListenerPlan, 'name' | 'limits'>, server: object): ConnectionLimits {
  const byClient = new Map<string, number>()
  let total = 0
  return {
    admit (socket) {
      if (limits.connections > 0 && total >= limits.connections) return refuse(socket, socket.remoteAddress, 'connections')
      total++
      socket.once('close', () => { total-- })
      return true
    },
    admitClient (socket, address) {
      const client = limits.connectionsPerAddress > 0 ? clientOf(address) : null
      if (client === null) return true
      const held = byClient.get(client) ?? 0
      if (held >= limits.connectionsPerAddress) return refuse(socket, address, 'connectionsPerAddress')
      byClient.set(client, held + 1)
      socket.once('close', () => {
        const left = (byClient.get(client) as number) - 1
        if (left === 0) byClient.delete(client)
        else byClient.set(client, left)
      })
      return true
    }
  }

  function refuse (socket: Socket, address: string | undefined, reason: 'connections' | 'connectionsPerAddress'): false {
    publishRefusal({ listener: name, server, socket, address, reason })
    socket.destroy()
    return false
  }
}

/** The key by which connections are counted: an IPv4 address, or the /64 network of an IPv6 address (the usual allocation of one customer). Null for a unix socket. */
export function clientOf (address: string | undefined): string | null {
  if (address === undefined) return null
  if (address.startsWith('::ffff:')) return address.slice(7)
  if (!isIPv6(address)) return address
  const [left = '', right] = address.split('::')
  const head = left === '' ? [] : left.split(':')
  const missing = right === undefined ? 0 : 8 - head.length - (right === '' ? 0 : right.split(':').length)
  return [...head, ...Array.from({ length: missing }, () => '0'), ...(right ?? '').split(':')].slice(0, 4).join(':') + '::/64'
}
