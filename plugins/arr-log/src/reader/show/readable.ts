// How is an exchange shown on a terminal?
import type { Paint } from './colour.ts'
import { escape } from '../../format/escape.ts'
import { limitWords } from './limit-words.ts'
import type { Exchange, ExchangeUpstream, ExchangeWebSocket } from '../../exchange/exchange.ts'

/** The known part of an exchange: a line of a log file has less than an entry. */
export type ShownExchange = Pick<Exchange, 'endedAt' | 'status'> & Partial<Omit<Exchange, 'upstream' | 'websocket'>> & {
  readonly upstream?: Partial<ExchangeUpstream>
  readonly websocket?: Partial<ExchangeWebSocket>
}

/** The meaning of an sc-win32-status; numbers that are not listed are shown as they are. */
const WIN32_WORDS: Readonly<Record<number, string>> = {
  13: 'the request was not HTTP',
  64: 'client left',
  121: 'client too slow',
  995: 'server shut down',
  1236: 'cut by the server',
  12002: 'upstream timed out',
  12007: 'upstream not found',
  12029: 'upstream refused',
  12030: 'upstream broke off',
  12152: 'upstream answered nonsense',
  12175: 'no TLS with upstream'
}

/**
 * One line: the time, status, method, host and path, duration; for a WebSocket the messages each way and how it was
 * closed; for a failure its cause.
 */
export function readable (told: ShownExchange, paint: Paint, clock: (at: number) => string = timeOfDay): string {
  const { status, websocket } = told
  const parts = [
    paint('dim', clock(told.endedAt)),
    paintStatus(status, paint),
    (told.method === undefined ? '-' : escape(told.method)).padEnd(4),
    target(told, paint),
    duration(told.timeTaken)
  ]
  if (told.event === 'open') return [...parts, paint('magenta', 'opened')].join('  ')
  if (status === 101 || websocket !== undefined) parts.push(paint('magenta', life(websocket ?? {})))
  else if (told.attempt === true) parts.push(paint('magenta', 'no WebSocket'))
  const trouble = troubleOf(told)
  if (trouble !== null) parts.push(paint(status >= 500 ? 'red' : 'yellow', trouble))
  return parts.filter(part => part !== '').join('  ')
}

function paintStatus (status: number, paint: Paint): string {
  const text = status === 0 ? '-'.padStart(3) : String(status)
  if (status === 101) return paint('bold', paint('magenta', text))
  if (status >= 500) return paint('red', text)
  if (status >= 400) return paint('yellow', text)
  return status >= 300 ? paint('cyan', text) : paint('green', text)
}

function target ({ host, path, query, site }: ShownExchange, paint: Paint): string {
  const where = host ?? site
  const what = `${path === undefined ? '' : escape(path)}${query === null || query === undefined ? '' : `?${escape(query)}`}`
  return `${where === null || where === undefined ? '' : paint('dim', escape(where))}${what}`
}

function life (websocket: Partial<ExchangeWebSocket>): string {
  const { messagesReceived, messagesSent, closeCode, closeReason, closedBy, ending, http } = websocket
  const words = []
  if (isThere(messagesReceived)) words.push(`${messagesReceived} in`)
  if (isThere(messagesSent)) words.push(`${messagesSent} out`)
  const counts = words.length > 0 ? `${words.join(', ')} ` : ''
  const by = isThere(closedBy) ? ` by ${escape(closedBy)}` : ''
  const reason = isThere(closeReason) && closeReason !== '' ? ` (${escape(closeReason)})` : ''
  if (isThere(closeCode)) return `${counts}closed ${closeCode}${reason}${by}${ending === 'reset' ? ', then reset' : ''}`
  // A tab that is closed sends 1001 over HTTP/1.1, and over HTTP/2 no more than RST_STREAM with CANCEL (RFC 8441, section 5).
  const left = http === '2' && closedBy === 'client' ? ' (over HTTP/2 a closed tab sends none)' : ''
  return closedBy === undefined ? counts.trim() : `${counts}${ending === 'reset' ? 'reset' : 'ended'} without a close${by}${left}`
}

function troubleOf ({ substatus, win32Status, status, upstream, websocket, rejection, refused }: ShownExchange): string | null {
  if (rejection !== undefined) return `turned away: ${escape(rejection)}`
  const words = []
  if (isThere(refused?.reason)) words.push(`refused: ${escape(refused.reason)}${isThere(refused.detail) ? ` (${escape(refused.detail)})` : ''}`)
  if (isThere(substatus) && substatus > 0) words.push(`${status}.${substatus}`)
  // 64 repeats what `closedBy` has said.
  const limit = limitWords(websocket?.limit, status, win32Status)
  if (limit !== null) words.push(limit)
  const told = limit !== null || (websocket?.closedBy !== undefined && websocket.closedBy !== null && win32Status === 64)
  if (isThere(win32Status) && win32Status > 0 && !told) words.push(WIN32_WORDS[win32Status] ?? `error ${win32Status}`)
  if (isThere(upstream?.error) && isThere(upstream.server)) words.push(`(${escape(upstream.server)})`)
  return words.length > 0 ? words.join(' ') : null
}

/** A duration as text: `22 ms`, `5.8 s`, `3 min 20 s`, `2 h 5 min`. */
export function duration (ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return ''
  if (ms < 1_000) return `${ms} ms`
  if (ms < 59_950) return `${(ms / 1_000).toFixed(1)} s`
  const minutes = Math.floor(Math.round(ms / 1_000) / 60)
  if (minutes < 60) return `${minutes} min ${Math.round(ms / 1_000) % 60} s`
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** `10:25:40`, on this machine's clock. */
function timeOfDay (at: number): string {
  const date = new Date(at)
  const two = (value: number) => String(value).padStart(2, '0')
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
}

function isThere<T> (value: T | null | undefined): value is T {
  return value !== null && value !== undefined
}
