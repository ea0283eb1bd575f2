// Where do a farm's servers come from, and who changes them? From the options, by DNS, and by hand.
import type { FarmServerState } from '@fastify-arr/facts'
import { compileServers, STATES } from '../compile/compile-servers.ts'
import { goodbyeOf, rebalanceOf } from '../compile/compile-behaviour.ts'
import type { FarmSettings, RebalanceSettings, ServerSettings } from '../compile/settings.ts'
import { DnsServers } from '../discovery/dns-servers.ts'
import { InvalidOptionsError, UnknownError } from '../errors.ts'
import type { GoodbyeOptions, RebalanceOptions, ServerOptions } from '../options.ts'
import type { Clock } from './clock.ts'
import type { FarmControl } from './control.ts'
import { Farm } from './farm.ts'
import { renew, type Renewal } from './renewal.ts'
import type { Server } from './server.ts'

export type Warn = (error: unknown, message: string) => void

export class RunningFarm implements FarmControl {
  readonly farm: Farm
  readonly #warn: Warn
  #isRunning = false
  #isNew = true
  #dns: DnsServers | null = null
  #found: readonly ServerOptions[] | null = null

  constructor (settings: FarmSettings, clock: Clock, warn: Warn) {
    this.#warn = warn
    this.farm = new Farm(settings, clock, warn)
  }

  get info (): Farm['info'] {
    return this.farm.info
  }

  /** New settings, all made before anything changes. */
  renewal (settings: FarmSettings): Renewal {
    const isFirst = this.#isNew
    const isSameDns = !isFirst && settings.dnsText === this.farm.settings.dnsText
    const dns = settings.dns === null || isSameDns ? null : this.#newDns(settings.dns)
    const renewal = renew(this.farm, settings, this.#serversOf(settings, isSameDns), isFirst, () => this.#isRunning)
    return {
      take: () => {
        this.#isNew = false
        if (!isSameDns) {
          this.#dns?.stop()
          this.#dns = dns
          this.#found = null
        }
        renewal.take()
        // A look-up that fails is told there.
        if (this.#isRunning && dns !== null) this.#startDns(dns).catch(() => {})
      }
    }
  }

  /** Gives when the servers that DNS has are known. */
  async start (): Promise<void> {
    if (this.#isRunning) return
    this.#isRunning = true
    for (const server of this.farm.servers) server.health?.start()
    if (this.#dns !== null) await this.#startDns(this.#dns)
  }

  stop (): void {
    this.#isRunning = false
    this.#dns?.stop()
    this.farm.stop()
  }

  /** The farm goes: its servers say goodbye. */
  leave (): void {
    this.#dns?.stop()
    this.#dns = null
    renew(this.farm, { ...this.farm.settings, rebalance: null }, [], false, () => false).take()
    for (const waiter of this.farm.places.all()) waiter.seek()
  }

  setState (name: string, state: FarmServerState, goodbye?: GoodbyeOptions): void {
    const mistakes: string[] = []
    if (!STATES.includes(state)) mistakes.push(`\`state\` must be one of ${STATES.join(', ')}`)
    const settings = goodbyeOf(goodbye, this.farm.settings.goodbye, mistakes)
    refuse(mistakes)
    const server = this.#server(name)
    this.farm.together?.stateSet(this.farm.settings.name, server, state, goodbye)
    this.farm.setState(server, state, settings, 'by hand')
  }

  rebalance (options?: RebalanceOptions): number {
    const mistakes: string[] = []
    const settings = rebalanceOf(options, mistakes)
    refuse(mistakes)
    return this.#rebalance(settings, this.farm.together?.rebalanced(this.farm.settings.name, options) ?? 1)
  }

  /** As another process has told; `share` is this one's part of `perSecond`. */
  rebalanceAsTold (options: RebalanceOptions | undefined, share: number): void {
    const mistakes: string[] = []
    const settings = rebalanceOf(options, mistakes)
    if (mistakes.length === 0) this.#rebalance(settings, share)
  }

  add (server: string | ServerOptions): void {
    const mistakes: string[] = []
    this.#mustBeWritten(mistakes)
    const added = compileServers([server], this.farm.settings.serverLimits, 'server', mistakes)[0]
    refuse(mistakes)
    const servers = [...this.farm.servers.map(({ settings }) => settings), added as ServerSettings]
    if (servers.slice(0, -1).some(one => one.name.toLowerCase() === added?.name.toLowerCase())) {
      throw new InvalidOptionsError(`\`server\` must be there once: ${added?.name} is there already`)
    }
    this.#become(servers)
  }

  remove (name: string): void {
    const mistakes: string[] = []
    this.#mustBeWritten(mistakes)
    refuse(mistakes)
    const server = this.#server(name)
    this.#become(this.farm.servers.filter(one => one !== server).map(({ settings }) => settings))
  }

  #rebalance (settings: RebalanceSettings, share: number): number {
    return this.farm.rebalance({ ...settings, perSecond: Math.ceil(settings.perSecond * share) })
  }

  #become (servers: readonly ServerSettings[]): void {
    renew(this.farm, this.farm.settings, servers, false, () => this.#isRunning).take()
  }

  #mustBeWritten (mistakes: string[]): void {
    const { name, dns } = this.farm.settings
    if (dns !== null) mistakes.push(`\`servers\` of ${name} come from DNS alone`)
  }

  #server (name: string): Server {
    const found = this.farm.servers.find(one => one.name.toLowerCase() === name.toLowerCase())
    if (found === undefined) throw new UnknownError(`server ${name} in the farm ${this.farm.settings.name}`)
    return found
  }

  /** Servers that DNS has found stay until it has found others, also where it is asked otherwise. */
  #serversOf (settings: FarmSettings, isSameDns: boolean): readonly ServerSettings[] {
    if (settings.dns === null) return settings.servers
    if (!isSameDns || this.#found === null) return this.farm.servers.map(server => server.settings)
    return compileServers(this.#found, settings.serverLimits, 'servers', [])
  }

  #newDns (settings: FarmSettings['dns'] & object): DnsServers {
    const { name } = this.farm.settings
    const dns: DnsServers = new DnsServers(settings, servers => {
      if (this.#dns !== dns) return
      const mistakes: string[] = []
      const compiled = compileServers(servers, this.farm.settings.serverLimits, 'servers', mistakes)
      if (mistakes.length > 0) return this.#warn(undefined, `what DNS has for the farm ${name} is no use: ${mistakes.join('; ')}`)
      const isFirst = this.#found === null && this.farm.servers.length === 0
      this.#found = servers
      this.#become(compiled)
      // The first ones come all at once: none of them is a newcomer among others.
      if (isFirst) for (const server of this.farm.servers) server.startSlowly(0, 0)
      this.farm.standing.changed()
    }, message => { this.#warn(undefined, message) })
    return dns
  }

  async #startDns (dns: DnsServers): Promise<void> {
    try {
      await dns.start()
    } catch (error) {
      this.#warn(error, `the servers of the farm ${this.farm.settings.name} could not be looked up`)
    }
  }
}

function refuse (mistakes: readonly string[]): void {
  if (mistakes.length > 0) throw new InvalidOptionsError(mistakes.join('; '))
}
