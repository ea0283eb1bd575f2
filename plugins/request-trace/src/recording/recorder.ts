// Which exchanges are recorded, from where to where? The first hook begins a recording, its response's close or its tunnel's end ends it.
import type { TunnelOpened } from '@fastify-arr/facts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Followers } from '../following/followers.ts'
import type { Redactor } from '../redaction/redactor.ts'
import { takeHeader } from '../rules/on-demand.ts'
import { ALL_LEVELS, type CompiledRule, widestLevels } from '../rules/rule.ts'
import { comparedPath } from '../rules/wildcard.ts'
import { Budget } from './budget.ts'
import { connectionOf, takeBytes, type ClientConnection } from './client-connection.ts'
import { answeredHead } from './answered-head.ts'
import { noteFacts, noteHead, noteOpen } from './messages.ts'
import { Recording, type TracedRequest } from './recording.ts'
import { noteRequest } from './request-head.ts'
import { PayloadRecorder, TunnelRecorder } from './tunnel-recorder.ts'

/** What becomes of a recording. */
export interface Judge {
  /** Asked when a WebSocket has opened, and when the exchange has ended: sets `fact` where the trace is to be written. */
  judge (recording: Recording): void
  /** A WebSocket has opened. */
  opened (recording: Recording): void
  /** The exchange is over, its tunnel too: its trace is written, where it has a fact. */
  finish (recording: Recording): void
  /** Something of ours has failed. */
  broke (error: unknown): void
}

// A property of Node's request: every garbage collection would have to go through a WeakMap.
const RECORDING = Symbol('the recording of traces')

type Marked = object & { [RECORDING]?: Recording }

/** The recordings of one server. */
export class Recorder {
  readonly budget: Budget
  readonly #rules: readonly CompiledRule[]
  readonly #redactor: Redactor
  readonly #judge: Judge
  readonly #followers: Followers
  readonly #ownHeaders: readonly string[]
  /** One function for all exchanges. */
  readonly #onClose: (this: Marked) => void

  constructor (rules: readonly CompiledRule[], redactor: Redactor, budget: Budget, judge: Judge, followers: Followers) {
    this.#rules = rules
    this.#redactor = redactor
    this.budget = budget
    this.#judge = judge
    this.#followers = followers
    this.#ownHeaders = [...new Set(rules.map(({ onDemand }) => onDemand?.header ?? null).filter(name => name !== null))]
    const recorder = this
    this.#onClose = function () { recorder.#closed(this[RECORDING] as Recording) }
  }

