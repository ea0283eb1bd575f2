// Whose server has an adopted tunnel? The farm that chose it in another process counts it here, where it has the same server.
import type { FarmChoice, FarmFailure, FarmsFact, OpenTunnel } from '@fastify-arr/facts'
import type { FastifyBaseLogger, FastifyRequest } from 'fastify'

/** The server of the proxy. Its farms may be there later than the proxy. */
export interface ProxyServer {
  readonly log: FastifyBaseLogger
  readonly farms?: FarmsFact
}

/** The part of a tunnel's life that its farm is told. */
export class AdoptedFarm {
  readonly #request: FastifyRequest
  readonly #server: ProxyServer
  #choice: Pick<FarmChoice, 'ended'> | null = null

  constructor (request: FastifyRequest, server: ProxyServer) {
    this.#request = request
    this.#server = server
  }

  opened (tunnel: OpenTunnel): void {
    const { farm, routed } = this.#request.upstream ?? {}
    if (farm == null || routed == null) return
    try {
      this.#choice = this.#server.farms?.adopt?.(farm, routed, this.#request, tunnel) ?? null
    } catch (error) {
      this.#request.log.error({ err: error, farm }, 'upstream-proxy: the farm could not be told of a WebSocket that has come')
    }
  }

  ended (failure: FarmFailure | null): void {
    this.#choice?.ended(failure)
  }
}
