// May a handshake go on now, later, or not at all? Places are counted here, and given to those that wait in the order in which they came.
import type { WorkersFact } from '@fastify-arr/facts'
import { Elsewhere } from './elsewhere.ts'
import { KeyCounts } from './key-counts.ts'
import { Line } from './line.ts'
import type { AdmissionSettings } from './options.ts'
import { type Refused, type Visitor, Waiting } from './waiting.ts'

/** The places of one proxy: each is a handshake under way or an open tunnel. */
export class Admission {
  readonly #settings: AdmissionSettings
  readonly #maxTunnels: number
  readonly #keys: KeyCounts
  readonly #line: Line<Waiting>
  #handshakes = 0
  #tunnels = 0
  #closed = false
  #giving = false
  /** What other processes of the server have; null where there are none, or nothing is limited. */
  #elsewhere: Elsewhere | null = null

  /** `maxTunnels` is the most places; 0 for no limit. */
  constructor (settings: AdmissionSettings, maxTunnels: number) {
    this.#settings = settings
    this.#maxTunnels = maxTunnels
    this.#keys = new KeyCounts(settings.per)
    this.#line = new Line(settings.wait)
  }

  /** From now on `maxTunnels` and the limit of a key hold over all processes of the server. `name` is that of the proxy in all of them. */
  together (workers: WorkersFact, name: string): Elsewhere | null {
    const { listen, tell, supervised } = workers
    const { per } = this.#settings
    if (!supervised || listen === undefined || tell === undefined || (per === null && this.#maxTunnels === 0)) return null
    const admission = this
    const own = {
      get places () { return admission.#handshakes + admission.#tunnels },
      get keys () { return admission.#keys.keys },
      of: (key: string) => this.#keys.of(key)
    }
    const talking = { listen: listen.bind(workers), tell: tell.bind(workers) }
    this.#elsewhere = new Elsewhere(talking, name, own, { maxTunnels: this.#maxTunnels, mostOfKey: per?.most ?? 0 }, () => { this.#give() })
    return this.#elsewhere
  }

  /** Lets a handshake go on, now or later, or refuses it. Throws BadLimit where its key is not known. */
  admit (visitor: Visitor): void {
    if (this.#closed) {
      visitor.refused('Draining')
      return
    }
    const key = this.#keys.keyOf(visitor.request)
    if (!this.#keys.take(key, this.#elsewhere)) {
      visitor.refused('TooManyOfKey')
    } else if (this.#line.size === 0 && this.#hasPlace) {
      this.#enter(key)
      visitor.enter(key)
    } else if (this.#settings.wait === 0 || this.#line.size >= this.#settings.waiting) {
      this.#keys.release(key)
      visitor.refused('TooMany')
    } else {
      if (key !== null) this.#elsewhere?.changed(key)
      const waiting = new Waiting(visitor, key, this.#leave)
      this.#line.add(waiting)
      waiting.begin()
    }
  }

  /** A handshake has become a tunnel. */
  opened (): void {
    this.#handshakes--
    this.#tunnels++
    this.#give()
  }

  /** A tunnel has come from another process, where it was let in. */
  adopted (key: string | null): void {
    this.#tunnels++
    this.#keys.add(key)
    this.#elsewhere?.changed(key)
  }

  get isClosed (): boolean {
    return this.#closed
  }

  /** A handshake has come to nothing. */
  failed (key: string | null): void {
    this.#handshakes--
    this.#keys.release(key)
    this.#elsewhere?.changed(key)
    this.#give()
  }

  /** A tunnel has ended. */
  ended (key: string | null): void {
    this.#tunnels--
    this.#keys.release(key)
    this.#elsewhere?.changed(key)
    this.#give()
  }

  /** Refuses those that wait, and all that come later: the server is closing. */
  close (): void {
    this.#closed = true
    for (let next = this.#line.next(); next !== null; next = this.#line.next()) this.#refuse(next, 'Draining')
  }

  get #hasPlace (): boolean {
    const { handshakes } = this.#settings
    return (handshakes === 0 || this.#handshakes < handshakes) && (this.#maxTunnels === 0 || (this.#elsewhere === null ? this.#handshakes + this.#tunnels < this.#maxTunnels : this.#elsewhere.hasPlace))
  }

  #enter (key: string | null): void {
    this.#handshakes++
    if (this.#elsewhere === null) return
    this.#elsewhere.entered()
    this.#elsewhere.changed(key)
  }

  /** Gives places to those that wait. One of them may fail at once, which calls this again: then the loop goes on. */
  #give (): void {
    if (this.#giving) return
    this.#giving = true
    while (this.#hasPlace) {
      const next = this.#line.next()
      if (next === null) break
      if (next.isAnswered) {
        this.#refuse(next, null)
      } else {
        this.#enter(next.key)
        next.enter()
      }
    }
    this.#giving = false
  }

  readonly #leave = (waiting: Waiting, reason: Refused): void => {
    this.#line.remove(waiting)
    this.#refuse(waiting, reason)
  }

  #refuse (waiting: Waiting, reason: Refused): void {
    this.#keys.release(waiting.key)
    if (waiting.key !== null) this.#elsewhere?.changed(waiting.key)
    waiting.refuse(waiting.isAnswered ? null : reason)
  }
}
