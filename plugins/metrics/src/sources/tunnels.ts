// What do WebSockets do? Those that have ended are counted at their end, those that are open when somebody asks.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { CHANNELS, type RequestFacts, type TunnelCarrier, type TunnelFact, type TunnelMessage, type TunnelOpened } from '@fastify-arr/facts'
import type { FastifyRequest } from 'fastify'
import { Chain, type Link } from '../counting/chain.ts'
import { Counter } from '../counting/counter.ts'
import { Histogram } from '../counting/histogram.ts'
import { closeCodeLabel } from '../counting/labels.ts'
import { metricOf, type Metric, type Sample } from '../counting/metric.ts'
import { addTo, COUNTED, newTraffic, sum, type Traffic } from './traffic.ts'

const WHERE = ['site', 'farm', 'server'] as const
const PLACE = Symbol('the place of a tunnel among the open ones')

type Where = Readonly<Record<typeof WHERE[number], string>>

/** Whose requests are counted, and what their servers are called. */
export interface Counted {
  readonly includes: (request: FastifyRequest) => boolean
  readonly serverLabel: (upstream: NonNullable<RequestFacts['upstream']>) => string
  /** The exchange of a tunnel has come from another process; and it has gone, to its end or to another one. */
  readonly came: () => void
  readonly left: (request: FastifyRequest) => void
}

/** The WebSockets of one server. */
export class Tunnels {
  readonly #counted: Counted
  readonly #opened = new Counter('arr_websockets_opened_total', 'WebSockets that have opened.', [...WHERE, 'http'])
  readonly #closed = new Counter('arr_websockets_closed_total', 'WebSockets that have ended: by whom, with which close code, and how the transport ended.', [...WHERE, 'by', 'code', 'ending', 'limit'])
  readonly #handshakes: Histogram
  readonly #lives: Histogram
  /** What passed through WebSockets that have ended, by the place of each. */
  readonly #past = new Map<string, { readonly where: Where, readonly traffic: Traffic }>()
  /** The open ones. */
  readonly #open = new Chain<Open>()
  readonly #onOpen = (message: unknown): void => { this.#begin(message as TunnelOpened) }
  readonly #onClose = (message: unknown): void => { this.#end(message as TunnelMessage) }

