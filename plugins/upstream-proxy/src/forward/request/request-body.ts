// How does a request's body get to the upstream? As it arrives, with its own framing, no faster than the upstream accepts it.
import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import type { Side } from '@fastify-arr/facts'
import type { ErrorName } from '../../errors.ts'
import type { HeaderNames } from '../../headers/header-names.ts'
import type { Place } from '../../sockets/roster.ts'
import type { Outgoing } from '../pool/outgoing.ts'
import { isWhole, lastChunk } from './body-end.ts'
import { type BodyPaces, Pace, type Paced } from './body-pace.ts'
import { type BodyKind, isGiven } from './body-source.ts'

/** The exchange whose request the body belongs to. */
export interface BodyOwner {
  /** Enough of the body has arrived to take a connection, or the time to wait for it is over. Called once. */
  start (): void
  /** The client sends slower or more than it may, or the stream that a hook gave failed. */
  bodyFailed (name: ErrorName, side: Side, cause: unknown): void
}

export class RequestBody implements Paced {
  readonly #source: Readable
  readonly #names: HeaderNames
  readonly #owner: BodyOwner
  readonly #chunked: boolean
  readonly #paces: BodyPaces
  /** How many more bytes may pass. */
  #room: number
  #pace: Pace | null = null
  #place: Place<Pace> | null = null
  #out: Outgoing | null = null
  /** Parts that arrived before there was a connection. */
  #first: Buffer[] | null = null
  /** How many more bytes must arrive before a connection is taken. */
  #missing: number
  #begun = false
  #ready = false
  #held = false
  #ended = false
  #stopped = false

  constructor (source: Readable, kind: BodyKind, names: HeaderNames, paces: BodyPaces, limit: number, owner: BodyOwner) {
    this.#source = source
    this.#names = names
    this.#owner = owner
    this.#paces = paces
    this.#room = limit
    this.#chunked = kind === 'chunked'
    // As much as the stream buffers by itself.
    this.#missing = source.readableHighWaterMark
    if (kind === 'sized') this.#missing = Math.min(this.#missing, Number((source as IncomingMessage).headers['content-length']))
    // A failure of the client's own body shows in the response's 'close'.
    if (isGiven(source)) source.on('error', this.#lost).on('close', this.#lost)
  }

  /** True once reading has begun. */
  get begun (): boolean {
    return this.#begun
  }

  /** True while too little of it has arrived to take a connection. */
  get awaited (): boolean {
    return this.#begun && !this.#ready
  }

  /** True once it was read completely. */
  get ended (): boolean {
    return this.#ended
  }

  /** Reads the first part, then calls `bodyReady` of the owner. */
  read (): void {
    this.#begun = true
    this.#pace = new Pace(this, !this.#chunked, !isGiven(this.#source))
    this.#place = this.#paces.add(this.#pace)
    this.#source.on('data', this.#data)
    this.#source.on('end', this.#end)
    if (this.#source.isPaused()) this.#source.resume()
  }

  /** Sends the body. */
  begin (out: Outgoing): void {
    this.#out = out
    this.#ready = true
    if (!this.#begun) this.read()
    this.resume()
    const first = this.#first ?? []
    this.#first = null
    for (const part of first) this.#send(out, part)
    if (this.#ended) this.#finish(out)
  }

  /** The upstream accepts more bytes. */
  resume (): void {
    if (!this.#held || this.#out === null) return
    this.#held = false
    this.#pace?.goOn()
    this.#source.resume()
  }

  /** The answer has begun. The rate is no longer measured: the client may read the answer before it sends more. */
  answered (): void {
    if (this.#place !== null) this.#paces.strike(this.#place)
    this.#place = this.#pace = null
  }

  /** The body is not needed any more: bytes that still arrive are discarded. */
  stop (): void {
    this.#out = this.#first = null
    this.#stopped = true
    this.answered()
    if (this.#ended) return
    this.#source.off('data', this.#data)
    this.#source.off('end', this.#end)
    if (this.#begun || this.#source.isPaused()) this.#source.resume()
  }

  waited (): void {
    if (this.#ready || this.#stopped) return
    this.#ready = true
    this.#owner.start()
  }

  slow (): void {
    this.#owner.bodyFailed('ClientTimeout', 'client', null)
  }

  readonly #lost = (cause: unknown = new Error('the stream that a hook gave for the body closed before its end')): void => {
    if (this.#ended || this.#stopped) return
    this.#stopped = true
    this.#owner.bodyFailed('BodyTaken', 'proxy', cause)
  }

  readonly #data = (given: Buffer | string): void => {
    // A hook's stream may emit an empty part; as a chunk it would end the body.
    if (this.#stopped || given.length === 0) return
    const part = typeof given === 'string' ? Buffer.from(given) : given
    if (!(part instanceof Uint8Array)) {
      this.#lost(new TypeError('the stream that a hook gave for the body gives something else than bytes'))
      return
    }
    this.#room -= part.length
    if (this.#room < 0) {
      this.#owner.bodyFailed('BodyTooLarge', 'client', null)
      return
    }
    this.#pace?.came(part.length)
    if (this.#out === null) this.#keep(part)
    else this.#send(this.#out, part)
  }

  #keep (part: Buffer): void {
    if (this.#first === null) this.#first = [part]
    else this.#first.push(part)
    this.#missing -= part.length
    if (this.#missing > 0) return
    this.waited()
    // The request is still queued, or its connection is being opened.
    if (this.#out === null && !this.#stopped) this.#hold()
  }

  #send (out: Outgoing, part: Buffer): void {
    let open
    if (this.#chunked) {
      out.gather()
      out.writeText(`${part.length.toString(16)}\r\n`)
      out.write(part)
      open = out.writeText('\r\n')
    } else {
      open = out.write(part)
    }
    if (!open) this.#hold()
  }

  #hold (): void {
    this.#held = true
    this.#pace?.hold()
    this.#source.pause()
  }

  readonly #end = (): void => {
    if (this.#stopped || !isWhole(this.#source)) return
    this.#ended = true
    this.answered()
    if (this.#out !== null) this.#finish(this.#out)
    else this.waited()
  }

  #finish (out: Outgoing): void {
    if (this.#chunked) out.writeText(lastChunk(this.#names, (this.#source as Partial<IncomingMessage>).rawTrailers))
    out.sent()
  }
}
