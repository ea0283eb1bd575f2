// How is a socket bound by a process that does not accept from it?
import net from 'node:net'
import type { Handle } from '../../exchange/messages.ts'

/** Node's handle of a socket. */
export interface Bound extends Handle {
  getsockname? (name: { port?: number }): number
}

/** A bound handle, or a negative error number. Not documented; node:cluster uses it for the same. */
type Create = (address: string | null, port: number, addressType: 4 | 6, fd: null, flags: number) => Bound | number

export const { _createServerHandle: create } = net as typeof net & { _createServerHandle?: Create }

/** Whether this Node can make sockets that several processes accept from. */
export const CAN_SHARE = typeof create === 'function'
