// Who listens to the answers of one question? It is asked once for all of them, and its answer is written once.
import type { Followed } from '../views/views.ts'
import { message, type Stream } from './stream.ts'

/** Those who have asked the same. */
export class Audience {
  readonly #name: string
  readonly #followed: Followed<unknown>
  readonly #failed: (error: unknown) => void
  readonly #streams: Stream[] = []
  #last = ''

  /** `failed` is told why an answer could not be had. */
  constructor (name: string, followed: Followed<unknown>, failed: (error: unknown) => void) {
    this.#name = name
    this.#followed = followed
    this.#failed = failed
  }

  get size (): number {
    return this.#streams.length
  }

  /** `before` is what was there before the stream: null where it gets what the others have had last. */
  join (stream: Stream, before: Followed<unknown> | null): void {
    // Those who were there are told what is new, so that nothing is told twice or not at all.
    if (this.#streams.length > 0 && before !== null) this.tell()
    const first = before === null ? this.#last : this.#read(before)
    if (first !== '') stream.send(first)
    this.#streams.push(stream)
    if (first === '') this.tell()
  }

  leave (stream: Stream): void {
    const at = this.#streams.indexOf(stream)
    if (at !== -1) this.#streams.splice(at, 1)
  }

  /** Tells all of them. An answer that is the last one again goes to those only that could not be sent that one. */
  tell (): void {
    const text = this.#read(this.#followed)
    if (text === '') return
    const isNew = text !== this.#last
    this.#last = text
    for (const stream of this.#streams) if (isNew || stream.missed) stream.send(text)
  }

  end (): void {
    this.#followed.end()
  }

  #read (followed: Followed<unknown>): string {
    try {
      return message(this.#name, followed.read())
    } catch (error) {
      this.#failed(error)
      return ''
    }
  }
}
