// Which events do the frames of a WebSocket become? One each, and one for all in the middle that were not kept.
import type { FrameLog, KeptFrame } from '../recording/frame-log.ts'
import type { EventList } from './event-list.ts'

const BINARY = 2

/** Adds frames up to a number, which another moment of the WebSocket has noted; in turn with those moments. */
export class FrameEvents {
  readonly #frames: FrameLog | null
  readonly #list: EventList
  #next = 0

  constructor (frames: FrameLog | null, list: EventList) {
    this.#frames = frames
    this.#list = list
  }

  /** `time`: of the other moment. */
  upTo (count: number, time: number): void {
    const frames = this.#frames
    if (frames === null) return
    while (this.#next < count) {
      if (this.#next >= frames.head && this.#next < frames.tailFrom) {
        // Moments between frames that were not kept come before the event that counts these.
        if (count < frames.tailFrom) return
        this.#skip(frames, time)
        continue
      }
      this.#add(frames.at(this.#next++))
    }
  }

  /** Those that are left. */
  rest (time: number): void {
    const frames = this.#frames
    if (frames === null) return
    this.upTo(Math.min(frames.count, frames.head), time)
    if (this.#next < frames.tailFrom) this.#skip(frames, time)
    this.upTo(frames.count, time)
  }

  /** `time`: where there was no room for the last ones, so that none follows. */
  #skip (frames: FrameLog, time: number): void {
    const { fromClient, fromUpstream, bytesFromClient, bytesFromUpstream } = frames.skipped
    this.#list.add(frames.tailFrom < frames.count ? frames.at(frames.tailFrom).time : time, 'WEBSOCKET_FRAMES_SKIPPED', { FromClient: fromClient, FromUpstream: fromUpstream, BytesFromClient: bytesFromClient, BytesFromUpstream: bytesFromUpstream })
    this.#next = frames.tailFrom
  }

  #add ({ time, side, opcode, fin, rsv, masked, length, payload }: KeptFrame): void {
    // Compressed bytes are no text.
    const asText = payload !== null && opcode !== BINARY && rsv === 0
    this.#list.add(time, 'WEBSOCKET_FRAME', { From: side, Opcode: opcode, Fin: fin, Rsv: rsv, Masked: masked, Length: length, Payload: payload?.toString(asText ? 'utf8' : 'base64') })
  }
}
