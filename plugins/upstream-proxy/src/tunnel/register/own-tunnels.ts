// Which tunnels of the server are those of one proxy? They have its limits, and are drained together.
import type { Duplex } from 'node:stream'
import type { FarmFailure, OpenTunnel } from '@fastify-arr/facts'
import { tunnelFailure } from '../../farm/tunnel-failure.ts'
import type { ProxyPlace } from '../../hand-over/proxy-place.ts'
import { tunnelClosed } from '../../onlookers/tell-tunnel.ts'
import type { Settings } from '../../options.ts'
import { type Place, Roster } from '../../sockets/roster.ts'
import type { Admission } from '../admission/admission.ts'
import { type Drain, drainTunnels } from '../ending/drain.ts'
import { holdLimits, SWEEP } from '../ending/limits.ts'
import { holdPing } from '../ending/ping.ts'
import { type Opening, Tunnel } from '../tunnel.ts'
import { type OpenTunnels, type Registration, view } from './open-tunnels.ts'

/** What is known of one tunnel alone. */
type Given = Omit<Opening, 'proxy' | 'limits' | 'onEnd' | 'onUnreadable'>

/** What its farm is told of a tunnel. */
interface TunnelFarm {
  opened (tunnel: OpenTunnel): void
  ended (failure: FarmFailure | null): void
}

export class OwnTunnels {
  readonly #all: OpenTunnels
  readonly #proxy: ProxyPlace
  readonly #settings: Settings
  readonly #admission: Admission
  readonly #own = new Roster<Tunnel>()
  #sweeper: NodeJS.Timeout | undefined
  #drain: Drain | null = null

  constructor (all: OpenTunnels, proxy: ProxyPlace, settings: Settings, admission: Admission) {
    this.#all = all
    this.#proxy = proxy
    this.#settings = settings
    this.#admission = admission
  }

  get size (): number {
    return this.#own.size
  }

  /** A tunnel that is open, and has begun to be read nowhere. Its place was taken already. */
  register (client: Duplex, upstream: Duplex, given: Given, farm: TunnelFarm | null): Tunnel {
    const { request, fact, counted, site, key, until, remoteAddress, rsv } = given
    const tunnel: Tunnel = new Tunnel(client, upstream, {
      request,
      fact,
      counted,
      site,
      key,
      until,
      remoteAddress,
      rsv,
      upstream: given.upstream,
      proxy: this.#proxy,
      limits: this.#settings.tunnel.frames,
      onEnd: (_, hasLeft) => {
        this.#ended(own, open)
        farm?.ended(hasLeft ? null : tunnelFailure(fact))
        this.#admission.ended(counted)
        if (hasLeft) return
        tunnelClosed(request, fact)
        this.#all.carriers.ended(request)
      },
      onUnreadable: (_, side) => request.log.debug({ side }, 'the frames of this WebSocket cannot be read; its bytes still pass')
    })
    const open = this.#all.add(tunnel)
    const own = this.#own.add(tunnel)
    farm?.opened(view(tunnel))
    this.#sweeper ??= setInterval(() => this.#sweep(), SWEEP).unref()
    return tunnel
  }

  /** Sends Close frames into the open tunnels and resolves when none is left, at the deadline at the latest. */
  async drain (share: number): Promise<void> {
    if (this.#own.size === 0) return
    this.#drain = drainTunnels(this.#own, this.#settings.tunnel.drain, share)
    await this.#drain.done
  }

  #ended (own: Place<Tunnel>, open: Registration): void {
    this.#own.strike(own)
    this.#all.strike(open)
    this.#drain?.ended(own.member)
    if (this.#own.size > 0) return
    clearInterval(this.#sweeper)
    this.#sweeper = undefined
  }

  #sweep (): void {
    const limits = { ...this.#settings.tunnel, sendTimeout: this.#settings.forward.sendTimeout }
    const now = performance.now()
    const date = Date.now()
    for (const tunnel of this.#own.members()) {
      holdLimits(tunnel, limits, now, date)
      if (limits.ping !== null) holdPing(tunnel, limits.ping, now)
    }
  }
}
