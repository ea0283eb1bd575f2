// What does a worker do when its supervisor tells it to begin, to leave, or to end?
import type { TunnelsFact } from '@fastify-arr/facts'
import type { FastifyInstance } from 'fastify'
import type { Settings } from '../options.ts'
import { Adopting } from './adopting.ts'
import type { Doors } from './doors/doors.ts'
import { Gates } from './doors/gates.ts'
import { Turns } from './doors/turns.ts'
import { sayGoodbye } from './goodbye.ts'
import { HandingOver } from './hand-over.ts'
import { KeptConnections } from './kept-connections.ts'
import { Parent } from './parent.ts'
import { SHARED, SOCKETS, type Handle, type Told, type ToWorker } from '../exchange/messages.ts'
import { heedSignals } from './signals.ts'

/** Who answers questions, hears answers, and what others tell. */
export interface Talk {
  asked (message: ToWorker & { readonly arrWorkers: 'question' }): Promise<void>
  answered (message: ToWorker & { readonly arrWorkers: 'answered' }): void
  ended (message: ToWorker & { readonly arrWorkers: 'ended' }): void
  hear (message: Told): void
}

// ms. How often the tunnels are counted.
const COUNT = 1000
// ms. What is still there when the server has closed, such as a timer of the user's, holds the process no longer.
const LAST = 1000

export class Life {
  readonly parent: Parent
  /** Resolves when this process takes connections. */
  readonly begun: Promise<void>
  isLeaving = false
  readonly connections = new KeptConnections()
  readonly #fastify: FastifyInstance
  readonly #settings: Settings
  readonly #talk: Talk
  readonly #doors: Doors
  readonly #handingOver: HandingOver | null
  readonly #adopting: Adopting
  readonly #silence: () => void
  #begin: () => void = () => {}
  #isClosed = false
  #counted = 0
  readonly #counter: NodeJS.Timeout
  #ending: Promise<void> | null = null

  constructor (fastify: FastifyInstance, settings: Settings, talk: Talk) {
    this.#fastify = fastify
    this.#settings = settings
    this.#talk = talk
    this.begun = new Promise(resolve => { this.#begin = resolve })
    this.parent = new Parent((message, handle) => { this.#hear(message, handle) }, () => { this.#lost() })
    const tell = this.parent.tell.bind(this.parent)
    // A supervisor of another version may know only one way.
    this.#doors = process.env[SOCKETS] === SHARED ? new Gates(tell, () => this.#tunnels?.size ?? 0) : new Turns()
    // Windows does not pass a socket on that is in use.
    this.#handingOver = settings.handOver === null || process.platform === 'win32' ? null : new HandingOver(tell, settings.handOver)
    this.#adopting = new Adopting(tell, () => this.#adopt(), error => { fastify.log.warn({ err: error }, 'workers: a tunnel of another worker could not be taken, and stays there') })
    this.#silence = heedSignals(() => { this.end(false) })
    this.#counter = setInterval(() => { this.#count() }, COUNT).unref()
  }

  ready (): void {
    this.parent.tell({ arrWorkers: 'ready' })
  }

  /** Closes the server, and lets the process end. */
  end (goodbye: boolean): void {
    this.#ending ??= this.#end(goodbye)
  }

  /** The server begins to close, whoever wants it. */
  closing (): void {
    this.#doors.closing()
  }

  /** The server has closed. */
  closed (): void {
    if (this.#isClosed) return
    this.#isClosed = true
    clearInterval(this.#counter)
    this.#silence()
    this.#doors.release()
    this.#adopting.drop()
    this.#handingOver?.lost()
    this.parent.leave()
    setTimeout(() => { process.exit() }, LAST).unref()
  }

  get #tunnels (): TunnelsFact | undefined {
    return (this.#fastify as { readonly tunnels?: TunnelsFact }).tunnels
  }

  #hear (message: ToWorker, handle: Handle | undefined): void {
    if (message.arrWorkers === 'begin') {
      this.#doors.open().then(() => {
        this.parent.tell({ arrWorkers: 'begun' })
        this.#begin()
      })
    } else if (message.arrWorkers === 'socket') this.#doors.came(message, handle)
    else if (message.arrWorkers === 'rest') this.#doors.rest(message.rests)
    else if (message.arrWorkers === 'leave') this.#leave().catch(error => { this.#fastify.log.error({ err: error }, 'workers: the tunnels could not be handed over') })
    else if (message.arrWorkers === 'end') this.end(message.goodbye)
    else if (message.arrWorkers === 'tunnel') this.#adopting.take(message, handle)
    else if (message.arrWorkers === 'moved') this.#handingOver?.moved(message.id, message.ok)
    else if (message.arrWorkers === 'question') this.#talk.asked(message).catch(() => {})
    else if (message.arrWorkers === 'answered') this.#talk.answered(message)
    else if (message.arrWorkers === 'ended') this.#talk.ended(message)
    else this.#talk.hear(message)
  }

  async #leave (): Promise<void> {
    this.isLeaving = true
    this.#doors.shut()
    this.connections.leave()
    const until = performance.now() + this.#settings.linger
    let [moved, stayed] = [0, this.#tunnels?.size ?? 0]
    try {
      const { handOver } = this.#tunnels ?? {}
      if (handOver !== undefined && this.#handingOver !== null) ({ moved, stayed } = await handOver.call(this.#tunnels, this.#handingOver.send))
    } finally {
      this.parent.tell({ arrWorkers: 'left', moved, stayed })
      this.#count()
    }
    while (this.#ending === null && (performance.now() < until || (this.#tunnels?.size ?? 0) > 0)) {
      await new Promise(resolve => { setTimeout(resolve, Math.min(COUNT, Math.max(10, until - performance.now()))) })
    }
    this.end(false)
  }

  async #end (goodbye: boolean): Promise<void> {
    try {
      if (goodbye) await sayGoodbye(this.#tunnels, this.#settings.goodbye)
      await this.#fastify.close()
    } catch (error) {
      process.exitCode = 1
      this.#fastify.log.error({ err: error }, 'workers: the server could not be closed in order')
    } finally {
      this.closed()
    }
  }

  #lost (): void {
    this.#fastify.log.error('workers: the supervisor has ended without a word; this worker ends too')
    this.#handingOver?.lost()
    this.end(false)
  }

  #adopt (): TunnelsFact['adopt'] {
    const tunnels = this.#tunnels
    return this.isLeaving || this.#ending !== null ? undefined : tunnels?.adopt?.bind(tunnels)
  }

  #count (): void {
    const size = this.#tunnels?.size ?? 0
    if (size === this.#counted) return
    this.#counted = size
    this.parent.tell({ arrWorkers: 'tunnels', size })
  }
}
