// How does the client speak its WebSocket? HTTP/1.1 Upgrade, or extended CONNECT on HTTP/2 (RFC 8441).
import { createHash, randomBytes } from 'node:crypto'
import type { OutgoingHttpHeaders } from 'node:http'
import type { ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { FastifyReply } from 'fastify'
import { answerNoMore, lingerStream, replyLast } from '../../dispatch/last-answer.ts'
import type { Upgrade } from '../../dispatch/upgrade.ts'
import { http2Headers } from '../../forward/answer/answer-headers.ts'
import { HOP_BY_HOP, namedByConnection } from '../../headers/hop-by-hop.ts'
import { addOwn, type RawHeaders, without } from '../../headers/raw-headers.ts'
import { valueOf, type AnswerHead } from './answer-head.ts'

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11' // RFC 6455 §1.3

/** What differs between the two ways in. */
export interface ClientSide {
  readonly http: '1.1' | '2'
  readonly stream: Duplex
  readonly head: Buffer
  /** Adds to the headers for the upstream what its HTTP/1.1 handshake needs. */
  complete (headers: string[]): void
  /** False where the upstream's 101 does not answer our handshake. */
  accepts (answer: AnswerHead): boolean
  /** Prepares for an answer other than a 101. */
  decline (reply: FastifyReply): void
  /** True where nobody is there any more. */
  readonly gone: boolean
  /** Makes the 101, with what the server's own hooks had set on the reply. Throws where one of theirs cannot be sent. */
  prepare (answer: AnswerHead, reply: FastifyReply): void
  /** Gives the client what was prepared. */
  open (reply: FastifyReply): void
}

/** The side of one upgrade. */
export function clientSide (upgrade: Upgrade): ClientSide {
  return upgrade.http === '2' ? new Http2Side(upgrade.socket) : new Http1Side(upgrade.socket, upgrade.head)
}

class Http1Side implements ClientSide {
  readonly http = '1.1'
  readonly stream: Socket
  readonly head: Buffer
  #answer = ''

  constructor (socket: Socket, head: Buffer) {
    this.stream = socket
    this.head = head
  }

  complete (headers: string[]): void {
    headers.push('Connection', 'Upgrade', 'Upgrade', 'websocket')
  }

  // The client checks the Accept for its own key.
  accepts (): boolean {
    return true
  }

  decline (reply: FastifyReply): void {
    replyLast(reply, this.stream)
  }

  get gone (): boolean {
    return this.stream.destroyed
  }

  prepare (answer: AnswerHead, reply: FastifyReply): void {
    const { headers } = answer
    const dropped = namedByConnection(valueOf(headers, 'connection') ?? undefined)
    let head = `HTTP/1.1 101 ${answer.reason === '' ? 'Switching Protocols' : answer.reason}\r\n`
    for (let i = 0; i < headers.length; i += 2) {
      const lower = (headers[i] as string).toLowerCase()
      if (lower === 'connection') head += `${headers[i] as string}: Upgrade\r\n`
      else if (lower === 'upgrade' || isAnswerHeader(lower, dropped)) head += `${headers[i] as string}: ${headers[i + 1] as string}\r\n`
    }
    const own = ownHeaders(answer, reply)
    for (let i = 0; i < own.length; i += 2) head += `${own[i] as string}: ${own[i + 1] as string}\r\n`
    this.#answer = `${head}\r\n`
  }

  open (reply: FastifyReply): void {
    answerNoMore(reply.raw, this.stream)
    reply.raw.statusCode = 101
    this.stream.write(this.#answer, 'latin1')
  }
}

class Http2Side implements ClientSide {
  readonly http = '2'
  readonly stream: ServerHttp2Stream
  readonly head = Buffer.alloc(0)
  readonly #key = randomBytes(16).toString('base64')
  #answer: OutgoingHttpHeaders = {}
  #opened = false

  constructor (stream: ServerHttp2Stream) {
    this.stream = stream
  }

  // HTTP/2 has no key: the stream itself is the proof (RFC 8441 §5). The upstream's handshake needs one.
  complete (headers: string[]): void {
    // A client has no business to have one.
    without(headers, 'sec-websocket-key')
    headers.push('Connection', 'Upgrade', 'Upgrade', 'websocket', 'Sec-WebSocket-Key', this.#key)
    if (valueOf(headers, 'sec-websocket-version') === null) headers.push('Sec-WebSocket-Version', '13')
  }

  accepts (answer: AnswerHead): boolean {
    return valueOf(answer.headers, 'sec-websocket-accept') === createHash('sha1').update(this.#key + GUID).digest('base64')
  }

  // Other streams of the connection go on; this one must close, or it would hold up its response and the closing of the connection.
  decline (): void {
    this.stream.on('finish', () => { if (!this.#opened) lingerStream(this.stream) })
  }

  get gone (): boolean {
    return this.stream.destroyed || this.stream.closed
  }

  prepare (answer: AnswerHead, reply: FastifyReply): void {
    const { headers } = answer
    const dropped = namedByConnection(valueOf(headers, 'connection') ?? undefined)
    const out: RawHeaders = []
    for (let i = 0; i < headers.length; i += 2) {
      const lower = (headers[i] as string).toLowerCase()
      if (lower !== 'sec-websocket-accept' && isAnswerHeader(lower, dropped)) out.push(lower, headers[i + 1] as string)
    }
    this.#answer = { ':status': 200, ...http2Headers([...out, ...ownHeaders(answer, reply)]) }
  }

  open (): void {
    this.#opened = true
    this.stream.respond(this.#answer)
  }
}

/** False for what ends at this hop, and for what a 101 must not have (RFC 9110 §8.6). */
function isAnswerHeader (lower: string, dropped: ReadonlySet<string>): boolean {
  return !HOP_BY_HOP.has(lower) && !dropped.has(lower) && lower !== 'content-length'
}

/** The headers that hooks set on the reply (an affinity cookie, say) and the upstream did not; cookies of both are kept. */
function ownHeaders (answer: AnswerHead, reply: FastifyReply): RawHeaders {
  const out: RawHeaders = []
  const own = reply.getHeaders()
  for (const name in own) {
    const lower = name.toLowerCase()
    const value = own[name]
    if (value === undefined || !isAnswerHeader(lower, NONE)) continue
    if (lower !== 'set-cookie' && valueOf(answer.headers, lower) !== null) continue
    addOwn(out, name, value) // a line break in one would be the end of the head
  }
  return out
}

const NONE: ReadonlySet<string> = new Set()
