// How do all workers become one page? Each answers for itself, and the one that serves the page puts the answers together.
import type { ServerFacts, Told, WorkersFact } from '@fastify-arr/facts'
import type { HistoryPart } from '../gathering/timeline.ts'
import type { HistoryView, Story, StreamViews, WebSocketQuestion, WorkersView } from '../messages/index.ts'
import type { AllWorkers, DoneByAll } from '../views/all-workers.ts'
import type { Followed } from '../views/views.ts'
import { Leases } from './leases.ts'
import { mergeHistory, mergeNow } from './merging/charts.ts'
import { mergeFarms, mergeSites, mergeTraces } from './merging/configuration.ts'
import { mergeExchanges, ofWorker, placeOf } from './merging/exchanges.ts'
import { mergeFindings } from './merging/findings.ts'
import { mergeFrames } from './merging/frames.ts'
import { merging, type Merge } from './merging/merge.ts'
import { mergeWebSockets } from './merging/web-sockets.ts'
import { QUESTION, type LooksAnswer, type Question, type Self, type Wanted } from './messages.ts'
import type { Own } from './parts.ts'
import { askOthers, Rounds } from './rounds.ts'
import { doWanted } from './wanted.ts'

/** How each view is put together. */
const MERGES: Readonly<Record<keyof StreamViews, (question: never, own: Own) => Merge>> = {
  now: (_question, { views }) => merging(latest => mergeNow(latest as never, () => views.now().point)),
  exchanges: mergeExchanges,
  webSockets: (question: WebSocketQuestion) => merging(latest => mergeWebSockets(latest as never, question)),
  frames: mergeFrames,
  farms: () => merging(mergeFarms),
  sites: () => merging(mergeSites),
  traces: () => merging(mergeTraces),
  findings: (_question, { views }) => mergeFindings(views)
}

export class Together implements AllWorkers {
  readonly #fact: WorkersFact
  readonly #beside: Told<ServerFacts>
  readonly #own: Own
  readonly #allowed: boolean
  readonly #leases: Leases
  readonly #rounds: Rounds
  readonly #told: Array<() => void> = []
  #history: Promise<HistoryView> | null = null

  /** Answers the other workers from now on; `failed` is told why a view could not be read. */
  constructor (fact: WorkersFact, beside: Told<ServerFacts>, own: Own, allowed: boolean, failed: (error: unknown) => void) {
    this.#fact = fact
    this.#beside = beside
    this.#own = own
    this.#allowed = allowed
    this.#leases = new Leases(own, failed)
    this.#rounds = new Rounds(fact, this.#leases, () => this.#self(), () => { for (const told of this.#told) told() }, failed)
    fact.answer(QUESTION, question => this.#answer(question as Question))
    own.gathered.keep()
  }

  get workers (): WorkersView {
    return this.#rounds.known.view
  }

  get isLeaving (): boolean {
    return this.#fact.leaving === true
  }

  onRound (told: () => void): void {
    this.#told.push(told)
  }

  async follow (name: keyof StreamViews, question: object): Promise<Followed<unknown> | undefined> {
    const merge = MERGES[name](question as never, this.#own)
    const end = await this.#rounds.follow(name, question, merge)
    if (merge.isThere === false) {
      end()
      return undefined
    }
    return { read: () => merge.read(), end }
  }

  /** Once for all who ask while it is on its way: it is long. */
  async history (): Promise<HistoryView> {
    this.#history ??= this.#all<HistoryPart>({ kind: 'history' }).then(({ values }) => mergeHistory(values)).finally(() => { this.#history = null })
    return await this.#history
  }

  async story (id: string): Promise<Story | undefined> {
    const place = placeOf(id)
    if (place === null) return undefined
    const { values, number } = await this.#all<Story>({ kind: 'story', ...place }, place.pid)
    return values.map(story => ({ ...story, row: ofWorker(story.row, { number: number ?? 0, pid: place.pid }) }))[0]
  }

  async storyPage (id: string): Promise<string | undefined> {
    const place = placeOf(id)
    return place === null ? undefined : (await this.#all<string>({ kind: 'storyPage', ...place }, place.pid)).values[0]
  }

  async tracePage (key: string, pid: number | null): Promise<string | undefined> {
    return (await this.#all<string>({ kind: 'tracePage', pid, key }, pid)).values[0]
  }

  async close (ids: readonly string[], code: number, reason: string): Promise<DoneByAll & { readonly closed: readonly string[] }> {
    const { values, silent } = await this.#all<string[]>({ kind: 'close', ids, code, reason })
    return { closed: [...new Set(values.flat())], silent }
  }

  async closeMatching (filter: string, code: number, reason: string): Promise<DoneByAll & { readonly closed: number }> {
    const { values, silent } = await this.#all<number>({ kind: 'closeMatching', filter, code, reason })
    return { closed: sum(values), silent }
  }

  end (): void {
    this.#rounds.end()
    this.#leases.endAll()
  }

  /** What this one has, and what the others have; of one that is meant, nobody else is waited for where it is this one. */
  async #all<Value> (wanted: Wanted, pid: number | null = null): Promise<DoneByAll & { readonly values: Value[], readonly number: number | null }> {
    const own = doWanted(wanted, this.#own, this.#beside, this.#allowed) as Value | undefined
    const mine = own === undefined ? [] : [own]
    if (pid === process.pid) return { values: mine, number: this.#fact.number, silent: 0 }
    const { answers, complete } = await askOthers<Value>(this.#fact, { ...wanted, asker: process.pid })
    return { values: [...mine, ...answers.map(({ value }) => value)], number: answers[0]?.number ?? null, silent: complete ? 0 : Math.max(1, this.#rounds.known.silent) }
  }

  #answer (question: Question): LooksAnswer | unknown {
    if (question.asker === process.pid) return null
    if (question.kind === 'looks') return { self: this.#self(), parts: this.#leases.answer(question.asker, question.looks) } satisfies LooksAnswer
    return doWanted(question, this.#own, this.#beside, this.#allowed) ?? null
  }

  #self (): Self {
    return { since: Math.round(performance.timeOrigin), open: this.#beside.tunnels?.size ?? 0, leaving: this.isLeaving }
  }
}

function sum (values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
