// One connection to an upstream: who uses it, what is awaited on it, and how does it end?
import net from 'node:net'
import tls from 'node:tls'
import type { ErrorName } from '../errors.ts'
import { nameOf } from '../errors.ts'
import type { RawHeaders } from '../request-headers.ts'
import type { Origin } from '../target.ts'
import type { Moment } from '../upstream.ts'
import { type AnswerHead, BadAnswer } from './answer-head.ts'
import { AnswerParser, type AnswerSink } from './answer-parser.ts'
import type { ForwardSettings } from './options.ts'
import { Watch } from './watch.ts'

/** The exchange that a connection serves at the moment. */
export interface Exchange extends AnswerSink {
  /** The connection is open and this exchange's: write the request. */
  connected (connection: Connection): void
  /** The upstream can take more of the request's body. */
  drained (): void
  /** The connection is lost, or its time is up. `virgin` tells that not a byte of an answer came on a connection that had served before. */
  failed (name: ErrorName, moment: Moment, cause: unknown, virgin: boolean): void
}

/** What a connection reports to the pool that owns it. */
export interface Owner {
  /** It can serve the next exchange. */
  free (connection: Connection): void
  /** It is closed. */
  gone (connection: Connection): void
}

export class Connection implements AnswerSink {
  readonly origin: Origin
  readonly #owner: Owner
  readonly #settings: ForwardSettings
  readonly #socket: net.Socket
  readonly #parser: AnswerParser
  readonly #watch = new Watch(() => { this.#expire() })
  #exchange: Exchange | null
  #moment: Moment = 'connect'
  #served = 0
  #reusable = true
  #sending = false
  #keepAlive: number
  #cause: unknown = null
  #timedOut = false
  #held = false
  #idleTimeout: number

