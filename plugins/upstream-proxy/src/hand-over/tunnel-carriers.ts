// Who else keeps something for each tunnel that has to move with it? What they throw costs their own record, and never the tunnel.
import type { TunnelCarrier } from '@fastify-arr/facts'
import type { FastifyRequest } from 'fastify'
import { AdoptedRequest } from './adopted-request.ts'

/** The carriers of a server, each under a name of its own. */
export class TunnelCarriers {
  readonly #carriers = new Map<string, TunnelCarrier>()

  add (carrier: TunnelCarrier): void {
    const all = [...this.#carriers.values()]
    if (all.includes(carrier)) return
    const same = all.filter(({ name }) => name === carrier.name).length
    this.#carriers.set(same === 0 ? carrier.name : `${carrier.name} ${same + 1}`, carrier)
  }

  /** What they give for a request that may leave. */
  give (request: FastifyRequest): Record<string, unknown> {
    const given: Record<string, unknown> = {}
    for (const [name, carrier] of this.#carriers) {
      attempt(request, name, () => {
        const own = carrier.give(request)
        if (own !== undefined) given[name] = own
      })
    }
    return given
  }

  /** The request's tunnel has left. */
  left (request: FastifyRequest): void {
    for (const [name, carrier] of this.#carriers) attempt(request, name, () => { carrier.left?.(request) })
  }

  /** The request has come. */
  take (request: FastifyRequest, given: Readonly<Record<string, unknown>>): void {
    for (const [name, carrier] of this.#carriers) attempt(request, name, () => { carrier.take(request, given[name]) })
  }

  /** A tunnel has ended; they are told of those that have come. */
  ended (request: object): void {
    if (!(request instanceof AdoptedRequest)) return
    for (const [name, carrier] of this.#carriers) attempt(request.asRequest, name, () => { carrier.ended?.(request.asRequest) })
  }
}

function attempt (request: FastifyRequest, carrier: string, act: () => void): void {
  try {
    act()
  } catch (error) {
    request.log.error({ err: error, carrier }, 'upstream-proxy: what was kept for a moving WebSocket is lost')
  }
}
