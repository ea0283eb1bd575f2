// What passes between one exchange and the farm that its URL names? It asks for a server once per attempt, and tells how each has ended.
import type { FarmChoice, FarmFailure, FarmRefusal, FarmVisit, Moment, OpenTunnel, Upstream } from '@fastify-arr/facts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { codeOf, type ErrorName, ourNameOf } from '../errors.ts'
import { noteFailure, noteServer } from '../route/attempts.ts'
import type { Route } from '../route/route.ts'
import type { Origins } from '../route/target.ts'
import { takeAdded } from './added-headers.ts'

const NAMES: Readonly<Record<FarmRefusal['reason'], ErrorName>> = { none: 'NoServer', busy: 'Busy', lost: 'Lost' }

/** A question to the farm that has no answer yet. */
interface Question {
  isOpen: boolean
  takeBack: () => void
}

/** Each server that is chosen is told its end once, whatever becomes of the exchange: whoever has an errand calls `over` at last. */
export class Errand {
  /** How long it has waited for servers, ms. */
  waited = 0
  readonly #request: FastifyRequest
  readonly #reply: FastifyReply
  readonly #route: Route
  readonly #visit: FarmVisit
  readonly #origins: Origins
  #question: Question | null = null
  #choice: FarmChoice | null = null

  constructor (request: FastifyRequest, reply: FastifyReply, route: Route, visit: FarmVisit, origins: Origins) {
    this.#request = request
    this.#reply = reply
    this.#route = route
    this.#visit = visit
    this.#origins = origins
  }

  /** Whether it has a server whose attempt is not over. */
  get isServed (): boolean {
    return this.#choice !== null
  }

  /** Whether the farm has not answered yet. */
  get isWaiting (): boolean {
    return this.#question !== null
  }

  get #fact (): Upstream {
    return this.#request.upstream as Upstream
  }

  /** Asks for a server. Then calls `begin` with what `prepare` has made of its route, or `refused` where there is none, or `prepare` has thrown: at once or later. */
  ask<Prepared> (prepare: (route: Route) => Prepared, begin: (prepared: Prepared) => void, refused: (name: ErrorName, cause: unknown) => void): void {
    const asked = performance.now()
    const question: Question = { isOpen: true, takeBack: noop }
    let isAsking = true
    let atOnce = null as FarmChoice | FarmRefusal | null
    const take = (given: FarmChoice | FarmRefusal): void => {
      this.#question = null
      if ('reason' in given) {
        this.#reply.header('retry-after', String(Math.max(0, Math.ceil(given.retryAfter))))
        refused(NAMES[given.reason], null)
      } else {
        this.#begin(given, prepare, begin, refused)
      }
    }
    this.#question = question
    try {
      question.takeBack = this.#visit.ask(given => {
        // It was taken back meanwhile.
        if (!question.isOpen) {
          if ('ended' in given) given.ended(null)
          return
        }
        question.isOpen = false
        if (isAsking) {
          atOnce = given
          return
        }
        this.waited += performance.now() - asked
        take(given)
      })
    } catch (error) {
      this.#request.log.error({ err: error, farm: this.#visit.farm }, 'upstream-proxy: the farm could not be asked for a server')
      question.isOpen = false
      atOnce ??= { reason: 'none', retryAfter: 1 }
    }
    isAsking = false
    if (atOnce !== null) take(atOnce)
  }

  #begin<Prepared> (choice: FarmChoice, prepare: (route: Route) => Prepared, begin: (prepared: Prepared) => void, refused: (name: ErrorName, cause: unknown) => void): void {
    this.#choice = choice
    let prepared
    try {
      const origin = this.#origins.of(choice.server)
      const { path, changes, paths, farm } = this.#route
      noteServer(this.#fact, origin.name, choice.name)
      prepared = prepare({ origin, path, changes, paths, host: choice.host, farm })
    } catch (error) {
      const name = ourNameOf(error)
      if (name === null) this.#request.log.error({ err: error }, 'upstream-proxy: the request for a server of a farm could not be made')
      this.ended(null)
      refused(name ?? 'BadRoute', error)
      return
    }
    begin(prepared)
  }

  /** The attempt has failed by its server's fault, before there was an answer to pass on. True where another one may be made, which is allowed only where `isSafe`. */
  failed (name: ErrorName, moment: Moment, isSafe: boolean, since: number): boolean {
    const failure = { code: codeOf(name), moment, status: null }
    const again = isSafe && this.#mayTryAgain(failure)
    noteFailure(this.#fact, name, since + this.waited, failure)
    this.ended(failure)
    return again
  }

  /** The head of an answer has come, and another attempt is safe. True where the answer is to be dropped, and that attempt made. */
  fails (status: number, headers: string[], since: number): boolean {
    const failure = { code: codeOf('Status'), moment: 'headers', status } as const
    if (status < 500 || !this.#mayTryAgain(failure)) return false
    this.#choice?.answered(status, headers)
    noteFailure(this.#fact, 'Status', since + this.waited, failure)
    this.ended(failure)
    return true
  }

  #mayTryAgain (failure: FarmFailure): boolean {
    return this.#choice !== null && !this.#reply.raw.headersSent && this.#visit.mayTryAgain(failure)
  }

  /** The head of an answer for the client has come. What the farm adds is no part of what is rewritten to the public host. */
  answered (status: number, headers: string[]): void {
    if (this.#choice === null) return
    const sent = headers.slice()
    this.#choice.answered(status, headers)
    const added = takeAdded(headers, sent)
    for (let i = 0; i < added.length; i += 2) this.#reply.header(added[i] as string, added[i + 1] as string)
  }

  /** The upstream has switched protocols: of the headers that the client gets nothing is rewritten. */
  switched (headers: string[]): void {
    this.#choice?.answered(101, headers)
  }

  opened (tunnel: OpenTunnel): void {
    this.#choice?.opened(tunnel)
  }

  /** The attempt is over: null where its server is not to blame. Only the first end counts. */
  ended (failure: FarmFailure | null): void {
    const choice = this.#choice
    this.#choice = null
    choice?.ended(failure)
  }

  /** The exchange needs no server any more. */
  over (): void {
    const question = this.#question
    this.#question = null
    if (question !== null) {
      question.isOpen = false
      question.takeBack()
    }
    this.ended(null)
  }
}

function noop (): void {}
