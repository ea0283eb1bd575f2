// Which WebSockets are open, and what passes through them? Plain data, which JSON keeps; times are ms since the epoch, durations ms.
import type { RowWorker } from './workers.ts'

/** What passed one way. */
export interface FlowRow {
  readonly bytes: number
  readonly messages: number
  /** Of the last second. */
  readonly bytesPerSecond: number
  readonly messagesPerSecond: number
}

/** One open WebSocket, or a tunnel of another protocol. */
export interface WebSocketRow {
  readonly id: string
  /** Where there are several. */
  readonly worker?: RowWorker
  readonly since: number
  /** Since bytes last passed, either way. */
  readonly silence: number
  readonly client: string
  readonly site: string | null
  readonly host: string
  readonly path: string
  readonly rule: string | null
  readonly upstream: string
  readonly farm: string | null
  readonly server: string | null
  readonly protocol: string
  readonly subprotocol: string | null
  readonly extensions: string | null
  readonly http: '1.1' | '2'
  /** Whose it is, where the server says so. */
  readonly key: string | null
  readonly received: FlowRow
  readonly sent: FlowRow
}

/** By what the list may be sorted. */
export type WebSocketOrder = 'since' | 'silence' | 'client' | 'site' | 'upstream' | 'received' | 'sent' | 'messages'

/** What the page asks for. */
export interface WebSocketQuestion {
  readonly filter: string
  readonly sort: WebSocketOrder
  readonly descending: boolean
  /** At most 500. */
  readonly limit: number
}

export interface WebSocketsView {
  readonly open: number
  /** Those that the filter names. */
  readonly matching: number
  readonly rows: readonly WebSocketRow[]
}

/** What passes through one WebSocket. */
export type FrameRow =
  | { readonly kind: 'frame', readonly at: number, readonly side: 'client' | 'upstream' | 'proxy', readonly opcode: number, readonly fin: boolean, readonly rsv: number, readonly length: number, readonly masked: boolean }
  | { readonly kind: 'close', readonly at: number, readonly side: 'client' | 'upstream' | 'proxy', readonly code: number | null, readonly reason: string }
  | { readonly kind: 'unreadable', readonly at: number, readonly side: 'client' | 'upstream' | 'proxy' }
  | { readonly kind: 'ended', readonly at: number, readonly side: 'client' | 'upstream', readonly how: 'end' | 'reset' | 'cut', readonly systemCode: string | null }
  /** So many frames were left out: there were too many. */
  | { readonly kind: 'skipped', readonly at: number, readonly count: number }

export interface FramesView {
  readonly rows: readonly FrameRow[]
  /** The WebSocket; null once it is over. */
  readonly webSocket: WebSocketRow | null
}
