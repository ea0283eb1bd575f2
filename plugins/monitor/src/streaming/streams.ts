// Who listens to what? All streams of all places at which the page is, with one timer for each view.
import { NotFoundError, TooManyStreamsError } from '../errors.ts'
import type { AllWorkers } from '../views/all-workers.ts'
import type { Followed, Views } from '../views/views.ts'
import { Audience } from './audience.ts'
import { readerOf, type Reader } from './readers.ts'
import { message, Stream, type StreamResponse } from './stream.ts'

const MOST_STREAMS = 50
/** ms between two signs of life. */
const BEAT = 15_000

const BYE = 'event: bye\ndata: {}\n\n'

/** A question of a stream. */
interface Asked {
  readonly name: string
  readonly reader: Reader
  /** Equal for equal questions. */
  readonly key: string
}

/** A view that somebody looks at: its questions, by their texts. */
interface Looked {
  readonly audiences: Map<string, Audience>
  readonly timer: NodeJS.Timeout
}

/** The streams of a server's monitor. */
export class Streams {
  readonly #views: Views
  readonly #failed: (error: unknown) => void
  readonly #together: () => AllWorkers | null
  readonly #open: Stream[] = []
  readonly #looked = new Map<string, Looked>()
  /** Streams whose first answers are awaited. */
  #coming = 0
  #heart: NodeJS.Timeout | null = null
  #beat = BEAT
  #isEnded = false

  /** `failed` is told why a view could not be read; `together` are the workers, where there are several. */
  constructor (views: Views, failed: (error: unknown) => void, together: () => AllWorkers | null = () => null) {
    this.#views = views
    this.#failed = failed
    this.#together = together
  }

  get size (): number {
    return this.#open.length
  }

  /** Where a server cuts connections on which nothing passes for so many ms, signs of life come sooner. 0 is no limit. */
  outlive (timeout: number): void {
    if (timeout > 0) this.#beat = Math.max(250, Math.min(this.#beat, timeout / 2))
  }

  /**
   * Begins a stream; with several workers, when they have answered. `begin` sends the head of the response, and is called where nothing is
   * wrong with the question; null where nobody listens any more.
   *
   * @throws InvalidQuestionError, NotFoundError where there is no such thing, TooManyStreamsError; where a promise is returned, that rejects
   */
  open (query: URLSearchParams, begin: () => StreamResponse | null): void | Promise<void> {
    const { name, reader } = readerOf(query)
    const question = reader.ask(query)
    if (this.#open.length + this.#coming >= MOST_STREAMS) throw new TooManyStreamsError()
    const asked = { name, reader, key: JSON.stringify(question) }
    const together = this.#together()
    if (this.#known(asked) !== undefined && reader.tells === 'state') this.#begin(asked, null, begin)
    else if (together === null) this.#begin(asked, reader.follow(this.#views, question as never), begin)
    else return this.#beginLater(asked, together.follow(name, question), begin)
  }

  /** Tells all of them a message besides their views. */
  tell (text: string): void {
    for (const stream of this.#open) stream.tell(text)
  }

  /** Ends those whose browsers come back on another connection, which another worker takes. */
  leave (): void {
    for (const stream of [...this.#open]) if (!stream.isShared) stream.end(BYE)
  }

  /** Ends all of them, with a word that says so. */
  end (): void {
    this.#isEnded = true
    for (const stream of [...this.#open]) stream.end(BYE)
  }

  #known ({ name, key }: Asked): Audience | undefined {
    return this.#looked.get(name)?.audiences.get(key)
  }

  async #beginLater (asked: Asked, following: Promise<Followed<unknown> | undefined>, begin: () => StreamResponse | null): Promise<void> {
    this.#coming++
    let followed
    try {
      followed = await following
    } finally {
      this.#coming--
    }
    this.#begin(asked, followed, begin)
  }

  /** `followed` is null where the audience that there is has all that is to be told. */
  #begin (asked: Asked, followed: Followed<unknown> | null | undefined, begin: () => StreamResponse | null): void {
    if (followed === undefined) throw new NotFoundError('There is no such WebSocket, or it is over.')
    const response = begin()
    if (response === null) {
      followed?.end()
      return
    }
    const { name, reader, key } = asked
    const known = this.#known(asked)
    const audience = known ?? this.#gather(name, reader.every, key, new Audience(name, followed as Followed<unknown>, this.#failed))
    const stream = new Stream(response, () => { this.#over(stream, name, key, audience) })
    this.#open.push(stream)
    this.#heart ??= setInterval(() => { for (const one of [...this.#open]) one.beat() }, this.#beat).unref()
    stream.send(message('hello', this.#views.hello()))
    const together = this.#together()
    if (together !== null) stream.tell(message('workers', together.workers))
    audience.join(stream, known === undefined || reader.tells === 'state' ? null : followed)
    if (known !== undefined) followed?.end()
    // The server began to close while the workers were asked: it would wait for this one.
    if (this.#isEnded) stream.end(BYE)
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
