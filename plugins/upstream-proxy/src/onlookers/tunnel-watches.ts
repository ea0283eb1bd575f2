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
  readonly #watches: TunnelWatch[]
  /** The sockets whose end was told: each has one. */
  readonly #over = { client: false, upstream: false }

  constructor (watches: TunnelWatch[], log: FastifyBaseLogger) {
    this.#watches = watches
    this.#log = log
    this.up = new WayWatch(this, 'client', true)
    this.down = new WayWatch(this, 'upstream', false)
  }

  get isEmpty (): boolean {
    return this.#watches.length === 0
  }

  /** One that wants no payloads: for these it would have to be there from the first byte on. */
  add (watch: TunnelWatch): void {
    this.#watches.push(watch)
  }

  remove (watch: TunnelWatch): void {
    const at = this.#watches.indexOf(watch)
    if (at !== -1) this.#watches.splice(at, 1)
  }

  /** True where a watch wants payloads. */
  get wantsPayload (): boolean {
    return this.#watches.some(watch => watch.payload !== undefined)
  }

  frame (side: End | 'proxy', opcode: number, fin: boolean, rsv: number, length: number, masked: boolean): void {
    for (let i = 0; i < this.#watches.length; i++) {
      try {
        (this.#watches[i] as TunnelWatch).frame(side, opcode, fin, rsv, length, masked)
      } catch (error) {
        this.#drop(i--, error)
      }
    }
  }

  payload (side: End, part: Buffer): void {
    for (let i = 0; i < this.#watches.length; i++) {
      try {
        (this.#watches[i] as TunnelWatch).payload?.(side, part)
      } catch (error) {
        this.#drop(i--, error)
      }
    }
  }

  close (side: End | 'proxy', code: number | null, reason: string): void {
    for (let i = 0; i < this.#watches.length; i++) {
      try {
        (this.#watches[i] as TunnelWatch).close(side, code, reason)
      } catch (error) {
        this.#drop(i--, error)
      }
    }
  }

  unreadable (side: End): void {
    for (let i = 0; i < this.#watches.length; i++) {
      try {
        (this.#watches[i] as TunnelWatch).unreadable(side)
      } catch (error) {
        this.#drop(i--, error)
      }
    }
  }

  /** Only the first end of a socket is told. */
  ended (side: End, how: 'end' | 'reset' | 'cut', systemCode: string | null): void {
    if (this.#over[side]) return
    this.#over[side] = true
    for (let i = 0; i < this.#watches.length; i++) {
      try {
        (this.#watches[i] as TunnelWatch).ended(side, how, systemCode)
      } catch (error) {
        this.#drop(i--, error)
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

  #drop (at: number, error: unknown): void {
    this.#watches.splice(at, 1)
    this.#log.debug({ err: error }, 'upstream-proxy: a watch of this WebSocket threw an error, and is called no more')
  }
}

function unmasked (payload: Buffer, mask: Buffer): Buffer {
  const out = Buffer.from(payload)
  if (mask.length > 0) for (let i = 0; i < out.length; i++) out[i] = out[i] as number ^ mask[i & 3] as number
  return out
}
