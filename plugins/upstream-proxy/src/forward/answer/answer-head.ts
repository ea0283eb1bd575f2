// What does the head of an upstream's answer say, and is it fit to be passed on?
import { areFields, trimmed } from '../../headers/header-lines.ts'
import { LONGEST_NAME, MOST_NAMES } from '../../headers/header-names.ts'
import type { RawHeaders } from '../../headers/raw-headers.ts'

/** How the length of a body is known (RFC 9112 §6.3). */
export type Framing = 'none' | 'sized' | 'chunked' | 'until-close'

/** A parsed head. Its headers are the end-to-end ones, with case, order and repetition as received. */
export interface AnswerHead {
  readonly status: number
  readonly reason: string
  readonly headers: RawHeaders
  /** All header lines as they came, each ended by CRLF. */
  readonly fields: string
  readonly framing: Framing
  /** Bytes of a sized body. */
  readonly length: number
  /** Whether the connection may serve another request after this answer. */
  readonly reusable: boolean
  /** How many seconds the upstream keeps an idle connection, from its Keep-Alive header; 0 where it does not say. */
  readonly keepAlive: number
  /** True where a header may name the upstream (Location, Set-Cookie …). */
  readonly naming: boolean
  /** True for server-sent events: the body may pause without limit. */
  readonly eventStream: boolean
}

/** An answer that violates the protocol. The message is for logs. */
export class BadAnswer extends Error {
  readonly code = 'HPE_BAD_ANSWER'
}

// The whole head is tested first, so splitting it needs no further checks. A bare CR or LF, or a NUL, never passes.
const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?$/
const LENGTH = /^\d{1,15}$/

type Kind = 'end-to-end' | 'hop-by-hop' | 'connection' | 'keep-alive' | 'length' | 'transfer' | 'trailer' | 'type' | 'naming'

const KINDS: ReadonlyMap<string, Kind> = new Map(Object.entries<Kind>({
  connection: 'connection',
  'keep-alive': 'keep-alive',
  'content-length': 'length',
  'transfer-encoding': 'transfer',
  trailer: 'trailer',
  'content-type': 'type',
  location: 'naming',
  'content-location': 'naming',
  refresh: 'naming',
  'set-cookie': 'naming',
  'proxy-connection': 'hop-by-hop',
  'proxy-authenticate': 'hop-by-hop',
  'proxy-authorization': 'hop-by-hop',
  te: 'hop-by-hop',
  upgrade: 'hop-by-hop',
  'http2-settings': 'hop-by-hop'
}))

// Each spelling of a name is classified once; there are few. The cache is bounded, because an upstream may invent names.
const classified = new Map<string, Kind>()

function kindOf (name: string): Kind {
  let kind = classified.get(name)
  if (kind === undefined) {
    kind = KINDS.get(name.toLowerCase()) ?? 'end-to-end'
    if (classified.size >= MOST_NAMES) classified.clear()
    // A copy, because a slice of a head would keep the whole head in memory.
    if (name.length <= LONGEST_NAME) classified.set(Buffer.from(name, 'latin1').toString('latin1'), kind)
  }
  return kind
}

/** True for a status line, without its CRLF. */
export function isStatusLine (text: string): boolean {
  return STATUS_LINE.test(text)
}

/** Parses a head: `text` runs from the status line to the last header's CRLF. Throws BadAnswer. */
export function parseHead (text: string, method: string): AnswerHead {
  const lineEnd = text.indexOf('\r\n')
  const line = STATUS_LINE.exec(text.slice(0, lineEnd))
  if (line === null) throw new BadAnswer('the status line is not valid')
  const rest = text.slice(lineEnd + 2)
  if (!areFields(rest)) throw new BadAnswer('a header is not valid')
  const http10 = line[1] === '0'
  const status = Number(line[2])

  const headers: RawHeaders = []
  let connection = ''
  let keepAlive = 0
  let length: string | null = null
  let lengthAt = -1
  let transfer: string | null = null
  let trailer: string | null = null
  let eventStream = false
  let naming = false
  for (let at = 0; at < rest.length;) {
    const colon = rest.indexOf(':', at)
    const end = rest.indexOf('\r\n', colon)
    const name = rest.slice(at, colon)
    const value = trimmed(rest, colon + 1, end)
    at = end + 2
    switch (kindOf(name)) {
      case 'end-to-end':
        headers.push(name, value)
        break
      case 'naming':
        naming = true
        headers.push(name, value)
        break
      case 'type':
        eventStream = /^text\/event-stream/i.test(value)
        headers.push(name, value)
        break
      case 'length':
        if (length !== null) throw new BadAnswer('Content-Length is given twice')
        if (!LENGTH.test(value)) throw new BadAnswer('Content-Length is not a number')
        length = value
        lengthAt = headers.length
        headers.push(name, value)
        break
      case 'transfer':
        if (transfer !== null) throw new BadAnswer('Transfer-Encoding is given twice')
        transfer = value.toLowerCase()
        break
      case 'connection':
        connection = connection === '' ? value : `${connection},${value}`
        break
      case 'keep-alive':
        keepAlive = Number(/(?:^|[,;\s])timeout=(\d{1,6})/i.exec(value)?.[1] ?? 0)
        break
      case 'trailer':
        trailer = trailer === null ? value : `${trailer}, ${value}`
        break
    }
  }
  const bodiless = status < 200 || status === 204 || status === 304 || method === 'HEAD'
  if (transfer !== null) {
    if (length !== null) throw new BadAnswer('both Content-Length and Transfer-Encoding are given')
    // A transfer coding in an HTTP/1.0 message is faulty framing (RFC 9112 §6.1). No request asks for a coding other than chunked.
    if (http10 || transfer !== 'chunked') throw new BadAnswer('the transfer coding is not supported')
    if (trailer !== null && !bodiless) headers.push('Trailer', trailer)
  }
  // RFC 9110 §8.6: no Content-Length in a 1xx or 204.
  if (lengthAt !== -1 && (status < 200 || status === 204)) headers.splice(lengthAt, 2)
  const framing: Framing = bodiless ? 'none' : transfer !== null ? 'chunked' : length !== null ? 'sized' : 'until-close'
  let reusable = !http10 && framing !== 'until-close'
  if (connection !== '') {
    const named = new Set<string>()
    let closes = false
    for (const part of connection.toLowerCase().split(',')) {
      const token = part.trim()
      if (token === 'close') closes = true
      else if (token === 'keep-alive') reusable ||= framing !== 'until-close'
      // Content-Length frames the message, so it stays even where Connection names it.
      else if (token !== '' && token !== 'content-length') named.add(token)
    }
    // `close` wins over `keep-alive` (RFC 9112 §9.3).
    if (closes) reusable = false
    if (named.size > 0) dropAll(headers, named)
  }
  return { status, reason: line[3] ?? '', headers, fields: rest, framing, length: length === null || bodiless ? 0 : Number(length), reusable, keepAlive, naming, eventStream }
}

/** Drops every header of the names that Connection lists (RFC 9110 §7.6.1). */
function dropAll (headers: RawHeaders, named: ReadonlySet<string>): void {
  let kept = 0
  for (let i = 0; i < headers.length; i += 2) {
    if (named.has((headers[i] as string).toLowerCase())) continue
    headers[kept++] = headers[i] as string
    headers[kept++] = headers[i + 1] as string
  }
  headers.length = kept
}