  /** To be called in a request's first hook. */
  begin (request: TracedRequest, reply: FastifyReply): void {
    if (this.#rules.length === 0 && !this.#followers.some) return
    const raw: TracedRequest['raw'] & Marked = request.raw
    const before = raw[RECORDING]
    if (before !== undefined) {
      // A rewritten request may pass the router, and so its hooks, twice. It stays one exchange.
      before.request = request
      before.reply = reply
      if (before.fact !== null) request.trace = before.fact
      return
    }
    const headers = this.#ownHeaders.map(name => takeHeader(raw, name))
    const connection = connectionOf(raw)
    const candidates = this.#candidates(request)
    const followed = this.#followers.wanting(request as unknown as FastifyRequest)
    if (candidates.length === 0 && followed === null) {
      connection.exact = false
      return
    }
    const recording = new Recording(request, reply, connection, candidates, followed === null ? widestLevels(candidates) : ALL_LEVELS, this.budget, this)
    recording.followed = followed
    // Those before it were not counted.
    if (this.#rules.length === 0) connection.exact = false
    recording.askedFor = this.#asked(candidates, raw.url ?? '/', headers)
    raw[RECORDING] = recording
    ;(reply.raw as Marked)[RECORDING] = recording
    this.#settle(recording, false)
    noteRequest(recording, this.#redactor)
    noteFacts(recording, this.#redactor)
    this.#followToEnd(reply.raw as Response, connection)
  }

  /** The recording of a request, its facts noted; null for one that is not recorded. */
  of (request: { readonly raw: object }): Recording | null {
    const recording = (request.raw as Marked)[RECORDING]
    // The channels tell of the exchanges of all servers of the process.
    if (recording === undefined || recording.dropped || recording.owner !== this) return null
    this.#settle(recording, false)
    noteFacts(recording, this.#redactor)
    return recording.dropped ? null : recording
  }

  opened (recording: Recording, { tunnel, watch }: TunnelOpened): void {
    if (!recording.knowsHead) noteHead(recording, { status: 101, headers: (recording.request.upstream?.answerHeaders ?? []) as readonly string[] }, this.#redactor)
    this.#settle(recording, true)
    if (recording.dropped) return
    noteOpen(recording, tunnel, this.#redactor)
    const { rule } = recording
    if (recording.keeps('WEBSOCKET_OPEN')) watch(rule !== null && rule.payload > 0 ? new PayloadRecorder(recording, rule.payload) : new TunnelRecorder(recording))
    this.#judge.judge(recording)
    this.#judge.opened(recording)
  }

  tunnelEnded (recording: Recording): void {
    recording.tunnelEnded = true
    this.#judge.judge(recording)
    if (recording.closed) this.#end(recording)
  }

  #candidates (request: TracedRequest): readonly CompiledRule[] {
    const path = comparedPath(request.raw.url ?? '/')
    const found: CompiledRule[] = []
    for (const rule of this.#rules) {
      if (!rule.fits(path, request)) continue
      found.push(rule)
      if (rule.site === null) break
    }
    return found
  }

  #asked (candidates: readonly CompiledRule[], url: string, headers: ReadonlyArray<string | null>): readonly CompiledRule[] | null {
    const asked = candidates.filter(({ onDemand }) => onDemand !== null && onDemand.asks(url, onDemand.header === null ? null : headers[this.#ownHeaders.indexOf(onDemand.header)] ?? null))
    return asked.length === 0 ? null : asked
  }

  /** The first rule whose site is this one. host-routing may run after the first hook: then it waits for the site. */
  #settle (recording: Recording, atEnd: boolean): void {
    if (recording.rule !== null) return
    const { request: { site, rejection }, candidates } = recording
    const [first] = candidates
    const isKnown = atEnd || (site !== null && site !== undefined) || (rejection !== null && rejection !== undefined) || first?.site === null
    if (!isKnown) return
    const rule = candidates.find(rule => rule.site === null || rule.site === site?.name)
    if (rule === undefined) {
      if (recording.followed === null) recording.drop()
      recording.candidates = []
      return
    }
    recording.rule = rule
    if (recording.followed === null) recording.levels = rule.levels
  }

  #followToEnd (response: Response, connection: ClientConnection): void {
    // Before a log's listener, in whatever order the two are registered: the log names the trace.
    response.prependListener('close', this.#onClose)
    if (response.socket !== null || connection.injected || (response as { stream?: unknown }).stream !== undefined) return
    // One that waits behind another one of its pipeline: Node emits `close` only on the response that is being sent.
    if (connection.queued === null) {
      const queued = connection.queued = new Set<object>()
      connection.socket.on('close', () => { for (const left of queued) this.#onClose.call(left) })
    }
    connection.queued.add(response)
  }

  #closed (recording: Recording): void {
    if (recording.closed || recording.dropped) return
    recording.closed = true
    recording.connection.queued?.delete(recording.reply.raw)
    try {
      this.#settle(recording, true)
      if (recording.dropped) return
      noteFacts(recording, this.#redactor)
      const { received, sent } = takeBytes(recording.connection, recording.request.raw.httpVersionMajor === 2)
      recording.received = received
      recording.sent = sent
      this.#judge.judge(recording)
      const { upstream } = recording.request
      // The other socket may still be open: the trace has its end as well.
      const isOpen = upstream?.tunnel !== null && upstream?.tunnel !== undefined && !recording.tunnelEnded
      if (!isOpen) this.#end(recording)
    } catch (error) {
      recording.drop()
      this.#judge.broke(error)
    }
  }

  #end (recording: Recording): void {
    if ((recording.fact !== null || recording.followed !== null) && !recording.knowsHead) {
      const head = answeredHead(recording)
      if (head !== null) noteHead(recording, head, this.#redactor)
    }
    this.#judge.finish(recording)
    // What it says on the request stays: a log may ask later.
    recording.fact = null
    recording.drop()
  }
}

type Response = FastifyReply['raw']
