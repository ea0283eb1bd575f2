// Who listens to what? All streams of all places at which the page is, with one timer for each view.
import { NotFoundError, TooManyStreamsError } from '../errors.ts'
import type { Views } from '../views/views.ts'
import { Audience } from './audience.ts'
import { readerOf } from './readers.ts'
import { message, Stream, type StreamResponse } from './stream.ts'

const MOST_STREAMS = 50
/** ms between two signs of life. */
const BEAT = 15_000

/** A view that somebody looks at: its questions, by their texts. */
interface Looked {
  readonly audiences: Map<string, Audience>
  readonly timer: NodeJS.Timeout
}

/** The streams of a server's monitor. */
export class Streams {
  readonly #views: Views
  readonly #failed: (error: unknown) => void
  readonly #open: Stream[] = []
  readonly #looked = new Map<string, Looked>()
  #heart: NodeJS.Timeout | null = null
  #beat = BEAT

  /** `failed` is told why a view could not be read. */
  constructor (views: Views, failed: (error: unknown) => void) {
    this.#views = views
    this.#failed = failed
  }

  get size (): number {
    return this.#open.length
  }

  /** Where a server cuts connections on which nothing passes for so many ms, signs of life come sooner. 0 is no limit. */
  outlive (timeout: number): void {
    if (timeout > 0) this.#beat = Math.max(250, Math.min(this.#beat, timeout / 2))
  }

  /**
   * Begins a stream. `begin` sends the head of the response, and is called where nothing is wrong with the question.
   *
   * @throws InvalidQuestionError, NotFoundError where there is no such thing, TooManyStreamsError
   */
  open (query: URLSearchParams, begin: () => StreamResponse): void {
    const { name, reader } = readerOf(query)
    const question = reader.ask(query)
    if (this.#open.length >= MOST_STREAMS) throw new TooManyStreamsError()
    const key = JSON.stringify(question)
    const known = this.#looked.get(name)?.audiences.get(key)
    const followed = known !== undefined && reader.tells === 'state' ? null : reader.follow(this.#views, question as never)
    if (followed === undefined) throw new NotFoundError('There is no such WebSocket, or it is over.')
    const response = begin()
    const audience = known ?? this.#gather(name, reader.every, key, new Audience(name, followed as NonNullable<typeof followed>, this.#failed))
    const stream = new Stream(response, () => { this.#over(stream, name, key, audience) })
    this.#open.push(stream)
    this.#heart ??= setInterval(() => { for (const one of [...this.#open]) one.beat() }, this.#beat).unref()
    stream.send(message('hello', this.#views.hello()))
    audience.join(stream, known === undefined ? null : followed)
    if (known !== undefined) followed?.end()
  }

  /** Ends all of them, with a word that says so. */
  end (): void {
    for (const stream of [...this.#open]) stream.end('event: bye\ndata: {}\n\n')
  }

  #gather (name: string, every: number, key: string, audience: Audience): Audience {
    let looked = this.#looked.get(name)
    if (looked === undefined) {
      const audiences = new Map<string, Audience>()
      const timer = setInterval(() => { for (const one of audiences.values()) one.tell() }, every).unref()
      this.#looked.set(name, looked = { audiences, timer })
    }
    looked.audiences.set(key, audience)
    return audience
  }

  #over (stream: Stream, name: string, key: string, audience: Audience): void {
    const at = this.#open.indexOf(stream)
    if (at !== -1) this.#open.splice(at, 1)
    if (this.#open.length === 0 && this.#heart !== null) {
      clearInterval(this.#heart)
      this.#heart = null
    }
    audience.leave(stream)
    if (audience.size > 0) return
    audience.end()
    const looked = this.#looked.get(name)
    looked?.audiences.delete(key)
    if (looked?.audiences.size === 0) {
      clearInterval(looked.timer)
      this.#looked.delete(name)
    }
  }
}
