// Which connections for requests are there? The register behind `fastify.upstreams`.
import type { UpstreamPool, UpstreamsFact } from '@fastify-arr/facts'
import type { Pool } from './pool.ts'

const UPSTREAMS = Symbol('the pools of this server')

/** The pools of all proxies of a server. */
export class Upstreams implements UpstreamsFact {
  /** Those of a server: proxies in all scopes share them. */
  static of (server: object & { [UPSTREAMS]?: Upstreams }): Upstreams {
    server[UPSTREAMS] ??= new Upstreams()
    return server[UPSTREAMS]
  }

  readonly #owners: Array<() => Iterable<Pool>> = []

  /** `pools` gives those of one proxy, whenever somebody asks. */
  join (pools: () => Iterable<Pool>): void {
    this.#owners.push(pools)
  }

  * [Symbol.iterator] (): Generator<UpstreamPool> {
    for (const pools of this.#owners) for (const pool of pools()) yield pool.load
  }
}
