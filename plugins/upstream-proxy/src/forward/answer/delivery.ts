// How does the answer get to the client? As it arrives, no faster than the client reads it; an incomplete one never looks complete.
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyReply } from 'fastify'
import type { RawHeaders } from '../../headers/raw-headers.ts'
import { type Late, leaveTogether } from '../../sockets/leave-together.ts'
import type { AnswerDelivery } from '../answer-delivery.ts'
import type { Source } from '../pool/exchange.ts'
import { KeptHead } from '../reply/kept-head.ts'
import { Ending } from './ending.ts'
import { addTrailers } from './interim.ts'
import type { Leftovers } from './leftovers.ts'
import type { ClientAnswer } from './rewrites.ts'
import { Through, type ThroughOwner, type ThroughTarget } from './through.ts'

// Node writes a latin1 string that fits, head included, into 16 KiB without allocating anything.
const SMALL = 8192

export class Delivery implements AnswerDelivery, Late, ThroughTarget {
  readonly #response: ServerResponse
  readonly #http1: boolean
  #through: Through | null = null
  #source: Source | null = null
  /** How many large parts are not written to the kernel yet. */
  #lent = 0
  /** True while the client must read before more is written. */
  #full = false
  #discard = false
  readonly #head: KeptHead
  /** The corked socket, while writes are collected in it. */
  #gathering: Socket | null = null
  /** The answer's end leaves with the collected writes. */
  #complete = false
  readonly #ending: Ending

  /** `notes`: the reply is told which headers were sent. `expired` is called where the client does not read the rest of a complete answer in time. */
  constructor (reply: FastifyReply, notes: boolean, leftovers: Leftovers, expired: () => void) {
    this.#response = reply.raw
    this.#head = new KeptHead(reply, notes)
    this.#http1 = !('stream' in reply.raw)
    this.#ending = new Ending(reply.raw, leftovers, expired)
  }

  /** Keeps the head until something follows it: an answer that fails before that can still become an error. */
  head (answer: ClientAnswer, owner: ThroughOwner): void {
    this.#head.keep(answer)
    this.#discard = answer.status === 204 || answer.status === 304
    if (answer.body !== null) this.#through = new Through(answer.body, this.#response, this, owner)
  }

  /** Sends what is ready now; the body, or more of it, has still to arrive. */
  flush (): void {
    if (!this.#head.waits) return
    this.begin()
    this.#gather()
    this.#response.flushHeaders()
  }

  /** Gives Node the head; it leaves with the bytes that follow. */
  begin (): void {
    this.#head.write()
  }

  /**
   * Writes a part of the body, together with the head where that was not sent yet. The part is a view of the
   * connection's read buffer. A small part is copied to a string and leaves in one plain write at the end of this turn.
   * A large part is written at once without a copy, and the source is paused until it has left.
   */
  part (part: Buffer, source: Source | null): void {
    if (this.#through !== null) {
      if (source !== null) this.#through.part(part, source)
      return
    }
    this.begin()
    if (this.#discard) return
    const more = part.length > SMALL ? this.#lend(part) : this.#write(part.toString('latin1'))
    if (more || source === null) return
    source.hold()
    this.#source = source
    this.#ending.hold()
  }

  /** False while the kernel has not accepted the whole part. */
  #lend (part: Buffer): boolean {
    const response = this.#response
    this.#lent++
    // While the response is corked here, Node does not defer the write to the next tick.
    response.cork()
    response.write(part, () => { this.#returned() })
    response.uncork()
    return response.writableLength === 0
  }

  /** False where the client must read before more is written. */
  #write (text: string): boolean {
    this.#gather()
    if (this.#response.write(text, 'latin1')) return true
    if (!this.#full) this.#response.once('drain', () => { this.#drained() })
    this.#full = true
    return false
  }

  /** Collects the writes that follow; they leave at the end of this turn. HTTP/2 collects by itself; a response behind another one of a pipeline has no socket yet. */
  #gather (): void {
    if (this.#gathering !== null || !this.#http1) return
    this.#gathering = this.#response.socket
    if (this.#gathering === null) return
    this.#gathering.cork()
    leaveTogether(this)
  }

  leave (): void {
    const response = this.#response
    const socket = this.#gathering
    this.#gathering = null
    // A chunked body ends with a last chunk, which leaves with the rest. For any other body Node would add an empty write, and turn the two into a writev.
    if (this.#complete && response.chunkedEncoding) response.end()
    socket?.uncork()
    if (!this.#complete) return
    if (!response.writableEnded) response.end()
    this.waitForClient()
  }

  /** Ends the answer. Its last part is still in the source's buffer: a large part pauses the source even at the end. */
  end (last: Buffer | null, trailers: RawHeaders | null, source: Source): void {
    if (this.#through !== null) {
      if (last !== null) this.#through.part(last, source)
      this.#through.end(trailers)
      this.waitForClient()
      return
    }
    this.begin()
    if (last !== null) this.part(last, last.length > SMALL ? source : null)
    if (last === null || last.length <= SMALL) this.#gather()
    this.finish(trailers)
    // The answer has ended, and Node emits no 'drain' after that: only large parts that have not left are waited for.
    this.#full = false
    this.#goOn()
  }

  /** Ends the answer, with what was written. */
  finish (trailers: RawHeaders | null): void {
    if (trailers !== null && trailers.length > 0) addTrailers(this.#response, trailers)
    if (this.#gathering !== null) {
      this.#complete = true
    } else {
      this.#response.end()
      this.waitForClient()
    }
  }

  /** The whole answer was written: the client's time to read the rest of it begins. */
  waitForClient (): void {
    this.#ending.wait()
  }

  /** Nothing was sent. False: the caller answers with the error. */
  fail (): boolean {
    this.drop()
    return false
  }

  /** Nothing more of this answer is sent. */
  drop (): void {
    this.#head.drop()
    this.#through?.destroy()
  }

  /** The answer is incomplete, and must not look complete to the client. */
  cut (): void {
    this.drop()
    this.#ending.cut()
  }

  /** The client has left. A paused source is abandoned: its bytes will not leave, and Node may still hold its buffer. */
  closed (): void {
    this.#ending.closed()
    this.#source?.abandon()
    this.#source = null
    this.#through?.destroy()
  }

  #returned (): void {
    this.#lent--
    this.#goOn()
  }

  #drained (): void {
    this.#full = false
    this.#goOn()
  }

  /** Resumes the source once every large part has left and the client has caught up. */
  #goOn (): void {
    if (this.#source === null || this.#lent > 0 || this.#full) return
    this.#ending.caughtUp()
    this.#source.resume()
    this.#source = null
  }
}
