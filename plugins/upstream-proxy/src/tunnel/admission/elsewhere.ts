// How do the limits of one proxy hold over all processes of the server together? Each tells the others what it has, and counts what they have told.
import type { WorkerListener, WorkerName, WorkersFact } from '@fastify-arr/facts'
import { Watch } from '../../sockets/watch.ts'
import { Others } from './others.ts'
import { type Own, Telling } from './telling.ts'

/** The limit of a key is near where so much of it is in use. */
const NEAR = 0.5
/** ms. What a process has let in is known to the others by then. */
const UNKNOWN = 50

type Talking = Required<Pick<WorkersFact, 'listen' | 'tell'>>

export class Elsewhere implements WorkerListener {
  readonly #others = new Others()
  readonly #telling: Telling
  readonly #maxTunnels: number
  readonly #mostOfKey: number
  readonly #own: Own
  readonly #freed: () => void
  readonly #watch = new Watch(() => { this.#freed() })
  /** What was let in here and is not yet told, told in this period, and in the one before. */
  #untold = 0
  #now = 0
  #before = 0
  #since = 0

  /**
   * @param limits 0 where there is none.
   * @param freed is called when there may be a place, because of what others have told.
   */
  constructor (workers: Talking, name: string, own: Own, limits: { readonly maxTunnels: number, readonly mostOfKey: number }, freed: () => void) {
    this.#own = own
    this.#maxTunnels = limits.maxTunnels
    this.#mostOfKey = limits.mostOfKey
    this.#freed = freed
    this.#telling = new Telling(own, (counts, to) => {
      const isSent = workers.tell(name, counts, to)
      if (isSent && to === undefined) this.#sent()
      return isSent
    })
    workers.listen(name, this)
  }

  /** How many places others have. */
  get places (): number {
    return this.#others.places
  }

  /** How many tunnels of a key others have. */
  of (key: string): number {
    return this.#others.of(key)
  }

  /** Whether one more may come in, over all processes: no more than this one's share of what is free, until the others know of them. */
  get hasPlace (): boolean {
    const { size, places } = this.#others
    const free = this.#maxTunnels - this.#own.places - places
    if (free <= 0) return false
    if (size === 0) return true
    this.#turn()
    const recent = this.#untold + this.#now + this.#before
    if (recent < Math.max(1, Math.floor((free + recent) / (size + 1)))) return true
    this.#watch.set(UNKNOWN)
    return false
  }

  /** One has come in. */
  entered (): void {
    this.#untold++
  }

  /** What is open here is other than before, and how many the key has. */
  changed (key: string | null): void {
    if (this.#others.size === 0) {
      this.#untold = 0
      return
    }
    this.#telling.changed(key, key !== null && this.#own.of(key) + this.#others.of(key) >= this.#mostOfKey * NEAR)
  }

  told (data: unknown, { pid }: WorkerName): void {
    const before = this.#others.places
    this.#others.take(pid, data)
    if (this.#others.places < before) this.#freed()
  }

  came (who: WorkerName): void {
    this.#others.know(who.pid)
    this.#telling.owe(who)
  }

  gone ({ pid }: WorkerName): void {
    this.#others.forget(pid)
    this.#telling.forget(pid)
    this.#freed()
  }

  stop (): void {
    this.#telling.stop()
    this.#watch.stop()
  }

  /** From now on it takes a while until they know: a process that has too much to do may tell late. */
  #sent (): void {
    this.#turn()
    this.#now += this.#untold
    this.#untold = 0
  }

  #turn (): void {
    const now = performance.now()
    if (now - this.#since < UNKNOWN) return
    this.#before = now - this.#since < 2 * UNKNOWN ? this.#now : 0
    this.#now = 0
    this.#since = now
  }
}
