// How are the tunnels of a server that goes ended? One after the other, the idle ones first, so that their clients do not all come back at once.
import type { GoodbyeSettings } from '../compile/settings.ts'
import type { Clock } from '../farm/clock.ts'
import type { OpenPlace, OpenPlaces } from '../farm/open-place.ts'

/** The shortest time between two goodbyes, ms; where it is too long for their number, several are said together. */
const STEP = 10

export class Goodbye {
  readonly #clock: Clock
  readonly #settings: GoodbyeSettings
  /** Those that are still to be told, the idlest last. */
  readonly #left: OpenPlace[]
  readonly #end: number
  #stop: (() => void) | null = null

  /** Says goodbye to all that are open, within `window`; never later than `deadline`. */
  constructor (open: OpenPlaces, settings: GoodbyeSettings, clock: Clock) {
    this.#clock = clock
    this.#settings = settings
    this.#end = clock.now() + Math.min(settings.window, settings.deadline)
    const idle = Array.from(open, place => ({ place, lastActivity: place.lastActivity }))
    this.#left = idle.sort((a, b) => b.lastActivity - a.lastActivity).map(({ place }) => place)
    this.#next()
  }

  /** A handshake that was under way has become a tunnel. */
  add (place: OpenPlace): void {
    this.#left.unshift(place)
    if (this.#stop === null) this.#next()
  }

  /** No more goodbyes: the server stays, or the proxy is closing and says its own. */
  stop (): void {
    this.#left.length = 0
    this.#stop?.()
    this.#stop = null
  }

  #next (): void {
    while (this.#left.at(-1)?.at === -1) this.#left.pop()
    const count = this.#left.length
    if (count === 0) return
    const time = this.#end - this.#clock.now()
    if (time <= STEP) {
      while (this.#left.length > 0) this.#tell()
      return
    }
    const step = Math.max(STEP, time / count)
    for (let told = Math.max(1, Math.floor(count * step / time)); told > 0; told--) this.#tell()
    this.#stop = this.#clock.after(step, () => {
      this.#stop = null
      this.#next()
    })
  }

  #tell (): void {
    const place = this.#left.pop()
    if (place !== undefined && place.at !== -1) place.leave(this.#settings.code, this.#settings.reason)
  }
}