  constructor (counted: Counted, buckets: { readonly handshake: readonly number[], readonly lifetime: readonly number[] }) {
    this.#counted = counted
    this.#handshakes = new Histogram('arr_websocket_handshake_duration_seconds', 'Time from the request to the 101.', ['site', 'farm'], buckets.handshake)
    this.#lives = new Histogram('arr_websocket_lifetime_seconds', 'Time from the 101 to the end.', ['site', 'farm'], buckets.lifetime)
    subscribe(CHANNELS.tunnelOpen, this.#onOpen)
    subscribe(CHANNELS.tunnelClose, this.#onClose)
  }

  stop (): void {
    unsubscribe(CHANNELS.tunnelOpen, this.#onOpen)
    unsubscribe(CHANNELS.tunnelClose, this.#onClose)
  }

  get metrics (): Metric[] {
    const traffic = (name: string, help: string, read: (traffic: Traffic) => Iterable<[Record<string, string>, number]>): Metric =>
      metricOf('counter', name, help, () => this.#traffic(read))
    return [
      this.#opened.metric, this.#closed.metric, this.#handshakes.metric, this.#lives.metric,
      metricOf('gauge', 'arr_websockets_open', 'WebSockets that are open.', () => this.#openNow()),
      metricOf('gauge', 'arr_websockets_silent', 'Open WebSockets on which nothing has passed for at least so many seconds.', () => this.#silent()),
      traffic('arr_websocket_bytes_total', 'Bytes of WebSockets on the wire, open ones included.', ({ bytes }) => directions(bytes)),
      traffic('arr_websocket_messages_total', 'Messages and control frames of WebSockets, open ones included.', function * (traffic) {
        for (const kind of COUNTED) for (const [labels, value] of directions(traffic[kind])) yield [{ ...labels, type: kind }, value]
      })
    ]
  }

  #begin ({ request, tunnel }: TunnelOpened): void {
    if (tunnel.protocol !== 'websocket' || !this.#counted.includes(request)) return
    const where = this.#whereOf(request)
    ;(request as Placed)[PLACE] = this.#open.add({ tunnel, where, before: null, owner: this })
    this.#opened.add([where.site, where.farm, where.server, tunnel.http])
    this.#handshakes.observe([where.site, where.farm], tunnel.handshakeTime / 1000)
  }

  #end ({ request, tunnel }: TunnelMessage): void {
    const open = (request as Placed)[PLACE]
    // The channel tells of the tunnels of all servers of the process.
    if (open === undefined || open.member.owner !== this) return
    this.#strike(open)
    const { where } = open.member
    this.#closed.add([where.site, where.farm, where.server, tunnel.closedBy ?? '', closeCodeLabel(tunnel.closeCode), tunnel.ending ?? '', tunnel.limit ?? ''])
    this.#lives.observe([where.site, where.farm], (Date.now() - tunnel.openedAt) / 1000)
  }

  /** One is no longer open here; what has passed here stays counted. */
  #strike (open: Link<Open>): void {
    this.#open.strike(open)
    const { where, tunnel, before } = open.member
    addTo(entryOf(this.#past, where).traffic, tunnel, before)
  }

  /** Those that go to another process, or come from one: each is opened in the first, closed in the last, and counts as open in one. */
  get carrier (): TunnelCarrier {
    return {
      name: '@fastify-arr/metrics',
      give: () => undefined,
      left: (request: Placed) => {
        const open = request[PLACE]
        if (open === undefined || open.member.owner !== this) return
        this.#strike(open)
        this.#counted.left(request)
        delete request[PLACE]
      },
      take: (request: Placed & RequestFacts) => {
        const tunnel = request.upstream?.tunnel
        if (tunnel?.protocol !== 'websocket') return
        const before = newTraffic()
        // What has passed before was counted there.
        addTo(before, tunnel, null)
        request[PLACE] = this.#open.add({ tunnel, where: this.#whereOf(request), before, owner: this })
        this.#counted.came()
      },
      ended: (request: Placed) => {
        if (request[PLACE]?.member.owner === this) this.#counted.left(request)
      }
    }
  }

  #whereOf (request: FastifyRequest & RequestFacts): Where {
    const { site, upstream } = request
    return { site: site?.name ?? '', farm: upstream?.farm ?? '', server: upstream === null || upstream === undefined ? '' : this.#counted.serverLabel(upstream) }
  }

  * #traffic (read: (traffic: Traffic) => Iterable<[Record<string, string>, number]>): Generator<Sample> {
    const sums = new Map<string, { readonly where: Where, readonly traffic: Traffic }>()
    for (const { where, traffic } of this.#past.values()) sum(entryOf(sums, where).traffic, traffic)
    for (const { where, tunnel, before } of this.#open) addTo(entryOf(sums, where).traffic, tunnel, before)
    for (const { where, traffic } of sums.values()) for (const [labels, value] of read(traffic)) yield { value, labels: { ...where, ...labels } }
  }

  * #openNow (): Generator<Sample> {
    const counts = new Map<string, { readonly where: Where, count: number }>()
    for (const { where } of this.#past.values()) counts.set(keyOf(where), { where, count: 0 })
    for (const { where } of this.#open) {
      const key = keyOf(where)
      const entry = counts.get(key)
      if (entry === undefined) counts.set(key, { where, count: 1 })
      else entry.count++
    }
    for (const { where, count } of counts.values()) yield { value: count, labels: where }
  }

  * #silent (): Generator<Sample> {
    const now = Date.now()
    const over = [30, 60, 300]
    const counts = over.map(() => 0)
    for (const { tunnel } of this.#open) over.forEach((seconds, at) => { if (now - tunnel.lastActivity >= seconds * 1000) counts[at]!++ })
    for (const [at, count] of counts.entries()) yield { value: count, labels: { seconds: String(over[at]) } }
  }
}

type Placed = FastifyRequest & { [PLACE]?: Link<Open> }

interface Open {
  readonly tunnel: TunnelFact
  readonly where: Where
  /** What had passed before it came from another process; null for one that has opened here. */
  readonly before: Traffic | null
  readonly owner: Tunnels
}

function keyOf ({ site, farm, server }: Where): string {
  return `${site}\u0000${farm}\u0000${server}`
}

function entryOf (entries: Map<string, { readonly where: Where, readonly traffic: Traffic }>, where: Where): { readonly traffic: Traffic } {
  const key = keyOf(where)
  let entry = entries.get(key)
  if (entry === undefined) entries.set(key, entry = { where, traffic: newTraffic() })
  return entry
}

function * directions ([received, sent]: readonly [number, number]): Generator<[Record<string, string>, number]> {
  yield [{ direction: 'received' }, received]
  yield [{ direction: 'sent' }, sent]
}
