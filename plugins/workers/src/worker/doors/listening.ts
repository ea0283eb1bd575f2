// Where does Node ask how a server of a worker listens? At `cluster._getServer`, which is not documented, nor is what it answers with.
import cluster from 'node:cluster'
import type { Server } from 'node:net'

/** How a server wants to listen. */
export interface Wish {
  /** Null for all of them. */
  readonly address: string | null
  readonly port: number | null
  /** 4 or 6 for TCP; -1 for a pipe, null for a descriptor that is given. */
  readonly addressType: number | string | null
  readonly flags?: number
}

/** Answers Node: 0 and a handle, or a negative error number. */
export type Answer = (error: number, handle: unknown) => void

type Listen = (server: Server, wish: Wish, answer: Answer) => unknown

/** From now on `instead` is asked, with Node's own way for what it leaves to it. Undone by what is returned. */
export function listenBy (instead: (own: Listen, server: Server, wish: Wish, answer: Answer) => void): () => void {
  const asked = cluster as typeof cluster & { _getServer?: Listen }
  const own = asked._getServer
  if (typeof own !== 'function') return () => {}
  const by: Listen = function (this: unknown, server, wish, answer) {
    return instead((...values) => Reflect.apply(own, this, values), server, wish, answer)
  }
  asked._getServer = by
  return () => { if (asked._getServer === by) asked._getServer = own }
}

/** Tells node:cluster in the supervisor that a server listens, as it does itself for its own: others wait for that event. */
export function announce (server: Server, { address, port, addressType }: Wish): void {
  const own = server.address()
  const said = { cmd: 'NODE_CLUSTER', act: 'listening', address, port: (typeof own === 'object' ? own?.port : null) ?? port, addressType }
  if (process.connected) process.send?.(said, undefined, undefined, () => {})
}
