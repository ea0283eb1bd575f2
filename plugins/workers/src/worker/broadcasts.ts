// How does a plugin tell the same plugin in all other workers? By a name; what cannot be sent now is to be told again by who has it.
import type { WorkerListener, WorkerName } from '@fastify-arr/facts'
import { UnaskableError } from '../errors.ts'
import { LONGEST_NAME, MOST_NAMES, MOST_ON_THE_WAY, MOST_TOLD, type FromWorker, type Told } from '../exchange/messages.ts'

/** False where it is known at once that nobody hears it. */
type Send = (message: FromWorker, written?: () => void) => boolean

/** In one second. */
const MOST_MESSAGES = 1000

export class Broadcasts {
  readonly #listeners = new Map<string, WorkerListener>()
  /** Who listens to each of the names. */
  readonly #others = new Map<string, Map<number, WorkerName>>()
  readonly #send: Send | null
  #underWay = 0
  #second = 0
  #count = 0

  /** `send` is null where this process is the only one. */
  constructor (send: Send | null) {
    this.#send = send
  }

  listen (name: string, listener: WorkerListener): void {
    if (this.#listeners.has(name)) throw new UnaskableError(`somebody listens to ${JSON.stringify(name)} already`)
    if (name.length > LONGEST_NAME) throw new UnaskableError(`a name has at most ${LONGEST_NAME} characters`)
    if (this.#listeners.size >= MOST_NAMES) throw new UnaskableError(`there are listeners to ${MOST_NAMES} names already`)
    this.#listeners.set(name, listener)
    this.#send?.({ arrWorkers: 'listen', name })
  }

  tell (name: string, data: unknown, to?: WorkerName): boolean {
    const others = this.#others.get(name)
    // Who comes later is told by whoever hears of that.
    if (this.#send === null || others === undefined || others.size === 0) return true
    if (to !== undefined && !others.has(to.pid)) return true
    const text = JSON.stringify(data) ?? 'null'
    if (text.length > MOST_TOLD) throw new UnaskableError(`${text.length} characters cannot be told at once, the most are ${MOST_TOLD}`)
    if (this.#underWay + text.length > MOST_ON_THE_WAY || !this.#isInTime()) return false
    this.#underWay += text.length
    const isSent = this.#send({ arrWorkers: 'tell', name, data: text, to: to?.pid ?? null }, () => { this.#underWay -= text.length })
    if (!isSent) this.#underWay -= text.length
    return isSent
  }

  /** A listener that throws does so at its own cost: this process goes on. */
  hear (message: Told): void {
    try {
      this.#heard(message)
    } catch (error) {
      process.emitWarning(error as Error)
    }
  }

  #heard (message: Told): void {
    if (message.arrWorkers === 'told') {
      const { name, data, from } = message
      this.#listeners.get(name)?.told(JSON.parse(data), from)
    } else if (message.arrWorkers === 'came') {
      const { name, worker } = message
      const others = this.#others.get(name) ?? new Map<number, WorkerName>()
      this.#others.set(name, others.set(worker.pid, worker))
      this.#listeners.get(name)?.came(worker)
    } else {
      for (const [name, others] of this.#others) if (others.delete(message.worker.pid)) this.#listeners.get(name)?.gone(message.worker)
    }
  }

  #isInTime (): boolean {
    const second = Math.floor(performance.now() / 1000)
    if (second !== this.#second) [this.#second, this.#count] = [second, 0]
    return ++this.#count <= MOST_MESSAGES
  }
}
