// Which servers does a farm have whose servers DNS knows? The name is looked up anew when its time to live is over.
import { Resolver } from 'node:dns/promises'
import { lookUp, type Families, type Found } from './lookup.ts'
import type { ServerOptions } from '../options.ts'
import type { DnsSettings } from './dns-settings.ts'

/** One question to one name server, and how often it is asked, ms. */
const QUESTION = { timeout: 1500, tries: 2 }

/** One lookup with all of its questions, ms: so long a start may take. */
const LOOKUP = 5000

/** The servers of one name. `found` gets them when they have changed, `warn` a sentence when the name cannot be resolved any more, and when it can again. */
export class DnsServers {
  readonly #settings: DnsSettings
  readonly #found: (servers: readonly ServerOptions[]) => void
  readonly #warn: (message: string) => void
  readonly #families: Families = new Map()
  #running = false
  #resolver: Resolver | null = null
  #timer: NodeJS.Timeout | undefined
  /** The last servers, as one text. */
  #known = ''
  #count = 0
  /** Failures in a row. */
  #failures = 0

  constructor (settings: DnsSettings, found: (servers: readonly ServerOptions[]) => void, warn: (message: string) => void) {
    this.#settings = settings
    this.#found = found
    this.#warn = warn
  }

  /** Resolves after the first lookup, which takes at most five seconds, whether it has found servers or not. */
  async start (): Promise<void> {
    if (this.#running) return
    this.#running = true
    await this.#next()
  }

  /** Ends a running lookup. Nothing is told any more. */
  stop (): void {
    this.#running = false
    clearTimeout(this.#timer)
    this.#resolver?.cancel()
  }

  async #next (): Promise<void> {
    const outcome = await this.#lookUp()
    if (!this.#running) return
    const { minInterval, maxInterval } = this.#settings
    const wait = outcome instanceof Error ? minInterval * 2 ** Math.min(this.#failures, 20) : outcome.holds
    this.#timer = setTimeout(() => this.#next(), Math.min(maxInterval, Math.max(minInterval, wait))).unref()
    if (outcome instanceof Error) this.#missing(outcome)
    else this.#take(outcome)
  }

  async #lookUp (): Promise<Found | Error> {
    // Made anew, since it reads the system's name servers when it is made.
    const resolver = this.#resolver = new Resolver(QUESTION)
    const { resolvers } = this.#settings
    let timer: NodeJS.Timeout | undefined
    try {
      if (resolvers !== null) resolver.setServers(resolvers)
      const limit = new Promise<never>((_resolve, reject) => {
        timer = setTimeout(() => {
          reject(new Error(`no answer within ${LOOKUP} ms`))
          resolver.cancel()
        }, LOOKUP)
      })
      return await Promise.race([lookUp(this.#settings, resolver, this.#families), limit])
    } catch (error) {
      return error as Error
    } finally {
      clearTimeout(timer)
    }
  }

  #take ({ servers }: Found): void {
    if (this.#failures > 0) this.#warn(`The DNS name ${this.#settings.name} is resolved again.`)
    this.#failures = 0
    const known = JSON.stringify(servers)
    if (known === this.#known) return
    this.#known = known
    this.#count = servers.length
    this.#found(servers)
  }

  #missing (error: NodeJS.ErrnoException): void {
    if (this.#failures++ > 0) return
    const { name, type } = this.#settings
    const kept = this.#count === 0 ? 'there are no servers yet' : `the last servers stay (${this.#count})`
    this.#warn(`The DNS name ${name} (${type}) is not resolved: ${error.code ?? error.message}; ${kept}.`)
  }
}
