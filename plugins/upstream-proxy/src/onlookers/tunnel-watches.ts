// Who watches one tunnel? Each watch is code of others: one that throws is dropped, and the tunnel goes on.
import type { TunnelWatch } from '@fastify-arr/facts'
import type { FastifyBaseLogger } from 'fastify'
import { WayWatch } from './way-watch.ts'

type End = 'client' | 'upstream'

const CLOSE = 0x8
const NO_MASK = Buffer.alloc(0)

/** The watches of one tunnel, called in the order in which they came. */
export class TunnelWatches {
  /** Client to upstream, for the reader of its frames. */
  readonly up: WayWatch
  /** Upstream to client. */
  readonly down: WayWatch
  readonly #log: FastifyBaseLogger
  /** Replaced, never changed: a watch may be added or removed while all are being told. */
  #watches: readonly TunnelWatch[]
  /** The sockets whose end was told: each has one. */
  readonly #over = { client: false, upstream: false }

  constructor (watches: readonly TunnelWatch[], log: FastifyBaseLogger) {
    this.#watches = watches
    this.#log = log
    this.up = new WayWatch(this, 'client', true)
    this.down = new WayWatch(this, 'upstream', false)
  }

  get isEmpty (): boolean {
    return this.#watches.length === 0
  }

  get all (): readonly TunnelWatch[] {
    return this.#watches
  }

  /** One that wants no payloads: for these it would have to be there from the first byte on. */
  add (watch: TunnelWatch): void {
    this.#watches = [...this.#watches, watch]
  }

  /** It is called no more, also where it is removed while others are being told. */
  remove (watch: TunnelWatch): void {
    this.#watches = this.#watches.filter(one => one !== watch)
  }

  /** True where a watch wants payloads. */
  get wantsPayload (): boolean {
    return this.#watches.some(watch => watch.payload !== undefined)
  }

  frame (side: End | 'proxy', opcode: number, fin: boolean, rsv: number, length: number, masked: boolean): void {
    const watches = this.#watches
    for (const watch of watches) {
      if (this.#watches !== watches && !this.#watches.includes(watch)) continue
      try {
        watch.frame(side, opcode, fin, rsv, length, masked)
      } catch (error) {
        this.#drop(watch, error)
      }
    }
  }

  payload (side: End, part: Buffer): void {
    const watches = this.#watches
    for (const watch of watches) {
      if (this.#watches !== watches && !this.#watches.includes(watch)) continue
      try {
        watch.payload?.(side, part)
      } catch (error) {
        this.#drop(watch, error)
      }
    }
  }

  close (side: End | 'proxy', code: number | null, reason: string): void {
    const watches = this.#watches
    for (const watch of watches) {
      if (this.#watches !== watches && !this.#watches.includes(watch)) continue
      try {
        watch.close(side, code, reason)
      } catch (error) {
        this.#drop(watch, error)
      }
    }
  }

  /** `watches`: one that came after the others were told. */
  unreadable (side: End, watches = this.#watches): void {
    for (const watch of watches) {
      if (this.#watches !== watches && !this.#watches.includes(watch)) continue
      try {
        watch.unreadable(side)
      } catch (error) {
        this.#drop(watch, error)
      }
    }
  }

  /** Only the first end of a socket is told. */
  ended (side: End, how: 'end' | 'reset' | 'cut', systemCode: string | null): void {
    if (this.#over[side]) return
    this.#over[side] = true
    const watches = this.#watches
    for (const watch of watches) {
      if (this.#watches !== watches && !this.#watches.includes(watch)) continue
      try {
        watch.ended(side, how, systemCode)
      } catch (error) {
        this.#drop(watch, error)
      }
    }
  }

  /** The proxy has written a frame of its own: a ping or a Close frame. */
  own (frame: Buffer): void {
    const opcode = (frame[0] as number) & 0x0f
    const second = frame[1] as number
    this.frame('proxy', opcode, true, 0, second & 0x7f, second >= 0x80)
    if (opcode === CLOSE) {
      const start = second >= 0x80 ? 6 : 2
      const said = unmasked(frame.subarray(start), start === 6 ? frame.subarray(2, 6) : NO_MASK)
      this.close('proxy', said.readUInt16BE(0), said.toString('utf8', 2))
    }
  }

  #drop (watch: TunnelWatch, error: unknown): void {
    this.remove(watch)
    this.#log.debug({ err: error }, 'upstream-proxy: a watch of this WebSocket threw an error, and is called no more')
  }
}

function unmasked (payload: Buffer, mask: Buffer): Buffer {
  const out = Buffer.from(payload)
  if (mask.length > 0) for (let i = 0; i < out.length; i++) out[i] = out[i] as number ^ mask[i & 3] as number
  return out
}
