// What became of each exchange? Counted once, when its response has closed: finished, refused, aborted and upgraded ones alike.
import type { Socket } from 'node:net'
import type { TunnelOpened } from '@fastify-arr/facts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Client, ClientBytes } from './client-bytes.ts'
import { answeredStatus, webSocketKind, type Facts, type WebSocketKind } from './ending.ts'
import type { RecentCounts } from './recent-counts.ts'
import type { Timeline } from './timeline.ts'

const BEGUN = Symbol('when the exchange began for the monitor')
const QUEUED = Symbol('responses behind another one, for the monitor')

type Response = FastifyReply['raw'] & { [BEGUN]?: Begun }
type Pipeline = Socket & { [QUEUED]?: Set<Response> }

/** An exchange that goes on. */
interface Begun {
  readonly at: number
  request: FastifyRequest
  reply: FastifyReply
  readonly client: Client
  readonly exchanges: Exchanges
  /** For the monitor's page: it is not counted and not shown. */
  readonly isOwn: boolean
  isOver: boolean
}

/** What is known at the end of an exchange, or when its WebSocket is open. */
export interface Ending {
  readonly request: FastifyRequest
  readonly client: Client
  /** ms; of a WebSocket that is open, that of its handshake. */
  readonly time: number
  readonly status: number | null
  readonly kind: WebSocketKind
  readonly isOver: boolean
}

export interface Counting {
  readonly timeline: Timeline
  readonly errors: RecentCounts
  readonly closes: RecentCounts
  readonly bytes: ClientBytes
  /** Told of each ending and of each WebSocket that opens. */
  readonly tell: (ending: Ending) => void
}

/** The exchanges of one server. */
export class Exchanges {
  readonly #counting: Counting
  #open = 0

  constructor (counting: Counting) {
    this.#counting = counting
  }

  /** Those that are not over, open WebSockets included. */
  get open (): number {
    return this.#open
  }

  /** To be called in a request's first hook. */
  begin (request: FastifyRequest, reply: FastifyReply): void {
    const response = reply.raw as Response
    const before = response[BEGUN]
    if (before !== undefined) {
      // It is routed a second time, after a rule has rewritten it: the facts are on the new request.
      before.request = request
      before.reply = reply
      return
    }
    const { bytes } = this.#counting
    const client = bytes.of(request.raw)
    const isOwn = isForThePage(request)
    response[BEGUN] = { at: performance.now(), request, reply, client, exchanges: this, isOwn, isOver: false }
    if (isOwn) bytes.enterOwn(client)
    else this.#open++
    response.on('close', onClose)
    if (response.socket === null && !('stream' in response)) queue(response, request.raw.socket)
  }

  /** A WebSocket is open; those of other servers of the process are told of as well. */
  opened (response: FastifyReply['raw'] | undefined, { tunnel }: TunnelOpened): void {
    const begun = (response as Response | undefined)?.[BEGUN]
    if (begun === undefined || begun.exchanges !== this || begun.isOwn) return
    const { timeline, tell } = this.#counting
    timeline.now.handshakes++
    tell({ request: begun.request, client: begun.client, time: tunnel.handshakeTime, status: 101, kind: 'tunnel', isOver: false })
  }

  /** Its WebSocket has moved to another process: here it is over without an end. */
  left (response: FastifyReply['raw'] | undefined): void {
    const begun = (response as Response | undefined)?.[BEGUN]
    if (begun === undefined || begun.exchanges !== this || begun.isOver || begun.isOwn) return
    begun.isOver = true
    this.#open--
  }

  /** A WebSocket has come from another process, in which its exchange began. */
  came (request: FastifyRequest): void {
    this.#open++
    this.#counting.bytes.of(request.raw)
  }

  /** It has moved on: `moved`; or it is over, after `time` ms. */
  wentOrEnded (request: FastifyRequest, time: number, moved: boolean): void {
    this.#open--
    if (moved) return
    this.#closed(request)
    this.#counting.tell({ request, client: this.#counting.bytes.of(request.raw), time, status: 101, kind: 'tunnel', isOver: true })
  }

  /** @internal */
  end ({ at, request, reply, client, isOwn }: Begun): void {
    const { bytes, timeline, errors, tell } = this.#counting
    if (isOwn) return bytes.leaveOwn(client)
    this.#open--
    const time = performance.now() - at
    const kind = webSocketKind(request, reply)
    const status = answeredStatus(reply, kind)
    const { now } = timeline
    if (kind === 'tunnel') this.#closed(request)
    else if (kind === 'own') {
      now.handshakes++
      now.closed++
    } else {
      if (kind === 'refused') now.handshakes++
      now.requests++
      timeline.times.record(time)
    }
    const { upstream, rewrite } = request as Facts
    const error = upstream?.error
    if (status !== null && status >= 400) status < 500 ? now.clientErrors++ : now.serverErrors++
    // Nothing was sent: the client has left, unless a rule wanted it so.
    const counted = status ?? (kind === 'own' || rewrite?.aborted === true ? 0 : error?.statusCode ?? 499)
    if (counted >= 400) errors.add(textOf(counted))
    if (error?.code !== undefined) errors.add(error.code)
    tell({ request, client, time, status, kind, isOver: true })
  }

  #closed (request: FastifyRequest): void {
    const { timeline, closes } = this.#counting
    timeline.now.closed++
    const tunnel = (request as Facts).upstream?.tunnel
    if (tunnel?.protocol === 'websocket') closes.add(typeof tunnel.closeCode === 'number' ? textOf(tunnel.closeCode) : 'none')
  }
}

/** Routes of the monitor say so in their configuration. */
export function isForThePage ({ routeOptions }: FastifyRequest): boolean {
  return (routeOptions.config as { readonly monitor?: unknown } | undefined)?.monitor === true
}

// One function for all exchanges.
function onClose (this: Response): void {
  const begun = this[BEGUN]
  if (begun === undefined || begun.isOver) return
  begun.isOver = true
  ;(begun.request.raw.socket as Pipeline | undefined)?.[QUEUED]?.delete(this)
  begun.exchanges.end(begun)
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

const texts: string[] = []

/** A number as text: one text for each. */
function textOf (number: number): string {
  texts[number] ??= String(number)
  return texts[number]
}
