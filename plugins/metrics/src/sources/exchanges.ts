// What became of each exchange? Counted once, when its response has closed: finished, refused, aborted and upgraded ones alike.
import type { RequestFacts, Told } from '@fastify-arr/facts'
import type { Socket } from 'node:net'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Counter } from '../counting/counter.ts'
import { Histogram } from '../counting/histogram.ts'
import { BoundedLabel, methodLabel } from '../counting/labels.ts'
import { metricOf, type Metric } from '../counting/metric.ts'
import { ClientBytes, type ClientConnection } from './client-bytes.ts'
import { Kinds, type Kind } from './kinds.ts'
import { retriesOf } from './retries.ts'
import { spreadOf, sumOf } from './sums.ts'

const BEGUN = Symbol('when the exchange began')
const QUEUED = Symbol('responses behind another one')

type Facts = Told<RequestFacts>
type Response = FastifyReply['raw'] & { [BEGUN]?: Begun }
type Pipeline = Socket & { [QUEUED]?: Set<Response> }

interface Begun {
  readonly at: number
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly exchanges: Exchanges
  readonly connection: ClientConnection | null
  isOver: boolean
}

/** The exchanges of one server. */
export class Exchanges {
  readonly #bounds: readonly number[]
  readonly #kinds: Kinds
  readonly #failed = new Counter('arr_upstream_attempts_failed_total', 'Attempts to reach a server that came to nothing.', ['farm', 'server', 'code'])
  readonly #retries = new Counter('arr_upstream_retries_total', 'Further attempts to reach a server, after one that came to nothing.', ['farm', 'server'])
  readonly #connects: Histogram
  readonly #bytes = new ClientBytes()
  readonly #servers = new BoundedLabel()
  #open = 0

  /** Bounds are those of the times' buckets, in seconds. */
  constructor (bounds: readonly number[], connectBounds: readonly number[]) {
    this.#bounds = bounds
    this.#connects = new Histogram('arr_upstream_connect_duration_seconds', 'Time from a request until a new connection to its upstream was open; failed attempts and the wait for a place included.', ['farm', 'server'], connectBounds)
    this.#kinds = new Kinds(bounds.length)
  }

