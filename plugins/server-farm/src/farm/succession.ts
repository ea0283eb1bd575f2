// Which servers stay, come and go, when a farm gets others? One that stays keeps its counts, its health and its tunnels.
import type { ServerSettings } from '../compile/settings.ts'
import { Server } from './server.ts'

export interface Succession {
  /** All of the farm then, in the order of the settings. */
  readonly servers: readonly Server[]
  readonly added: readonly Server[]
  /** Those that were here before, with what they get. */
  readonly staying: ReadonlyArray<{ readonly server: Server, readonly settings: ServerSettings }>
  readonly removed: readonly Server[]
}

/**
 * Changes nothing yet.
 *
 * @param leaving those that were removed, and still have something open: one that comes back is the same again.
 */
export function succeed (current: readonly Server[], leaving: ReadonlySet<Server>, settings: readonly ServerSettings[]): Succession {
  const free = new Set([...current, ...leaving])
  const byName = new Map([...leaving, ...current].map(server => [server.name.toLowerCase(), server]))
  const byPlace = new Map([...leaving, ...current].map(server => [placeOf(server.settings), server]))
  const take = (found: Server | undefined): Server | null => {
    if (found === undefined || !free.has(found)) return null
    free.delete(found)
    return found
  }
  // A name goes before a place: where a second server gets the same address, the first one's name has its port from then on.
  const named = settings.map(one => take(byName.get(one.name.toLowerCase())))
  const added: Server[] = []
  const staying: Array<{ server: Server, settings: ServerSettings }> = []
  const servers = settings.map((one, index) => {
    const old = named[index] ?? take(byPlace.get(placeOf(one)))
    if (old === null) {
      const server = new Server(one)
      added.push(server)
      return server
    }
    staying.push({ server: old, settings: one })
    return old
  })
  return { servers, added, staying, removed: current.filter(server => free.has(server)) }
}

function placeOf ({ address, httpPort, httpsPort }: ServerSettings): string {
  return `${address.toLowerCase()} ${httpPort} ${httpsPort}`
}

/** Whether the probes of both would ask the same. */
export function isSameTarget (one: ServerSettings, other: ServerSettings): boolean {
  return placeOf(one) === placeOf(other) && one.healthHost === other.healthHost && one.healthPort === other.healthPort
}
