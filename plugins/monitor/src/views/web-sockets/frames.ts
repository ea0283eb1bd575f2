// What passes through one WebSocket? Its frames from now on, never a payload, until it ends or nobody looks any more.
import type { Flow, OpenTunnel, Told, TunnelsFact } from '@fastify-arr/facts'
import type { FlowRow, FramesView, WebSocketRow } from '../../messages/index.ts'
import type { Followed } from '../views.ts'
import { FrameQueue } from './frame-queue.ts'
import { Seen } from './seen.ts'
import type { Facts } from './words.ts'

/** At least so long between two comparisons of the counts, ms: the page reads four times a second, and a rate needs a while. */
const SPAN = 900

type Tunnels = Pick<TunnelsFact, 'get'>

/** Follows a WebSocket; undefined where there is none with this id. */
export function followFrames (tunnels: Tunnels | undefined, id: string, now: () => number = Date.now): Followed<FramesView> | undefined {
  const open = tunnels?.get(id)
  return tunnels === undefined || open?.request === undefined ? undefined : new FollowedFrames(tunnels, open, now)
}

class FollowedFrames implements Followed<FramesView> {
  readonly #tunnels: Tunnels
  readonly #id: string
  readonly #now: () => number
  readonly #queue = new FrameQueue()
  readonly #stop: () => void
  /** Null once it is over. */
  #seen: Seen | null
  #lookedAt = -Infinity

  constructor (tunnels: Tunnels, open: OpenTunnel, now: () => number) {
    this.#tunnels = tunnels
    this.#id = open.id
    this.#now = now
    const tunnel = (open.request as Facts).upstream?.tunnel
    this.#seen = tunnel === null || tunnel === undefined ? null : new Seen(open.request, tunnel)
    const queue = this.#queue
    this.#stop = open.watch({
      frame: (side, opcode, fin, rsv, length, masked) => { queue.add({ kind: 'frame', at: now(), side, opcode, fin, rsv, length, masked }) },
      close: (side, code, reason) => { queue.add({ kind: 'close', at: now(), side, code, reason }) },
      unreadable: side => { queue.add({ kind: 'unreadable', at: now(), side }) },
      ended: (side, how, systemCode) => { queue.add({ kind: 'ended', at: now(), side, how, systemCode }) }
    })
  }

  read (): FramesView {
    const now = this.#now()
    return { rows: this.#queue.read(now), webSocket: this.#row(now) }
  }

  end (): void {
    this.#stop()
    this.#seen = null
  }

  #row (now: number): WebSocketRow | null {
    if (this.#seen === null) return null
    if (this.#tunnels.get(this.#id) === undefined) {
      this.end()
      return null
    }
    if (now - this.#lookedAt >= SPAN) {
      this.#lookedAt = now
      this.#seen.meter.look(this.#seen.tunnel, now)
    }
    const row = this.#seen.row(id => this.#tunnels.get(id), now)
    const { received, sent } = this.#seen.tunnel
    return { ...row, received: countedNow(row.received, received), sent: countedNow(row.sent, sent) }
  }
}

/** The rate is that of the last comparison, the counts are those of now. */
function countedNow (row: FlowRow, flow: Told<Flow> | undefined): FlowRow {
  return { ...row, bytes: flow?.bytes ?? row.bytes, messages: flow?.messages ?? row.messages }
}
