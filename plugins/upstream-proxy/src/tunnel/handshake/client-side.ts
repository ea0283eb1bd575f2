// Which protocol does the client open its tunnel with? HTTP/1.1 Upgrade, or extended CONNECT on HTTP/2 (RFC 8441).
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
import { streamOpened, switchSent } from '../../onlookers/tell-answer.ts'
import { valueOf, type AnswerHead } from './answer-head.ts'

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11' // RFC 6455 §1.3

/** What differs between the two protocols. */
export interface ClientSide {
  readonly http: '1.1' | '2'
  readonly stream: Duplex
  readonly head: Buffer
  /** Adds the headers that the upstream's HTTP/1.1 handshake needs; `offered` are the protocols that it offers. */
  complete (headers: string[], offered: readonly string[]): void
  /** False where the upstream's 101 does not fit the handshake that was sent. */
  accepts (answer: AnswerHead): boolean
  /** Prepares for an answer that is not a 101. */
  decline (reply: FastifyReply): void
  /** True where the client has left. */
  readonly gone: boolean
  /** Builds the 101, with the headers that the server's hooks have set on the reply. Throws where one of those cannot be sent. */
  prepare (answer: AnswerHead, reply: FastifyReply): void
  /** Sends the prepared 101 (HTTP/2: 200) to the client. */
  open (reply: FastifyReply): void
}

/** The client's side of one upgrade. */
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

  complete (headers: string[], offered: readonly string[]): void {
    headers.push('Connection', 'Upgrade', 'Upgrade', offered.join(', '))
  }

  // The handshake has the client's own key, and the client itself checks Sec-WebSocket-Accept.
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
    switchSent(reply.request, this.#answer)
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

  // RFC 8441 §5 has no Sec-WebSocket-Key. The upstream's HTTP/1.1 handshake needs one.
  complete (headers: string[]): void {
    // A client must not send one over HTTP/2; it would be a second key.
    without(headers, 'sec-websocket-key')
    headers.push('Connection', 'Upgrade', 'Upgrade', 'websocket', 'Sec-WebSocket-Key', this.#key)
    if (valueOf(headers, 'sec-websocket-version') === null) headers.push('Sec-WebSocket-Version', '13')
  }

  accepts (answer: AnswerHead): boolean {
    return valueOf(answer.headers, 'sec-websocket-accept') === createHash('sha1').update(this.#key + GUID).digest('base64')
  }

  // Other streams of the connection continue. This one must close, or its response and the closing of the connection would be delayed.
  decline (): void {
    this.stream.on('finish', () => { if (!this.#opened) lingerStream(this.stream) })
    // A reset with NO_ERROR emits 'close' only when everything received has been read, and a paused stream is not read.
    this.stream.on('aborted', () => { if (!this.#opened && this.stream.rstCode === 0) this.stream.destroy() })
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

  open ({ request }: FastifyReply): void {
    this.#opened = true
    this.stream.respond(this.#answer)
    streamOpened(request, this.#answer)
  }
}

/** False for hop-by-hop headers, and for Content-Length, which a 101 must not have (RFC 9110 §8.6). */
function isAnswerHeader (lower: string, dropped: ReadonlySet<string>): boolean {
  return !HOP_BY_HOP.has(lower) && !dropped.has(lower) && lower !== 'content-length'
}

/** The headers that hooks have set on the reply (an affinity cookie, for example), without those that the upstream sent too, and those that belong to the handshake; cookies of both are kept. */
function ownHeaders (answer: AnswerHead, reply: FastifyReply): RawHeaders {
  const out: RawHeaders = []
  const own = reply.getHeaders()
  for (const name in own) {
    const lower = name.toLowerCase()
    const value = own[name]
    if (value === undefined || !isAnswerHeader(lower, NONE) || lower.startsWith('sec-websocket-')) continue
    if (lower !== 'set-cookie' && valueOf(answer.headers, lower) !== null) continue
    addOwn(out, name, value) // it throws at a line break, which would end the head early
  }
  return out
}

const NONE: ReadonlySet<string> = new Set()