  constructor (origin: Origin, owner: Owner, settings: ForwardSettings, exchange: Exchange) {
    this.origin = origin
    this.#owner = owner
    this.#settings = settings
    this.#keepAlive = settings.keepAliveTimeout
    this.#idleTimeout = settings.idleTimeout
    this.#exchange = exchange
    this.#parser = new AnswerParser(this, settings.headLimit)
    this.#watch.set(settings.connectTimeout)
    const buffer = Buffer.allocUnsafeSlow(READ_SIZE)
    const socket = dial(origin, { buffer, callback: size => this.#read(buffer.subarray(0, size)) })
    this.#socket = socket
    socket.on(origin.secure ? 'secureConnect' : 'connect', () => { this.#opened() })
    socket.on('drain', () => { this.#exchange?.drained() })
    socket.on('end', () => { this.#ended() })
    socket.on('error', error => { this.#cause ??= error })
    socket.on('close', () => { this.#closed() })
  }

  /** True where an earlier exchange was served: the upstream may be about to close it. */
  get kept (): boolean {
    return this.#served > 0
  }

  /** Gives the connection to an exchange. */
  take (exchange: Exchange): void {
    this.#exchange = exchange
    exchange.connected(this)
  }

  /** Awaits the answer; from here on the clock for its first byte runs. */
  expect (method: string): void {
    this.#moment = 'headers'
    this.#parser.expect(method)
    this.#watch.set(this.#settings.firstByteTimeout)
  }

  /** Sends text of the request; latin1, as it was read. False where the upstream should be waited for. */
  writeText (text: string): boolean {
    return this.#socket.write(text, 'latin1')
  }

  write (chunk: Buffer): boolean {
    return this.#socket.write(chunk)
  }

  cork (): void {
    this.#socket.cork()
  }

  uncork (): void {
    this.#socket.uncork()
  }

  /** Bytes move: the clocks start anew. */
  touch (): void {
    this.#watch.set(this.#idleTimeout)
  }

  /** The bytes of the last part are still needed, or the client is behind: read no further. Also after the end. */
  hold (): void {
    this.#held = true
  }

  /** Reads on. */
  resume (): void {
    if (!this.#held) return
    this.#held = false
    this.#socket.resume()
    if (this.#moment === 'body') this.#watch.set(this.#idleTimeout)
    if (this.#exchange === null && this.#parser.idle) this.#release()
  }

  /** The exchange will not wait for the end: nobody hears of this connection again. */
  abandon (): void {
    this.#exchange = null
    this.#socket.destroy()
  }

  /** The request has a body: until it is sent as a whole, no other exchange may follow. */
  sending (): void {
    this.#sending = true
  }

  /** The whole request is sent. */
  sent (): void {
    this.#sending = false
  }

  // What the parser reads is the exchange's; the connection only keeps its own clock and fate by it.

  information (head: AnswerHead): void {
    this.#exchange?.information(head)
  }

  head (head: AnswerHead): void {
    this.#moment = 'body'
    // Server-sent events come when there are some: silence is no fault.
    this.#idleTimeout = head.eventStream ? 0 : this.#settings.idleTimeout
    this.#watch.set(this.#idleTimeout)
    if (!head.reusable) this.#reusable = false
    if (head.keepAlive > 0) {
      // A second less than it says, so that we are the first to close.
      this.#keepAlive = Math.min(this.#settings.keepAliveTimeout, Math.max(1, head.keepAlive * 1000 - 1000))
    }
    this.#exchange?.head(head)
  }

  body (chunk: Buffer): void {
    this.#exchange?.body(chunk)
  }

  end (last: Buffer | null, trailers: RawHeaders | null): void {
    const exchange = this.#exchange
    this.#exchange = null
    exchange?.end(last, trailers)
  }

  #opened (): void {
    if (this.#exchange === null) return
    this.#moment = 'request'
    this.#watch.set(0)
    this.#socket.setNoDelay(true)
    this.#socket.setKeepAlive(true, 60_000)
    this.#exchange.connected(this)
  }

  /** False where the socket is to stop reading. */
  #read (chunk: Buffer): boolean {
    if (this.#moment === 'body') this.#watch.set(this.#idleTimeout)
    try {
      this.#parser.push(chunk)
    } catch (error) {
      this.#cause = error
      this.#socket.destroy()
      return false
    }
    if (this.#held) return false
    // Only here, when every byte that came is accounted for, may the next exchange have it.
    if (this.#exchange === null && this.#parser.idle) this.#release()
    return true
  }

  #release (): void {
    if (!this.#reusable || this.#sending || this.#socket.destroyed) {
      this.#socket.destroy()
      return
    }
    this.#served++
    this.#moment = 'connect'
    this.#watch.set(this.#keepAlive)
    this.#owner.free(this)
  }

  #ended (): void {
    if (this.#exchange !== null) this.#parser.finish()
    this.#socket.destroy()
  }

  #closed (): void {
    this.#watch.stop()
    const exchange = this.#exchange
    this.#exchange = null
    if (exchange !== null) {
      const virgin = this.#served > 0 && !this.#parser.begun && !this.#timedOut
      exchange.failed(this.#errorName(), this.#moment, this.#cause, virgin)
    }
    this.#owner.gone(this)
  }

  #errorName (): ErrorName {
    if (this.#timedOut) return this.#moment === 'connect' ? 'ConnectTimeout' : 'Timeout'
    if (this.#cause instanceof BadAnswer) return 'BadAnswer'
    const name = nameOf(this.#cause)
    return name === 'ConnectTimeout' && this.#moment !== 'connect' ? 'Reset' : name
  }

  #expire (): void {
    this.#timedOut = this.#exchange !== null
    this.#socket.destroy()
  }
}

// As large as a read gets: half of it is as fast for small answers, and a third slower for large ones.
const READ_SIZE = 65_536

function dial (origin: Origin, onread: net.OnReadOpts): net.Socket {
  if (origin.socketPath !== null) return net.connect({ path: origin.socketPath, onread })
  if (!origin.secure) return net.connect({ host: origin.hostname, port: origin.port, onread })
  return tls.connect({
    host: origin.hostname,
    port: origin.port,
    servername: net.isIP(origin.hostname) === 0 ? origin.hostname : '',
    ALPNProtocols: ['http/1.1'],
    onread
  } as tls.ConnectionOptions)
}
