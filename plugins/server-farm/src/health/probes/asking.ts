// What does a server say to one request? A connection of its own, with one limit of time for all of it, and one outcome.
import { request as requestHttp, type ClientRequest, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http'
import { request as requestHttps, type RequestOptions } from 'node:https'
import { failureWords } from './failure-words.ts'
import type { Socket } from 'node:net'

/** What a probe has found. */
export interface ProbeOutcome {
  readonly status: number | null
  /** Why it has failed; null where it has succeeded. */
  readonly why: string | null
  /** ms. */
  readonly time: number
}

/** Probes a server. `done` is called once and later; the function that is returned ends the probe, and then `done` is not called. */
export type Probe = (target: RequestOptions, done: (outcome: ProbeOutcome) => void) => () => void

/** What is done with the answer, or with the socket after a 101. */
export interface Answered {
  answer (answer: IncomingMessage): void
  upgrade? (answer: IncomingMessage, socket: Socket, head: Buffer): void
}

/** How long a goodbye may take, ms. */
const GOODBYE = 1000

/** One request. The first `settle` counts; nothing stays open after it. */
export class Asking {
  readonly #limit: number
  readonly #done: (outcome: ProbeOutcome) => void
  readonly #began = performance.now()
  #timer: NodeJS.Timeout
  #request: ClientRequest | null = null
  #socket: Socket | null = null
  #awaited = 'connection'
  #status: number | null = null
  #settled = false
  #ended = false

  constructor (target: RequestOptions, headers: OutgoingHttpHeaders, limit: number, answered: Answered, done: (outcome: ProbeOutcome) => void) {
    this.#limit = limit
    this.#done = done
    this.#timer = setTimeout(() => { this.settle(`no ${this.#awaited} within ${limit} ms`) }, limit).unref()
    try {
      this.#ask({ ...target, headers: { ...target.headers, ...headers } }, answered)
    } catch (error) {
      // Node refuses what no request may hold. Later, as any other failure.
      process.nextTick(() => { this.settle(failureWords(error)) })
    }
  }

  /** What is waited for from now on, in words. */
  awaits (awaited: string): void {
    this.#awaited = awaited
  }

  /** The outcome: null for a success. `goodbye` may say something before the connection is closed. */
  settle (why: string | null, goodbye?: (ended: () => void) => void): void {
    if (this.#settled) return
    this.#settled = true
    clearTimeout(this.#timer)
    const outcome = { status: this.#status, why, time: performance.now() - this.#began }
    const end = (): void => {
      if (this.#ended) return
      this.cancel()
      this.#done(outcome)
    }
    if (goodbye === undefined) {
      end()
      return
    }
    this.#timer = setTimeout(end, Math.min(GOODBYE, this.#limit)).unref()
    goodbye(end)
  }

  /** Ends it at once, whatever it is at. */
  cancel (): void {
    this.#settled = this.#ended = true
    clearTimeout(this.#timer)
    this.#request?.destroy()
    this.#socket?.destroy()
  }

  #ask (options: RequestOptions, { answer, upgrade }: Answered): void {
    const secure = options.protocol === 'https:'
    const request = this.#request = (secure ? requestHttps : requestHttp)(options)
    const lost = (error?: Error): void => {
      const words = error === undefined ? 'the connection was closed' : failureWords(error)
      this.settle(this.#awaited === 'connection' ? words : `no ${this.#awaited}: ${words}`)
    }
    request.on('socket', socket => {
      this.#socket = socket
      socket.once(secure ? 'secureConnect' : 'connect', () => { this.awaits('answer') })
    })
    request.on('error', lost)
    const closed = (): void => { lost() }
    request.on('close', closed)
    request.on('response', message => {
      this.#status = message.statusCode ?? null
      message.on('error', lost)
      answer(message)
    })
    request.on('upgrade', (message, socket, head) => {
      this.#status = message.statusCode ?? null
      // With the upgrade the request gives the socket away, and closes.
      request.off('close', closed)
      socket.on('error', lost)
      socket.on('close', closed)
      if (upgrade === undefined) answer(message)
      else upgrade(message, socket as Socket, head)
    })
    request.end()
  }
}
