// How long until a worker that has died is started anew? Twice as long each time, up to a limit; one that lives long begins anew.
import { clock } from '../exchange/messages.ts'

/** In ms. */
export interface BackOffOptions {
  /** Until the first new start. Defaults to 500. */
  readonly first?: number
  /** The limit. Defaults to 30000. */
  readonly most?: number
  /** A worker that has lived this long was well: the next one waits `first` again. Defaults to 60000. */
  readonly reset?: number
}

export type BackOffSettings = Readonly<Required<BackOffOptions>>

export class BackOff {
  readonly #settings: BackOffSettings
  #next: number
  #started = 0

  constructor (settings: BackOffSettings) {
    this.#settings = settings
    this.#next = settings.first
  }

  started (): void {
    this.#started = clock()
  }

  /** ms to wait, now that it has died. */
  died (): number {
    const { first, most, reset } = this.#settings
    if (clock() - this.#started >= reset) this.#next = first
    const wait = this.#next
    this.#next = Math.min(most, wait * 2)
    return wait
  }
}
