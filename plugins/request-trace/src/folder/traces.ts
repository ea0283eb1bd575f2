// Which traces are at hand? `fastify.traces`: the last ones, as plain data.
import type { TracedExchange, TraceFollower } from '@fastify-arr/facts'
import { toHtml } from '../files/to-html.ts'
import type { Followers } from '../following/followers.ts'
import type { Trace } from '../trace/trace.ts'
import { folderOf } from './numbers.ts'

/** `fastify.traces`: the last traces, the newest first. */
export interface Traces extends Iterable<Trace> {
  /** The page of a trace, as its `.html` file has it. */
  html (trace: TracedExchange): string
  /**
   * Records exchanges for somebody who looks, until the function that is returned is called: at most 50 a second, among the first 1,000 of each second.
   * They are not written, and are in no list.
   */
  follow (follower: TraceFollower): () => void
  /** How many are at hand, at most `keep`. */
  readonly size: number
  /** Since the start: traces whose files are there; with `directory: null`, traces that were made. */
  readonly written: number
  /** Since the start: recordings that were given up for want of memory, and traces that were not written: too many at once, or the disk. */
  readonly lost: number
  /** By its number, `fr000001`, or by its number and its site, `W3SVC1/fr000001`; of several sites' with this number, the newest. Undefined for one that is not at hand. */
  get (id: string): Trace | undefined
}

/** The traces of one server. */
export class KeptTraces implements Traces {
  readonly #keep: number
  readonly #traces: Trace[] = []
  readonly #followers: Followers
  readonly #lostRecordings: () => number
  written = 0
  /** Traces that were not written. */
  unwritten = 0

  /** Keeps so many. `lostRecordings` counts those that were given up. */
  constructor (keep: number, lostRecordings: () => number, followers: Followers) {
    this.#keep = keep
    this.#followers = followers
    this.#lostRecordings = lostRecordings
  }

  get size (): number {
    return this.#traces.length
  }

  get lost (): number {
    return this.unwritten + this.#lostRecordings()
  }

  html (trace: TracedExchange): string {
    return toHtml(trace as Trace)
  }

  follow (follower: TraceFollower): () => void {
    return this.#followers.add(follower)
  }

  add (trace: Trace): void {
    this.#traces.push(trace)
    if (this.#traces.length > this.#keep) this.#traces.shift()
  }

  get (id: string): Trace | undefined {
    return this.#traces.findLast(trace => trace.id === id || `${folderOf(trace.siteId)}/${trace.id}` === id)
  }

  * [Symbol.iterator] (): IterableIterator<Trace> {
    yield * this.#traces.toReversed()
  }
}