  get metrics (): Metric[] {
    const kinds = this.#kinds
    const sum = (name: string, help: string, labels: ReadonlyArray<keyof Kind>, isMeant: (kind: Kind) => boolean, names: readonly string[] = labels): Metric =>
      metricOf('counter', name, help, () => sumOf(kinds, labels, names, isMeant), () => { kinds.reset() })
    return [
      sum('arr_requests_total', 'Requests that are over, without the WebSockets that opened.', ['site', 'method', 'code'], isRequest),
      metricOf('histogram', 'arr_request_duration_seconds', 'Time from the request to the end of its answer, without WebSockets.', () => spreadOf('arr_request_duration_seconds', kinds, this.#bounds)),
      sum('arr_websocket_handshakes_total', 'Requests for a WebSocket that are over or have opened one, by the status that was answered.', ['site', 'code'], ({ webSocket }) => webSocket !== ''),
      sum('arr_rejected_requests_total', 'Requests that were refused before anything could answer them, by the reason.', ['site', 'reason'], ({ reason }) => reason !== ''),
      sum('arr_rule_matches_total', 'Requests that a rewrite rule has changed, by the last rule that did.', ['rule'], ({ rule }) => rule !== ''),
      sum('arr_upstream_answers_total', 'Answers of upstreams, by their status.', ['farm', 'server', 'answered'], ({ answered }) => answered !== '', ['farm', 'server', 'code']),
      sum('arr_upstream_errors_total', 'Exchanges that failed at the upstream, the proxy or the client, by the code of the error.', ['farm', 'server', 'error', 'side'], ({ error }) => error !== '', ['farm', 'server', 'code', 'side']),
      sum('arr_upstream_connections_total', 'Exchanges by their connection to the upstream: opened for it, or kept alive.', ['farm', 'server', 'kept'], ({ kept }) => kept !== ''),
      this.#failed.metric, this.#retries.metric, this.#connects.metric,
      this.#bytes.metric,
      metricOf('gauge', 'arr_requests_in_flight', 'Exchanges that are not over, open WebSockets included.', () => [{ value: this.#open, labels: {} }])
    ]
  }

  /** To be called in a request's first hook. A rewritten request passes it twice. */
  begin (request: FastifyRequest, reply: FastifyReply): void {
    const response = reply.raw as Response
    if (response[BEGUN] !== undefined) return
    response[BEGUN] = { at: performance.now(), request, reply, exchanges: this, connection: this.#bytes.of(request), isOver: false }
    this.#open++
    response.on('close', onClose)
    if (response.socket === null && !('stream' in response)) queue(response, request.raw.socket)
  }

  /** True for a request that has begun here, and not at another server of this process. */
  has (reply: FastifyReply['raw'] | undefined): boolean {
    return (reply as Response | undefined)?.[BEGUN]?.exchanges === this
  }

  /** An exchange that began in another process goes on here. */
  came (): void {
    this.#open++
  }

  /** One of those has ended, or gone to yet another process. */
  left (): void {
    this.#open--
  }

  /** The label of a server that an exchange was routed to. */
  serverLabel (upstream: Told<NonNullable<Facts['upstream']>>): string {
    return this.#servers.of(upstream.routed ?? upstream.server ?? '')
  }

  /** @internal */
  end ({ at, request, reply, connection }: Begun, response: Response): void {
    this.#open--
    const { site, rejection, rewrite, upstream } = request as Facts
    const error = upstream?.error
    const isTunnel = upstream?.tunnel !== null && upstream?.tunnel !== undefined
    const connectTime = upstream?.connectTime
    const kind = this.#kinds.of({
      code: codeOf(response, isTunnel, error?.statusCode),
      site: site?.name ?? '',
      method: methodLabel(request.method),
      rule: rewrite?.rule ?? '',
      reason: rejection?.reason ?? '',
      farm: upstream?.farm ?? '',
      server: upstream === null || upstream === undefined ? '' : this.serverLabel(upstream),
      answered: upstream?.status === null || upstream?.status === undefined ? '' : statusText(upstream.status),
      error: error?.code ?? '',
      side: error?.side ?? '',
      kept: connectTime === null || connectTime === undefined ? '' : connectTime === 0 ? 'yes' : 'no',
      webSocket: isTunnel ? 'open' : !asksForWebSocket(request) ? '' : isTakenOver(reply, request) ? 'own' : 'asked'
    })
    kind.count++
    if (isRequest(kind)) {
      const seconds = (performance.now() - at) / 1000
      kind.sum += seconds
      let bucket = 0
      while (bucket < this.#bounds.length && seconds > (this.#bounds[bucket] as number)) bucket++
      kind.times[bucket]!++
    }
    if (connection !== null) this.#bytes.ended(connection, kind.site)
    if (typeof connectTime === 'number' && connectTime > 0) this.#connects.observe([kind.farm, kind.server], connectTime / 1000)
    const attempts = upstream?.attempts
    if (attempts === undefined || attempts.length === 0) return
    for (const attempt of attempts) this.#failed.add([kind.farm, this.#servers.of(attempt?.server ?? ''), attempt?.code ?? ''])
    const retries = retriesOf(upstream as NonNullable<Facts['upstream']>)
    if (retries > 0) this.#retries.add([kind.farm, kind.server], retries)
  }
}

const isWebSocket = ({ webSocket }: Kind): boolean => webSocket === 'open' || webSocket === 'own'
const isRequest = (kind: Kind): boolean => !isWebSocket(kind)

// One function for all exchanges.
function onClose (this: Response): void {
  const begun = this[BEGUN]
  if (begun === undefined || begun.isOver) return
  begun.isOver = true
  ;(begun.request.raw.socket as Pipeline | undefined)?.[QUEUED]?.delete(this)
  begun.exchanges.end(begun, this)
}

/** One that waits behind another one of its pipeline: where the connection is lost, Node emits `close` only on the one that is being sent. */
function queue (response: Response, socket: Pipeline): void {
  let queued = socket[QUEUED]
  if (queued === undefined) {
    const all = queued = socket[QUEUED] = new Set()
    socket.on('close', () => { for (const left of all) onClose.call(left) })
  }
  queued.add(response)
}

/** What the client got, or would have got. `none` where nothing was sent. */
function codeOf (response: Response, isTunnel: boolean, failed: number | undefined): string {
  if (isTunnel) return '101'
  if (response.headersSent) return statusText(response.statusCode)
  return failed === undefined ? 'none' : statusText(failed)
}

function asksForWebSocket ({ raw: { headers } }: FastifyRequest): boolean {
  return headers[':protocol'] === 'websocket' || (headers.upgrade !== undefined && /(?:^|,)\s*websocket\s*(?:,|$)/i.test(headers.upgrade))
}

/** A handler has taken the socket over, as @fastify/websocket does: what it wrote is not known. */
function isTakenOver ({ sent, raw }: FastifyReply, { upstream }: FastifyRequest & Facts): boolean {
  return sent && !raw.headersSent && (upstream === null || upstream === undefined)
}

const texts: string[] = []

/** A status as text: one text for each, so that comparing is comparing references. */
function statusText (status: number): string {
  let text = texts[status]
  if (text === undefined) texts[status] = text = String(status)
  return text
}
