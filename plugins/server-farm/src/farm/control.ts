// What can be done with farms by hand? `fastify.farms`, beyond the fact that other plugins read.
import type { FarmInfo, FarmServerState, FarmsFact } from '@fastify-arr/facts'
import type { FarmOptions, GoodbyeOptions, RebalanceOptions, ServerOptions } from '../options.ts'

/** One farm, and what can be done with it. A server is named as in `FarmServerInfo.name`, in any case. */
export interface FarmControl {
  /** A snapshot. */
  readonly info: FarmInfo
  /**
   * Sets a server's state. `unavailableGracefully` tells its tunnels goodbye one after the other, `unavailableImmediately` all at once; the
   * tunnels of the other servers do not notice. HTTP requests that are under way are left to their end. What `goodbye` leaves out is the farm's.
   * Of several workers all set it.
   *
   * @throws FST_ARR_FARM_UNKNOWN where there is no such server, FST_ARR_FARM_INVALID_OPTIONS for another state or a mistake in `goodbye`.
   */
  setState (server: string, state: FarmServerState, goodbye?: GoodbyeOptions): void
  /**
   * Evens out the open tunnels now: the idlest of the fullest server are told goodbye, `perSecond` of them a second (5), until no server has
   * more than its share, `threshold` more with that. Gives how many tunnels are over.
   *
   * @throws FST_ARR_FARM_INVALID_OPTIONS
   */
  rebalance (options?: RebalanceOptions): number
  /**
   * Adds a server, until `replace` says otherwise.
   *
   * @throws FST_ARR_FARM_INVALID_OPTIONS for mistakes, for a server that is there already, and for a farm by DNS.
   */
  add (server: string | ServerOptions): void
  /**
   * Takes a server out. Its tunnels are told goodbye as at `unavailableGracefully`.
   *
   * @throws FST_ARR_FARM_UNKNOWN where there is no such server, FST_ARR_FARM_INVALID_OPTIONS for a farm by DNS.
   */
  remove (server: string): void
}

/** `fastify.farms`. */
export interface ServerFarms extends FarmsFact {
  /**
   * A farm, in any case of its name.
   *
   * @throws FST_ARR_FARM_UNKNOWN where there is none.
   */
  farm (name: string): FarmControl
  /**
   * Replaces all farms. Servers that stay, by the names of farm and server, keep counts, health and tunnels; those that go are told goodbye. A state
   * that was set by hand stays, unless the options say another one than before.
   *
   * @throws FST_ARR_FARM_INVALID_OPTIONS with all mistakes; then nothing has changed.
   */
  replace (farms: readonly FarmOptions[]): void
}
