// What does a stream tell?
import type { NowView } from './now.ts'
import type { ExchangesView } from './exchanges.ts'
import type { FramesView, WebSocketsView } from './web-sockets.ts'
import type { FarmsView, SitesView } from './configuration.ts'
import type { TracesView } from './traces.ts'
import type { FindingsView } from './findings.ts'
import type { RowWorker } from './workers.ts'

/** Once, when a stream begins. */
export interface Hello {
  readonly version: string
  readonly process: number
  readonly node: string
  /** Which of several workers this is: what is told is of all of them. */
  readonly worker?: RowWorker & { readonly generation: number, readonly count: number }
  readonly startedAt: number
  /** What there is to be shown, by the plugins that are there. */
  readonly has: Readonly<Record<'webSockets' | 'farms' | 'sites' | 'listeners' | 'explain' | 'traces', boolean>>
  /** Whether WebSockets may be closed and servers switched from here. */
  readonly actions: boolean
}

/** The names of what a stream may tell, and what it tells. */
export interface StreamViews {
  readonly now: NowView
  readonly exchanges: ExchangesView
  readonly webSockets: WebSocketsView
  readonly frames: FramesView
  readonly farms: FarmsView
  readonly sites: SitesView
  readonly traces: TracesView
  readonly findings: FindingsView
}
