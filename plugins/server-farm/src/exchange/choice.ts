// What becomes of one attempt? It is counted from the choice on, through answer and tunnel, until it is over.
import type { FarmChoice, FarmFailure, OpenTunnel, RequestFacts, Told } from '@fastify-arr/facts'
import type { FastifyRequest } from 'fastify'
import type { AffinitySettings } from '../affinity/compile-affinity.ts'
import { setAffinity } from '../affinity/set-affinity.ts'
import type { Clock } from '../farm/clock.ts'
import type { OpenPlace } from '../farm/open-place.ts'
import type { Server } from '../farm/server.ts'

/** The farm, as far as an attempt has to do with it. */
export interface ChoiceOwner {
  readonly clock: Clock
  /** How much is open at all servers. */
  load: number
  /** A handshake has become a tunnel. */
  opened (server: Server, place: OpenPlace): void
  /** Something that was open at a server is no longer. */
  released (server: Server): void
  goodbyeFailed (error: unknown): void
}

export class Choice implements FarmChoice, OpenPlace {
  readonly name: string
  readonly server: string
  readonly host: string | null
  at = -1
  isLeaving = false
  readonly #owner: ChoiceOwner
  readonly #server: Server
  readonly #request: FastifyRequest
  readonly #isWebSocket: boolean
  readonly #affinity: AffinitySettings | null
  readonly #isBound: boolean
  readonly #began: number
  #stage: 'asked' | 'answered' | 'open' | 'over' = 'asked'
  #openedAt = 0
  #tunnel: OpenTunnel | null = null

  /** @param isBound whether the client has this server's cookie already. */
  constructor (owner: ChoiceOwner, server: Server, request: FastifyRequest, secure: boolean, isWebSocket: boolean, affinity: AffinitySettings | null, isBound: boolean) {
    const { settings } = server
    this.name = settings.name
    this.server = secure ? settings.https : settings.http
    this.host = settings.host
    this.#owner = owner
    this.#server = server
    this.#request = request
    this.#isWebSocket = isWebSocket
    this.#affinity = affinity
    this.#isBound = isBound
    this.#began = owner.clock.now()
    server.chosen++
    if (isWebSocket) server.handshakes++
    else server.requests++
    owner.load++
  }

  /** The choice of a tunnel that has come from another process: here, nobody was asked for a server. */
  static adopt (owner: ChoiceOwner, server: Server, request: FastifyRequest, tunnel: OpenTunnel): Choice {
    const choice = new Choice(owner, server, request, false, true, null, true)
    server.chosen--
    choice.opened(tunnel)
    choice.#openedAt -= Math.max(0, Date.now() - tunnel.since)
    return choice
  }

  answered (status: number, headers: string[]): void {
    if (this.#stage !== 'asked') return
    this.#stage = 'answered'
    const now = this.#owner.clock.now()
    this.#server.responseTime.observe(now - this.#began, now)
    this.#server.health?.answered(status)
    if (this.#affinity !== null) setAffinity(headers, this.#affinity, this.#isBound ? null : this.#server.cookieValue, this.#request)
  }

  opened (tunnel: OpenTunnel): void {
    if (this.#stage === 'over' || this.#stage === 'open' || !this.#isWebSocket) return
    this.#stage = 'open'
    this.#tunnel = tunnel
    this.#openedAt = this.#owner.clock.now()
    this.#server.handshakes--
    this.#server.open.add(this)
    this.#server.trust()
    this.#owner.opened(this.#server, this)
    this.#owner.released(this.#server)
  }

  ended (failure: FarmFailure | null): void {
    const stage = this.#stage
    if (stage === 'over') return
    this.#stage = 'over'
    const server = this.#server
    if (stage === 'open') server.open.strike(this)
    else if (this.#isWebSocket) server.handshakes--
    else server.requests--
    this.#owner.load--
    if (stage === 'open') this.#tellTunnel()
    if (failure !== null) this.#tellFailure(failure, stage)
    else if (stage === 'answered') server.trust()
    this.#owner.released(server)
  }

  get lastActivity (): number {
    // What the tunnel says is a snapshot; the fact goes on.
    return this.#fact?.lastActivity ?? this.#tunnel?.lastActivity ?? 0
  }

  leave (code: number, reason: string): void {
    if (this.isLeaving) return
    this.isLeaving = true
    try {
      this.#tunnel?.close(code, reason)
    } catch (error) {
      this.#owner.goodbyeFailed(error)
    }
  }

  #tellFailure (failure: FarmFailure, stage: 'asked' | 'answered' | 'open'): void {
    const now = this.#owner.clock.now()
    // Of an attempt one thing is told: an answer was told with its status, and a tunnel tells its own end.
    if (stage === 'asked') this.#server.health?.failed(failure)
    // What fails fast must not look fast: a connection that is refused is no time, but an answer that did not come is.
    if (stage === 'asked' && failure.moment !== 'connect') this.#server.responseTime.observe(now - this.#began, now)
    this.#server.suspect(now)
  }

  #tellTunnel (): void {
    const fact = this.#fact
    this.#server.health?.tunnelEnded(this.#owner.clock.now() - this.#openedAt, fact?.closeCode ?? null, fact?.closedBy === 'upstream')
  }

  get #fact (): Told<RequestFacts['upstream'] & object>['tunnel'] {
    return (this.#request as Told<RequestFacts>).upstream?.tunnel
  }
}
