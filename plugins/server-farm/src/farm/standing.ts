// Which servers can be chosen now? Found anew only when one comes, goes or changes.
import { ServerPool } from '../choosing/server-pool.ts'
import type { FarmSettings } from '../compile/settings.ts'
import type { Clock } from './clock.ts'
import type { Server } from './server.ts'

export class Standing {
  readonly #clock: Clock
  #main: ServerPool<Server>
  #reserve: ServerPool<Server>
  #home: ServerPool<Server> | null = null
  #isStale = true
  #isAllDown = false
  #servers: readonly Server[] = []
  #settings: Pick<FarmSettings, 'minServers' | 'whenAllDown'>

  constructor (settings: Pick<FarmSettings, 'minServers' | 'whenAllDown'>, clock: Clock) {
    this.#settings = settings
    this.#clock = clock
    this.#main = this.#reserve = new ServerPool<Server>([], 0, null, clock.random)
  }

  /** The servers or the rules are others. */
  replace (servers: readonly Server[], settings: Pick<FarmSettings, 'minServers' | 'whenAllDown'>): void {
    this.#servers = servers
    this.#settings = settings
    this.#home = null
    this.#isStale = true
  }

  /** The state or the health of one is another. */
  changed (): void {
    this.#isStale = true
  }

  /** Those with a weight. */
  get main (): ServerPool<Server> {
    if (this.#isStale) this.#renew()
    return this.#main
  }

  /** Those with weight 0: for when nobody else can. */
  get reserve (): ServerPool<Server> {
    if (this.#isStale) this.#renew()
    return this.#reserve
  }

  /** Whether none of those that can be chosen is healthy. */
  get isAllDown (): boolean {
    if (this.#isStale) this.#renew()
    return this.#isAllDown
  }

  /** All servers, whatever their state: where a key belongs does not depend on who is well. */
  get home (): ServerPool<Server> {
    this.#home ??= new ServerPool(this.#servers.filter(({ weight }) => weight > 0), Infinity, null, this.#clock.random)
    return this.#home
  }

  /** Whether a client that is bound to it may go to it. */
  isOpenToBound (server: Server): boolean {
    if (this.#isStale) this.#renew()
    return server.isUsed || (server.state === 'draining' && (server.healthy || this.#isAllDown))
  }

  #renew (): void {
    this.#isStale = false
    const { minServers, whenAllDown } = this.#settings
    const available = this.#servers.filter(({ state }) => state === 'available')
    let used = available.filter(({ healthy }) => healthy)
    if (used.length < minServers) {
      const out = available.filter(({ healthy }) => !healthy).sort((a, b) => b.outSince - a.outSince)
      used = used.concat(out.slice(0, minServers - used.length))
    }
    if (used.length === 0 && whenAllDown === 'all') used = available
    this.#isAllDown = used.length > 0 && !used.some(({ healthy }) => healthy)
    for (const server of this.#servers) server.isUsed = false
    for (const server of used) server.isUsed = true
    const now = this.#clock.now()
    // The order stays that of the options, where minServers has added some at the end.
    const inOrder = this.#servers.filter(({ isUsed }) => isUsed)
    this.#main = new ServerPool(inOrder.filter(({ weight }) => weight > 0), now, this.#main, this.#clock.random)
    this.#reserve = new ServerPool(inOrder.filter(({ weight }) => weight === 0), now, this.#reserve, this.#clock.random, true)
  }
}
