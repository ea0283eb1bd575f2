// How does the answer get to the client? As it comes, no faster than it is taken, and never looking whole when it is not.
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { RawHeaders } from '../../headers/raw-headers.ts'
import { type Late, leaveTogether } from '../../sockets/leave-together.ts'
import type { Source } from '../pool/exchange.ts'
import { writeHead } from './answer-headers.ts'
import { Ending } from './ending.ts'
import { addTrailers } from './interim.ts'
import type { Leftovers } from './leftovers.ts'
import type { ClientAnswer } from './rewrites.ts'
import { Through, type ThroughOwner, type ThroughTarget } from './through.ts'

// Node writes a latin1 string that fits, head included, into 16 KiB without allocating anything.
const SMALL = 8192

export class Delivery implements Late, ThroughTarget {
  readonly #response: ServerResponse
  readonly #http1: boolean
  #through: Through | null = null
  #source: Source | null = null
  /** Large parts that have not left yet. */
  #lent = 0
  /** Whether the client is waited for. */
  #full = false
  #discard = false
  #answer: ClientAnswer | null = null
  /** The socket, while what was written waits in it. */
  #gathering: Socket | null = null
  /** The end is to leave too. */
  #complete = false
  readonly #ending: Ending

  /** `expired` is told where the client does not take what is left of a whole answer. */
  constructor (response: ServerResponse, leftovers: Leftovers, expired: () => void) {
    this.#response = response
    this.#http1 = !('stream' in response)
    this.#ending = new Ending(response, leftovers, expired)
  }

  /** Keeps the head until something follows it: an answer that breaks before can still become an error. */
  head (answer: ClientAnswer, owner: ThroughOwner): void {
    this.#answer = answer
    this.#discard = answer.status === 204 || answer.status === 304
    if (answer.body !== null) this.#through = new Through(answer.body, this.#response, this, owner)
  }

  /** Sends what is ready now, where the body is yet to come. */
  flush (): void {
    if (this.#answer === null) return
    this.begin()
    this.#gather()
    this.#response.flushHeaders()
  }

  /** Gives Node the head, to leave with what follows. */
  begin (): void {
    const answer = this.#answer
    if (answer === null) return
    this.#answer = null
    writeHead(this.#response, answer.status, answer.reason, answer.headers)
  }

  /**
   * Passes a part of the body on, in one write with the head where that has not left yet. The part lies in the
   * connection's read buffer: a small one leaves as a string (one copy, one plain write) at the end of this turn,
   * a large one at once and as it lies, and the source has to wait until it has left.
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

  /** False while the part has not left. */
  #lend (part: Buffer): boolean {
    const response = this.#response
    this.#lent++
    // Corked by us, Node does not put the write off to the next tick.
    response.cork()
    response.write(part, () => { this.#returned() })
    response.uncork()
    return response.writableLength === 0
  }

  /** False while the client has enough. */
  #write (text: string): boolean {
    this.#gather()
    if (this.#response.write(text, 'latin1')) return true
    if (!this.#full) this.#response.once('drain', () => { this.#drained() })
    this.#full = true
    return false
  }

  /** What is written from now on leaves at the end of this turn. HTTP/2 gathers by itself; behind another answer of a pipeline there is no socket yet. */
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
    // The last chunk is followed by a mark that goes along; with any other body Node would add an empty write, and make a writev of the two.
    if (this.#complete && response.chunkedEncoding) response.end()
    socket?.uncork()
    if (!this.#complete) return
    if (!response.writableEnded) response.end()
    this.waitForClient()
  }

  /** Ends the answer. Its last part still lies in the source's buffer: a large one may have the source wait, even now. */
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
    // Nothing more comes, and Node tells no 'drain' of an answer that has ended: only what is lent is waited for.
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

  /** All was said: the client has its time to take it. */
  waitForClient (): void {
    this.#ending.wait()
  }

  /** Nothing more of this answer is sent. */
  drop (): void {
    this.#answer = null
    this.#through?.destroy()
  }

  /** Nothing more comes: what the client got must not look whole. */
  cut (): void {
    this.drop()
    this.#ending.cut()
  }

  /** The client is gone. A source that waits for its bytes to leave waits in vain, and they may still lie somewhere below. */
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

  /** The source may read on once every part is given back, and the client has caught up. */
  #goOn (): void {
    if (this.#source === null || this.#lent > 0 || this.#full) return
    this.#ending.caughtUp()
    this.#source.resume()
    this.#source = null
  }
}
