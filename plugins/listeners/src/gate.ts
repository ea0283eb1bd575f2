// Is there room for one more connection? The limits on how many a listener, and one client, may hold.

import { isIPv6, type Socket } from 'node:net'
import type { ListenerPlan } from './listener.ts'
import { tellRefusal } from './refusal.ts'

/** Counts the connections of one listener. */
export interface Gate {
  /** Counts the connection until it closes; destroys it where the listener has no room, then false. */
  admit (socket: Socket): boolean
  /**
   * The same for the client's own share, as soon as it is known who that is.
   *
   * @param address the client's, which behind a load balancer is not the socket's own.
   */
  admitClient (socket: Socket, address: string | undefined): boolean
}

/** @param server the one that the connections are for. */
export function createGate ({ name, limits }: Pick<ListenerPlan, 'name' | 'limits'>, server: object): Gate {
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
    tellRefusal({ listener: name, server, socket, address, reason })
    socket.destroy()
    return false
  }
}

/** Who counts as one client: an IPv4 address, or the /64 network that one IPv6 customer has. Null for a unix socket. */
export function clientOf (address: string | undefined): string | null {
  if (address === undefined) return null
  if (address.startsWith('::ffff:')) return address.slice(7)
  if (!isIPv6(address)) return address
  const [left = '', right] = address.split('::')
  const head = left === '' ? [] : left.split(':')
  const missing = right === undefined ? 0 : 8 - head.length - (right === '' ? 0 : right.split(':').length)
  return [...head, ...Array.from({ length: missing }, () => '0'), ...(right ?? '').split(':')].slice(0, 4).join(':') + '::/64'
}
