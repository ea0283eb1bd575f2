// A farm with a clock that stands until a test moves it, and requests as Fastify hands them over.
import type { FarmChoice, FarmQuestion, FarmRefusal, FarmVisit, OpenTunnel } from '@fastify-arr/facts'
import type { FastifyRequest } from 'fastify'
import { compileFarms } from '../src/compile/compile-farms.ts'
import type { Clock } from '../src/farm/clock.ts'
import { Farms } from '../src/farm/farms.ts'
import type { FarmOptions } from '../src/index.ts'

interface Timer {
  readonly at: number
  readonly run: () => void
}

/** Moves when `pass` is called, and calls what is due on the way, in its order. */
export class HandClock implements Clock {
  #now = 0
  #seed: number
  readonly #timers = new Set<Timer>()

  constructor (seed = 1) {
    this.#seed = seed
  }

  now (): number {
    return this.#now
  }

  after (ms: number, run: () => void): () => void {
    const timer = { at: this.#now + ms, run }
    this.#timers.add(timer)
    return () => { this.#timers.delete(timer) }
  }

  /** mulberry32: the same numbers in each run. */
  readonly random = (): number => {
    this.#seed = (this.#seed + 0x6d2b79f5) | 0
    let bits = Math.imul(this.#seed ^ (this.#seed >>> 15), 1 | this.#seed)
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32
  }

  get timers (): number {
    return this.#timers.size
  }

  pass (ms: number): void {
    const end = this.#now + ms
    for (;;) {
      const next = [...this.#timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0]
      if (next === undefined) break
      this.#timers.delete(next)
      this.#now = Math.max(this.#now, next.at)
      next.run()
    }
    this.#now = end
  }
}

export interface World {
  readonly clock: HandClock
  readonly farms: Farms
  readonly warnings: string[]
}

export function worldOf (farms: readonly FarmOptions[], seed = 1): World {
  const clock = new HandClock(seed)
  const warnings: string[] = []
  const world = { clock, farms: new Farms(compileFarms(farms), (_error, message) => { warnings.push(message) }, clock), warnings }
  // Without DNS, there is nothing to wait for.
  world.farms.start().catch(error => { throw error })
  return world
}

export interface Asked {
  readonly headers?: Record<string, string>
  readonly url?: string
  readonly ip?: string
  readonly protocol?: 'http' | 'https'
}

export function requestOf ({ headers = {}, url = '/', ip = '192.0.2.1', protocol = 'http' }: Asked = {}): FastifyRequest {
  return { headers, originalUrl: url, ip, protocol, method: 'GET', hostname: 'example', log: { error () {} } } as unknown as FastifyRequest
}

export function questionOf (asked: Asked = {}, kind: FarmQuestion['kind'] = 'webSocket', secure = false): FarmQuestion {
  return { request: requestOf(asked), secure, kind }
}

/** A visit of a farm that is there. */
export function visitOf (farms: Farms, asked?: Asked, kind?: FarmQuestion['kind']): FarmVisit {
  return farms.visit('chat', questionOf(asked, kind)) as FarmVisit
}

export function isChoice (answer: FarmChoice | FarmRefusal | null): answer is FarmChoice {
  return answer !== null && 'name' in answer
}

/** Asks once; null where it has to wait. */
export function ask (visit: FarmVisit): FarmChoice | FarmRefusal | null {
  let answer: FarmChoice | FarmRefusal | null = null
  visit.ask(chosen => { answer = chosen })
  return answer
}

/** The server that is chosen, which must be there. */
export function choose (farms: Farms, asked?: Asked, kind?: FarmQuestion['kind']): FarmChoice {
  const answer = ask(visitOf(farms, asked, kind))
  if (!isChoice(answer)) throw new Error(`no server, but ${answer === null ? 'a wait' : answer.reason}`)
  return answer
}

export interface Closed {
  readonly code: number
  readonly reason: string
  readonly at: number
}

/** A tunnel of which a test sees how it was closed. */
export class Tunnel {
  readonly choice: FarmChoice
  closed: Closed | null = null
  readonly #clock: Clock

  constructor (choice: FarmChoice, clock: Clock, lastActivity = 0) {
    this.choice = choice
    this.#clock = clock
    choice.answered(101, [])
    choice.opened({ lastActivity, close: (code, reason) => { this.closed ??= { code: code as number, reason: reason as string, at: this.#clock.now() } } } as OpenTunnel)
  }

  end (): void {
    this.choice.ended(null)
  }
}

export function open ({ farms, clock }: World, asked?: Asked, lastActivity?: number): Tunnel {
  return new Tunnel(choose(farms, asked), clock, lastActivity)
}

export const REFUSED = { code: 'FST_ARR_UPSTREAM_REFUSED', moment: 'connect', status: null } as const
export const RESET = { code: 'FST_ARR_UPSTREAM_RESET', moment: 'headers', status: null } as const
export const TIMEOUT = { code: 'FST_ARR_UPSTREAM_TIMEOUT', moment: 'headers', status: null } as const

/** Everything that is counted as open now. */
export function openNow (farms: Farms): number {
  return [...farms].flatMap(({ servers, waiting }) => [waiting, ...servers.map(({ requests, handshakes, tunnels }) => requests + handshakes + tunnels)])
    .reduce((sum, count) => sum + count, 0)
}

export function counts<Key> (keys: Iterable<Key>): Map<Key, number> {
  const found = new Map<Key, number>()
  for (const key of keys) found.set(key, (found.get(key) ?? 0) + 1)
  return found
}
