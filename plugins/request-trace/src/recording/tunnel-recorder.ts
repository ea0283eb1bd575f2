// What passes through a WebSocket? Frames as numbers, and the moments that tell how it ended. Called while the bytes pass.
import type { Side, TunnelWatch } from '@fastify-arr/facts'
import { FrameLog } from './frame-log.ts'
import { MOMENT } from './moments.ts'
import type { Recording } from './recording.ts'

/** A silence of both sides that is worth an event, ms. */
export const QUIET = 10_000

/** Watches one tunnel for its recording. */
export class TunnelRecorder implements TunnelWatch {
  protected readonly recording: Recording
  protected readonly frames: FrameLog | null
  #last: number

  constructor (recording: Recording) {
    this.recording = recording
    this.frames = recording.keeps('WEBSOCKET_FRAME') ? new FrameLog((bytes, left) => recording.room(bytes, left)) : null
    recording.frames = this.frames
    this.#last = recording.now
  }

  frame (side: Side, opcode: number, fin: boolean, rsv: number, length: number, masked: boolean): void {
    const now = this.recording.now
    if (now - this.#last > QUIET) this.#quiet(now)
    this.#last = now
    if (!this.recording.dropped) this.frames?.add(now, side, opcode, fin, rsv, length, masked)
  }

  close (side: Side, code: number | null, reason: string): void {
    if (this.begin(MOMENT.closeFrame, reason.length)) this.recording.entries.push(this.#count, side, code, this.recording.secrets.hide(reason))
  }

  unreadable (side: Side): void {
    this.recording.met(3)
    if (this.begin(MOMENT.unreadable, 0)) this.recording.entries.push(this.#count, side)
  }

  ended (side: 'client' | 'upstream', how: 'end' | 'reset' | 'cut', systemCode: string | null): void {
    const now = this.recording.now
    if (now - this.#last > QUIET) this.#quiet(now)
    this.#last = now
    if (this.begin(MOMENT.socketEnd, 0)) this.recording.entries.push(this.#count, side, how, systemCode)
  }

  protected begin (moment: typeof MOMENT['closeFrame' | 'unreadable' | 'socketEnd' | 'quiet'], length: number): boolean {
    return this.recording.begin(moment, length)
  }

  #quiet (now: number): void {
    if (this.begin(MOMENT.quiet, 0)) this.recording.entries.push(this.#count, Math.round(now - this.#last))
  }

  get #count (): number {
    return this.frames?.count ?? 0
  }
}

/** Keeps the beginnings of payloads as well. */
export class PayloadRecorder extends TunnelRecorder {
  readonly #most: number
  /** The number of the frame that each side is in. */
  #client = -1
  #upstream = -1

  constructor (recording: Recording, most: number) {
    super(recording)
    this.#most = most
  }

  override frame (side: Side, opcode: number, fin: boolean, rsv: number, length: number, masked: boolean): void {
    super.frame(side, opcode, fin, rsv, length, masked)
    const index = (this.frames?.count ?? 0) - 1
    if (side === 'client') this.#client = index
    else if (side === 'upstream') this.#upstream = index
  }

  payload (side: Side, part: Buffer): void {
    const index = side === 'client' ? this.#client : side === 'upstream' ? this.#upstream : -1
    if (index !== -1 && !this.recording.dropped) this.frames?.keepPayload(index, part, this.#most)
  }
}
