// Which four heads does an exchange have: what the client sent, what left for the upstream, its answer, and what the client got?
import type { TraceEvent } from '../../trace/trace.ts'
import { numberOf, textOf } from './event-values.ts'
import { HeaderList } from './header-list.ts'

/** The head of a request or of an answer. */
export interface Head {
  /** Of its event. */
  readonly index: number
  /** ms since the exchange began. */
  readonly time: number
  /** The server that it is sent to; empty elsewhere. */
  readonly server: string
  /** Null for a request. */
  readonly status: number | null
  readonly headers: HeaderList
}

/** The heads of an exchange; null where there is none. Of several attempts, those of the last. */
export interface Heads {
  readonly request: Head | null
  readonly sent: Head | null
  readonly answer: Head | null
  readonly delivered: Head | null
}

/** Collects the heads. An interim answer (RFC 9110 §15.2) is none, but for 101. */
export function headsOf (events: readonly TraceEvent[]): Heads {
  let request: Head | null = null
  let sent: Head | null = null
  let answer: Head | null = null
  let delivered: Head | null = null
  for (const [index, event] of events.entries()) {
    const status = numberOf(event, 'HttpStatus')
    const head = (): Head => ({ index, time: event.time, server: textOf(event, 'Server'), status, headers: new HeaderList(textOf(event, 'Headers')) })
    if (event.name === 'GENERAL_REQUEST_HEADERS') request ??= head()
    else if (event.name === 'ATTEMPT_START') answer = null
    else if (event.name === 'ARR_REQUEST_HEADERS_START') {
      sent = head()
      answer = null
    } else if (event.name === 'ARR_RESPONSE_HEADERS_END' && (status === null || status === 101 || status >= 200)) answer = head()
    else if (event.name === 'GENERAL_RESPONSE_HEADERS') delivered = head()
  }
  return { request, sent, answer, delivered }
}

/** Which host is asked for: Host, or `:authority` of HTTP/2. */
export function hostIn (head: Head | null): string | null {
  return head === null ? null : head.headers.get('host') ?? head.headers.get(':authority')
}

/** True where a client asks for a WebSocket, even where its request has lost a part of what it needs. */
export function asksForWebSocket (request: Head | null): boolean {
  if (request === null) return false
  const { headers } = request
  return headers.tokens('upgrade').includes('websocket') || headers.get(':protocol')?.toLowerCase() === 'websocket' ||
    headers.get('sec-websocket-key') !== null || headers.get('sec-websocket-version') !== null
}
