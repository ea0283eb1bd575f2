// What is one side of an exchange in an archive? HAR 1.2's `entry`, with keys of its own that begin with an underscore.
import { STATUS_CODES } from 'node:http'
import type { Attempt } from '../../story/attempts.ts'
import { handshakeOf, headerLines, headerValue, type HeaderLine } from '../../trace/handshake.ts'
import type { Trace, TraceEvent } from '../../trace/trace.ts'
import type { WebSocketLife } from '../../story/web-socket.ts'
import { worstFinding } from '../../story/worst-finding.ts'
import { messagesOf } from './messages.ts'
import { clientTimings, sumOf, timingsOf, type Timings } from './timings.ts'

/** The latest moment that a Date can hold. */
const LATEST = 8.64e15

interface Side {
  readonly began: number
  readonly timings: Timings
  readonly method: string
  readonly url: string
  readonly httpVersion: string
  readonly request: readonly HeaderLine[]
  readonly status: number
  readonly reason: string
  readonly answer: readonly HeaderLine[]
  /** Bytes of the answer's body; 0 where it is not known. */
  readonly size: number
}

/** The exchange as the client has seen it. */
export function clientEntry (trace: Trace, life: WebSocketLife | null): object {
  const worst = worstFinding(trace)
  const { received, passedOn } = handshakeOf(trace)
  const find = (name: string): TraceEvent | undefined => trace.events.find(event => event.name === name)
  const answeredAt = find('WEBSOCKET_OPEN')?.time ?? find('GENERAL_RESPONSE_HEADERS')?.time ?? trace.timeTaken
  const sent = Number(find('GENERAL_REQUEST_END')?.data.BytesSent ?? 0)
  return {
    ...entry({
      began: trace.beganAt,
      timings: clientTimings(answeredAt, trace.timeTaken),
      method: trace.verb,
      url: life === null ? trace.url : webSocketUrl(trace.url),
      httpVersion: trace.httpVersion === '' ? 'unknown' : `HTTP/${trace.httpVersion}`,
      request: received ?? [],
      status: trace.status ?? 0,
      reason: STATUS_CODES[trace.status ?? 0] ?? '',
      answer: passedOn ?? [],
      size: life === null && Number.isFinite(sent) ? sent : 0
    }),
    _side: 'client',
    _client: trace.client,
    _logId: trace.logId,
    ...webSocketKeys(trace, life, 'client'),
    ...(worst === undefined ? {} : { _error: worst.code })
  }
}

/** One attempt to reach an upstream, as the proxy has seen it. */
export function upstreamEntry (trace: Trace, attempt: Attempt, life: WebSocketLife | null): object {
  const { answer, failure, head } = attempt
  const opened = life?.open != null && answer?.status === 101
  const end = failure?.at ?? (opened || answer === null ? trace.timeTaken : trace.events.find(({ name }) => name === 'GENERAL_REQUEST_END')?.time ?? answer.at)
  const [, method = trace.verb, target = ''] = /^(\S+) (\S+) HTTP\/[\d.]+(?:\r?\n|$)/.exec(head ?? '') ?? []
  const url = `${attempt.server}${target === '' ? targetOf(trace) : target}`
  const [, address, port] = /^(?:\[?([^\]]*?)\]?):(\d+)$/.exec(attempt.remote) ?? []
  return {
    ...entry({
      began: trace.beganAt + attempt.began,
      timings: timingsOf(attempt, end),
      method,
      url: life === null ? url : webSocketUrl(url),
      httpVersion: 'HTTP/1.1',
      request: headerLines(head ?? ''),
      status: answer?.status ?? 0,
      reason: answer?.reason ?? '',
      answer: answer?.headers ?? [],
      size: 0
    }),
    ...(address === undefined ? {} : { serverIPAddress: address, connection: port }),
    _side: 'upstream',
    ...(opened ? webSocketKeys(trace, life, 'upstream') : life === null ? {} : { _resourceType: 'websocket', _webSocketMessages: [] }),
    ...(failure === null ? {} : { _error: failure.code, _moment: failure.moment, _systemCode: failure.systemCode })
  }
}

/** The path and query that the rules have made. */
function targetOf (trace: Trace): string {
  const ended = trace.events.findLast(({ name, data }) => name === 'URL_REWRITE_END' && data.RequestURL !== undefined && data.RequestURL !== '')
  const url = String(ended?.data.RequestURL ?? trace.url)
  return url.startsWith('/') ? url : `/${url.replace(/^[a-z]+:\/\/[^/?#]*\/?/i, '')}`
}

/** HAR 1.2 wants a valid URL; a request target may be any bytes. What RFC 3986 §3.3 and §3.4 do not allow is percent-encoded. */
function validUrl (url: string): string {
  const [, origin = '', target = url] = /^([a-z][a-z\d+.-]*:\/\/[^/?#\s]*)(.*)$/is.exec(url) ?? []
  return origin + target.replace(/%(?![\da-f]{2})|[^\w\-.~:/?@!$&'()*+,;=%]/giu, character => character === '%' ? '%25' : encodeURIComponent(whole(character)))
}

/** Half of a surrogate pair has no encoding. */
function whole (character: string): string {
  return /^[\uD800-\uDFFF]$/.test(character) ? '\uFFFD' : character
}

function webSocketUrl (url: string): string {
  return url.replace(/^http(s?):/i, 'ws$1:')
}

/** Chrome's keys, and how it ended. */
function webSocketKeys (trace: Trace, life: WebSocketLife | null, side: 'client' | 'upstream'): object {
  if (life === null) return {}
  const { ClosedBy, Ending, CloseCode, CloseReason } = life.closed?.data ?? {}
  return {
    _resourceType: 'websocket',
    _webSocketMessages: messagesOf(life, trace.beganAt, side),
    ...(life.closed === null ? {} : { _webSocketClose: { code: CloseCode ?? null, reason: CloseReason ?? null, closedBy: ClosedBy ?? null, ending: Ending ?? null } })
  }
}

function entry ({ began, timings, method, url, httpVersion, request, status, reason, answer, size }: Side): object {
  const plain = (lines: readonly HeaderLine[]): HeaderLine[] => lines.map(({ name, value }) => ({ name, value }))
  return {
    startedDateTime: new Date(Math.max(-LATEST, Math.min(LATEST, began || 0))).toISOString(),
    time: sumOf(timings),
    request: { method, url: validUrl(url), httpVersion, cookies: [], headers: plain(request), queryString: queryOf(url), headersSize: -1, bodySize: -1 },
    response: {
      status,
      statusText: reason,
      httpVersion,
      cookies: [],
      headers: plain(answer),
      content: { size, mimeType: headerValue(answer, 'content-type') ?? 'x-unknown' },
      redirectURL: headerValue(answer, 'location') ?? '',
      headersSize: -1,
      bodySize: -1
    },
    cache: {},
    timings
  }
}

function queryOf (url: string): HeaderLine[] {
  const query = /\?([^#]*)/.exec(url)?.[1]
  return query === undefined ? [] : [...new URLSearchParams(query)].map(([name, value]) => ({ name, value }))
}
