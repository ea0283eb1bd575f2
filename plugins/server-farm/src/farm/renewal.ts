// How does a farm get new settings and servers? All of it is made first, and then taken in one step.
import type { ServerSettings, FarmSettings } from '../compile/settings.ts'
import { Ejections, type ServerHealth } from '../health/server-health.ts'
import type { Farm } from './farm.ts'
import type { Server } from './server.ts'
import { isSameTarget, succeed } from './succession.ts'
import { tellChanged } from './tell.ts'

export interface Renewal {
  /** Takes it. Nothing has changed before. */
  take (): void
}

/** @param isFirst whether the farm has just come: then its servers begin with their whole shares, and nobody is told of them. */
export function renew (farm: Farm, settings: FarmSettings, servers: readonly ServerSettings[], isFirst: boolean, isRunning: () => boolean): Renewal {
  const succession = succeed(farm.servers, farm.leaving, servers)
  const isOtherHealth = isFirst || settings.healthText !== farm.settings.healthText
  const kept = isOtherHealth ? null : farm.ejections
  const ejections = kept ?? new Ejections(settings.health, () => farm.servers.length)
  const gone = new Set(farm.leaving)
  const added = new Set(succession.added)
  const health = new Map<Server, ServerHealth>()
  for (const server of succession.added) health.set(server, server.newHealth(settings.health, ejections, settings.name, farm))
  const moved = succession.staying.filter(({ server, settings: next }) => isOtherHealth || gone.has(server) || !isSameTarget(server.settings, next))

  return {
    take () {
      farm.ejections = ejections
      const states = succession.staying.filter(({ server, settings: next }) => gone.has(server) || server.settings.state !== next.state)
      for (const { server, settings: next } of succession.staying) server.settings = next
      for (const { server } of moved) health.set(server, server.newHealth(settings.health, ejections, settings.name, farm))
      for (const [server, one] of health) server.takeHealth(one)
      farm.take(settings, succession.servers, succession.removed)
      for (const { server, settings: next } of states) {
        server.byHand = null
        farm.setState(server, next.state, settings.goodbye, 'the options say so')
      }
      if (!isFirst) {
        for (const server of succession.added) server.startSlowly(farm.clock.now(), settings.slowStart)
        for (const server of succession.servers) {
          if (added.has(server) || gone.has(server)) tellChanged(settings.name, server, 'added', 'it is in the farm')
        }
      }
      for (const server of succession.removed) tellChanged(settings.name, server, 'removed', 'it is no longer in the farm')
      if (isRunning()) for (const one of health.values()) one.start()
      farm.changed([...succession.servers, ...succession.removed])
    }
  }
}
