// What carries requests and WebSockets to upstreams: with the proxy's own settings, or with those of the farm that they go to?
import type { WorkersFact } from '@fastify-arr/facts'
import { createForwarder, type Forwarder } from '../forward/forwarder.ts'
import type { Pool } from '../forward/pool/pool.ts'
import type { ProxyServer } from '../hand-over/adopted-farm.ts'
import type { Settings } from '../options.ts'
import type { NextRoute } from '../route/attempts.ts'
import { Admission } from '../tunnel/admission/admission.ts'
import type { OpenTunnels } from '../tunnel/register/open-tunnels.ts'
import { Tunnels } from '../tunnel/tunnels.ts'

/** What has connections to upstreams, by one set of settings. */
export interface Carrier {
  readonly forwarder: Forwarder
  readonly tunnels: Tunnels
}

/** All carriers of one proxy. They share the places for tunnels. */
export class Carriers {
  /** That with the proxy's own settings. */
  readonly own: Carrier
  readonly #farms = new Map<string, Carrier>()
  readonly #admission: Admission
  readonly #name: string
  readonly #open: OpenTunnels

  /** `tunnelSettings` are those of the tunnels, where they differ; `next` gives the route of another attempt, with null there is none. */
  constructor (settings: Settings, tunnelSettings: Settings, open: OpenTunnels, next: NextRoute | null, server: ProxyServer) {
    const place = open.placeFor(settings.prefix)
    const proxy = (farm: string | null) => ({ prefix: settings.prefix, place, farm })
    const admission = new Admission(tunnelSettings.tunnel.admission, tunnelSettings.tunnel.maxTunnels)
    this.#admission = admission
    this.#name = `@fastify-arr/upstream-proxy ${place} ${settings.prefix}`
    this.#open = open
    this.own = { forwarder: createForwarder(settings, next), tunnels: new Tunnels(open, tunnelSettings, next, proxy(null), server, admission) }
    for (const [name, farm] of settings.farms) this.#farms.set(name, { forwarder: createForwarder(farm), tunnels: new Tunnels(open, farm, null, proxy(name), server, admission) })
  }

  /** That for a farm; without a name, the proxy's own. */
  of (farm: string | undefined): Carrier {
    return farm === undefined ? this.own : this.#farms.get(farm.toLowerCase()) ?? this.own
  }

  get all (): Carrier[] {
    return [this.own, ...this.#farms.values()]
  }

  /** The pools of connections that carry requests. */
  * pools (): Generator<Pool> {
    for (const { forwarder } of this.all) yield * forwarder.pools
  }

  /** The limits of tunnels hold over all processes of the server. The function that is returned ends that. */
  together (workers: WorkersFact | undefined): () => void {
    const elsewhere = workers === undefined ? null : this.#admission.together(workers, this.#name)
    if (elsewhere === null) return () => {}
    this.#open.elsewhere.push(elsewhere)
    return () => { elsewhere.stop() }
  }

  /** Ends all connections that carry requests. */
  async close (): Promise<void> {
    for (const { forwarder } of this.all) await forwarder.close()
  }
}
